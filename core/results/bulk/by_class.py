"""The pictures that a run has named, as a zip with a folder for each predicted class."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from core.datasets import packing
from core.errors import UserError
from core.results.prediction import Prediction

STRANGERS = "none of these"  # the folder of what looks like nothing that the network was taught


def zipped(given: Sequence[Prediction]) -> Iterator[bytes]:
    """The zip, made while it is sent; pictures as they came, or small where only that is kept.

    Args:
        given: Answers that are kept, with files that hold their pictures.

    Raises:
        UserError: There are no pictures; at once, before anything is sent.
    """
    shown = [each for each in given if not each.error and each.thumbnail is not None]
    strangers = STRANGERS
    while any(strangers == label for each in given for label, _ in each.top):
        strangers = f"{strangers} (strangers)"  # a class may be called so
    placed = [
        (strangers if each.known is False else each.label, _name(each), each) for each in shown
    ]
    if not placed:
        raise UserError("There are no pictures to download. Add some first.")
    return packing.pieces(packing.in_folders(placed), _contents)


def _name(said: Prediction) -> str:
    """What its file is called: the small copies are JPEGs."""
    small = not (isinstance(said.original, Path) and said.original.is_file())
    return f"{PurePosixPath(said.file).stem}.jpg" if small else said.file


def _contents(said: Prediction) -> bytes:
    for picture in (said.original, said.thumbnail):
        if isinstance(picture, Path) and picture.is_file():
            return picture.read_bytes()
    raise UserError("This picture is no longer on the server.")
