"""Files that are made of boxes (ISO base media): JPEG 2000, HEIC and AVIF."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from core.intake.metadata.odd import Odd


@dataclass(frozen=True)
class Box:
    """One box.

    Attributes:
        kind: Four letters.
        start: Where it begins in the file.
        body: Where what it holds begins.
        end: Where it ends.
    """

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places.

    Raises:
        Odd: One does not fit in there.
    """
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        stop = at + size if size else end
        if stop < body or stop > end:
            raise Odd
        yield Box(kind, at, body, stop)
        at = stop
