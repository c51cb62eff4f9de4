"""The way out for exports: a route of Thaw's own, since they may be as large as a network.

    GET exports/<run>/<export>?permit=…   the zip

Only a page that this server has drawn knows the permit, which is for one export.
"""

from pathlib import Path
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from core.datasets import packing
from core.errors import UserError
from core.exports import kept
from core.storage import home
from core.storage.home import Space
from core.storage.runs import Run, open_run
from core.web import addresses
from core.web.guarded import GuardedRoute, Refused, permitted, to_keep

_NAME = "exports"


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def address(run: Run, folder: Path) -> str:
    """Where a page sends those who download an export.

    Args:
        run: The run.
        folder: The export's.
    """
    asked = urlencode({"permit": addresses.permit(run.space, _purpose(run.id, folder.name))})
    return f"{path()}/{run.id}/{folder.name}?{asked}"


def file_name(run: Run, format_name: str) -> str:
    """What to call the zip."""
    return packing.zip_name(f"{run.name}-{format_name}")


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{_NAME}/{{run_id}}/{{export_id}}", _send, "GET")]


async def _send(request: Request) -> Response:
    run_id, export_id = request.path_params["run_id"], request.path_params["export_id"]
    told = request.query_params.get("permit", "")
    space = permitted(told, _purpose(run_id, export_id))
    try:
        return await run_in_threadpool(_answer, space, run_id, export_id)
    except UserError as error:
        raise Refused(404, error.said) from error


def _answer(space: Space, run_id: str, export_id: str) -> Response:
    run = open_run(space, run_id)
    found = kept.kept(run.folder / home.EXPORTS / export_id) if home.is_id(export_id) else None
    if found is None or not found.file.is_file():
        raise UserError("There is no such export. It may have been deleted.")
    headers = to_keep(file_name(run, found.format.name))
    return FileResponse(found.file, media_type="application/zip", headers=headers)


def _purpose(run_id: str, export_id: str) -> str:
    return f"export {run_id} {export_id}"
