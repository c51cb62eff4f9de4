"""The way out for a data set and its runs: routes of Thaw's own, which send while they read.

Streamlit's download button holds a whole file in memory (also one that lies on disk) as long as a
page may need it.

    GET downloads/<data set>?sides=0|1&stripped=0|1&permit=…  a zip of class folders
    GET downloads/<data set>/project?versions=0|1&…&permit=…  a project, with some of its runs:
                                                            runs=all, or run0=<id>&run1=<id>…

Only a page that this server has drawn knows the permit, which is for one data set.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core.datasets import packing, store
from core.errors import UserError
from core.projects import leaving, saving
from core.projects.leaving import Pictures
from core.web import addresses
from core.web.guarded import GuardedRoute, Refused, to_keep

MOST_RUNS = 30  # that an address can name; or all of them
P = ParamSpec("P")
_NAME = "downloads"


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def address(dataset_id: str, *, sides: bool, stripped: bool = False) -> str:
    """Where a page sends those who download a data set.

    Args:
        dataset_id: A stored one.
        sides: As for `packing.zipped`.
        stripped: Whether metadata is removed from the pictures.
    """
    asked = {"sides": int(sides), "stripped": int(stripped)}
    permit = {"permit": addresses.permit(_purpose(dataset_id))}
    return f"{path()}/{dataset_id}?{urlencode(asked | permit)}"


def project_address(
    dataset_id: str, runs: Sequence[str] | None, *, versions: bool, exact: bool = False
) -> str:
    """The address for saving a project.

    Args:
        dataset_id: A stored data set.
        runs: The ids of the runs that go along, at most `MOST_RUNS`; None for all that can.
        versions: As for `saving.project`.
        exact: Whether pictures leave as they are, with all that cameras write into them.
    """
    asked = {"versions": str(int(versions)), "exact": str(int(exact))}
    asked |= {"permit": addresses.permit(_purpose(dataset_id))}
    asked |= {"runs": "all"} if runs is None else {f"run{n}": each for n, each in enumerate(runs)}
    return f"{path()}/{dataset_id}/project?{urlencode(asked)}"


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [
        GuardedRoute(f"{_NAME}/{{dataset_id}}", _send, "GET"),
        GuardedRoute(f"{_NAME}/{{dataset_id}}/project", _send_project, "GET"),
    ]


async def _send(request: Request) -> Response:
    dataset_id, asked = _permitted(request)
    stripped = asked.get("stripped") == "1"
    return await _known(_dataset, dataset_id, asked.get("sides") == "1", stripped)


async def _send_project(request: Request) -> Response:
    dataset_id, asked = _permitted(request)
    chosen = None if asked.get("runs") == "all" else {
        value for name, value in asked.items() if name.startswith("run")
    }  # fmt: skip
    exact = asked.get("exact") == "1"
    return await _known(_project, dataset_id, chosen, asked.get("versions") == "1", exact)


def _permitted(request: Request) -> tuple[str, QueryParams]:
    dataset_id, asked = request.path_params["dataset_id"], request.query_params
    if not addresses.is_permit(asked.get("permit", ""), _purpose(dataset_id)):
        raise Refused(403, "This page is older than the server. Reload it and try again.")
    return dataset_id, asked


async def _known(answer: Callable[P, Response], *args: P.args, **kwargs: P.kwargs) -> Response:
    try:
        return await run_in_threadpool(answer, *args, **kwargs)
    except UserError as error:
        raise Refused(404, error.said) from error


def _dataset(dataset_id: str, sides: bool, stripped: bool) -> Response:
    folder = store.folder_of(dataset_id)
    dataset = store.load(folder)
    if stripped and dataset.records:
        left = leaving.leaving(folder, [dataset], Pictures.STRIPPED, lambda *_: None)
        paths = packing.paths(dataset, sides=sides)
        pieces = packing.pieces(paths, lambda record: left[record.digest].data())
    else:
        pieces = packing.zipped(folder, dataset, sides=sides)
    return _sent(pieces, packing.file_name(dataset))


def _project(dataset_id: str, chosen: set[str] | None, versions: bool, exact: bool) -> Response:
    store.load(store.folder_of(dataset_id))  # says so where it is gone
    runs = [run for run in saving.runs_of(dataset_id) if chosen is None or run.id in chosen]
    if chosen is not None and len(runs) < len(chosen):
        raise UserError("One of these runs was deleted. Reload the page and choose again.")
    pictures = Pictures.AS_THEY_ARE if exact else Pictures.STRIPPED
    project = saving.project(dataset_id, runs, versions=versions, pictures=pictures)
    return _sent(project.pieces, project.file_name)


def _sent(pieces: Iterator[bytes], name: str) -> Response:
    return StreamingResponse(pieces, media_type="application/zip", headers=to_keep(name))


def _purpose(dataset_id: str) -> str:
    return f"download {dataset_id}"
