"""Pictures of every kind, painted here or from the awkward collection."""

import io
import re
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.intake.pictures import (
    colours,
    deep,
    images,
    png_chunks,
)
from core.intake.pictures.images import (
    UnreadableImage,
    decode,
    picture,
    thumbnail_jpeg,
    to_square,
)
from core.storage import incidents
from tests.intake.painted import deep_jpeg_2000, endless_scans

# pytest undoes the filter that `images` sets; test_global_state… sees that it works.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

RED, WHITE = (255, 0, 0), (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Red on the left, blue on the right, a green bar at the top."""
    image = Image.new("RGB", size, (0, 0, 255))
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    image.paste((0, 160, 0), (0, 0, size[0], size[1] // 4))
    return image


def close(image: Image.Image, at: tuple[int, int], colour: tuple[int, ...], by: int = 12) -> bool:
    pixel = image.getpixel(at)
    return all(abs(one - two) <= by for one, two in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("RGB", "PNG"), ("RGB", "JPEG"), ("RGB", "BMP"), ("RGB", "TIFF"), ("RGB", "WEBP"),
        ("RGB", "AVIF"), ("RGB", "JPEG2000"), ("RGB", "PPM"), ("RGB", "ICO"), ("RGB", "GIF"),
        ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "TIFF"), ("P", "PNG"), ("P", "GIF"),
        ("RGBA", "PNG"), ("RGBA", "WEBP"), ("LAB", "TIFF"), ("RGB", "MPO"),
    ],
)  # fmt: skip
def test_colours_survive(mode: str, kind: str) -> None:
    painted = halves()
    if mode == "LAB":
        from PIL import ImageCms

        painted = ImageCms.profileToProfile(
            painted, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )  # fmt: skip
    else:
        painted = painted.convert(mode)
    image = decode(saved(painted, kind))
    assert image.mode == "RGB"
    assert close(image, (image.width // 8, image.height * 3 // 4), RED, 40)
    assert close(image, (image.width * 7 // 8, image.height * 3 // 4), (0, 0, 255), 40)
    assert close(image, (image.width * 7 // 8, image.height // 8), (0, 160, 0), 40)


def as_bytes(image: Image.Image) -> Image.Image:
    """What a decoded picture is before its colours become sRGB."""
    if deep.is_grey(image, deep.Greys()):
        return deep.shown(deep.of_greys(image, deep.Greys()), None)
    return image


@pytest.mark.parametrize("mode", ["1", "L", "LA", "PA", "RGBa", "La", "F", "I", "I;16", "I;16B"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = Image.new("L", (8, 8), 255)
    image = Image.new(mode, (8, 8)) if mode.startswith("I;") else grey.convert(
        {"PA": "P", "La": "LA", "RGBa": "RGBA"}.get(mode, mode)
    )  # fmt: skip
    if mode in ("La", "RGBa", "PA"):
        image = image.convert(mode)
    assert colours.to_srgb(as_bytes(image)).mode == "RGB"


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP")])
def test_see_through_is_white(mode: str, kind: str) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    decoded = decode(saved(image.convert(mode), kind, lossless=True))
    assert decoded.getpixel((1, 1)) == (0, 0, 0)
    assert decoded.getpixel((6, 6)) == WHITE


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_transparent_colour_is_white(mode: str) -> None:
    image = Image.new("RGB", (8, 8), (0, 0, 0)).convert(mode)
    key: Any = (0, 0, 0) if mode == "RGB" else 0
    if mode == "P":
        key = image.getpixel((0, 0))
    assert decode(saved(image, "PNG", transparency=key)).getpixel((3, 3)) == WHITE


@pytest.mark.parametrize(("high", "expected"), [(65_535, 255), (4095, 255), (1023, 255)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind: str, high: int, expected: int) -> None:
    ramp = np.linspace(0, high, 256).astype(np.uint16).repeat(4).reshape(32, 32)
    out = np.array(decode(saved(Image.fromarray(ramp), kind)))[..., 0].ravel()
    assert out[0] == 0
    assert out[-1] == expected
    assert abs(int(np.median(out)) - 127) <= 2
    assert (np.diff(out.astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([-5.0, 0.0, 5.0], [0, 128, 255]),
        ([float("nan"), 0.5, 1.0], [0, 128, 255]),
        ([7e8, 7e8, 7e8], [0, 0, 0]),
    ],
)
def test_float_greys(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.float32))
    assert np.array(decode(saved(image, "TIFF")))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("at_least", [None, 10])
def test_exif_orientation(kind: str, orientation: int, at_least: int | None) -> None:
    upright = halves((96, 64))
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = picture(saved(stored, kind, exif=exif), at_least)
    assert (found.width, found.height) == (96, 64)
    wide, high = found.image.size
    assert wide > high
    assert close(found.image, (wide // 8, high * 3 // 4), RED, 40)
    assert close(found.image, (wide * 7 // 8, high // 8), (0, 160, 0), 40)


def test_broken_exif_does_not_stop_it() -> None:
    data = saved(halves(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xee" * 40)
    assert decode(data).size == (64, 48)


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert close(decode(data), (4, 4), RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("size", [(900, 700), (3000, 500), (230, 1200), (60, 40)])
def test_at_least_looks_the_same(kind: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), np.uint8))
    data = saved(coarse.resize(size, Image.Resampling.BICUBIC), kind)
    whole, scaled = picture(data), picture(data, 100)
    assert (scaled.width, scaled.height) == (whole.width, whole.height) == size
    assert min(scaled.image.size) >= min(200, *size)
    difference = to_square(whole.image, 100).astype(int) - to_square(scaled.image, 100)
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize("at_least", [None, 32])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"])
def test_cut_off_is_noticed(kind: str, at_least: int | None) -> None:
    rng = np.random.default_rng(0)
    data = saved(Image.fromarray(rng.integers(0, 255, (200, 200, 3), np.uint8)), kind)
    for share in (0.2, 0.6, 0.95):
        with pytest.raises(UnreadableImage, match="damaged or cut off"):
            picture(data[: int(len(data) * share)], at_least)


def test_random_damage_raises_nothing_else() -> None:
    rng = np.random.default_rng(0)
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM"):
        data = saved(halves(), kind)
        for _ in range(60):
            spoiled = bytearray(data)
            for at in rng.integers(0, min(len(data), 200), 4):
                spoiled[at] = rng.integers(256)
            try:
                assert decode(bytes(spoiled)).mode == "RGB"
            except UnreadableImage:
                continue


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"hello, I am no picture", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"rubbish" * 9, "damaged"),
        (b"8BPS\0\x01" + bytes(200), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image"),
    ],
)
def test_no_picture(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImage, match=reason):
        decode(data)


def test_bomb_is_refused_by_its_header() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 20_000, 6_001, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))
    with pytest.raises(UnreadableImage, match="too large: 20000 × 6001 pixels"):
        decode(data)


def test_a_jpeg_that_is_made_to_take_time_is_refused() -> None:
    assert decode(endless_scans(20)).size == (64, 48)
    with pytest.raises(UnreadableImage, match="hundreds of scans"):
        decode(endless_scans(300))


def test_what_follows_a_jpeg_is_not_counted() -> None:
    """Phones put films behind their photos, where two bytes may be anything."""
    data = saved(halves((64, 48)), "JPEG") + b"\xff\xda" * 500
    assert decode(data).size == (64, 48)


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_a_large_icon_is_refused_before_it_is_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(halves((64, 48)), "ICO", bitmap_format=kind, sizes=[(48, 36)])
    assert decode(data).size == (48, 36)
    monkeypatch.setenv("THAW_MEGAPIXELS", "0.001")
    monkeypatch.setattr(images, "_open", None)
    with pytest.raises(UnreadableImage, match="too large: 48 × 36 pixels"):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("size", [(30_000, 10), (10, 30_000), (1, 1)])
def test_extreme_shapes(kind: str, size: tuple[int, int]) -> None:
    data = saved(Image.new("RGB", size, RED), kind)
    for at_least in (None, 64):
        found = picture(data, at_least)
        assert (found.width, found.height) == found.image.size == size
        assert close(Image.fromarray(to_square(found.image, 32)), (5, 5), RED)
        assert Image.open(io.BytesIO(thumbnail_jpeg(found.image, 240))).size <= (240, 240)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "AVIF", "GIF"])
def test_a_size_is_known_before_anything_is_decoded(kind: str) -> None:
    data = saved(halves((640, 480)), kind)
    assert images.size(data) == (640, 480)
    if kind in ("PNG", "JPEG"):
        assert images.size(data[:-200]) == (640, 480)


def test_the_owner_says_how_large_a_picture_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(halves((64, 48)), "PNG")
    monkeypatch.setenv("THAW_MEGAPIXELS", "0.003")
    with pytest.raises(UnreadableImage) as caught:
        decode(data)
    assert str(caught.value) == (
        "too large: 64 × 48 pixels, at most 0.003 megapixels unless THAW_MEGAPIXELS is set higher"
    )
    monkeypatch.setenv("THAW_MEGAPIXELS", "0.0031")
    assert decode(data).size == (64, 48)


@pytest.mark.parametrize(("kind", "share"), [("PNG", 1), ("WEBP", 2), ("AVIF", 2), ("JPEG2000", 3)])
def test_decoders_that_take_more_memory_get_fewer_pixels(
    kind: str, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_MEGAPIXELS", str(share * 0.003072))  # 64 × 48, and no pixel more
    assert decode(saved(halves((64, 48)), kind)).size == (64, 48)
    with pytest.raises(UnreadableImage, match="too large: 65 × 48"):
        decode(saved(halves((65, 48)), kind))


def test_a_jpeg_2000_with_deep_colours_is_left_out_and_a_deep_grey_is_not() -> None:
    """Pillow rounds full values up to 256 and keeps the 0 of it: white would be black."""
    grey = np.full((48, 64), 65_535, np.uint16)
    for options in ({}, {"no_jp2": True}):
        assert decode(saved(Image.fromarray(grey), "JPEG2000", **options)).getpixel((5, 5)) == WHITE
        for mode in ("RGB", "RGBA", "LA"):
            assert decode(saved(halves().convert(mode), "JPEG2000", **options)).size == (64, 48)
            with pytest.raises(UnreadableImage, match=r"^a JPEG 2000 in colour of over 8 bits"):
                decode(deep_jpeg_2000(mode, 12, **options))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="its memory is read from /proc")
@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("RGBA", "PNG"),
        ("RGB", "JPEG"),
        pytest.param("P", "PNG", marks=pytest.mark.exhaustive),
        pytest.param("I;16", "PNG", marks=pytest.mark.exhaustive),
    ],
)
def test_the_largest_pictures_take_less_than_a_gigabyte(
    mode: str, kind: str, tmp_path: Path
) -> None:
    options = {"transparency": 0} if mode == "P" else {}
    path = tmp_path / "large"
    path.write_bytes(saved(Image.new(mode, (11_000, 10_900)), kind, **options))
    code = (
        "import pathlib, sys\n"
        "from core.intake.pictures import images\n"
        "from tests.intake.painted import peak_mb\n"
        "assert images.picture(pathlib.Path(sys.argv[1]).read_bytes(), 64).width == 11_000\n"
        "print(peak_mb())"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(path)],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 1000


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "CMYK", "I;16"])
def test_strips_are_not_to_be_seen(mode: str, factor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 255, (50, 41, 3), np.uint8)
    image = Image.fromarray(values)
    image = image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)

    def made() -> Image.Image:
        return colours.to_srgb(as_bytes(image), factor)

    whole = made()
    monkeypatch.setattr(deep, "STRIP", 100)
    assert made().tobytes() == whole.tobytes()
    assert whole.size == (-(-41 // factor), -(-50 // factor))


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"PK\3\4", "a zip archive"), (b"%PDF-1.7", "a PDF"), (b"8BPS\0\1", "a Photoshop file"),
     (b"<svg xmlns", "a drawing"), (b"<!doctype html>", "a web page")],
)  # fmt: skip
def test_what_else_it_is_is_told(data: bytes, kind: str) -> None:
    with pytest.raises(UnreadableImage, match=f"not an image but {kind}"):
        decode(data + bytes(200))


def test_to_square_keeps_the_whole_picture() -> None:
    square = to_square(halves((300, 100)), 32)
    assert square.shape == (32, 32, 3)
    assert square.dtype == np.uint8
    assert square.flags.writeable
    assert square[30, 1].tolist() == [255, 0, 0]
    assert square[30, 30].tolist() == [0, 0, 255]


def test_thumbnail() -> None:
    image = halves((1000, 20))
    small = Image.open(io.BytesIO(thumbnail_jpeg(image, 160)))
    assert small.format == "JPEG"
    assert small.size == (160, 3)
    assert image.size == (1000, 20)


def test_threads_agree() -> None:
    data = saved(halves((400, 300)), "JPEG")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(decode, [data] * 40))
    assert len({image.tobytes() for image in found}) == 1


def test_global_state_is_untouched_and_nothing_is_printed(material: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from PIL import Image, ImageFile\n"
        "before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES\n"
        "from core.intake.pictures import images\n"
        "for path in pathlib.Path(sys.argv[1]).iterdir():\n"
        "    try: images.picture(path.read_bytes(), 64)\n"
        "    except images.UnreadableImage: pass\n"
        "assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(material / "awkward")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout + done.stderr == ""


# Skips in EXPECTED.tsv whose verdict leaves a choice that was made otherwise here.
ACCEPTED_ALL_THE_SAME = {
    "tRNS_null_1x1.png",
    "png_decompression_dos.png",
    "truncated_jpeg.jpg",  # but for half of its end marker, all of it is there
}
# These never reach the decoder: `archive` leaves hidden and system files out.
JUNK = "skip silently"


def test_awkward_files(material: Path) -> None:
    folder = material / "awkward"
    wrong = []
    for line in (folder / "EXPECTED.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, verdict = line.split("\t")
        if verdict == JUNK:
            continue
        expected = verdict.startswith("accept") or name in ACCEPTED_ALL_THE_SAME
        for at_least in (None, 64):
            try:
                picture((folder / name).read_bytes(), at_least)
                accepted = True
            except UnreadableImage:
                accepted = False
            if accepted != expected:
                wrong.append((name, at_least, verdict))
    assert not wrong


def test_awkward_reasons(material: Path) -> None:
    reasons = {
        "zero_bytes.jpg": "empty file",
        "text_renamed.jpg": "not an image",
        "html_error_page.png": "not an image",
        "ultrahdr.jpg": "damaged or cut off",
        "hopper.tar": "not an image but a tar archive",
        "test-ole-file.doc": "not an image but an Office document",
        "decompression_bomb.gif": "too large",
        "decompression_bomb.ico": "too large",
        "200MP.heic": "too large: 12240 × 16320 pixels",
        "huge_30000x20000_1bit.png": "too large: 30000 × 20000 pixels",
    }
    for name, reason in reasons.items():
        with pytest.raises(UnreadableImage, match=reason):
            picture((material / "awkward" / name).read_bytes())


def test_awkward_photo_comes_out_upright(material: Path) -> None:
    turned = picture((material / "awkward" / "exif_Portrait_6.jpg").read_bytes())
    upright = picture((material / "awkward" / "exif_Portrait_1.jpg").read_bytes())
    assert (turned.width, turned.height) == turned.image.size == (1200, 1800)
    difference = to_square(turned.image, 64).astype(int) - to_square(upright.image, 64)
    assert np.abs(difference).mean() < 6


def test_awkward_sixteen_bit_is_neither_black_nor_white(material: Path) -> None:
    pixels = to_square(decode((material / "awkward" / "16bit.cropped.tif").read_bytes()), 32)
    assert 40 < pixels.mean() < 215


def test_a_fault_of_ours_does_not_pass_for_a_damaged_file(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = saved(halves(), "PNG")

    def broken(*_: object) -> None:
        raise KeyError("a bug")

    for module, name in ((colours, "_in_bytes"), (images, "_orientation"), (png_chunks, "bare")):
        monkeypatch.setattr(images, "_recorded", {})
        with monkeypatch.context() as patch:
            patch.setattr(module, name, broken)
            with pytest.raises(UnreadableImage, match="a fault in Thaw itself") as told:
                decode(good)
            with pytest.raises(UnreadableImage) as again:
                decode(good)
        number = re.findall(r"number (\w+) in", str(told.value))[0]
        log = incidents.log_path().read_text()
        assert log.count(number) == 1
        assert log.count(" incident ") == 1
        assert str(again.value) == str(told.value)  # logged once, not for every picture
        incidents.log_path().unlink()
    decode(good)


@pytest.mark.parametrize("raised", [KeyError("x"), ValueError(), struct.error(), RecursionError()])
def test_what_a_decoder_raises_is_the_fault_of_the_file(
    raised: Exception, thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(self: object) -> None:
        raise raised

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(UnreadableImage, match=r"^damaged or cut off$"):
        decode(saved(halves(), "PNG"))
    assert not incidents.log_path().exists()
