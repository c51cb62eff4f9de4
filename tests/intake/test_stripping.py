"""What leaves a picture's file and what stays: the picture, its colours and which way is up."""

import io
import struct
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from core.intake.metadata import exif, stripping
from core.intake.pictures import images
from tests.intake import photographed
from tests.intake.mutated import good_pictures
from tests.intake.photographed import LATITUDES, MADE, SECRETS, SERIAL, jpeg, saved


def seen(data: bytes) -> list[object]:
    """All that a network can see of a picture, whole or made smaller."""
    whole = images.picture(data)
    small = images.picture(data, 8)
    return [whole.width, whole.height, whole.image.tobytes(), small.image.tobytes()]


@pytest.mark.parametrize("kind", MADE)
def test_places_and_serial_numbers_go_and_the_picture_stays(kind: str) -> None:
    data = MADE[kind]()
    assert any(secret in data for secret in SECRETS), "there is something to take out"
    bare = stripping.stripped(data)
    assert not [secret for secret in SECRETS if secret in bare]
    assert not [place for place in LATITUDES if place in bare]
    assert seen(bare) == seen(data)
    assert images.header(bare) == images.header(data)
    assert stripping.stripped(bare) == bare, "once more, nothing changes"


@pytest.mark.parametrize("kind", MADE)
def test_nothing_is_left_that_a_reader_of_metadata_finds(kind: str) -> None:
    bare = stripping.stripped(MADE[kind]())
    if kind == "heic":
        told = pillow_heif.open_heif(bare)
        found, info = Image.Exif(), told.info
        found.load(info.get("exif") or b"")
        assert not any((info.get("xmp") or b"").strip(b"\0"))
    else:
        with Image.open(io.BytesIO(bare)) as opened:
            opened.load()
            found, info = opened.getexif(), opened.info
            assert kind in ("gif", "heic", "avif") or getattr(opened, "n_frames", 1) == 1
        assert not {"Comment", "Author", "XML:com.adobe.xmp"} & set(info)
        assert not bytes(info.get("comment", b"")).strip()
        assert not any(bytes(info.get("xmp", b"")).strip(b"\0"))
    if "tiff" not in kind:
        assert set(found) <= {0x0112}
    assert not found.get_ifd(0x8825)
    assert not found.get_ifd(0x8769)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_it_lies_as_before(kind: str, turn: int) -> None:
    data = saved(kind, exif=photographed.exif(turn))
    bare = stripping.stripped(data)
    assert SERIAL not in bare
    assert seen(bare) == seen(data)


@pytest.mark.parametrize("kind", good_pictures())
def test_a_picture_without_metadata_is_read_as_before(kind: str) -> None:
    data = good_pictures()[kind]
    bare = stripping.stripped(data)
    assert seen(bare) == seen(data)
    assert stripping.stripped(bare) == bare


def test_one_that_says_nothing_keeps_its_bytes() -> None:
    for kind in ("PNG", "BMP", "GIF", "PPM", "WEBP"):
        data = saved(kind)
        assert stripping.stripped(data) is data
    plain = saved("JPEG", exif=exif.turned(6))
    assert stripping.stripped(stripping.stripped(plain)) == stripping.stripped(plain)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"not a picture", id="no picture"),
        pytest.param(jpeg()[:200], id="cut off in its header"),
        pytest.param(b"II*\0" + struct.pack("<IHHHII", 8, 1, 273, 4, 1, 999), id="no pixels"),
        pytest.param(b"\0\0\0\x14ftypheic\0\0\0\0heic", id="no table of contents"),
        pytest.param(b"RIFF\x20\0\0\0WEBPVP8 \xff\0\0\0", id="a chunk longer than the file"),
    ],
)
def test_what_is_put_together_otherwise_is_said(data: bytes) -> None:
    with pytest.raises(stripping.Unstrippable):
        stripping.stripped(data)


def test_real_files_look_as_before(material: Path) -> None:
    told = dict[str, str]()
    for path in sorted(each for each in (material / "awkward").rglob("*") if each.is_file()):
        data = path.read_bytes()
        try:
            before = seen(data)
        except images.UnreadableImage:
            continue
        try:
            bare = stripping.stripped(data)
        except stripping.Unstrippable:
            told[path.name] = "as it is"
            continue
        if seen(bare) != before or stripping.stripped(bare) != bare:
            told[path.name] = "another picture"
    assert told == {}
