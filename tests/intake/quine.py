"""A zip that holds itself: unpack it, and what comes out is the very same file.

After Russ Cox, "Zip Files All The Way Down" (2010). Deflate is used as a language of two words: a
literal of n bytes, and the last n bytes once more. Each takes 5 bytes, and a stream of them can
write itself, together with what stands before and after it. Left is the checksum of the file, which
the file holds: CRC-32 is affine over GF(2), so 32 equations give its 32 bits.
"""

import struct
import zlib

_NAME = "quine.zip"
_STORED = b"\0\0\xff\xff"  # the end of an empty last literal, whose beginning `_repeat` writes


def quine() -> bytes:
    """Such a file; the same each time."""
    return next(filter(None, map(_with_own_checksum, range(60))))


def _with_own_checksum(minute: int) -> bytes | None:
    """The file of a minute; None where the equations have no single solution."""
    of_zeros = zlib.crc32(_file(minute, 0))
    columns = [zlib.crc32(_file(minute, 1 << bit)) ^ of_zeros ^ 1 << bit for bit in range(32)]
    rows = [
        sum((column >> bit & 1) << place for place, column in enumerate(columns))
        | (of_zeros >> bit & 1) << 32
        for bit in range(32)
    ]
    for place in range(32):  # Gauss, each row a number
        pivot = next((row for row in rows[place:] if row >> place & 1), None)
        if pivot is None:
            return None
        rows.insert(place, rows.pop(rows.index(pivot, place)))
        rows = [
            row ^ pivot if number != place and row >> place & 1 else row
            for number, row in enumerate(rows)
        ]
    return _file(minute, sum((row >> 32) << place for place, row in enumerate(rows)))


def _file(minute: int, crc: int) -> bytes:
    size = packed = 0
    for _ in range(2):  # the first time only to learn the sizes
        facts = (20, 0, 8, minute << 5, 0x21, crc, packed, size, len(_NAME))
        before = struct.pack("<4s5H3L2H", b"PK\3\4", *facts, 0) + _NAME.encode()
        listed = (
            struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *facts, 0, 0, 0, 0, 0, 0) + _NAME.encode()
        )
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(listed), len(before) + packed, 0)
        made = before + _stream(before, _STORED + listed + end)
        size, packed = len(made), len(made) - len(before) - len(listed) - len(end)
    return made


def _stream(before: bytes, after: bytes) -> bytes:
    """What unpacks to `before`, itself and `after`; `after` stands at its end."""
    head, tail = len(before) + 5, len(after) + 5
    again, last = _repeat(head, [head], "0100000000"), _repeat(tail, [tail], "100")
    four, twenty, one, none = _repeat(20, [10, 10], ""), _literal(20), _literal(5), _literal(0)
    words = [
        *(_literal(head), before, _literal(head)),
        again,
        *(one, again),
        *(one, one),
        *(twenty, again, one, one, twenty),
        four,
        *(twenty, four, twenty, four, twenty),
        four,
        *(twenty, four, none, none, _literal(tail)),
        four,
        none,
        none,
        *(_literal(tail), last, after),
        last,
        after,
    ]
    return b"".join(words)


def _literal(size: int) -> bytes:
    """That so many bytes follow as they are."""
    return struct.pack("<B2H", 0, size, size ^ 0xFFFF)


def _repeat(distance: int, lengths: list[int], then: str) -> bytes:
    """Copies of what stands so far back, in fixed Huffman codes, and other bits; 5 bytes."""
    bits = "010"
    for length in lengths:
        # In RFC 1951, 3.2.5: codes by fours, which have one more bit each time.
        more = max((length - 3).bit_length() - 3, 0)
        bits += f"{1 + 4 * more + (length - 3 >> more):07b}" + _lowest_first(length - 3, more)
        more = (distance - 1).bit_length() - 2
        bits += f"{2 * more + (distance - 1 >> more):05b}" + _lowest_first(distance - 1, more)
    bits += "0" * 7 + then
    assert len(bits) <= 40
    return int(bits[::-1], 2).to_bytes(5, "little")


def _lowest_first(value: int, count: int) -> str:
    return "".join(str(value >> place & 1) for place in range(count))
