"""The way out for a data set and its runs: routes of Thaw's own, which send while they read.

Streamlit's download button holds a whole file in memory (also one that lies on disk) as long as a
page may need it.

    GET downloads/<data set>?sides=0|1&stripped=0|1&permit=…  a zip of class folders
    GET downloads/<data set>/project?versions=0|1&…&permit=…  a project, with some of its runs:
                                                            runs=all, or run0=<id>&run1=<id>…

Only a page that this server has drawn knows the permit, which is for one data set.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
from core.storage import home
from core.web import addresses
from core.web.guarded import GuardedRoute, Refused, permitted, to_keep

MOST_RUNS = 30  # that an address can name; or all of them
P = ParamSpec("P")
_NAME = "downloads"


def path() -> str:
    """Where the route lies, as a browser asks for it."""
    return addresses.path(_NAME)


def address(dataset: Path, *, sides: bool, stripped: bool = False) -> str:
    """Where a page sends those who download a data set.

    Args:
        dataset: The folder of a stored one.
        sides: As for `packing.zipped`.
        stripped: Whether metadata is removed from the pictures.
    """
    asked = {"sides": int(sides), "stripped": int(stripped)}
    permit = {"permit": _permit(dataset)}
    return f"{path()}/{dataset.name}?{urlencode(asked | permit)}"


def project_address(
    dataset: Path, runs: Sequence[str] | None, *, versions: bool, exact: bool = False
) -> str:
    """The address for saving a project.

    Args:
        dataset: The folder of a stored data set.
        runs: The ids of the runs that go along, at most `MOST_RUNS`; None for all that can.
        versions: As for `saving.project`.
        exact: Whether pictures leave as they are, with all that cameras write into them.
    """
    asked = {"versions": str(int(versions)), "exact": str(int(exact))}
    asked |= {"permit": _permit(dataset)}
    asked |= {"runs": "all"} if runs is None else {f"run{n}": each for n, each in enumerate(runs)}
    return f"{path()}/{dataset.name}/project?{urlencode(asked)}"


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return [
        GuardedRoute(f"{_NAME}/{{dataset_id}}", _send, "GET"),
        GuardedRoute(f"{_NAME}/{{dataset_id}}/project", _send_project, "GET"),
    ]


async def _send(request: Request) -> Response:
    folder, asked = _permitted(request)
    stripped = asked.get("stripped") == "1"
    return await _known(_dataset, folder, asked.get("sides") == "1", stripped)


async def _send_project(request: Request) -> Response:
    folder, asked = _permitted(request)
    chosen = None if asked.get("runs") == "all" else {
        value for name, value in asked.items() if name.startswith("run")
    }  # fmt: skip
    exact = asked.get("exact") == "1"
    return await _known(_project, folder, chosen, asked.get("versions") == "1", exact)


def _permitted(request: Request) -> tuple[Path, QueryParams]:
    dataset_id, asked = request.path_params["dataset_id"], request.query_params
    space = permitted(asked.get("permit", ""), _purpose(dataset_id))
    try:
        return space.dataset(dataset_id), asked
    except UserError as error:
        raise Refused(404, error.said) from error


async def _known(answer: Callable[P, Response], *args: P.args, **kwargs: P.kwargs) -> Response:
    try:
        return await run_in_threadpool(answer, *args, **kwargs)
    except UserError as error:
        raise Refused(404, error.said) from error


def _dataset(folder: Path, sides: bool, stripped: bool) -> Response:
    dataset = store.load(folder)
    if stripped and dataset.records:
        left = leaving.leaving(folder, [dataset], Pictures.STRIPPED, lambda *_: None)
        paths = packing.paths(dataset, sides=sides)
        pieces = packing.pieces(paths, lambda record: left[record.digest].data())
    else:
        pieces = packing.zipped(folder, dataset, sides=sides)
    return _sent(pieces, packing.file_name(dataset))


def _project(folder: Path, chosen: set[str] | None, versions: bool, exact: bool) -> Response:
    store.load(folder)  # says so where it is gone
    runs = [run for run in saving.runs_of(folder) if chosen is None or run.id in chosen]
    if chosen is not None and len(runs) < len(chosen):
        raise UserError("One of these runs was deleted. Reload the page and choose again.")
    pictures = Pictures.AS_THEY_ARE if exact else Pictures.STRIPPED
    project = saving.project(folder, runs, versions=versions, pictures=pictures)
    return _sent(project.pieces, project.file_name)


def _sent(pieces: Iterator[bytes], name: str) -> Response:
    return StreamingResponse(pieces, media_type="application/zip", headers=to_keep(name))


def _permit(dataset: Path) -> str:
    return addresses.permit(home.space_of(dataset), _purpose(dataset.name))


def _purpose(dataset_id: str) -> str:
    return f"download {dataset_id}"
