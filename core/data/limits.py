"""How much may come in. The server's owner sets the first five by environment variables."""

import os
from dataclasses import dataclass

from core.errors import UserError


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


UPLOAD = "THAW_UPLOAD_GB"
UNPACKED = "THAW_UNPACKED_GB"
ENTRIES = "THAW_ENTRIES"
PIXELS = "THAW_MEGAPIXELS"
IMAGES = "THAW_IMAGES"


def current() -> Limits:
    """The limits of this server.

    Raises:
        UserError: An environment variable holds no number above 0.
    """
    return Limits(
        upload_bytes=_given(UPLOAD, 10, 10**9),
        unpacked_bytes=_given(UNPACKED, 20, 10**9),
        entries=_given(ENTRIES, 80_000),
        pixels=_given(PIXELS, 120, 10**6),  # phones make pictures of 108
        images=_given(IMAGES, 50_000),
    )


def _given(variable: str, default: int, unit: int = 1) -> int:
    text = os.environ.get(variable) or str(default)
    try:
        value = int(float(text) * unit)
    except (ValueError, OverflowError):
        value = 0
    if value < 1:
        raise UserError(f"Expected a number above 0 in {variable}, received {text!r}.")
    return value


def raised_by(variable: str) -> str:
    """How the limit that somebody has met is raised: the end of a sentence."""
    return f"or have whoever runs Thaw set {variable} higher"
