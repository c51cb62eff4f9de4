"""JPEG: keeps the segments that decoders need, and nothing after the end of the picture."""

import re

from core.intake.metadata import exif
from core.intake.metadata.odd import Odd

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_APP0, _APP2, _APP14 = 0xE0, 0xE2, 0xEE
# The first marker after a scan: not a stuffed byte, a restart marker or a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
# Frames and tables: SOF, DHT, DAC, DQT, DNL, DRI, DHP and EXP.
_PICTURE = {*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_BEFORE_THUMBNAIL = 12  # bytes of a JFIF header


def stripped(data: bytes, turn: int) -> bytes:
    """The picture with its colour profile and orientation.

    Data after the picture is dropped: further pictures (MPO), gain maps, motion photo videos.
    """
    out = bytearray((0xFF, _START))
    if turn != 1:
        out += _segment(0xE1, b"Exif\0\0" + exif.turned(turn))
    at, scanned = 2, False
    while (at := data.find(b"\xff", at)) >= 0:  # decoders skip what lies between segments
        while data[at : at + 1] == b"\xff":
            at += 1
        if at >= len(data):
            break
        marker = data[at]
        at += 1
        if marker == _END:
            out += bytes((0xFF, _END))
            break
        if marker in _ALONE or marker == 0:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if end < at + 2 or end > len(data) or marker == _START:
            raise Odd
        body = data[at + 2 : end]
        if marker in _PICTURE or marker == _SCAN:
            out += _segment(marker, body)
        elif scanned:
            raise Odd  # probably damaged scan data, which decoders still make something of
        elif marker == _APP0 and body.startswith(b"JFIF\0"):
            out += _segment(marker, body[:_BEFORE_THUMBNAIL] + bytes(2))
        elif (marker == _APP2 and body.startswith(b"ICC_PROFILE\0")) or (
            marker == _APP14 and body.startswith(b"Adobe")
        ):
            out += _segment(marker, body)
        at = end
        if marker == _SCAN:
            scanned = True
            after = _MARKER.search(data, at)
            stop = after.start() if after else len(data)
            out += data[at:stop]
            at = stop
    if not scanned:
        raise Odd
    return bytes(out)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body
