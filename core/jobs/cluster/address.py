"""Where the local cluster is found again: its address file, its certificates, its version."""

import hashlib
import math
import os
import shutil
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from core import config, installation
from core.errors import UserError
from core.storage import files, home

_SILENCE = 600.0  # seconds of it that mean death; the clocks of two machines may differ by minutes
_signs: dict[str, tuple[float, float]] = {}  # the last one of each cluster, and when it was seen
_CORE = installation.ROOT / "core"


@dataclass(frozen=True)
class Address:
    """One cluster: the process that holds it, and how to reach it.

    Attributes:
        address: Of the scheduler.
        pid: Of the cluster program.
        created: When that process began, seconds since 1970; a pid alone may be another's by now.
        version: Of the code and the settings it runs with.
        id: Also the name of its folder.
        host: The machine it runs on. Machines that share a home folder have one cluster each.
    """

    address: str
    pid: int
    created: float
    version: str
    id: str
    host: str = field(default_factory=socket.gethostname)

    @property
    def owner(self) -> dict[str, Any]:
        """What a job's log, and its own folder, say about who has it."""
        return {"pid": self.pid, "created": self.created, "id": self.id, "host": self.host}

    @property
    def certificate(self) -> Path:
        return certificate(self.id)


def folder(cluster_id: str) -> Path:
    """What one cluster keeps: its certificate and its workers' scratch space."""
    return home.cluster() / cluster_id


def certificate(cluster_id: str) -> Path:
    """Certificate and private key in one file: who can read it may send code to the cluster."""
    return folder(cluster_id) / home.CERTIFICATE


def read() -> Address | None:
    """What this machine's address file names, dead or alive; None where there is none."""
    try:
        return Address(**files.read_json(_file()))
    except (OSError, ValueError, TypeError, UserError):
        return None


def write(address: Address) -> None:
    """Name a cluster as the one to use on this machine."""
    home.cluster().mkdir(parents=True, exist_ok=True)
    files.write_json(_file(), asdict(address))


def forget(cluster_id: str) -> None:
    """Remove the address file if it still names this cluster."""
    present = read()
    if present is not None and present.id == cluster_id:
        _file().unlink(missing_ok=True)


def is_alive(owner: dict[str, Any]) -> bool:
    """Whether the process of a cluster still runs (and is not another with the same number).

    One on another machine does as long as it gives a sign of life. That machine may be this one:
    a laptop in another network and a container that was made anew have another name.
    """
    if owner.get("host", socket.gethostname()) != socket.gethostname():
        return _gave_a_sign(owner["id"])
    try:
        process = psutil.Process(owner["pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if abs(process.create_time() - owner["created"]) < 2:
            return True
        return owner["id"] in process.cmdline()  # the clock was set since
    except (psutil.NoSuchProcess, KeyError):
        return False
    except psutil.AccessDenied:
        return False  # it is not ours


def give_a_sign(cluster_id: str) -> None:
    """Tell other machines that share the home folder that a cluster of this one is alive."""
    with suppress(OSError):  # a full disk is no death
        os.utime(owner_file(cluster_id))


def _gave_a_sign(cluster_id: str) -> bool:
    """Whether it did of late. A later sign than was seen before is one, whatever the clock says."""
    try:
        sign = owner_file(cluster_id).stat().st_mtime
    except OSError:
        return False
    now = time.monotonic()
    before, _ = _signs.get(cluster_id, (math.inf, 0.0))
    if sign < before:  # the first that is seen
        _signs[cluster_id] = sign, now - (time.time() - sign)
    elif sign > before:
        _signs[cluster_id] = sign, now
    return now - _signs[cluster_id][1] < _SILENCE


def owner_file(cluster_id: str) -> Path:
    """Who holds a cluster; touched while it is alive."""
    return folder(cluster_id) / home.OWNER


def claim(cluster_id: str, pid: int) -> None:
    """Note who holds a cluster that is just beginning, before its program can.

    Who started it may end meanwhile, and `ending` has to find it all the same.
    """
    with suppress(OSError, psutil.NoSuchProcess):  # then the program says why, or has ended
        folder(cluster_id).mkdir(mode=0o700)
        created = psutil.Process(pid).create_time()
        files.write_json(owner_file(cluster_id), Address("", pid, created, "", cluster_id).owner)


def sweep() -> None:
    """Remove the folders of clusters that were killed on this machine."""
    for path in home.cluster().iterdir():
        if not path.is_dir():
            continue
        try:
            owner = files.read_json(owner_file(path.name))
        except (OSError, ValueError, UserError):
            continue  # just being made, or of a newer Thaw
        if not is_alive(owner):
            shutil.rmtree(path, ignore_errors=True)


def version() -> str:
    """A digest of the code below core/ as it lies on disk now, and of the settings it is given.

    Raises:
        UserError: A setting cannot be used.
    """
    digest = hashlib.sha256(config.in_the_background().encode())
    for path in sorted(_CORE.rglob("*.py")):
        digest.update(path.relative_to(_CORE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _file() -> Path:
    return home.cluster() / f"{quote(socket.gethostname(), safe='')}.json"
