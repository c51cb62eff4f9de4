"""Mounts `core/web` in the Streamlit app, and tells it how Streamlit's settings have it reached."""

from starlette.middleware import Middleware
from streamlit import config
from streamlit.web.server import server_util

from core.web import addresses, answers, downloads, exports, frames, pictures, uploads
from core.web.api import published
from core.web.door import Door
from core.web.guarded import GuardedRoute
from core.web.shares import exports as shared_exports
from core.web.shares import paths
from core.web.shares import projects as shared_projects
from pages.language import catalogue

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


def _own_token(path: str) -> bool:
    return published.is_path(path) or paths.is_path(path)


MIDDLEWARE = [Middleware(Door, own_token=_own_token)]


def routes() -> list[GuardedRoute]:
    """Every route of Thaw's own that is no page."""
    addresses.use(site())
    rooms = (uploads, downloads, exports, answers, pictures, published, frames)
    shared = (shared_exports, shared_projects, paths)
    return [route for room in (*rooms, *shared) for route in room.routes()]


def site() -> addresses.Site:
    """How the server is reached, as Streamlit's settings say."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    named = config.get_option("server.allowedHosts") or addresses.LOCAL
    hosts = tuple(name.strip().lower().rstrip(".").strip("[]") for name in named)
    origins = config.get_option("server.corsAllowedOrigins")
    return addresses.Site(
        base=f"/{base}" if base else "",
        hosts=hosts,
        origins=frozenset(each.strip().lower().rstrip("/") for each in origins),
        urls=tuple(server_util.get_url(name) for name in _names(hosts)),
        translated=_translated,
        language=catalogue.of_header,
    )


def _translated(sentence: str, accepted: str | None) -> str:
    return catalogue.translated(sentence, catalogue.of_header(accepted))


def _names(hosts: tuple[str, ...]) -> list[str]:
    """By what names a browser finds the server."""
    listens = config.get_option("server.address")
    if config.is_manually_set("browser.serverAddress"):
        return [config.get_option("browser.serverAddress")]
    if listens and listens not in _EVERYWHERE:
        return [listens]
    named = [name for name in hosts if "*" not in name and name not in addresses.LOCAL]
    return ["localhost", *named]
