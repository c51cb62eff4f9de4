"""What nobody finished: uploads, half-deleted folders and failed readings that nobody lists."""

import shutil
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from core.intake import incoming
from core.jobs.cluster.address import is_alive
from core.projects import opening, sharing
from core.storage import files, home, privacy
from core.storage.home import Space
from core.storage.job import INTERRUPTED, Job, JobState, Kind

_HOUR = 3600.0
_COMPLETE = (home.MANIFEST, home.RESULTS)  # of a data set, of an evaluation
# What is being written or deleted; the last three are those of earlier versions.
_HALF = (".new-*", ".deleted-*", ".download-*", ".module-*", ".copy-*")
_DEEPEST = 6  # folders from THAW_HOME down to a mistake's picture in an evaluation of a run
_DAY = 24 * _HOUR  # so long a page may tell why a reading failed


def sweep(now: float | None = None) -> None:
    """Remove what processes that were killed, and readings that failed, have left.

    The runs of a project whose opening was cut off at the very end come to their place, and
    projects that were shared until now go.

    What an earlier Thaw left readable to other users is closed as well.

    Args:
        now: Seconds since 1970; for tests.
    """
    privacy.close_existing()
    now = now or time.time()
    for depth, name in product(range(_DEEPEST), _HALF):
        _remove_old(home.root().glob("*/" * depth + name), now)
    for space in home.spaces():
        _sweep(space, now)


def _sweep(space: Space, now: float) -> None:
    needed = set(_settle_readings(space, now))
    for opened in space.datasets().glob(f"*/{home.OPENED_RUNS}"):
        opening.settle(opened.parent)
    sharing.sweep(space)
    uploads = (path for path in space.uploads().glob("*") if path.name not in needed)
    # The web server removes uploads whose senders have left: it knows whether its clock was set.
    _remove_old((path for path in uploads if not incoming.is_begun(path)), now)


def _settle_readings(space: Space, now: float) -> Iterator[str]:
    """Remove the folders of readings that ended in nothing; tell what uploads others need."""
    evaluated = space.runs().glob(f"*/{home.EVALUATIONS}/[!.]*")
    jobs = [Job(Kind.READING, each) for each in space.datasets().glob("[!.]*")]
    named = [Job.of_answers(each) for each in space.runs().glob("[!.]*")]
    for job in (*jobs, *map(Job.of_evaluation, evaluated), *named):
        folder = job.folder
        if not folder.is_dir() or any((folder / each).exists() for each in _COMPLETE):
            continue
        state = job.state()
        if not state.status.final and state.submitted < now - _HOUR and _is_orphaned(state):
            job.fail(INTERRUPTED[job.kind])
        elif state.status.final and (state.ended or 0.0) < now - _DAY:
            files.remove(folder)
        elif not state.status.final or state.question is not None:
            yield state.upload or ""


def _is_orphaned(state: JobState) -> bool:
    return state.cluster is not None and "pid" in state.cluster and not is_alive(state.cluster)


def _remove_old(paths: Iterator[Path], now: float) -> None:
    for path in paths:
        try:
            if max(_changed(each) for each in (path, *path.glob("*"))) > now - _HOUR:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError:
            continue  # somebody else removes it at this moment


def _changed(path: Path) -> float:
    """When it, its name or what it holds changed; a renamed folder keeps its mtime."""
    status = path.lstat()
    return max(status.st_mtime, status.st_ctime)
