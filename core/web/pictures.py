"""Pictures one by one, for pages that show only those of thousands that are looked at.

Streamlit keeps each picture that it is given in memory, and forgets it as soon as the page shows
another: a browser that is still about to fetch it then finds nothing. A picture lies here as long
as its data set.

    GET pictures/<data set>/<digest>?permit=…           a small JPEG
    GET pictures/<data set>/<digest>?permit=…&large=1   one that fills a window

Only a page that this server has drawn knows the permit, which is for one data set.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from core.datasets import image_files, store
from core.errors import UserError
from core.intake.pictures.preparation import Preparation
from core.storage import files, home
from core.web import addresses
from core.web.guarded import OLDER, GuardedRoute, Refused, permitted

_NAME = "pictures"
_LARGE_AT_ONCE = CapacityLimiter(2)  # each is decoded whole, in this process
_DAY = 86_400  # seconds; a digest never means another picture


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def permit(dataset: Path) -> str:
    """For all pictures of one data set."""
    return addresses.permit(home.space_of(dataset), _purpose(dataset.name))


def query(dataset: Path, preparation: Preparation) -> dict[str, str]:
    """What a page says with each address of a data set's pictures.

    A browser keeps a picture for a day, so pictures that are read otherwise have another address.
    """
    return {
        "permit": permit(dataset),
        "as": hashlib.sha256(preparation.key.encode()).hexdigest()[:16],
    }


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [GuardedRoute(f"{_NAME}/{{dataset_id}}/{{digest}}", _send, "GET")]


async def _send(request: Request) -> Response:
    dataset_id, digest = request.path_params["dataset_id"], request.path_params["digest"]
    told = request.query_params.get("permit", "")
    space = permitted(told, _purpose(dataset_id), OLDER)
    try:
        folder = space.dataset(dataset_id)
        if "large" in request.query_params:
            data = await to_thread.run_sync(_large, folder, digest, limiter=_LARGE_AT_ONCE)
        else:
            data = await run_in_threadpool(_thumbnail, folder, digest)
    except (UserError, OSError) as error:
        raise Refused(404, "There is no such picture.") from error
    headers = {"Cache-Control": f"private, max-age={_DAY}", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _thumbnail(folder: Path, digest: str) -> bytes:
    return image_files.thumbnail(folder, _checked(digest)).read_bytes()


def _large(folder: Path, digest: str) -> bytes:
    preparation = _preparation(str(folder), store.stamp(folder))
    return image_files.large(folder, _checked(digest), preparation)


def _checked(digest: str) -> str:
    if not home.is_digest(digest):
        raise FileNotFoundError(digest)
    return digest


@lru_cache(maxsize=64)
def _preparation(folder: str, stamp: files.Stamp) -> Preparation:
    """Found out once a version: the manifest may list 20,000 images."""
    return store.load(Path(folder)).preparation


def _purpose(dataset_id: str) -> str:
    return f"pictures {dataset_id}"
