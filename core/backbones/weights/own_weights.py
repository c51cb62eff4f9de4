"""Weights files that people brought, kept by the digest of their bytes. No TensorFlow."""

import hashlib
import logging
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from core.backbones.catalogue.backbone import Backbone
from core.backbones.weights.weights_check import check_apart
from core.errors import UserError
from core.storage import home

logger = logging.getLogger("thaw")

MAX_BYTES = 2 << 30  # twice the largest published file for a network of the catalogue
_DIGEST = re.compile(r"[0-9a-f]{64}")


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


def keep(file: Path, name: str, backbone: Backbone) -> OwnWeights:
    """Check a file against a network, shape by shape, and keep it.

    Args:
        file: What somebody brought; it stays where it is.
        name: What they call it.
        backbone: The network it is for.

    Raises:
        UserError: It is no Keras weights file, or not of this network.
    """
    if backbone.sealed:
        raise UserError(
            f"{backbone.title} is one sealed block with weights of its own. Choose another network "
            "for a file of yours."
        )
    if file.stat().st_size > MAX_BYTES:
        raise UserError(
            f"Expected a weights file of at most {MAX_BYTES >> 30} GB, received "
            f"{file.stat().st_size / 1e9:.1f} GB."
        )
    name = name.encode("utf-8", "replace").decode()  # a form may send half a character
    check_apart(file, name, backbone)
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    folder = home.weights()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{digest}.h5"
    if not target.is_file():
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as aside:
            try:
                with file.open("rb") as opened:
                    shutil.copyfileobj(opened, aside)
                aside.close()
                Path(aside.name).replace(target)
            finally:
                Path(aside.name).unlink(missing_ok=True)
    own = OwnWeights(digest, name, backbone.name, backbone.alpha, time.time())
    home.write_json(folder / f"{digest}.json", own.__dict__)
    return own


def every(backbone: Backbone | None = None) -> list[OwnWeights]:
    """What was brought, the newest first.

    Args:
        backbone: Only what fits this network.
    """
    read = map(_read, home.weights().glob("*.json"))
    fitting = [
        own
        for own in read
        if own is not None
        and (backbone is None or (own.backbone, own.alpha) == (backbone.name, backbone.alpha))
    ]
    return sorted(fitting, key=lambda own: -own.added)


def _read(path: Path) -> OwnWeights | None:
    try:
        return OwnWeights(**home.read_json(path))
    except (ValueError, TypeError, OSError) as error:
        logger.warning("%s is damaged and left out: %r", path.name, error)
        return None


def find(digest: str) -> Path:
    """The file of that digest.

    Raises:
        UserError: It is not here, or not any more.
    """
    file = home.weights() / f"{digest}.h5"
    if not _DIGEST.fullmatch(digest) or not file.is_file():
        raise UserError(
            "The weights file that this run starts from is no longer here. Choose it again, or "
            "start from the published weights."
        )
    return file


def delete(digest: str) -> None:
    """Forget a file; runs that started from it keep what they have learned."""
    if _DIGEST.fullmatch(digest):
        (home.weights() / f"{digest}.json").unlink(missing_ok=True)
        (home.weights() / f"{digest}.h5").unlink(missing_ok=True)
