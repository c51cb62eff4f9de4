# make run: environment, install, app.  make check: the fast tests.  make test: all but what is long
# and the further variants of what it tries (backbones, formats, optimizers), which are make test-all.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run check test test-all bench screenshots

run: .venv/.app
	$(BIN)/streamlit run streamlit_app.py

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile -m "not cluster and not browser and not slow and not exhaustive"

test: .venv/.dev
	sh tests/install_chromium.sh
	$(MAKE) check
	$(BIN)/pytest -n 2 --dist loadfile -m "slow and not (cluster or browser or exhaustive)"
	$(BIN)/pytest -m "(cluster or browser) and not exhaustive"

test-all: test
	$(BIN)/pytest -m exhaustive

bench: .venv/.dev
	$(BIN)/python -m benchmarks

screenshots: .venv/.dev
	sh tests/install_chromium.sh
	$(BIN)/python -m tests.browser.screenshots docs/images --one

.venv/.app: requirements.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Thaw needs Python 3.11 or newer')"
	$(PYTHON) -c "import ensurepip" 2>/dev/null || sh tests/install_venv.sh
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/.dev: .venv/.app requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
