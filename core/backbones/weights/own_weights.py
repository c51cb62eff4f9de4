"""Weights files that people brought, kept by the digest of their bytes. No TensorFlow."""

import hashlib
import logging
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core import apart
from core.backbones.catalogue.backbone import Backbone, Layer
from core.backbones.weights import weights_file
from core.errors import UserError
from core.storage import files, home
from core.storage.home import Space

logger = logging.getLogger("thaw")

MAX_BYTES = 2 << 30  # twice the largest published file for a network of the catalogue
_SECONDS = 10.0  # to read a file, at least; and the time that its bytes take on a slow disk
_BYTES_A_SECOND = 20e6
_AT_ONCE = threading.BoundedSemaphore(2)  # each may need the memory of a whole network
_MEMORY = 4 << 30  # bytes; the largest backbone of the catalogue has 240 MB of weights


@dataclass(frozen=True)
class OwnWeights:
    """A weights file that somebody brought.

    Attributes:
        digest: SHA-256 of its bytes; what settings name it by.
        name: The file's name as it came.
        backbone: The network that it was found to fit.
        alpha: At this width.
        added: Seconds since 1970.
    """

    digest: str
    name: str
    backbone: str
    alpha: float
    added: float


def keep(space: Space, file: Path, name: str, backbone: Backbone) -> OwnWeights:
    """Check a file against a network, shape by shape, and keep it.

    Args:
        space: Where to keep it.
        file: What somebody brought; it stays where it is.
        name: What they call it.
        backbone: The network it is for.

    Raises:
        UserError: It is no Keras weights file, or not of this network.
    """
    if backbone.sealed:
        raise UserError(
            "{title} is one sealed block with its own weights. Choose another network for "
            "a file of yours.",
            title=backbone.title,
        )
    if file.stat().st_size > MAX_BYTES:
        raise UserError(
            "Expected a weights file of at most {max_bytes} GB, received {st_size:.1f} GB.",
            max_bytes=MAX_BYTES >> 30,
            st_size=file.stat().st_size / 1e9,
        )
    name = name.encode("utf-8", "replace").decode()  # a form may send half a character
    _check(file, name, backbone)
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    target = space.own_weights(digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file():
        with files.replacing(target) as aside:
            shutil.copyfile(file, aside)
    own = OwnWeights(digest, name, backbone.name, backbone.alpha, time.time())
    files.write_json(target.with_suffix(".json"), own.__dict__)
    return own


def _check(file: Path, name: str, backbone: Backbone) -> None:
    """See that a file holds the weights of a backbone, shape by shape.

    The HDF5 library is written in C and trusts its files, so a separate process reads the file.
    One that was read to its end there can be read again without danger.

    Raises:
        UserError: It does not fit, is damaged, or takes too long or too much memory to read.
    """
    damaged = UserError(
        "Expected a Keras weights file (.h5 or .weights.h5), but {name} is damaged. Download or "
        "copy it again.",
        name=name,
    )
    end = time.monotonic() + _SECONDS + file.stat().st_size / _BYTES_A_SECOND

    def go_on() -> None:
        if time.monotonic() > end:
            raise damaged

    read = partial(_read_through, file.absolute(), backbone.layers, backbone.title, name)
    with _AT_ONCE:
        try:
            apart.run(read, go_on, memory=_MEMORY)
        except RuntimeError:
            raise damaged from None


def _read_through(file: Path, layers: Sequence[Layer], title: str, name: str) -> None:
    try:
        weights_file.read(file, layers, title, name)
    except MemoryError:
        sys.exit(1)  # a hostile file is nothing for the log


def every(space: Space, backbone: Backbone | None = None) -> list[OwnWeights]:
    """What was brought, the newest first.

    Args:
        space: Where.
        backbone: Only what fits this network.
    """
    read = map(_read, space.weights().glob("*.json"))
    fitting = [
        own
        for own in read
        if own is not None
        and (backbone is None or (own.backbone, own.alpha) == (backbone.name, backbone.alpha))
    ]
    return sorted(fitting, key=lambda own: -own.added)


def _read(path: Path) -> OwnWeights | None:
    try:
        return OwnWeights(**files.read_json(path))
    except (ValueError, TypeError, OSError, UserError) as error:
        logger.warning("%s is damaged and left out: %r", path.name, error)
        return None


def find(space: Space, digest: str) -> Path:
    """The file of that digest in a space.

    Raises:
        UserError: It is not here, or not any more.
    """
    file = space.own_weights(digest)
    if not home.is_digest(digest) or not file.is_file():
        raise UserError(
            "The weights file that this run starts from is no longer here. Choose it again, or "
            "start from the published weights."
        )
    return file


def delete(space: Space, digest: str) -> None:
    """Forget a file; runs that started from it keep what they have learned."""
    if home.is_digest(digest):
        file = space.own_weights(digest)
        file.with_suffix(".json").unlink(missing_ok=True)
        file.unlink(missing_ok=True)
