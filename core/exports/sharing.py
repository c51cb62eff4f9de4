"""Sharing an export: the zip, or of a web page the page itself, which opens at once.

Of a web page `shared.html` in the export's folder is what others see.
"""

import shutil
import zipfile
from pathlib import Path

from core import sharing
from core.errors import UserError
from core.exports.kept import Kept
from core.intake import room
from core.sharing import Share
from core.storage import files, home

LARGEST = 45_000_000  # bytes of a web page in one file
_PAGE = "thaw-web/index.html"  # in the zip of a web page


def share(folder: Path, made: Kept, seconds: float) -> Share:
    """Make a link; an earlier one is no longer good.

    Args:
        folder: The export's.
        made: The export that is shared.
        seconds: For how long.

    Raises:
        UserError: There is no room, or the export is damaged.
    """
    with room.in_words():
        if made.format.name == "web":
            unpack(made.file, folder / home.SHARED_PAGE)
        return sharing.begin(folder, seconds)


def is_shared(folder: Path) -> bool:
    """Whether an export has a link that is good; of a damaged one, nobody knows, so it has."""
    try:
        return sharing.at(folder) is not None
    except UserError:
        return True


def stop(folder: Path) -> None:
    """Take the link back."""
    sharing.end(folder)
    (folder / home.SHARED_PAGE).unlink(missing_ok=True)


def unpack(archive: Path, page: Path) -> None:
    """Take the page in one file out of an export to a web page; a large network has none.

    Args:
        archive: The export.
        page: Where to.

    Raises:
        UserError: The export is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            if _PAGE not in opened.namelist():
                return
            with (
                opened.open(_PAGE) as source,
                files.replacing(page) as aside,
                aside.open("wb") as target,
            ):
                shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, FileNotFoundError) as error:
        raise UserError("This export is damaged. Delete it and export again.") from error
