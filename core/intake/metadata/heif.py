"""HEIC and AVIF: zeroes everything except what the primary picture is made of.

Nothing is moved, because a table in the file holds the offset of every item.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.intake.metadata import exif
from core.intake.metadata.boxes import Box, boxes
from core.intake.metadata.odd import Odd

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
_NOTES = {b"udes", b"uuid", b"altt", b"crtt", b"mdft"}  # properties that are words and times
_EXIF = bytes(4) + exif.NOTHING  # where the TIFF begins in it, and a TIFF


@dataclass
class _Items:
    """What the table of contents of a file says.

    Attributes:
        primary: The item that is the picture.
        kinds: Of each item.
        extents: Where the bytes of each lie in the file: begin and end.
        refers: To what each refers, by the kind of reference.
        alpha: Items that say how see-through another one is.
        notes: Where properties lie that say nothing about the picture.
    """

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    refers: list[tuple[bytes, int, list[int]]] = field(default_factory=list)
    alpha: set[int] = field(default_factory=set)
    notes: list[Box] = field(default_factory=list)

    def needed(self) -> set[int]:
        """The picture, what it is put together of, and how see-through it is."""
        found, waiting = set[int](), [self.primary]
        while waiting:
            item = waiting.pop()
            if item in found:
                continue
            found.add(item)
            for kind, one, others in self.refers:
                if kind in (b"dimg", b"prem", b"base") and one == item:
                    waiting += others
                elif kind == b"auxl" and item in others and one in self.alpha:
                    waiting.append(one)
        return found


def stripped(data: bytes, turn: int) -> bytes:
    """The primary picture; its orientation and colour profile are properties of its item."""
    top = list(boxes(data, 0, len(data)))
    kinds = [box.kind for box in top]
    if b"moov" in kinds or kinds.count(b"meta") != 1:
        raise Odd  # an image sequence, whose frames are found by other tables
    meta = next(box for box in top if box.kind == b"meta")
    items = _items(data, meta)
    needed = items.needed()
    kept = [
        extent for item in needed for extent in items.extents.get(item, []) if extent[0] < extent[1]
    ]
    if not kept:
        raise Odd
    out = bytearray(len(data))
    last = 0
    for box in top:
        whole = box.kind in (b"ftyp", b"meta")
        holds = any(box.start < end and start < box.end for start, end in kept)
        out[box.start : box.body] = data[box.start : box.body]
        if whole:
            out[box.start : box.end] = data[box.start : box.end]
        elif not holds:
            out[box.start + 4 : box.start + 8] = b"free"
        if whole or holds:
            last = box.end
    for item, extents in items.extents.items():
        if item not in needed:
            for start, end in extents:
                out[start:end] = bytes(end - start)
    for note in items.notes:
        out[note.body : note.end] = bytes(note.end - note.body)
    for start, end in kept:
        out[start:end] = data[start:end]
    for item, extents in items.extents.items():
        if items.kinds.get(item) == b"Exif" and item not in needed and extents:
            start, end = extents[0]
            if end - start >= len(_EXIF):
                out[start : start + len(_EXIF)] = _EXIF
    return bytes(out[:last])


def _items(data: bytes, meta: Box) -> _Items:
    found = _Items()
    inside = {box.kind: box for box in boxes(data, meta.body + 4, meta.end)}
    for needed in (b"pitm", b"iinf", b"iloc", b"iprp"):
        if needed not in inside:
            raise Odd
    pitm = inside[b"pitm"]
    (found.primary,) = struct.unpack_from(_id(data[pitm.body] > 0), data, pitm.body + 4)
    found.kinds = dict(_kinds(data, inside[b"iinf"]))
    idat = inside.get(b"idat")
    found.extents = dict(_extents(data, inside[b"iloc"], idat.body if idat else None))
    if any(end > len(data) for extents in found.extents.values() for _, end in extents):
        raise Odd
    if b"iref" in inside:
        found.refers = list(_references(data, inside[b"iref"]))
    _properties(data, inside[b"iprp"], found)
    return found


def _id(wide: bool) -> str:
    return ">I" if wide else ">H"


def _kinds(data: bytes, iinf: Box) -> Iterator[tuple[int, bytes]]:
    for box in boxes(data, iinf.body + (8 if data[iinf.body] else 6), iinf.end):
        version = data[box.body]
        if box.kind != b"infe" or version not in (2, 3):
            raise Odd
        (item,) = struct.unpack_from(_id(version == 3), data, box.body + 4)
        at = box.body + (10 if version == 3 else 8)
        yield item, data[at : at + 4]


def _references(data: bytes, iref: Box) -> Iterator[tuple[bytes, int, list[int]]]:
    wide = data[iref.body] > 0
    size, letter = (4, "I") if wide else (2, "H")
    for box in boxes(data, iref.body + 4, iref.end):
        (one,) = struct.unpack_from(_id(wide), data, box.body)
        (count,) = struct.unpack_from(">H", data, box.body + size)
        others = struct.unpack_from(f">{count}{letter}", data, box.body + size + 2)
        yield box.kind, one, list(others)


def _extents(
    data: bytes, iloc: Box, idat: int | None
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    at, version = iloc.body + 4, data[iloc.body]

    def number(size: int) -> int:
        nonlocal at
        value = int.from_bytes(data[at : at + size], "big")
        at += size
        if at > iloc.end:
            raise Odd
        return value

    sizes = number(2)
    offset, length, base, index = ((sizes >> shift) & 15 for shift in (12, 8, 4, 0))
    if version > 2:
        raise Odd
    for _ in range(number(4 if version == 2 else 2)):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        elsewhere = number(2)
        begin = number(base)
        if method > 1 or elsewhere or (method == 1 and idat is None):
            raise Odd
        begin += (idat or 0) if method == 1 else 0
        found = []
        for _ in range(number(2)):
            if version:
                number(index)
            start = begin + number(offset)
            size = number(length)
            if not size:
                raise Odd  # all of the file
            found.append((start, start + size))
        yield item, found


def _properties(data: bytes, iprp: Box, found: _Items) -> None:
    inside = list(boxes(data, iprp.body, iprp.end))
    every = [
        each for box in inside if box.kind == b"ipco" for each in boxes(data, box.body, box.end)
    ]
    found.notes = [each for each in every if each.kind in _NOTES]
    alpha = {
        place
        for place, each in enumerate(every, 1)
        if each.kind == b"auxC" and data[each.body + 4 : each.end].startswith(_ALPHA)
    }
    for box in inside:
        if box.kind != b"ipma":
            continue
        wide, far = data[box.body] > 0, bool(data[box.body + 3] & 1)
        (count,) = struct.unpack_from(">I", data, box.body + 4)
        at = box.body + 8
        for _ in range(count):
            (item,) = struct.unpack_from(_id(wide), data, at)
            at += 4 if wide else 2
            number = data[at]
            at += 1
            for _ in range(number):
                place = struct.unpack_from(">H", data, at)[0] & 0x7FFF if far else data[at] & 0x7F
                at += 2 if far else 1
                if place in alpha:
                    found.alpha.add(item)
