"""How much may come in. The server's owner sets the first five (see `core.config`)."""

from dataclasses import dataclass
from typing import Any

from core import config
from core.config import Setting
from core.saying import Sentence, say


@dataclass(frozen=True)
class Limits:
    """What a file that people bring may ask for.

    Attributes:
        upload_bytes: One upload, or all files of one folder.
        unpacked_bytes: All files of an archive once unpacked.
        entries: Files and folders in one archive or folder.
        pixels: Of one picture.
        images: Of one data set.
        directory_bytes: Size of a zip's table of contents, all of which is loaded, or of all names
            in a tar.
        header_bytes: What a tar may say of one file before the file itself.
        depth: Folders and the file's name in one path.
        name_bytes: One part of a path; no file system holds a longer one.
        member_bytes: One file; a larger one is left out, the rest is read.
        ratio: Unpacked to packed size, looked at only above `ratio_from_bytes`.
        ratio_from_bytes: Small files may be packed as tightly as they like.
        total_ratio_from_bytes: The same for the archive as a whole.
    """

    upload_bytes: int
    unpacked_bytes: int
    entries: int
    pixels: int
    images: int
    directory_bytes: int = 24 * 2**20  # 80,000 entries with paths of 250 bytes
    header_bytes: int = 64 * 2**10
    depth: int = 100
    name_bytes: int = 255
    member_bytes: int = 200 * 2**20
    ratio: int = 200
    ratio_from_bytes: int = 10 * 2**20
    total_ratio_from_bytes: int = 100 * 2**20


def current() -> Limits:
    """The limits of this server.

    Raises:
        UserError: One of them is set to something that cannot be used.
    """
    return Limits(
        upload_bytes=_whole(config.UPLOAD, 10**9),
        unpacked_bytes=_whole(config.UNPACKED, 10**9),
        entries=config.ENTRIES.value,
        pixels=_whole(config.PIXELS, 10**6),
        images=config.IMAGES.value,
    )


def _whole(setting: Setting[float], unit: int) -> int:
    return max(1, int(setting.value * unit))


def raised_by(setting: Setting[Any]) -> Sentence:
    """How the limit that somebody has met is raised."""
    return say("The person who runs Thaw can also set {setting} higher.", setting=setting.name)
