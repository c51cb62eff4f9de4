"""The way out for pictures that a run has named: a zip with a folder for each predicted class.

    GET answers/<run>?permit=…   the zip

Only a page that this server has drawn knows the permit, which is for one run.
"""

from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core.datasets import packing
from core.errors import UserError
from core.results import predictions
from core.results.bulk import by_class
from core.storage.home import Space
from core.storage.runs import Run, open_run
from core.web import addresses
from core.web.guarded import GuardedRoute, Refused, permitted, to_keep

_NAME = "answers"


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def address(run: Run) -> str:
    """The address for downloading the pictures."""
    asked = urlencode({"permit": addresses.permit(run.space, _purpose(run.id))})
    return f"{path()}/{run.id}?{asked}"


def file_name(run: Run) -> str:
    """What to call the zip."""
    return packing.zip_name(f"{run.name}-by-class")


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{_NAME}/{{run_id}}", _send, "GET")]


async def _send(request: Request) -> Response:
    run_id, told = request.path_params["run_id"], request.query_params.get("permit", "")
    space = permitted(told, _purpose(run_id))
    try:
        return await run_in_threadpool(_answer, space, run_id)
    except UserError as error:
        raise Refused(404, error.said) from error


def _answer(space: Space, run_id: str) -> Response:
    run = open_run(space, run_id)
    pieces = by_class.zipped(predictions.kept(run))
    headers = to_keep(file_name(run))
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def _purpose(run_id: str) -> str:
    return f"answers {run_id}"
