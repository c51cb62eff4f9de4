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
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from core import config

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


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


def keep_private() -> None:
    """Shut the other users of this computer out of THAW_HOME: its folders are 0700.

    What lies in there can't be reached by its own path either, so files of an older Thaw need no
    visit. The server and the cluster also call `make_private`, so that their files are 0600; a
    terminal doesn't, since it writes where its user says as well. Does nothing on Windows, where
    a user's folders are the user's own, and where the folder belongs to somebody else.
    """
    with suppress(OSError):  # a full or read-only disk is told by whoever writes to it
        root().mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (root(), *(each for each in root().iterdir() if each.is_dir())):
            with suppress(PermissionError):
                folder.chmod(0o700)


def make_private() -> None:
    """Keep this process's new files and folders to its user, and shut others out of THAW_HOME."""
    os.umask(0o077)
    keep_private()


def new_id() -> str:
    """A fresh folder name that sorts by time and owes nothing to what a user typed."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def is_id(text: str) -> bool:
    """Whether text, which may come from an address bar, is safe as a folder name."""
    return len(text) <= 64 and _ID.fullmatch(text) is not None


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
    return json.loads(path.read_text(encoding="utf-8"))


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
