"""TIFFs whose numbers, tiles and kinds Pillow does not tell of, or gets wrong."""

import struct
import threading
import warnings
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.intake.pictures import images, tiffs
from core.intake.pictures.images import UnreadableImage, decode
from tests.intake.test_colours import saved

# pytest undoes the filter that `images` sets.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

RAMP = np.tile(np.linspace(0, 1, 64), (16, 1))
COLOURS = np.stack([RAMP, RAMP[:, ::-1], RAMP / 2], -1)
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2


def tiff(
    pixels: npt.NDArray[Any],
    photometric: int = BLACK_IS_ZERO,
    form: int = UNSIGNED,
    *,
    order: str = "<",
    packing: int = 1,
    apart: bool = False,
    tile: tuple[int, int] | None = None,
    extra: tuple[int, ...] = (),
) -> bytes:
    """A TIFF of one strip, or of one strip for each colour, or of one tile."""
    high, wide = pixels.shape[:2]
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    pieces = list(np.moveaxis(pixels, -1, 0)) if apart else [pixels]
    raw = [piece.astype(piece.dtype.newbyteorder(order)).tobytes() for piece in pieces]
    if tile:
        raw = [bytes(tile[0] * tile[1] * samples * pixels.itemsize)]
    if packing == 8:
        raw = [zlib.compress(piece) for piece in raw]
    starts = [8 + sum(map(len, raw[:number])) for number in range(len(raw))]
    lengths = [len(piece) for piece in raw]
    short, long = "H", "I"
    tags: dict[int, tuple[str, list[int]]] = {
        256: (long, [wide]), 257: (long, [high]), 258: (short, [pixels.itemsize * 8] * samples),
        259: (short, [packing]), 262: (short, [photometric]), 277: (short, [samples]),
        284: (short, [2 if apart else 1]), 339: (short, [form] * samples),
    }  # fmt: skip
    if extra:
        tags[338] = short, list(extra)
    if tile:
        tags |= {322: (long, [tile[0]]), 323: (long, [tile[1]])}
        tags |= {324: (long, starts), 325: (long, lengths)}
    else:
        tags |= {273: (long, starts), 278: (long, [high]), 279: (long, lengths)}
    directory = 8 + sum(lengths)
    table, behind = struct.pack(order + "H", len(tags)), b""
    for tag, (kind, values) in sorted(tags.items()):
        value = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(value) > 4:
            value, more = (
                struct.pack(order + "I", directory + 6 + 12 * len(tags) + len(behind)),
                value,
            )
            behind += more
        table += struct.pack(order + "HHI", tag, 3 if kind == short else 4, len(values))
        table += value.ljust(4, b"\0")
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "I", directory) + b"".join(raw) + table + bytes(4) + behind


def shades(data: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(decode(data), np.int16)[3, :, 0]


@pytest.mark.parametrize("packing", [1, 8])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("numbers", "form"),
    [
        ((RAMP * 255).astype(np.uint8), UNSIGNED),
        ((RAMP * 255 - 128).astype(np.int8), SIGNED),
        ((RAMP * 65_535).astype(np.uint16), UNSIGNED),
        ((RAMP * 65_535 - 32_768).astype(np.int16), SIGNED),
        ((RAMP * (2**32 - 1)).astype(np.uint32), UNSIGNED),
        (((RAMP - 0.5) * (2**32 - 1)).astype(np.int32), SIGNED),
        (RAMP.astype(np.float32), FLOAT),
        (((RAMP - 0.5) * 6.8e38).astype(np.float32), FLOAT),
    ],
    ids=["u8", "i8", "u16", "i16", "u32", "i32", "f32", "widest f32"],
)
def test_greys_of_all_numbers(
    numbers: npt.NDArray[Any], form: int, order: str, packing: int
) -> None:
    data = tiff(numbers, form=form, order=order, packing=packing)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = shades(data)
    assert np.abs(found - RAMP[3] * 255).max() <= 1


@pytest.mark.parametrize("packing", [1, 8])
@pytest.mark.parametrize(
    ("numbers", "form"),
    [
        ((RAMP * 255).astype(np.uint8), UNSIGNED),
        ((RAMP * 4095).astype(np.uint16), UNSIGNED),
        ((RAMP * 65_535).astype(np.uint16), UNSIGNED),
        (RAMP.astype(np.float32), FLOAT),
    ],
    ids=["8", "12", "16", "float"],
)
def test_zero_is_white_where_the_file_says_so(
    numbers: npt.NDArray[Any], form: int, packing: int
) -> None:
    found = shades(tiff(numbers, WHITE_IS_ZERO, form, packing=packing))
    assert np.abs(found - (255 - RAMP[3] * 255)).max() <= 1


@pytest.mark.parametrize(
    "data",
    [
        tiff((COLOURS * 255).astype(np.uint8), RGB, packing=50_001),
        tiff((COLOURS * 255).astype(np.uint8), RGB, packing=34_712),
        tiff(COLOURS.astype(np.complex64), RGB, 6),
    ],
    ids=["WebP", "JPEG 2000", "complex"],
)
def test_kinds_that_are_not_read_are_not_called_damaged(
    data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnreadableImage, match=f"^{tiffs.UNKNOWN}$"):
        decode(data)
    assert capfd.readouterr().err == ""


def test_what_is_cut_off_is_still_called_so() -> None:
    data = tiff(COLOURS.astype(np.float32), RGB, FLOAT)
    for end in (6, 100, len(data) - 60, len(data) - 4):
        with pytest.raises(UnreadableImage, match=r"^damaged or cut off$"):
            decode(data[:end])


def test_webp_is_still_not_built_into_libtiff() -> None:
    with pytest.raises(OSError, match="encoder error"):
        saved(Image.new("RGB", (8, 8)), "TIFF", compression="webp")


def test_colours_apart_are_read_where_pillow_can() -> None:
    for packing, kind, most in ((1, np.uint8, 255), (8, np.uint8, 255), (8, np.uint16, 65_535)):
        data = tiff((COLOURS * most).astype(kind), RGB, apart=True, packing=packing)
        assert np.abs(np.asarray(decode(data), np.int16) - COLOURS * 255).max() <= 1


def test_a_tile_far_larger_than_its_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = np.zeros((64, 64, 3), np.uint8)
    monkeypatch.setenv("THAW_MEGAPIXELS", "0.016384")
    assert decode(tiff(small, RGB, tile=(128, 128), packing=8)).size == (64, 64)
    with pytest.raises(UnreadableImage, match="too large: tiles of 144 × 128 pixels, at most"):
        decode(tiff(small, RGB, tile=(144, 128), packing=8))
    deep = small.astype(np.uint16)
    assert decode(tiff(deep, RGB, tile=(128, 64), packing=8)).size == (64, 64)
    with pytest.raises(UnreadableImage, match=r"tiles of 128 × 128 pixels, at most 0\.008192 mega"):
        decode(tiff(deep, RGB, tile=(128, 128), packing=8))


def test_a_picture_in_a_large_tile_is_decoded_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    class Lock:
        def __enter__(self) -> None:
            taken.append(threading.get_ident())

        def __exit__(self, *args: object) -> None:
            pass

    monkeypatch.setattr(images, "_large", Lock())
    monkeypatch.setattr(images, "_LARGE_PIXELS", 128 * 128)
    small = np.zeros((64, 64, 3), np.uint8)
    decode(tiff(small, RGB, tile=(112, 128), packing=8))
    assert not taken
    decode(tiff(small, RGB, tile=(128, 128), packing=8))
    assert taken
