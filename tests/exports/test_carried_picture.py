"""`picture.py`, which every export carries, makes the same pixels of a picture as Thaw."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.intake.pictures import images
from core.intake.pictures.preparation import Paper, Preparation
from core.settings import Squaring
from tests.exports.carried import CARRIED, imported
from tests.intake.test_colours import swapped
from tests.intake.test_tiffs import FLOAT, RGB, UNSIGNED, tiff

SIZE = 32
RNG = np.random.default_rng(0)


def noise(width: int, height: int, channels: int = 3) -> np.ndarray:
    """A picture with something in every place, smooth enough for JPEG."""
    small = RNG.integers(0, 256, (height // 8 + 1, width // 8 + 1, channels), dtype=np.uint8)
    return np.kron(small, np.ones((8, 8, 1), np.uint8))[:height, :width]


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def see_through(kind: str) -> bytes:
    return saved(Image.fromarray(noise(90, 61, 4), "RGBA"), kind)


def palette() -> bytes:
    image = Image.fromarray(noise(70, 50)).quantize(16)
    return saved(image, "PNG", transparency=3)


PICTURES: dict[str, Callable[[], bytes]] = {
    "small JPEG": lambda: saved(Image.fromarray(noise(60, 40)), "JPEG"),
    "large JPEG": lambda: saved(Image.fromarray(noise(1000, 700)), "JPEG"),
    "grey JPEG": lambda: saved(Image.fromarray(noise(300, 200)[..., 0]), "JPEG"),
    "CMYK JPEG": lambda: saved(Image.fromarray(noise(90, 60)).convert("CMYK"), "JPEG"),
    "large PNG": lambda: saved(Image.fromarray(noise(301, 203)), "PNG"),
    "PNG with alpha": lambda: see_through("PNG"),
    "WebP with alpha": lambda: see_through("WEBP"),
    "palette with a transparent colour": palette,
    "GIF": lambda: saved(Image.fromarray(noise(70, 50)), "GIF"),
    "one bit": lambda: saved(Image.fromarray(noise(70, 50)).convert("1"), "PNG"),
    "BMP": lambda: saved(Image.fromarray(noise(70, 50)), "BMP"),
    "16-bit grey PNG": lambda: saved(
        Image.fromarray(noise(70, 50)[..., 0].astype("u2") * 16), "PNG"
    ),
    "CMYK TIFF": lambda: saved(Image.fromarray(noise(90, 60)).convert("CMYK"), "TIFF"),
    **{
        f"turned {orientation}": lambda orientation=orientation: saved(
            Image.fromarray(noise(640, 300)), "JPEG", exif=turned(orientation)
        )
        for orientation in range(1, 9)
    },
}


def both(data: bytes, preparation: Preparation) -> tuple[np.ndarray, np.ndarray]:
    """A picture's pixels by the carried code, and by Thaw."""
    picture = images.decode(data, SIZE, preparation)
    ours = images.to_square(picture, SIZE, preparation.square)
    with imported(CARRIED, "picture") as (carried,):
        return carried.prepare(data, {"size": SIZE, **preparation.to_dict()}), ours


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("square", list(Squaring))
def test_any_picture_becomes_the_same_pixels(name: str, square: Squaring) -> None:
    theirs, ours = both(PICTURES[name](), Preparation(square=square))
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("paper", list(Paper))
def test_what_is_transparent_lies_on_the_same_paper(paper: Paper) -> None:
    data = see_through("PNG")
    theirs, ours = both(data, Preparation(paper=paper))
    np.testing.assert_array_equal(theirs, ours)
    plain, _ = both(data, Preparation())
    assert (paper is Paper.WHITE) == np.array_equal(plain, theirs)


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "JPEG"), ("RGBA", "PNG"), ("P", "PNG")])
def test_a_colour_profile_is_followed(mode: str, kind: str) -> None:
    """The profile swaps colours, so that nobody can overlook it."""
    data = saved(Image.fromarray(noise(90, 60)).convert(mode), kind, icc_profile=swapped())
    theirs, ours = both(data, Preparation())
    np.testing.assert_array_equal(theirs, ours)


def deep(kind: type[np.generic], most: float, channels: int) -> np.ndarray:
    values = noise(70, 50, channels).astype(np.float64) * (most / 255)
    return values.astype(kind)


LEVELS = [(0.0, 4095.0), (200.0, 3000.0), None]


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("bands", "channels"), [((0, 1, 2), 3), ((4, 2, 0), 5), ((7, 2, 0), 5)])
@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_bands_and_levels_of_a_tiff(
    levels: tuple[float, float] | None,
    apart: bool,
    bands: tuple[int, int, int],
    channels: int,
    kind: type[np.generic],
) -> None:
    form = FLOAT if kind is np.float32 else UNSIGNED
    extra = (0,) * (channels - 3)
    data = tiff(deep(kind, 4000, channels), RGB, form, apart=apart, packing=8, extra=extra)
    if levels is None and bands == (0, 1, 2):
        return  # of the usual preparation, which the next test is about
    theirs, ours = both(data, Preparation(levels=levels, bands=bands))
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("fractions", [False, True])
def test_levels_of_greys(levels: tuple[float, float] | None, fractions: bool) -> None:
    preparation = Preparation(levels=levels, fractions=fractions)
    grey = Image.fromarray(deep(np.uint16, 4000, 1)[..., 0])
    for data in (
        saved(grey, "PNG"),
        saved(grey, "TIFF"),
        saved(Image.fromarray(deep(np.float32, 0.7, 1)[..., 0]), "TIFF"),
    ):
        theirs, ours = both(data, preparation)
        np.testing.assert_array_equal(theirs, ours)


def test_the_awkward_files_that_both_can_read(material: Path) -> None:
    """What the carried code refuses, it refuses; what it reads, it reads as Thaw does."""
    read = 0
    with imported(CARRIED, "picture") as (carried,):
        how = {"size": SIZE, **Preparation().to_dict()}
        for file in sorted((material / "awkward").iterdir()):
            data = file.read_bytes()
            try:
                ours = images.to_square(images.decode(data, SIZE), SIZE)
                theirs = carried.prepare(data, how)
            except (images.UnreadableImage, OSError, SyntaxError, ValueError, struct.error):
                continue
            except Image.DecompressionBombError:
                continue
            assert np.array_equal(theirs, ours), file.name
            read += 1
    assert read > 30
