"""Runs of this server that programs may ask: those for which somebody has switched it on.

A worker answers, as it does for the pages, so no network is ever in this process.
"""

import re
import secrets
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from core.errors import UserError
from core.intake import room
from core.jobs import queue, tasks
from core.results.prediction import Prediction
from core.storage import files, home
from core.storage.runs import Run, open_run
from core.web import addresses
from core.web.api import answering
from core.web.api.answering import Network
from core.web.api.limits import Limits
from core.web.guarded import GuardedRoute, Refused

_NAME = "api"
_BELOW = re.compile(r"[a-z0-9-]{1,64}/(predict|health|openapi\.json|thaw_client\.py)?")
# Together, so that people at a page do not wait long for programs.
_LIMITS = Limits(size=20 << 20, per_second=20, at_once=16, threads=4)


def address(run: Run) -> str:
    """The path that a run's routes lie under, with a slash at its end."""
    return addresses.path(f"{_NAME}/{run.id}/")


def is_path(path: str) -> bool:
    """Whether this is a path of such a route: they ask for a token of their own."""
    above = addresses.path(f"{_NAME}/")
    return path.startswith(above) and _BELOW.fullmatch(path, len(above)) is not None


def publish(run: Run) -> str:
    """Let programs ask a run, by a new token; an earlier one is no longer good.

    Returns:
        The token.

    Raises:
        UserError: It can't be written.
    """
    token = secrets.token_urlsafe(32)
    there = run.space.published(run.id)
    with room.in_words():
        there.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(there, token.encode())
    return token


def withdraw(run: Run) -> None:
    """Let no program ask a run any more."""
    run.space.published(run.id).unlink(missing_ok=True)


def token(run: Run) -> str | None:
    """The token by which programs may ask a run; None where they may not."""
    try:
        return run.space.published(run.id).read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, UnicodeError):
        return None


def routes() -> list[GuardedRoute]:
    """What the app answers besides its pages."""
    return answering.routes(f"{_NAME}/{{run_id}}/", _find)


async def _find(request: Request) -> Network:
    found = await run_in_threadpool(_networks, request.path_params["run_id"])  # it reads files
    if not found:
        raise Refused(404, "There is no network at this address that programs may ask.")
    return next((each for each in found if each.lets_in(request)), found[0])


def _networks(run_id: str) -> list[Network]:
    """Those of an id. Copied folders have one in several spaces, each with a token of its own."""
    found = []
    for space in home.spaces():
        try:
            run = open_run(space, run_id)
        except UserError:
            continue  # it isn't in this one
        known = token(run)
        if known is not None:
            found.append(Network(known, partial(_look, run), _LIMITS))
    return found


def _look(run: Run, data: bytes, top: int) -> Prediction:
    """What a worker sees in a picture, which it reads from the disk."""
    path = run.space.uploads() / home.new_id() / "picture"
    try:
        try:
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        except OSError as error:
            if error.errno in files.FULL:
                raise room.full("this picture") from error
            raise
        return queue.ask(tasks.predict_one, run.folder, path, top)
    finally:
        files.remove(path.parent)
