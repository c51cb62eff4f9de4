"""JPEG 2000: the boxes that make the picture, and no comments in its codestream."""

from core.intake.metadata.boxes import boxes
from core.intake.metadata.odd import Odd

CODESTREAM = b"\xff\x4f\xff\x51"
_PICTURE = {b"jP  ", b"ftyp", b"jp2h", b"jp2c"}
_COMMENT, _TILE, _END = 0xFF64, 0xFF90, b"\xff\xd9"


def stripped(data: bytes, turn: int) -> bytes:
    """The picture and its colour profile."""
    if data.startswith(CODESTREAM):
        return _bare(data)
    out = bytearray()
    for box in boxes(data, 0, len(data)):
        if box.kind == b"jp2c":
            stream = _bare(data[box.body : box.end])
            out += data[box.start : box.body] + stream
        elif box.kind in _PICTURE:
            out += data[box.start : box.end]
    return bytes(out)


def _bare(stream: bytes) -> bytes:
    """A codestream of the same length, blanks in place of what comments say."""
    out, at = bytearray(stream), 2
    while at + 4 <= len(stream):
        marker = int.from_bytes(stream[at : at + 2], "big")
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker == _TILE:
            return bytes(out)
        if marker < 0xFF00 or length < 2 or at + 2 + length > len(stream):
            raise Odd
        if marker == _COMMENT and length > 4:
            out[at + 6 : at + 2 + length] = b" " * (length - 4)
        at += 2 + length
    raise Odd
