"""Small pictures one by one, for a page with 10,000 points that shows those that are asked for.

Streamlit keeps each picture that it is given in memory and under an address of its own.

    GET pictures/<data set>/<digest>?permit=…   a JPEG

Only a page that this server has drawn knows the permit, which is for one data set.
"""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from core.data import image_files, store
from core.errors import UserError
from pages.parts import addresses
from pages.parts.routes import GuardedRoute, Refused

_NAME = "pictures"
_DIGEST = re.compile("[0-9a-f]{64}")
_DAY = 86_400  # seconds; a digest never means another picture


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def permit(dataset_id: str) -> str:
    """For all pictures of one data set."""
    return addresses.permit(_purpose(dataset_id))


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{_NAME}/{{dataset_id}}/{{digest}}", _send, "GET")]


async def _send(request: Request) -> Response:
    dataset_id, digest = request.path_params["dataset_id"], request.path_params["digest"]
    told = request.query_params.get("permit", "")
    if not addresses.is_permit(told, _purpose(dataset_id)):
        raise Refused(403, "This page is older than the server. Reload it.")
    try:
        data = await run_in_threadpool(_thumbnail, dataset_id, digest)
    except (UserError, OSError) as error:
        raise Refused(404, "There is no such picture.") from error
    headers = {"Cache-Control": f"private, max-age={_DAY}", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _thumbnail(dataset_id: str, digest: str) -> bytes:
    folder = store.folder_of(dataset_id)
    if not _DIGEST.fullmatch(digest):
        raise FileNotFoundError(digest)
    return image_files.thumbnail(folder, digest).read_bytes()


def _purpose(dataset_id: str) -> str:
    return f"pictures {dataset_id}"
