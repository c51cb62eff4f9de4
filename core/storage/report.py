"""A report of a problem: what helps to find its cause, and nothing that a person brought or typed.

Versions, settings, and what the log of facts holds (see `incidents`). No picture, no name of a
class, a data set, a file, a user or a computer, and no path.
"""

import io
import json
import os
import platform
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from core import config, installation
from core.errors import UserError
from core.storage import home, logs

_ENTRIES = 50  # of the log, the latest
_PINNED = re.compile(r"([a-z0-9][a-z0-9.-]*)==([^\s;]+)")


def texts() -> dict[str, str]:
    """What the report holds, to be shown before it is saved: text by file name."""
    return {
        "versions.txt": "\n".join(_versions()) + "\n",
        "settings.txt": "\n".join(_settings()) + "\n",
        "log.txt": "\n".join(_log()) + "\n",
    }


def zipped(held: dict[str, str]) -> bytes:
    """The report as one file.

    Args:
        held: What `texts` gave, so that what is saved is what was shown.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in held.items():
            archive.writestr(name, text)
    return file.getvalue()


def _versions() -> Iterator[str]:
    yield f"Thaw {installation.version()}"
    yield f"Python {platform.python_version()} ({platform.python_implementation()})"
    yield f"{platform.system()} {platform.machine()}, {_system()}"
    yield f"{os.cpu_count()} processors, {psutil.virtual_memory().total / 1e9:.1f} GB of memory"
    try:
        free = shutil.disk_usage(home.root()).free
        yield f"{free / 1e9:.1f} GB free where THAW_HOME is"
    except OSError as error:
        yield f"THAW_HOME cannot be read (error {error.errno})"
    yield ", ".join(_packages())


def _packages() -> Iterator[str]:
    for name, version in _pinned():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        yield f"{name} {found}" + ("" if found == version else f" (tried with {version})")


def _system() -> str:
    if sys.platform != "linux":
        return platform.release()
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{facts.get('ID', '')} {facts.get('VERSION_ID', '')}"


def _pinned() -> list[tuple[str, str]]:
    """The packages that Thaw installs; what else is in the environment is nobody's business."""
    lock = installation.ROOT / "requirements.lock"
    return _PINNED.findall(
        "\n".join(
            line for line in lock.read_text(encoding="utf-8").splitlines() if _PINNED.match(line)
        )
    )


def _settings() -> Iterator[str]:
    for setting in config.SETTINGS:
        if not os.environ.get(setting.name):
            yield f"{setting.name}: not set"
            continue
        try:
            value = setting.value
        except UserError:
            yield f"{setting.name}: set to what cannot be used"
            continue
        yield f"{setting.name}: " + (f"{value:g}" if isinstance(value, int | float) else "set")


def _log() -> Iterator[str]:
    entries = [entry for log in (logs.earlier(home.facts_log()), home.facts_log())
               for entry in _entries(log)]  # fmt: skip
    if not entries:
        yield "No unexpected errors."
    for entry in entries[-_ENTRIES:]:
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(entry["time"]))
        if "incident" in entry:
            yield f"{when} incident {entry['incident']}"
        else:
            yield f"{when} warning of level {entry['level']}"
            yield from map(_frame, entry["frames"])
        for error in entry["errors"]:
            number = error["errno"]
            reason = f" {os.strerror(number)}" if number is not None else ""
            yield f"  {error['type']}{reason}"
            yield from map(_frame, error["frames"])


def _frame(frame: list[Any]) -> str:
    place, line, function = frame
    return f"    {place}:{line} {function}" if place else "    elsewhere"


def _entries(log: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # half a line, of a process that died
