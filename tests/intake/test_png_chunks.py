"""What surrounds the pixels of a PNG."""

import io
import re
import struct
import tracemalloc
import zlib
from itertools import count
from typing import Any

import pytest
from PIL import Image

from core.intake.pictures import png_chunks
from core.intake.pictures.images import UnreadableImage, decode
from tests.intake.test_colours import ORANGE, near, swapped

SHARP = (100, 200, 50)  # what `swapped` makes of ORANGE
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def chunk(kind: bytes, body: bytes, spoiled: int = 0) -> bytes:
    check = zlib.crc32(kind + body) ^ spoiled
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(*chunks: bytes, behind: bytes = b"", **options: Any) -> bytes:
    """An orange picture, wider than high, with chunks before and behind its pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (24, 12), ORANGE).save(buffer, "PNG", **options)
    data = buffer.getvalue()
    return data[:33] + b"".join(chunks) + data[33:-12] + behind + data[-12:]


def profile(size: int) -> bytes:
    padded = swapped() + bytes(size)
    return struct.pack(">I", len(padded)) + padded[4:]


def profile_chunk(body: bytes) -> bytes:
    return chunk(b"iCCP", b"a\0\0" + zlib.compress(body))


@pytest.mark.parametrize(("size", "colour"), [(0, SHARP), (3 << 20, SHARP), (5 << 20, ORANGE)])
def test_a_large_profile_counts_and_a_huge_one_is_ignored(
    size: int, colour: tuple[int, ...]
) -> None:
    assert near(decode(png(profile_chunk(profile(size)))), colour)


@pytest.mark.parametrize(
    "odd",
    [
        b"a\0\0no zlib",
        b"a\0\7" + zlib.compress(swapped()),
        b"a\0\0" + zlib.compress(swapped())[:50],
        b"",
        b"nothing else",
    ],
    ids=count(),
)
def test_a_broken_profile_is_ignored(odd: bytes) -> None:
    assert near(decode(png(chunk(b"iCCP", odd))), ORANGE)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2 << 20))),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(2 << 20))),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(2 << 20))),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + bytes(2 << 20)),
        chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900 << 10))) * 100,
        chunk(b"tEXt", b"a\0b", spoiled=1),
        chunk(b"zTXt", b"a\0\7b"),
        chunk(b"pHYs", b"\0"),
        chunk(b"gAMA", b"", spoiled=1),
        chunk(b"acTL", b"\0"),
        chunk(b"quIz", b"of a program of its own", spoiled=1),
    ],
    ids=count(),
)
def test_nothing_around_the_pixels_costs_the_picture(extra: bytes, behind: bool) -> None:
    data = png(behind=extra) if behind else png(extra)
    assert near(decode(data), ORANGE)


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_a_bomb_is_not_unpacked(kind: bytes) -> None:
    packed = zlib.compress(bytes(50 << 20))
    start = {b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0", b"iCCP": b"a\0\0"}
    data = png(chunk(kind, start.get(kind, b"Raw profile type exif\0\0") + packed))
    tracemalloc.start()
    assert near(decode(data), ORANGE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 << 20


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "way",
    [
        chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)),
        chunk(
            b"zTXt",
            b"Raw profile type exif\0\0"
            + zlib.compress(
                b"\nexif\n34\n"
                + (b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0").hex().encode()
            ),
        ),
    ],
    ids=count(),
)
def test_which_way_is_up_is_still_known(way: bytes, behind: bool) -> None:
    assert decode(png(behind=way) if behind else png(way)).size == (12, 24)


def test_the_see_through_colour_counts_where_its_checksum_is_right() -> None:
    clear = struct.pack(">3H", *ORANGE)
    assert near(decode(png(chunk(b"tRNS", clear))), (255, 255, 255))
    assert near(decode(png(chunk(b"tRNS", clear, spoiled=1))), ORANGE)


def test_what_has_no_extras_or_is_broken_stays_as_it_is() -> None:
    whole = png()
    for data in (whole, whole[:50], whole[:20], whole[:30] + bytes(40), whole + b"trailer"):
        assert png_chunks.bare(data, 99)[0] is data
    with pytest.raises(UnreadableImage, match="damaged or cut off"):
        decode(png(chunk(b"tEXt", b"a\0b"))[:-30])


def test_only_the_first_picture_of_an_animation_is_kept() -> None:
    frames = [Image.new("RGB", (24, 12), colour) for colour in (ORANGE, SHARP, (0, 0, 0))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    bare, _ = png_chunks.bare(buffer.getvalue(), 99)
    assert not re.search(b"acTL|fcTL|fdAT", bare)
    assert decode(bare).tobytes() == decode(buffer.getvalue()).tobytes() == frames[0].tobytes()
