"""GIF, BMP, ICO and PPM: no EXIF, but comments and trailing data."""

import re
import struct

from core.intake.metadata import png
from core.intake.metadata.odd import Odd
from core.intake.pictures.png_chunks import MAGIC

# In a GIF
_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")  # loops and a colour profile

_WHITE, _DIGITS = rb"[ \t\n\x0b\x0c\r]", rb"[0-9]+"
_COMMENT = re.compile(rb"#[^\n\r]*")
_PLAIN = (b"P1", b"P2", b"P3")  # numbers as text


def gif(data: bytes, turn: int) -> bytes:
    """Without comments and texts."""
    at = 13 + _table(data, 10)
    out = bytearray(data[:at])
    while at < len(data):
        kind = data[at]
        if kind == _END:
            out += data[at : at + 1]
            break
        if kind == _IMAGE:
            end = _after_blocks(data, at + 10 + _table(data, at + 9) + 1)
            out += data[at:end]
        elif kind == _EXTENSION:
            label, end = data[at + 1 : at + 2], _after_blocks(data, at + 2)
            named = data[at + 3 : at + 14] in _APPLICATIONS
            if label == bytes((_CONTROL,)) or (label == bytes((_APPLICATION,)) and named):
                out += data[at:end]
        else:
            end = at + 1  # decoders skip it
        at = end
    return bytes(out)


def _table(data: bytes, flags_at: int) -> int:
    """Bytes of the table of colours that these flags announce."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def bmp(data: bytes, turn: int) -> bytes:
    """Without what follows the picture."""
    start, header = struct.unpack_from("<I", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    if header < 40:  # that of OS/2
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packing = size = 0
    else:
        width, height, _, bits, packing, size = struct.unpack_from("<iiHHII", data, 18)
    if packing in (0, 3, 6) or not size:  # else its rows are of any length
        size = max(size, -(-width * bits // 32) * 4 * abs(height))
    end = start + size
    if header >= 124:
        profile, length = struct.unpack_from("<II", data, 14 + 112)
        end = max(end, 14 + profile + length if length else 0)
    return data[:end]


def ico(data: bytes, turn: int) -> bytes:
    """Its pictures without texts, and nothing between and behind them."""
    count = struct.unpack_from("<H", data, 4)[0]
    entries, pictures = bytearray(data[:6]), bytearray()
    for number in range(count):
        entry = data[6 + 16 * number : 22 + 16 * number]
        if len(entry) < 16:
            raise Odd
        length, start = struct.unpack_from("<II", entry, 8)
        picture = data[start : start + length]
        if len(picture) != length:
            raise Odd
        if picture.startswith(MAGIC):
            picture = png.stripped(picture, 1)
        at = 6 + 16 * count + len(pictures)
        entries += entry[:8] + struct.pack("<II", len(picture), at)
        pictures += picture
    return bytes(entries + pictures)


def ppm(data: bytes, turn: int) -> bytes:
    """Without comments, and nothing behind the numbers."""
    if data[:2] in _PLAIN:
        return _COMMENT.sub(b"", data)
    words = 3 if data[:2] == b"P4" else 4
    found, at = list[bytes](), 0
    while len(found) < words:
        match = re.compile(rb"(?:" + _WHITE + rb"|#[^\n\r]*[\n\r])*([^ \t\n\x0b\x0c\r#]+)").match(
            data, at
        )
        if match is None or len(match[1]) > 20:
            raise Odd
        found.append(match[1])
        at = match.end()
    if b"#" in data[at : at + 1]:
        raise Odd
    head = data[:at] if b"#" not in data[:at] else b"\n".join(found)
    return head + data[at:][: 1 + _bytes_of(found)]


def _bytes_of(found: list[bytes]) -> int:
    """Bytes of the numbers that follow a header."""
    if not all(re.fullmatch(_DIGITS, each) for each in found[1:3]):
        raise Odd
    kind, width, height = found[0], int(found[1]), int(found[2])
    if kind == b"P4":
        return (width + 7) // 8 * height
    colours = {b"P5": 1, b"P6": 3, b"Pf": 4}.get(kind)
    if colours is None:
        raise Odd
    if kind == b"Pf":
        return width * height * 4
    if not re.fullmatch(_DIGITS, found[3]):
        raise Odd
    return width * height * colours * (2 if int(found[3]) > 255 else 1)
