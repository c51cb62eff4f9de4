"""What others get by a link that somebody made: an export, without anything else of this server.

    GET shares/<run>/<export>/<token>   a web page opens, any other export is downloaded

The token in the link lets them in, so `door` asks for none. A page that is opened may talk to
nobody: the pictures that people show it stay in their browser.
"""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from core.errors import UserError
from core.exports import kept
from core.sharing import Share
from core.storage import home
from core.storage.home import Space
from core.storage.runs import Run, open_run
from core.web import addresses, exports
from core.web.guarded import GuardedRoute
from core.web.shares import paths


def address(run: Run, folder: Path, share: Share) -> str:
    """The path of a link.

    Args:
        run: The run.
        folder: The export's.
        share: As it was made.
    """
    return addresses.path(f"{paths.NAME}/{run.id}/{folder.name}/{share.token}")


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{paths.NAME}/{{run_id}}/{{export_id}}/{{token}}", _answer, "GET")]


async def _answer(request: Request) -> Response:
    asked = request.path_params
    return await run_in_threadpool(_file, asked["run_id"], asked["export_id"], asked["token"])


def _file(run_id: str, export_id: str, token: str) -> Response:
    def place(space: Space) -> Path:
        if not home.is_id(export_id):
            raise paths.over()
        return open_run(space, run_id).folder / home.EXPORTS / export_id

    folder, _ = paths.found(place, token)
    try:
        found = kept.kept(folder)
    except UserError as error:
        raise paths.over() from error
    page = folder / home.SHARED_PAGE
    if page.is_file():
        return FileResponse(page, media_type="text/html", headers=paths.TALKS_TO_NOBODY)
    if found is None or not found.file.is_file():
        raise paths.over()
    name = exports.file_name(Run(folder.parents[1]), found.format.name)
    return FileResponse(
        found.file, filename=name, media_type="application/zip", headers=paths.TALKS_TO_NOBODY
    )
