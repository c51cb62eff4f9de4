"""Colour profiles that come with pictures."""

import io
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image, ImageCms

from core.intake.pictures import images
from core.intake.pictures.images import decode
from core.intake.pictures.preparation import Preparation
from core.network import prefix

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORANGE = (200, 100, 50)


def swapped() -> bytes:
    """A profile in whose colours red is green and green is red."""
    return SRGB.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def profile(kind: bytes, colours: bytes, between: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile as small as they come."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s12x4s28x3i48x", start + len(body), b"lcms", 0x02400000, kind, colours, between,
        b"acsp", 63190, 65536, 54061,
    )  # fmt: skip
    return head + table + body


def grey_profile(gamma: float) -> bytes:
    """For greys whose brightness is their number to the power of gamma."""
    white = b"XYZ " + struct.pack(">4x3i", 63190, 65536, 54061)
    curve = b"curv" + struct.pack(">4xIH2x", 1, round(gamma * 256))
    return profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": curve})


def press_profile() -> bytes:
    """For a press whose cyan ink is red, and all others black."""
    straight = bytes(range(256))
    inks = b""
    for place in range(16):  # cyan counts 8
        inks += {0: b"\xff\x80\x80", 8: b"\x88\xd0\xc3"}.get(place, b"\0\x80\x80")  # in Lab
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    head = b"mft1" + struct.pack(">4x4B", 4, 3, 2, 0) + matrix
    return profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": head + straight * 4 + inks + straight * 3})


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def near(image: Image.Image, colour: tuple[int, ...], by: int = 6) -> bool:
    pixel = image.getpixel((5, 5))
    return all(abs(one - two) <= by for one, two in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("at_least", [None, 20])
def test_colours_are_those_that_the_profile_means(kind: str, at_least: int | None) -> None:
    plain = Image.new("RGB", (96, 80), ORANGE)
    assert near(decode(saved(plain, kind), at_least), ORANGE)
    assert near(decode(saved(plain, kind, icc_profile=SRGB), at_least), ORANGE)
    assert near(decode(saved(plain, kind, icc_profile=swapped()), at_least), (100, 200, 50))


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_palettes_and_see_through_pictures_have_profiles_too(mode: str) -> None:
    data = saved(Image.new("RGB", (96, 80), ORANGE).convert(mode), "PNG", icc_profile=swapped())
    assert near(decode(data), (100, 200, 50))


def test_greys() -> None:
    grey = Image.new("L", (96, 80), 100)
    darker = decode(saved(grey, "PNG", icc_profile=grey_profile(3.0)))
    lighter = decode(saved(grey, "JPEG", icc_profile=grey_profile(1.0)))
    assert darker.getpixel((5, 5))[0] < 80
    assert lighter.getpixel((5, 5))[0] > 150
    assert lighter.mode == darker.mode == "RGB"


@pytest.mark.parametrize(
    "profile",
    [b"rubbish", SRGB[:200], swapped()[:-300], b"\0" * 3000, grey_profile(3.0),
     swapped().replace(b"RGB ", b"CMYK", 1), SRGB + bytes(9 << 20)],
)  # fmt: skip
def test_what_is_no_profile_for_these_pixels_is_ignored(profile: bytes) -> None:
    plain = Image.new("RGB", (96, 80), ORANGE)
    assert near(decode(saved(plain, "TIFF", icc_profile=profile)), ORANGE)


def test_threads_share_profiles() -> None:
    data = saved(Image.effect_noise((300, 200), 90).convert("RGB"), "PNG", icc_profile=swapped())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(decode, [data] * 60))
    assert len({image.tobytes() for image in found}) == 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks(kind: str) -> None:
    cyan = Image.new("CMYK", (96, 80), (255, 0, 0, 0))
    assert near(decode(saved(cyan, kind)), (0, 255, 255))
    assert near(decode(saved(cyan, kind, icc_profile=press_profile())), (255, 0, 0), 12)
    assert near(decode(saved(cyan, kind, icc_profile=swapped())), (0, 255, 255))


def test_features_made_of_other_pixels_are_not_used() -> None:
    assert f"decoding {images.DECODING}," in prefix.resizing(Preparation())
