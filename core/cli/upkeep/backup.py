"""`backup`: one zip of what people have made, at any time, also while trainings run.

It holds data sets, runs, weights files that people brought and the list of added TensorFlow Hub
modules, by their paths below THAW_HOME. It holds no cache, no logs, no uploads and no token.
"""

import argparse
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from core.cli.arguments import path
from core.cli.messages import counter, tell
from core.datasets import store
from core.errors import UserError
from core.storage import files, home, runs

# They change all the time while a training runs, each by itself: progress.jsonl is appended to,
# checkpoint.npz replaced. A run is taken up from any two states of them, as after a power cut.
_BUSY = (home.PROGRESS, home.CHECKPOINT)
_ATTEMPTS = 20


def options(parser: argparse.ArgumentParser) -> None:
    """Where the zip is to be."""
    parser.add_argument("file", type=path, metavar="FILE", help="the zip to write")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the zip, aside at first, so that half of one never passes for a whole one."""
    try:
        with (
            files.replacing(args.file) as aside,
            zipfile.ZipFile(aside, "w", strict_timestamps=False) as archive,
        ):
            kept = _write(archive)
        size = args.file.stat().st_size
    except OSError as error:
        raise UserError(
            f"The backup could not be made ({error.strerror}: {error.filename or args.file}). "
            "Choose another place for it, or make room."
        ) from error
    holds = f"{_several(kept['datasets'], 'data set')} and {_several(kept['runs'], 'run')}"
    tell(
        f"{args.file} holds {holds} ({size / 1e6:,.1f} MB). To restore them, unpack it into an "
        "empty folder and set THAW_HOME to that folder."
    )
    return {"file": str(args.file), "bytes": size, **kept}


def _several(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def _write(archive: zipfile.ZipFile) -> dict[str, int]:
    """Put everything in. Runs come first, so what they learned from is there as well."""
    spaces = home.spaces()
    made = {
        "runs": [run.folder for space in spaces for run in runs.all_runs(space)],
        "datasets": [space.dataset(id_) for space in spaces for id_ in store.all_ids(space)],
        "weights": [space.weights() for space in spaces],
        "hub": [home.hub()],
    }
    total = sum(map(len, made.values()))
    report, done = counter("backing up"), 0
    kept = dict.fromkeys(made, 0)
    for kind, folders in made.items():
        for folder in folders:
            with _as_it_is_now(folder, alone=kind == "datasets") as snapshot:
                if snapshot is not None:
                    kept[kind] += 1
                    for file in _files(snapshot):
                        name = folder.relative_to(home.root()) / file.relative_to(snapshot)
                        archive.write(file, name.as_posix())
            done += 1
            report(done, total)
    return {"datasets": kept["datasets"], "runs": kept["runs"]}


@contextmanager
def _as_it_is_now(folder: Path, *, alone: bool) -> Iterator[Path | None]:
    """A copy of a folder that nobody changes, as it was at one moment; None where it is gone.

    The copy is of links: files are replaced and deleted here, never written over. So it takes
    no room and hardly any time, and nobody waits while the zip is written.

    Args:
        folder: Of a run, a data set, or files side by side.
        alone: Whether others that change it have to wait meanwhile, as for a data set.
    """
    snapshot = folder.with_name(f".new-{secrets.token_hex(4)}")
    try:
        yield snapshot if _copied(folder, snapshot, alone=alone) else None
    finally:
        shutil.rmtree(snapshot, ignore_errors=True)


def _copied(folder: Path, snapshot: Path, *, alone: bool) -> bool:
    for _ in range(_ATTEMPTS):
        try:
            with store.alone(folder) if alone else nullcontext():
                before = _seen(folder)
                for file in sorted(before, key=lambda each: each.name not in _BUSY):
                    _link(file, snapshot / file.relative_to(folder))
                if _seen(folder) == before and folder.is_dir():
                    return True
        except (FileNotFoundError, NotADirectoryError):
            pass  # one was replaced or deleted this moment
        except UserError:
            return False  # the data set is gone
        if not folder.is_dir():
            return False
        shutil.rmtree(snapshot, ignore_errors=True)
    raise UserError(f"{folder} changes all the time. Try again in a moment.")


def _seen(folder: Path) -> dict[Path, tuple[int, ...]]:
    """The files of a folder, each with what tells whether it was replaced."""
    found: dict[Path, tuple[int, ...]] = {}
    for file in _files(folder):
        found[file] = () if file.name in _BUSY else files.stamp(file)
    return found


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder but for those that are just being written or deleted.

    Projects that were made for a link are left out as well: they can be made again.
    """
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(
            each for each in folders if not each.startswith(".") and each != home.SHARED
        )
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(above, name)


def _link(there: Path, here: Path) -> None:
    here.parent.mkdir(parents=True, exist_ok=True)
    if there.name != home.PROGRESS:  # it grows, and what is added later belongs to others
        with suppress(OSError):
            os.link(there, here)
            return
    shutil.copyfile(there, here)
