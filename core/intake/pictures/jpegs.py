"""A JPEG that lacks its end marker: whether all of the picture is there all the same."""

import hashlib
import io
import re

from PIL.JpegImagePlugin import JpegImageFile

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
# What a decoder finds where the picture breaks off: it makes another picture of each.
_GUESSES = (bytes(512), b"\xaa\x55\x92" * 170)
_STRIP = 256  # lines


def lacks_end(data: bytes) -> bool:
    """Whether no end marker follows the last scan."""
    if data.endswith(_END):  # as nearly all do; to look for the scan takes longer
        return False
    return data.find(_END, max(0, data.rfind(_SCAN))) < 0


def ended(data: bytes) -> bytes | None:
    """The file with an end marker; None where some of the picture is missing.

    A decoder makes up what is missing, and does not say so. So the picture is decoded twice, with
    other bytes behind its last one. Bytes behind a whole picture change nothing; where it breaks
    off, they are taken for its next part, and the two differ. Of a progressive one, each scan has
    to be there.

    Args:
        data: A JPEG that `lacks_end`.

    Raises:
        OSError, ValueError: It cannot be decoded.
    """
    whole = data.removesuffix(b"\xff")
    if _has_missing_scans(whole):
        return None
    pictures = {_picture(whole + guess + _END) for guess in _GUESSES}
    return whole + _END if len(pictures) == 1 else None


def _picture(data: bytes) -> bytes:
    """A digest of the decoded pixels, which are held once."""
    digest = hashlib.sha256()
    with JpegImageFile(io.BytesIO(data), "") as opened:
        opened.load()
        for top in range(0, opened.height, _STRIP):
            bottom = min(top + _STRIP, opened.height)
            digest.update(opened.crop((0, top, opened.width, bottom)).tobytes())
    return digest.digest()


def _has_missing_scans(data: bytes) -> bool:
    """Whether not all numbers of all colours have come, down to their last bit."""
    missing: dict[tuple[int, int], int] = {}  # bits still to come, by colour and number
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = data[found.end() - 1], found.end()
        body = data[at + 2 : at + int.from_bytes(data[at : at + 2], "big")]
        at += 2 + len(body)
        if marker in _FRAMES:
            colours = body[6 : 6 + 3 * body[5] : 3]
            missing = {(colour, number): 1 for colour in colours for number in range(64)}
        elif marker == _SCAN[1]:
            first, last, low = body[-3], body[-2], body[-1] & 15
            for colour in body[1 : 1 + 2 * body[0] : 2]:
                missing |= {(colour, number): low for number in range(first, last + 1)}
    return any(missing.values())
