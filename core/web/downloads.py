"""The way out for a data set: a route of Thaw's own, which sends it while it reads it.

Streamlit's download button holds a whole file in memory (also one that lies on disk) as long as a
page may need it.

    GET downloads/<data set>?sides=0|1&permit=…   a zip of class folders

Only a page that this server has drawn knows the permit, which is for one data set.
"""

from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core.datasets import packing, store
from core.errors import UserError
from core.web import addresses
from core.web.guarded import GuardedRoute, Refused

_NAME = "downloads"


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def address(dataset_id: str, *, sides: bool) -> str:
    """Where a page sends whoever downloads a data set.

    Args:
        dataset_id: A stored one.
        sides: As for `packing.zipped`.
    """
    asked = urlencode({"sides": int(sides), "permit": addresses.permit(_purpose(dataset_id))})
    return f"{path()}/{dataset_id}?{asked}"


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{_NAME}/{{dataset_id}}", _send, "GET")]


async def _send(request: Request) -> Response:
    dataset_id, asked = request.path_params["dataset_id"], request.query_params
    if not addresses.is_permit(asked.get("permit", ""), _purpose(dataset_id)):
        raise Refused(403, "This page is older than the server. Reload it and try again.")
    try:
        return await run_in_threadpool(_answer, dataset_id, asked.get("sides") == "1")
    except UserError as error:
        raise Refused(404, error.said) from error


def _answer(dataset_id: str, sides: bool) -> Response:
    folder = store.folder_of(dataset_id)
    dataset = store.load(folder)
    pieces = packing.zipped(folder, dataset, sides=sides)
    name = quote(packing.file_name(dataset))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def _purpose(dataset_id: str) -> str:
    return f"download {dataset_id}"
