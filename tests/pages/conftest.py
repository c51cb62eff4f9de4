"""The app without a browser."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from core.jobs import foresight
from tests.pages.painting import Open

START = Path(__file__).parents[2] / "pages" / "start.py"


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What a page would have found out in the background, which only a cluster can do.

    Pages draw themselves without; `tests/jobs` and `tests/browser` have the real thing.
    """
    asked: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        foresight, "_ask_once", lambda name, kind, function, *args: asked.append((name, args))
    )
    return asked


@pytest.fixture(autouse=True)
def no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit looks through all installed packages for components, once a server.

    Here every test is a server; Thaw's components come with its pages.
    """
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


@pytest.fixture(autouse=True)
def keras_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit has Keras forget everything before each run of a page, where it was imported.

    The web process never imports it, but other tests of this process do, and it takes a second.
    """
    monkeypatch.setattr(script_runner, "_clean_problem_modules", lambda: None)


@pytest.fixture
def open_page(thaw_home: Path) -> Open:
    """Open a page cold, at an address."""

    def open_it(page: str, **address: str) -> AppTest:
        app = AppTest.from_file(str(START), default_timeout=30)
        app.switch_page(f"{page}.py")
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].message
        return app

    return open_it
