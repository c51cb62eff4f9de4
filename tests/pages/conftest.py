"""The app without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.painting import Open

START = Path(__file__).parents[2] / "pages" / "start.py"


@pytest.fixture
def open_page(thaw_home: Path) -> Open:
    """Open a page cold, at an address."""

    def open_it(page: str, **address: str) -> AppTest:
        app = AppTest.from_file(str(START), default_timeout=30)
        app.run()
        app.switch_page(f"{page}.py")
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].message
        return app

    return open_it
