"""Where everything that Thaw keeps lies: paths are made here and nowhere else.

THAW_HOME/              default ~/.thaw
  home/                 the one space there is so far
    datasets/<id>/      manifest.json, progress.jsonl, images/, thumbnails/
    runs/<id>/          settings.json, progress.jsonl, model.keras, results.json, …
    uploads/<id>/       files on their way in; emptied when read
    weights/            weights files that people brought, by digest
  cache/                shared by all spaces: its keys are digests
    features/  graphs/  weights/
  hub/                  TensorFlow Hub modules that the owner has added to the catalogue
  cluster/              address (one for each machine that shares this) and certificates
  logs/
"""

import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from core import config

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def root() -> Path:
    """The folder named by THAW_HOME, or ~/.thaw.

    Raises:
        UserError: That cannot be a folder.
    """
    return config.HOME.value


def space() -> Path:
    """The folder of the people who use this server together."""
    return root() / "home"


def datasets() -> Path:
    return space() / "datasets"


def runs() -> Path:
    return space() / "runs"


def uploads() -> Path:
    return space() / "uploads"


def weights() -> Path:
    return space() / "weights"


def cache() -> Path:
    return root() / "cache"


def hub() -> Path:
    return root() / "hub"


def cluster() -> Path:
    return root() / "cluster"


def logs() -> Path:
    return root() / "logs"


def _all() -> tuple[Path, ...]:
    return space(), cache(), hub(), cluster(), logs()


def make_private() -> None:
    """Keep what this process writes to its user, and shut others out of THAW_HOME.

    Does nothing on Windows, where a user's folders are the user's own. A THAW_HOME that others
    are meant to write to as well, such as /tmp, stays open; what is Thaw's in it does not.
    """
    global _users_umask
    before = os.umask(0o077)
    _users_umask = before if _users_umask is None else _users_umask
    for folder in (root(), *_all()):
        with suppress(OSError):  # not there yet, somebody else's, or on a read-only disk
            if not folder.stat().st_mode & stat.S_ISVTX:
                folder.chmod(0o700)


def close_existing() -> None:
    """Take what an earlier Thaw left readable to others from them; takes time in a large home."""
    if os.name == "nt":
        return
    for ours in _all():
        for folder, folders, files in os.walk(ours):
            for each in (*folders, *files):
                path = Path(folder, each)
                with suppress(OSError):  # it is deleted just now, or somebody else's
                    mode = path.lstat().st_mode
                    if mode & 0o077 and not stat.S_ISLNK(mode):
                        path.chmod(stat.S_IMODE(mode) & 0o700)


_users_umask: int | None = None


@contextmanager
def to_share() -> Generator[None]:
    """Files made in here are as readable as the user's own: they were asked for by name."""
    if _users_umask is None:
        yield
        return
    ours = os.umask(_users_umask)
    try:
        yield
    finally:
        os.umask(ours)


def new_id() -> str:
    """A fresh folder name that sorts by time and owes nothing to what a user typed."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def is_id(text: str) -> bool:
    """Whether text, which may come from an address bar, is safe as a folder name."""
    return len(text) <= 64 and _ID.fullmatch(text) is not None


def is_digest(text: object) -> bool:
    """Whether this is a SHA-256 as we write it, and so is safe as a file name."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def made_at(id_: str) -> float | None:
    """When an id was made, seconds since 1970; None for one that `new_id` has not made."""
    try:
        return datetime.strptime(id_[:15], "%Y%m%d-%H%M%S").timestamp()
    except (ValueError, OverflowError):
        return None


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file atomically: written aside, synced, renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically."""
    write_bytes(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        OSError: It can't be read.
        ValueError: It is no JSON, or is nested deeper than anything we write.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error


def disk_used(folder: Path) -> int:
    """Bytes in all files below a folder; 0 where there is none."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except FileNotFoundError:
                continue  # deleted while we looked
    return total


def remove(folder: Path) -> None:
    """Delete a folder of ours at once for whoever looks, then its contents.

    It is renamed first, so that a half-deleted folder never passes for a whole one.
    """
    doomed = folder.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    shutil.rmtree(doomed)
