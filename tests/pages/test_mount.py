"""What Streamlit's settings say of how the server is reached is what its routes go by."""

from collections.abc import Iterator

import pytest
from streamlit import config

from core.web import addresses
from pages.routes import mount


@pytest.fixture
def settings() -> Iterator[dict[str, object]]:
    """Set in it what is to be set in Streamlit; it is put back afterwards."""
    names = ("baseUrlPath", "allowedHosts", "corsAllowedOrigins", "address")
    before = {f"server.{name}": config.get_option(f"server.{name}") for name in names}
    chosen: dict[str, object] = {}
    yield chosen
    for name, value in before.items():
        config.set_option(name, value)


def site(chosen: dict[str, object]) -> addresses.Site:
    for name, value in chosen.items():
        config.set_option(name, value)
    return mount.site()


def test_a_base_path_is_written_with_one_slash_before_it(settings: dict[str, object]) -> None:
    for given, base in [("", ""), ("thaw", "/thaw"), ("/school/thaw/", "/school/thaw")]:
        settings["server.baseUrlPath"] = given
        assert site(settings).base == base


def test_names_and_origins_are_compared_as_browsers_write_them(
    settings: dict[str, object],
) -> None:
    settings["server.allowedHosts"] = ["localhost", "Thaw.School.example.", "[::1]", "*.lab"]
    settings["server.corsAllowedOrigins"] = ["https://Portal.example/"]
    found = site(settings)
    assert found.hosts == ("localhost", "thaw.school.example", "::1", "*.lab")
    assert found.origins == {"https://portal.example"}


def test_an_address_is_printed_for_each_name_that_a_browser_can_use(
    settings: dict[str, object],
) -> None:
    settings["server.address"] = "0.0.0.0"  # noqa: S104
    settings["server.allowedHosts"] = ["localhost", "127.0.0.1", "thaw.school.example", "*.lab"]
    hosts = [url.partition("//")[2].partition(":")[0] for url in site(settings).urls]
    assert hosts == ["localhost", "thaw.school.example"]
    settings["server.address"] = "192.0.2.7"
    assert ["192.0.2.7" in url for url in site(settings).urls] == [True]
