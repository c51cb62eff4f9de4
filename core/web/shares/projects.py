"""Shared projects: a page that describes the project, and its download.

    GET shares/projects/<data set>/<share>/<token>        a page that says what it is
    GET shares/projects/<data set>/<share>/<token>/file   the project; parts of it too (Range)
    GET shares/projects/<data set>/<share>/<token>/try    a page that names pictures in the browser

The link contains its own token, so `door` doesn't ask for one.
"""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from core.datasets import store
from core.errors import UserError
from core.projects import sharing as projects
from core.projects.sharing import Shared
from core.sharing import Share
from core.storage import home
from core.storage.home import Space
from core.web import addresses
from core.web.guarded import GuardedRoute, to_keep
from core.web.shares import page, paths

_NAME = f"{paths.NAME}/projects"


def address(folder: Path, share: Share) -> str:
    """The path of a link.

    Args:
        folder: The share's, below that of its data set.
        share: The link.
    """
    dataset = folder.parents[1]
    return addresses.path(f"{_NAME}/{dataset.name}/{folder.name}/{share.token}")


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    below = f"{_NAME}/{{dataset_id}}/{{share_id}}/{{token}}"
    answers = {"": _page, "/file": _file, "/try": _try}
    return [GuardedRoute(f"{below}{end}", answer, "GET") for end, answer in answers.items()]


async def _page(request: Request) -> Response:
    folder, share, shared = await run_in_threadpool(_good, request.path_params)
    accepted, site = request.headers.get("accept-language"), addresses.site()
    drawn = page.drawn(
        shared,
        share,
        address(folder, share),
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


async def _try(request: Request) -> Response:
    folder, _, shared = await run_in_threadpool(_good, request.path_params)
    if shared.tried is None or not projects.page(folder).is_file():
        raise paths.over()
    return FileResponse(
        projects.page(folder), media_type="text/html", headers=paths.TALKS_TO_NOBODY
    )


def _good(asked: dict[str, str]) -> tuple[Path, Share, Shared]:
    """What a link leads to, where it is good.

    Raises:
        Refused: It is not.
    """

    def place(space: Space) -> Path:
        dataset = space.dataset(asked["dataset_id"])
        if not home.is_id(asked["share_id"]) or not store.is_complete(dataset):
            raise paths.over()
        return dataset / home.SHARED / asked["share_id"]

    folder, share = paths.found(place, asked["token"])
    try:
        shared = projects.shared(folder)
    except UserError as error:
        raise paths.over() from error
    if shared is None:
        raise paths.over()
    return folder, share, shared
