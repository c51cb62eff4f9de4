"""Shared projects: a page that describes the project, and its download.

    GET shares/projects/<data set>/<share>/<token>        a page that says what it is
    GET shares/projects/<data set>/<share>/<token>/file   the project; parts of it too (Range)

The link contains its own token, so `door` doesn't ask for one.
"""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from core import sharing
from core.datasets import store
from core.errors import UserError
from core.projects import sharing as projects
from core.projects.sharing import Shared
from core.sharing import Share
from core.storage import home
from core.web import addresses
from core.web.guarded import GuardedRoute, to_keep
from core.web.shares import page, paths

_NAME = f"{paths.NAME}/projects"


def address(dataset_id: str, folder: Path, share: Share) -> str:
    """The path of a link.

    Args:
        dataset_id: The data set.
        folder: The share's.
        share: The link.
    """
    return addresses.path(f"{_NAME}/{dataset_id}/{folder.name}/{share.token}")


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    below = f"{_NAME}/{{dataset_id}}/{{share_id}}/{{token}}"
    return [GuardedRoute(below, _page, "GET"), GuardedRoute(f"{below}/file", _file, "GET")]


async def _page(request: Request) -> Response:
    folder, share, shared = await run_in_threadpool(_good, request.path_params)
    accepted, site = request.headers.get("accept-language"), addresses.site()
    drawn = page.drawn(
        shared,
        share,
        f"{address(request.path_params['dataset_id'], folder, share)}/file",
        site.language(accepted),
        lambda sentence: site.translated(sentence, accepted),
    )
    return HTMLResponse(drawn, headers=page.HEADERS)


async def _file(request: Request) -> Response:
    folder, _, shared = await run_in_threadpool(_good, request.path_params)
    if not projects.file(folder).is_file():
        raise paths.over()
    return FileResponse(
        projects.file(folder),
        media_type="application/zip",
        headers=to_keep(shared.file_name) | {"Referrer-Policy": "no-referrer"},
    )


def _good(asked: dict[str, str]) -> tuple[Path, Share, Shared]:
    """What a link leads to, where it is good.

    Raises:
        Refused: It is not.
    """
    try:
        dataset = store.folder_of(asked["dataset_id"])
        folder = dataset / home.SHARED / asked["share_id"]
        if not home.is_id(asked["share_id"]) or not store.is_complete(dataset):
            raise paths.over()
        share = sharing.at(folder)
        shared = projects.shared(folder) if share is not None else None
    except UserError as error:
        raise paths.over() from error
    if share is None or shared is None or not share.fits(asked["token"]):
        raise paths.over()
    return folder, share, shared
