"""TIFF: copies the first page into a new file, with an allowlist of tags and its pixel data as is.

This also drops further pages, trailing data and bytes that no tag refers to.
"""

import struct
from dataclasses import dataclass

from core.intake.metadata.odd import Odd

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
          16: 8, 17: 8, 18: 8}  # fmt: skip
_WHOLE = {1: "B", 3: "H", 4: "I", 16: "Q"}
_LONG, _LONG8 = 4, 16
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _PLANES = 256, 257, 258, 259, 277, 284
_ORIENTATION = 274
_STRIPS, _ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_UNPACKED, _OLD_JPEG = 1, 6
# What decoders need, orientation, resolution, colour profile and the value for "no data".
_KEPT = {
    254, 255, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, 262, 263, 264, 265, 266, _STRIPS, _ORIENTATION,
    _SAMPLES, _ROWS, _STRIP_BYTES, 280, 281, 282, 283, _PLANES, 290, 291, 292, 293, 296, 301, 317,
    318, 319, 320, 321, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, 332, 334, 336, 338, 339,
    340, 341, 347, 529, 530, 531, 532, 34675, 37439, 42113, 50674,
}  # fmt: skip


@dataclass(frozen=True)
class _Form:
    """How the numbers of a file are written."""

    order: str
    big: bool

    def pack(self, kind: str, *values: int) -> bytes:
        return struct.pack(f"{self.order}{kind}", *values)

    def unpack(self, kind: str, data: bytes, at: int = 0) -> tuple[int, ...]:
        return struct.unpack_from(f"{self.order}{kind}", data, at)

    @property
    def place(self) -> str:
        return "Q" if self.big else "I"

    @property
    def inline(self) -> int:
        """Bytes of a value that has room within its tag."""
        return 8 if self.big else 4

    @property
    def header(self) -> int:
        return 16 if self.big else 8


@dataclass(frozen=True)
class _Value:
    kind: int
    count: int
    data: bytes


def stripped(data: bytes, turn: int) -> bytes:
    """The first page with its colour profile and orientation."""
    form = _form_of(data)
    tags = _tags(data, form)
    if _ints(tags, _COMPRESSION, form, 1)[0] == _OLD_JPEG:
        raise Odd  # its tables lie anywhere in the file
    where, lengths = (_TILES, _TILE_BYTES) if _TILES in tags else (_STRIPS, _STRIP_BYTES)
    starts = _ints(tags, where, form, -1)
    pieces = [
        data[start : start + length]
        for start, length in zip(starts, _lengths(tags, lengths, form, len(starts)), strict=True)
    ]
    if min(starts) < 0 or not all(pieces):
        raise Odd
    kept = {tag: value for tag, value in tags.items() if tag in _KEPT}
    if turn != 1 and _ORIENTATION not in kept:  # XMP said so
        kept[_ORIENTATION] = _Value(3, 1, form.pack("H", turn))
    return _written(kept, where, pieces, form)


def _form_of(data: bytes) -> _Form:
    for mark, order in ((b"II", "<"), (b"MM", ">")):
        for number in (42, 43):
            if data[:4] == mark + struct.pack(f"{order}H", number):
                return _Form(order, big=number == 43)
    raise Odd


def _tags(data: bytes, form: _Form) -> dict[int, _Value]:
    """The tags of the first picture."""
    found: dict[int, _Value] = {}
    (at,) = form.unpack(form.place, data, form.header - form.inline)
    (count,) = form.unpack("Q" if form.big else "H", data, at)
    at += 8 if form.big else 2
    if count > 4096:
        raise Odd
    for _ in range(count):
        tag, kind = form.unpack("HH", data, at)
        (amount,) = form.unpack(form.place, data, at + 4)
        start = at + 4 + form.inline
        at = start + form.inline
        size = _SIZES.get(kind, 0) * amount
        if tag not in _KEPT:
            continue
        if size > form.inline:
            (start,) = form.unpack(form.place, data, start)
        value = data[start : start + size]
        if not size or len(value) != size or tag in found:
            raise Odd
        found[tag] = _Value(kind, amount, value)
    return found


def _ints(tags: dict[int, _Value], tag: int, form: _Form, default: int) -> tuple[int, ...]:
    value = tags.get(tag)
    if value is None:
        return (default,)
    if value.kind not in _WHOLE:
        raise Odd
    return form.unpack(f"{value.count}{_WHOLE[value.kind]}", value.data)


def _lengths(tags: dict[int, _Value], tag: int, form: _Form, count: int) -> list[int]:
    """Bytes of each strip or tile."""
    told = list(_ints(tags, tag, form, 0))
    if _ints(tags, _COMPRESSION, form, 1)[0] != _UNPACKED:
        if len(told) != count:
            raise Odd
        return told
    # Decoders ignore the byte counts of uncompressed pixels, so these may be wrong.
    width, height, samples, planes = (
        _ints(tags, each, form, 1)[0] for each in (_WIDTH, _HEIGHT, _SAMPLES, _PLANES)
    )
    bits = max(_ints(tags, _BITS, form, 1)) * (1 if planes == 2 else samples)
    if _TILES in tags:
        wide, high = (_ints(tags, each, form, 1)[0] for each in (_TILE_WIDTH, _TILE_HEIGHT))
        needed = [-(-wide * bits // 8) * high] * count
    else:
        rows = max(1, min(height, _ints(tags, _ROWS, form, height)[0]))
        across = -(-height // rows)
        left = (min(rows, height - place % across * rows) for place in range(count))
        needed = [-(-width * bits // 8) * each for each in left]
    if len(told) != count:
        return needed
    return [max(one, other) for one, other in zip(told, needed, strict=True)]


def _written(kept: dict[int, _Value], where: int, pieces: list[bytes], form: _Form) -> bytes:
    kind = _LONG8 if form.big else _LONG
    room = bytes(_SIZES[kind] * len(pieces))
    values = dict(sorted((kept | {where: _Value(kind, len(pieces), room)}).items()))
    table = (8 if form.big else 2) + (8 + 2 * form.inline - 4) * len(values) + form.inline
    after = form.header + table
    behind = after + sum(_even(v) for v in map(len, _outside(values, form)))
    places = []
    for piece in pieces:
        places.append(behind)
        behind += _even(len(piece))
    if not form.big and behind >= 1 << 32:
        raise Odd
    values[where] = _Value(kind, len(pieces), form.pack(f"{len(pieces)}{form.place}", *places))
    mark = b"II" if form.order == "<" else b"MM"
    head = mark + (form.pack("HHHQ", 43, 8, 0, 16) if form.big else form.pack("HI", 42, 8))
    entries, at = form.pack("Q" if form.big else "H", len(values)), after
    for tag, value in values.items():
        entries += form.pack("HH", tag, value.kind) + form.pack(form.place, value.count)
        if len(value.data) > form.inline:
            entries += form.pack(form.place, at)
            at += _even(len(value.data))
        else:
            entries += value.data.ljust(form.inline, b"\0")
    entries += bytes(form.inline)  # there is no other picture
    behind_it = b"".join(map(_padded, [*_outside(values, form), *pieces]))
    return head + entries + behind_it


def _outside(values: dict[int, _Value], form: _Form) -> list[bytes]:
    """Values that have no room within their tags."""
    return [each.data for each in values.values() if len(each.data) > form.inline]


def _even(size: int) -> int:
    return size + size % 2


def _padded(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)
