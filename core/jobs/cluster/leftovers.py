"""What nobody finished: uploads, half-deleted folders and failed readings that nobody lists."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from core.intake import incoming
from core.jobs.cluster.address import is_alive
from core.jobs.job import INTERRUPTED, ImportState, Job, Kind
from core.results import evaluations
from core.storage import home

_HOUR = 3600.0
_COMPLETE = ("manifest.json", "results.json")  # of a data set, of an evaluation
_DAY = 24 * _HOUR  # so long a page may tell why a reading failed


def sweep(now: float | None = None) -> None:
    """Remove what processes that were killed, and readings that failed, have left.

    What an earlier Thaw left readable to other users is closed as well.

    Args:
        now: Seconds since 1970; for tests.
    """
    home.close_existing()
    now = now or time.time()
    needed = set(_settle_readings(now))
    for folder in ("", "*/", "*/*/"):
        for name in (".deleted-*", ".new-*"):
            _remove_old(home.root().glob(folder + name), now)
    for inside in (home.datasets().glob("*"), home.runs().glob("*"), home.runs().glob("*/*")):
        for each in inside:
            _remove_old(each.glob(".deleted-*"), now)
    for name in (".download-*", ".module-*", ".copy-*"):
        _remove_old((home.cache() / "weights" / "models").glob(name), now)
    uploads = (path for path in home.uploads().glob("*") if path.name not in needed)
    # The web server removes uploads whose senders have left: it knows whether its clock was set.
    _remove_old((path for path in uploads if not incoming.is_begun(path)), now)


def _settle_readings(now: float) -> Iterator[str]:
    """Remove the folders of readings that ended in nothing; tell what uploads others need."""
    evaluated = home.runs().glob(f"*/{evaluations.FOLDER}/[!.]*")
    jobs = [Job(Kind.READING, each) for each in home.datasets().glob("[!.]*")]
    for job in (*jobs, *map(Job.of_evaluation, evaluated)):
        folder = job.folder
        if not folder.is_dir() or any((folder / each).exists() for each in _COMPLETE):
            continue
        state = job.state()
        assert isinstance(state, ImportState)
        if not state.status.final and state.submitted < now - _HOUR and _is_orphaned(state):
            job.fail(INTERRUPTED[job.kind])
        elif state.status.final and (state.ended or 0.0) < now - _DAY:
            home.remove(folder)
        elif not state.status.final or state.question is not None:
            yield state.upload or ""


def _is_orphaned(state: ImportState) -> bool:
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
