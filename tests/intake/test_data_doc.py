"""docs/data.md says what each bad input gets; here each is made for real and inspected."""

import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from test_archive import HOSTILE as ZIPS
from test_archive import link, packed
from test_colours import saved
from test_kinds import as_frame
from test_odd_zips import unflagged
from test_png_chunks import chunk
from test_png_chunks import png as orange
from test_tars import HOSTILE as TARS
from test_tars import entry, tar_of, with_holes
from test_tiffs import COLOURS, RGB, tiff

from core import config
from core.cli.main import main
from core.intake import limits
from tests.intake.painted import classes, deep_jpeg_2000, endless_scans, png
from tests.intake.quine import quine

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
GOOD = classes({"a": 3, "b": 3})
ROWS = {
    what: (verdict, sentence)
    for what, verdict, sentence in re.findall(r"^\| (.+?) \| (\w.*?) \| (.+?) \|$", TEXT, re.M)
    if verdict in ("refused", "left out", "read")
}
LIMITS = {
    variable: told
    for told, variable in re.findall(r"^\| .+ \| ([\d,]+)[^|]* \| `(THAW_\w+)` \|$", TEXT, re.M)
}
SMALL = saved(Image.effect_noise((64, 64), 90).convert("RGB"), "JPEG")


def zipped(files: dict[str, bytes]) -> bytes:
    return packed(*files.items())


def beside(file: bytes, name: str = "a/odd.jpg") -> Callable[[], bytes]:
    """A good zip with one more file."""
    return lambda: zipped(GOOD | {name: file})


def as_made(names: list[str], encoding: str) -> Callable[[Path], bytes]:
    files = classes(dict.fromkeys(names, 3))
    return lambda path: unflagged(path, files, encoding).read_bytes()


def many(number: int) -> Callable[[Path], bytes]:
    files = {f"{'ab'[n % 2]}/{n}.png": b"" for n in range(number)}
    return lambda path: unflagged(path, files, "ascii").read_bytes()


def claims_gigabytes() -> bytes:
    """Six files, each of 4 GB if one believes the table of contents."""
    data = bytearray(zipped(GOOD))
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFFE)
        at += 4
    return bytes(data)


def damaged_inside() -> bytes:
    return zipped(GOOD | {"a/odd.jpg": b"<<<damaged>>>"}).replace(b"<<<damaged>>>", b"x" * 13, 1)


def bomb_picture() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 30_000, 20_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


def animation() -> bytes:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def prefixed() -> bytes:
    buffer = io.BytesIO(b"#!/bin/sh self-extracting\n")
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as made:
        for name, data in GOOD.items():
            made.writestr(name, data)
        made.comment = b"from the camera"
    return buffer.getvalue()


