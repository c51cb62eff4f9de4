# make run: environment, install, app.  make stop: end what still works in the background.
# make uninstall: remove the environment, and say what stays.
# make check: style and types.  make test: the tests, but for what is long and the further variants of
# what they try (backbones, formats, optimizers), which are make test-all.
# make screenshots: the pictures in docs/images, of every page and state.
# make language: brings pages/language/*.po up to date with the sentences in the code.
# make lock: the newest versions that requirements.txt and requirements-dev.txt allow, and their
# licences in NOTICE.  make notice: NOTICE alone.  make vendor: the browser libraries (needs npm).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input
# What is imported is compiled once, not in every process that a test starts.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# Tests with many processes have a second try, one at a time: on a busy machine one may have starved.
# Only the files that hold one are read: reading all takes a quarter of a minute.
PROCESSES := (cluster or browser)
THEIRS := $$(grep -rlE "mark\.(cluster|browser)" tests --include="test_*.py" | sort)
COMPILE := $(BIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --custom-compile-command "make lock"
NEEDED := Thaw needs Python 3.11, 3.12 or 3.13, for which TensorFlow is made; \
	with one installed, say for example: make run PYTHON=python3.13.

# Where the system's Python was replaced by another one, .venv is made anew.
$(shell $(BIN)/python -c "import pip" 2>/dev/null || rm -f .venv/.app)

.PHONY: run stop uninstall check test test-all language lock notice vendor bench screenshots

run: .venv/.thaw
	@$(BIN)/python -m core

stop:
	@if [ -e .venv/.app ]; then $(BIN)/python -m core stop; fi

# Your pictures are yours: only the environment goes.
uninstall: stop
	@kept=$$($$(command -v $(BIN)/python || echo $(PYTHON)) -c \
		"from core import config; print(config.HOME.value)") && rm -rf .venv thaw.egg-info && \
	echo "Thaw's environment (.venv) is removed." && \
	if [ -d "$$kept" ]; then \
		echo "Your data sets and runs are still in $$kept ($$(du -sh "$$kept" | cut -f1))."; \
		echo "To delete them as well, for good: rm -r \"$$kept\""; \
	fi && \
	echo "pip keeps what it downloads, for other installs too. To delete that: $(PYTHON) -m pip cache purge"

check: .venv/.dev
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

test: .venv/.dev
	sh tests/install_chromium.sh
	$(PYTEST) -n 2 -m "not ($(PROCESSES) or exhaustive)"
	$(PYTEST) -n 2 -m "$(PROCESSES) and not exhaustive" $(THEIRS) || $(PYTEST) \
		--last-failed --last-failed-no-failures none -m "$(PROCESSES) and not exhaustive" $(THEIRS)

test-all: test
	$(PYTEST) -m exhaustive

lock: .venv/.dev
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) requirements-dev.txt -c requirements.lock -o requirements-dev.lock
	$(MAKE) notice

notice: .venv/.dev
	$(BIN)/python -m tests.notice

vendor: .venv/.app
	$(BIN)/python -m tests.vendored

language: .venv/.app
	$(BIN)/python -m pages.language.extraction

bench: .venv/.dev
	$(BIN)/python -m benchmarks

screenshots: .venv/.dev
	sh tests/install_chromium.sh
	$(BIN)/python -m tests.browser.screenshots

# .venv/.app and .venv/.dev say that an install came to its end. They go before one begins, and
# without .venv/.app everything is begun anew: what an interrupted install left is not whole.
.venv/.app: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(NEEDED) There is no $(PYTHON) here."; exit 1; } >&2
	@$(PYTHON) -c "import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) \
		else '$(NEEDED) $(PYTHON) is %d.%d here.' % v)"
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || sh tests/install_venv.sh
	@echo "Installing Thaw into .venv: about 900 MB to download and 3.3 GB on disk, once." \
		"That takes a few minutes."
	@[ -e $@ ] || $(PYTHON) -m venv --clear .venv
	@rm -f .venv/.app .venv/.dev
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@
	@echo "Thaw is installed."

# The command thaw, which runs what lies in this folder.
.venv/.thaw: .venv/.app pyproject.toml
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.app requirements-dev.lock
	@echo "Installing what the tests need, about 300 MB."
	@rm -f $@
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
