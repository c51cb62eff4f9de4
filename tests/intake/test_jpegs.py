"""JPEGs without their end marker: read if all lines are there, and only then."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from core.intake.pictures import jpegs
from core.intake.pictures.images import UnreadableImage, decode

NOISE = Image.merge("RGB", [Image.effect_noise((150, 101), spread) for spread in (30, 60, 90)])
KINDS = [
    {"quality": 75},
    {"quality": 20, "optimize": True},
    {"quality": 95, "subsampling": 0},
    {"quality": 75, "progressive": True},
    {"quality": 90, "progressive": True, "subsampling": 0},
]


def saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_only_the_end_marker_is_missing(options: dict[str, object], mode: str) -> None:
    data = saved(NOISE.convert(mode), **options)
    whole = decode(data).tobytes()
    assert decode(data[:-2]).tobytes() == whole
    assert decode(data[:-1]).tobytes() == whole
    assert decode(data[:-2] + bytes(7)).tobytes() == whole
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    ("data", "lacks"),
    [
        (b"\xff\xda..\xff\xd9", False),
        (b"\xff\xda..\xff\xd9 and more", False),
        (b"\xff\xda..\xff\xd9\xff\xda..", True),  # the end is that of a preview
        (b"\xff\xd9..\xff\xda..", True),
        (b"..", True),
        (b"", True),
    ],
)
def test_an_end_marker_counts_behind_the_last_scan(data: bytes, lacks: bool) -> None:
    assert jpegs.lacks_end(data) is lacks


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("missing", [3, 4, 6, 20, 200, 0.3, 0.6])
def test_some_of_the_picture_is_missing(options: dict[str, object], missing: float) -> None:
    data = saved(NOISE, **options)
    cut = round(missing * len(data)) if missing < 1 else int(missing)
    with pytest.raises(UnreadableImage, match="damaged or cut off"):
        decode(data[:-cut])


def test_a_progressive_one_whose_last_scan_is_missing() -> None:
    data = saved(NOISE, progressive=True)
    with pytest.raises(UnreadableImage, match="damaged or cut off"):
        decode(data[: data.rindex(b"\xff\xda")])


def test_a_photo_at_a_smaller_size(material: Path) -> None:
    data = (material / "awkward" / "exif_Portrait_1.jpg").read_bytes()
    assert decode(data.rstrip(b"\0")[:-2], 64).tobytes() == decode(data, 64).tobytes()