Maker = Callable[[], bytes] | Callable[[Path], bytes]
MADE: dict[str, Maker] = {
    # as a whole
    "a document that is a zip inside": lambda: zipped(
        {"[Content_Types].xml": b"x", "word/media/1.png": png(1)}
    ),
    "a zip of zips": lambda: zipped({"labels.csv": b"id", "train.zip": b"PK"}),
    "an empty file": ZIPS["empty file"][0],
    "text, or anything else that is no archive": ZIPS["text"][0],
    "a RAR archive": ZIPS["rar"][0],
    "a 7-Zip archive": TARS["7-Zip"][0],
    "one picture that is no archive": ZIPS["picture"][0],
    "something else than a tar in gzip, bzip2 or xz": TARS["no tar"][0],
    "an archive that is cut off or damaged": ZIPS["cut off"][0],
    "an archive with a password": ZIPS["encrypted"][0],
    "a zip packed with LZMA, Deflate64 or another rare method": ZIPS["LZMA"][0],
    "a path that is absolute": ZIPS["absolute"][0],
    "a path with `..`": TARS["parent"][0],
    "a path with a drive's letter": ZIPS["drive with backslash"][0],
    "a link in a zip": lambda: packed((link("a/1.jpg"), b"/etc/passwd")),
    "a device or a pipe in a tar": TARS["device"][0],
    "a device in a zip": ZIPS["device"][0],
    "a tar with a hole, or several tars in one file": lambda: tar_of(GOOD) + tar_of(GOOD),
    "a zip that holds a path twice": ZIPS["twice"][0],
    "files that overlap": ZIPS["overlapping"][0],
    "a zip that holds itself (a quine)": quine,
    "folders in folders in folders": ZIPS["deep"][0],
    "one file that unpacks to far more": ZIPS["bomb"][0],
    "many files that unpack to far more": ZIPS["many small bombs"][0],
    "a compressed tar that unpacks to far more": TARS["gzip bomb"][0],
    "more than it may unpack to": claims_gigabytes,
    "100,000 files": many(100_000),
    "60,000 images": many(60_000),
    "no class folders": lambda: zipped({"1.png": png(1), "2.png": png(2)}),
    "one class": lambda: zipped(classes({"a": 3})),
    "a class of one image": lambda: zipped(classes({"a": 3, "b": 1})),
    # one file
    "a link in a tar": lambda: tar_of(GOOD, entry("a/odd.png", tarfile.SYMTYPE, "/etc/passwd")),
    "a sparse file in a tar": lambda: with_holes(2) + tar_of(GOOD),
    "a name of over 255 bytes": beside(png(9), f"a/{'x' * 300}.png"),
    "a zip in a class folder": beside(zipped(GOOD), "a/more.zip"),
    "an archive beside the class folders": beside(zipped(GOOD), "more.zip"),
    "a picture beside the class folders": beside(png(9), "odd.png"),
    "a picture whose class is not in the training folder": lambda: zipped(
        classes({"a": 3, "b": 3}, "train/") | {"val/a/8.png": png(8), "val/c/9.png": png(9)}
    ),
    "a file damaged inside the archive": damaged_inside,
    "a file of no bytes": beside(b""),
    "text called .jpg": beside(b"These are my flowers.", "a/odd.jpg"),
    "a web page called .png": beside(b"<!doctype html><p>404", "a/odd.png"),
    "thumbnails of a Synology disk station (`@eaDir`, `SYNOPHOTO_THUMB_…`)": beside(
        png(9), "a/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg"
    ),
    "what others leave: `.DS_Store`, `__MACOSX`, `Thumbs.db`, Lightroom's previews, `.git`, …": (
        beside(png(9), "__MACOSX/a/._0.png")
    ),
    "a hidden file": beside(png(9), "a/.0.png"),
    "a DICOM file": beside(bytes(128) + b"DICM" + bytes(99)),
    "a Git LFS pointer": beside(b"version https://git-lfs.github.com/spec/v1\n"),
    "a video": beside(b"\0\0\0\x18ftypisom" + bytes(99)),
    "a JPEG XL": beside(b"\xff\x0a" + bytes(99)),
    "a camera's raw file: CR2, CR3, NEF, ARW, DNG, RAF, ORF, RW2, …": beside(
        b"FUJIFILMCCD-RAW 0201" + bytes(99)
    ),
    "a JPEG of 12 bits": beside(as_frame(0xC1, 12)),
    "a Word document": beside(zipped({"[Content_Types].xml": b"x", "word/document.xml": b"x"})),
    "a PDF": beside(b"%PDF-1.7 " + bytes(99), "a/odd.pdf"),
    "a picture that is cut off": beside(SMALL[: len(SMALL) // 2]),
    "a JPEG of hundreds of scans": beside(endless_scans(300), "a/odd.jpg"),
    "a picture of 600 megapixels, however small its file": beside(bomb_picture(), "a/odd.png"),
    "a small TIFF of one tile of 400 megapixels": beside(
        tiff((COLOURS * 255).astype("uint8"), RGB, tile=(4, 4)).replace(
            struct.pack("<2HIIHHII", 322, 4, 1, 4, 323, 4, 1, 4),
            struct.pack("<2HIIHHII", 322, 4, 1, 20_000, 323, 4, 1, 20_000),
        )
    ),
    "a TIFF of complex numbers, or packed as WebP": (
        beside(tiff((COLOURS * 255).astype("uint8"), RGB, packing=50_001), "a/odd.tif")
    ),
    "a JPEG 2000 in colour of 12 or 16 bits": beside(deep_jpeg_2000("RGB", 16), "a/odd.jp2"),
    # harmless
    "names in UTF-8, CP437 or Shift-JIS": as_made(["猫", "ねこ"], "cp932"),
    "names of files that Windows reserves, or that differ by case alone": lambda: zipped(
        GOOD | {"a/CON.png": png(8), "a/con.png": png(9)}
    ),
    "a tar called .zip": lambda: gzip.compress(tar_of(GOOD)),
    "a zip with something before it, and a comment": prefixed,
    "a PNG with large, packed or spoiled texts": beside(
        orange(
            chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50 << 20))),
            chunk(b"tEXt", b"b\0c", spoiled=1),
        )
    ),
    "a class that begins with dots": lambda: zipped(classes({"..birds": 3, ".NET": 3})),
    "a JPEG that lacks only its end marker": beside(SMALL[:-2]),
    "an animation": beside(animation(), "a/odd.gif"),
    "a picture of 1 × 1 or 30,000 × 10 pixels": lambda: zipped(
        GOOD
        | {"a/1.png": png(9, (1, 1)), "b/1.png": png(9, (30_000, 10))}
    ),
}  # fmt: skip


def verdict_of(make: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    path = tmp_path / "x.zip"
    path.write_bytes(make(path) if make.__code__.co_argcount else make())  # type: ignore[call-arg]
    code = main(["inspect", str(path), "--json"])
    said = capsys.readouterr()
    if code == 2:
        return "refused", said.err.splitlines()[-1]
    assert code == 0, said.err
    skipped = json.loads(said.out.splitlines()[-1])["skipped"]
    if not skipped:
        return "read", ""
    (one,) = skipped
    assert f"left out {one['file']}: {one['reason']}" in said.err
    return "left out", one["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("what", MADE)
def test_each_input_gets_what_the_table_says(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict, sentence = verdict_of(MADE[what], tmp_path, capsys)
    assert what in ROWS, f"| {what} | {verdict} | {sentence} |"
    assert ROWS[what][0] == verdict
    assert verdict == "read" or ROWS[what][1] == sentence


def test_no_row_is_about_what_nobody_makes() -> None:
    assert set(ROWS) == set(MADE)


def test_the_limits_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in LIMITS:
        monkeypatch.delenv(variable, raising=False)
    now = limits.current()
    assert {name: float(told.replace(",", "")) for name, told in LIMITS.items()} == {
        config.UPLOAD.name: now.upload_bytes / 1e9,
        config.UNPACKED.name: now.unpacked_bytes / 1e9,
        config.ENTRIES.name: now.entries,
        config.PIXELS.name: now.pixels / 1e6,
        config.IMAGES.name: now.images,
    }
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for name, told in LIMITS.items():
        assert re.search(rf"^\| `{name}` \| .* \| {told} \|$", readme, re.M)
    for told in (f"{now.depth} folders", f"{now.member_bytes >> 20} MB", f"{now.ratio} times"):
        assert told in TEXT
