"""WebP: keeps the chunks that make the picture."""

import struct

from core.intake.metadata import exif
from core.intake.metadata.odd import Odd

_HEAD = struct.Struct("<4sI")
_PICTURE = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_FEATURES, _EXIF, _XMP = b"VP8X", 0x08, 0x04  # the header chunk, and two of its flags


def stripped(data: bytes, turn: int) -> bytes:
    """The picture with its colour profile and orientation."""
    _, size = _HEAD.unpack_from(data)
    until = min(len(data), 8 + size)
    found, at = list[tuple[bytes, bytes]](), 12
    while at + 8 <= until:
        kind, length = _HEAD.unpack_from(data, at)
        body = data[at + 8 : at + 8 + length]
        if len(body) != length:
            raise Odd
        if kind == _FEATURES and body:
            flags = body[0] & ~(_EXIF | _XMP) | (_EXIF if turn != 1 else 0)
            found.append((kind, bytes((flags,)) + body[1:]))
        elif kind in _PICTURE:
            found.append((kind, body))
        at += 8 + length + length % 2
    if turn != 1:
        if not found or found[0][0] != _FEATURES:
            raise Odd
        found.append((b"EXIF", exif.turned(turn)))
    chunks = b"".join(_HEAD.pack(k, len(body)) + body + bytes(len(body) % 2) for k, body in found)
    return _HEAD.pack(b"RIFF", 4 + len(chunks)) + b"WEBP" + chunks
