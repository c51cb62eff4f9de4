"""A link by which others open an export: good for some time, or until somebody takes it back.

`share.json` in the export's folder holds it, and of a web page `shared.html` is what they see. The
link names nothing but ids and a token, and lies apart from what a copy of the run takes along.
"""

import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from core.errors import UserError
from core.exports.kept import Kept
from core.intake import room
from core.storage import files, home
from core.storage.runs import damaged, read_facts

DURATIONS = {"hour": 3600, "day": 86_400, "week": 604_800}  # seconds
_PAGE = "thaw-web/index.html"  # in the zip of a web page


@dataclass(frozen=True)
class Share:
    """A link that is good.

    Attributes:
        token: What has to be in it.
        until: When it ends, in seconds since 1970.
    """

    token: str
    until: float


def share(folder: Path, made: Kept, seconds: float) -> Share:
    """Make a link; an earlier one is no longer good.

    Args:
        folder: The export's.
        made: The export that is shared.
        seconds: For how long.

    Raises:
        UserError: There is no room, or the export is damaged.
    """
    link = Share(token_urlsafe(24), time.time() + seconds)
    with room.in_words():
        if made.format.name == "web":
            _unpack(made.file, folder / home.SHARED_PAGE)
        told = {"token": link.token, "until": link.until}
        files.write_json(folder / home.SHARE, told)
    return link


def shared(folder: Path) -> Share | None:
    """The link of an export; None where there is none, or it is over.

    Raises:
        UserError: It is damaged.
    """
    if not (folder / home.SHARE).is_file():
        return None
    facts = read_facts(folder, home.SHARE, "token", "until")
    token, until = facts["token"], facts["until"]
    if not isinstance(token, str) or not isinstance(until, int | float):
        raise damaged(folder, home.SHARE)
    return Share(token, until) if time.time() < until else None


def stop(folder: Path) -> None:
    """Take the link back."""
    for name in (home.SHARE, home.SHARED_PAGE):
        (folder / name).unlink(missing_ok=True)


def _unpack(archive: Path, page: Path) -> None:
    """The page in one file; one that is too large for that leaves only the zip to be shared."""
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
