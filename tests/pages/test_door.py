"""The door: what nobody expected is told in one sentence, and the settings keep the house shut."""

import asyncio
import gc
import tomllib
import weakref
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import streamlit_app
from core.storage import incidents

ROOT = Path(__file__).parents[2]


def fails(kind: str) -> None:
    import streamlit_app
    from core.errors import UserError

    error = UserError("Try *again*.") if kind == "user" else RuntimeError("/secret/path")
    assert streamlit_app.explain(error) is True


def test_a_users_mistake_is_shown_as_it_is() -> None:
    app = AppTest.from_function(fails, args=("user",), default_timeout=30).run()
    assert [each.value for each in app.error] == [r"Try \*again\*\."]
    assert not incidents.log_path().exists()


def test_what_nobody_expected_gets_a_number_and_the_log_the_rest() -> None:
    app = AppTest.from_function(fails, args=("other",), default_timeout=30).run()
    said = app.error[0].value
    assert "secret" not in said
    number = said.rpartition("number ")[2].rstrip(".")
    assert f"incident {number}" in incidents.log_path().read_text()
    assert "/secret/path" in incidents.log_path().read_text()


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "address", "localhost"),
        ("server", "headless", True),
        ("server", "enableXsrfProtection", True),
        ("browser", "gatherUsageStats", False),
        ("client", "showErrorDetails", "none"),
    ],
)
def test_the_settings_keep_the_house_shut(section: str, name: str, value: object) -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings[section][name] == value


def test_no_page_takes_html_from_markdown() -> None:
    for path in (ROOT / "pages").rglob("*.py"):
        assert "unsafe" not in path.read_text(), path


def test_modules_are_searched_for_garbage_once_and_what_became_garbage_since_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streamlit_app, "_EVERY", 0.01)
    monkeypatch.setattr(streamlit_app, "_TURNS", 2)

    class Closed:
        """A page that refers to itself."""

    async def look() -> None:
        page = Closed()
        page.itself = page  # type: ignore[attr-defined]
        known = weakref.ref(page)
        sparing = asyncio.create_task(streamlit_app.spare_what_stays())
        await asyncio.sleep(0)
        assert gc.get_freeze_count() > 100_000
        del page
        while known() is not None:  # else this test would not end
            await asyncio.sleep(0.01)
        sparing.cancel()

    try:
        asyncio.run(asyncio.wait_for(look(), 20))
    finally:
        gc.unfreeze()
