"""What a terminal is told while a job runs: progress, messages and errors, on standard error."""

import errno
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core import shown
from core.datasets.dataset import Skipped
from core.datasets.enough import telling
from core.intake import room
from core.intake.archives.refusals import unwritable
from core.settings import TrainingSettings
from core.storage import files, home, incidents
from core.storage.runs import Run, RunState

# What the operating system says that the user can put right.
_MENDABLE = {
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EMLINK),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *files.FULL,
    *files.SHUT,
}

NO_MODEL = "Stopped before the first epoch ended, so there is no model."
_PATIENCE = 1.5  # seconds that a stop waits for work of which nothing is kept


def tell(message: str) -> None:
    """Say something that is not data."""
    print(shown.isolated(clean(message)), file=sys.stderr, flush=True)


def tell_left_out(skipped: Sequence[Skipped]) -> None:
    """Say in one line that files were left out, if any were, and why the most telling one was."""
    if skipped:
        one, count = telling(skipped), len(skipped)
        files = "1 file" if count == 1 else f"{count:,} files"
        example = f"“{one.file}”: {one.reason}"
        tell(f"left out {files}, {'' if count == 1 else 'such as '}{example}")


def rows(skipped: Iterable[Skipped]) -> list[dict[str, str]]:
    """Files that were left out, and why, as every command gives them."""
    return [{"file": one.file, "reason": one.reason} for one in skipped]


def clean(text: str) -> str:
    """The text without what could steer a terminal: names may come from anybody's archive."""
    return shown.visible(text)


def counter(what: str) -> Any:
    """A report that counts on standard error, at most twice a second."""
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if done and (done == total or time.monotonic() - last > 0.5):
            last = time.monotonic()
            tell(f"{what}: {done} of {total}")

    return report


def bytes_counter(what: str) -> Any:
    """A report that counts bytes, at most twice a second."""
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > 0.5:
            last = time.monotonic()
            of = f" of {total / 1e6:.1f}" if total else ""
            tell(f"{what}: {done / 1e6:.1f}{of} MB")

    return report


@contextmanager
def following(run: Run) -> Iterator[None]:
    """Tells on standard error what the run's log says, as it grows."""
    from core.training.racing import candidates  # every command would load the catalogue with it

    ended = threading.Event()

    def follow() -> None:
        state, told, solved = RunState(), 0, None
        candidate, judged = None, 0
        while True:
            last_look = ended.wait(0.5)
            before = state.stages.get(state.stage) if state.stage else None
            notice = state.notice
            state = run.state(state)
            if state.notice and state.notice != notice:
                tell(state.notice)
            if state.candidate is not None and state.candidate != candidate:
                candidate, told, solved = state.candidate, 0, None
                settings = TrainingSettings.from_dict(candidate["settings"])
                tell(f"candidate {candidate['number'] + 1}: {candidates.told(settings)}")
            for row in state.history[told:] if state.classes != 1 else ():
                tell(
                    f"epoch {row['epoch']}: accuracy {row['accuracy']:.3f}, "
                    f"validation {row['val_accuracy']:.3f}"
                )
            told = len(state.history)
            if state.solved and state.solved is not solved:
                solved = state.solved
                kept = "kept" if solved["kept"] else "the best epoch is kept"
                tell(f"exact solution: validation {solved['val_accuracy']:.3f}, {kept}")
            for each in state.tried[judged:]:
                tell(f"candidate {each['number'] + 1}: {candidates.verdict(each)}")
            judged = len(state.tried)
            if state.stage and state.stages[state.stage] != before:
                done, total, left = state.stages[state.stage]
                time_left = "" if left is None else f", {left:.0f} s left"
                tell(f"{state.stage}: {done} of {total}{time_left}")
            if last_look:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def stop_on_interrupt(run: Run, leave: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C stops the run and keeps the best so far; the second ends at once.

    A network that is being built or converted cannot be interrupted. Where nothing has been learned
    yet, the process ends without it.

    Args:
        run: The run.
        leave: Called then, last of all; it sees to the run's folder.
    """
    over = threading.Event()

    def end() -> None:
        if not over.wait(_PATIENCE) and run.state().nothing_to_keep:
            with suppress(OSError):  # the work has ended this moment, and sees to it as well
                leave()
            tell(NO_MODEL)
            os._exit(2)

    def stop(*_: Any) -> None:
        state = run.state()
        after = f" after this step of {state.stage}" if state.stage else ""
        kept = (
            "nothing is learned yet" if state.nothing_to_keep else "the best epoch so far is kept"
        )
        tell(f"stopping{after}; {kept} (Ctrl-C again to end at once)")
        run.request_stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=end, daemon=True).start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)


def peak_rss_mb() -> int:
    """The most memory this process has held, in megabytes."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(psutil.Process().memory_info().peak_wset) >> 20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 20 if sys.platform == "darwin" else peak >> 10


def remedy(error: BaseException, *written: Path) -> str | None:
    """What is told of an error of the operating system that the user can put right.

    Args:
        error: What came.
        written: Folders that were written to besides Thaw's own: which disk is full, the system
            does not always say.

    Returns:
        A sentence that names the path and says what to do; None where it is another error.
    """
    if isinstance(error, room.NoRoom):
        return _no_room(home.root())
    if not isinstance(error, OSError) or error.errno not in _MENDABLE:
        return None
    root = home.root()
    named = isinstance(error.filename, str | bytes)
    path = Path(os.fsdecode(error.filename)) if named else None
    if error.errno in files.FULL:
        return _no_room(path or _full(root, *written))
    if path is None:
        return None
    reason = os.strerror(error.errno)
    if path.is_relative_to(root):
        exactly = "" if path == root else f": {path}"
        return str(unwritable(root, f"{reason}{exactly}"))
    return f"{path} cannot be read or written ({reason}). Put that right, or choose another."


def _full(*folders: Path) -> Path | None:
    """Which of these folders lies on a full disk."""
    fullest = min(folders, key=room.free)
    return fullest if room.free(fullest) < room.LITTLE else None


def _no_room(path: Path | None) -> str:
    if path is None:
        return "There is no room left on the disk. Make some and try again."
    if path.is_relative_to(home.root()):
        return (
            f"There is no room left in {home.root()}, where Thaw keeps what it works with. Delete "
            "what is no longer needed there, or set THAW_HOME to a folder on another disk."
        )
    return f"There is no room left on the disk for {path}. Delete what is no longer needed there."


class Recorded(Exception):
    """An internal error that is in the log; the message says so."""


def record(error: Exception) -> tuple[str | None, str]:
    """Write an internal error to the log and nowhere else.

    Returns:
        Its id there, and what to tell.
    """
    incidents.logger.addHandler(logging.NullHandler())
    incident = secrets.token_hex(4)
    try:
        incidents.write(error, incident)
    except (OSError, RuntimeError) as unwritten:  # RuntimeError: ~ stands for nobody's folder
        kind = type(error).__name__
        return None, f"Something went wrong inside ({kind}), and the log says: {unwritten}"
    return (
        incident,
        f"Something went wrong inside (incident {incident}); see {incidents.log_path()}",
    )
