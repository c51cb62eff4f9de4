"""A process that spoils good archives and pictures, and tells what became of them.

    python tests/intake/mutated.py archives 1300

It prints one JSON object: how often each outcome came, what should never come (each with what
makes it again), the longest time that one took, and the most memory that the process had.
"""

import gzip
import io
import json
import lzma
import random
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from core.datasets import reading
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.metadata import stripping
from core.intake.pictures import images
from core.intake.pictures.images import UnreadableImage
from core.intake.pictures.preparation import USUAL, Paper, Preparation
from core.settings import SplitSettings
from tests.intake.painted import peak_mb

Outcome = Callable[[bytes], str]
TELLING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)


def good_pictures() -> dict[str, bytes]:
    """One of each format and of every mode that is decoded in a way of its own."""
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    colour = Image.fromarray(pixels).resize((48, 36), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = Image.fromarray(np.arange(48 * 36, dtype=np.uint16).reshape(36, 48) * 30)
    found = {
        "jpeg": saved(colour, "JPEG", exif=exif, icc_profile=profile),
        "progressive jpeg": saved(colour, "JPEG", progressive=True),
        "cmyk": saved(colour.convert("CMYK"), "JPEG"),
        "mpo": saved(colour, "MPO", save_all=True, append_images=[colour]),
        "png": saved(colour, "PNG", icc_profile=profile),
        "palette": saved(colour.quantize(16), "PNG", transparency=3),
        "deep png": saved(deep, "PNG"),
        "animated": saved(colour, "PNG", save_all=True, append_images=[colour.rotate(90)]),
        "gif": saved(colour, "GIF", save_all=True, append_images=[colour.rotate(90)]),
        "bmp": saved(colour, "BMP"),
        "tiff": saved(colour, "TIFF", compression="tiff_lzw", icc_profile=profile),
        "deflated tiff": saved(colour, "TIFF", compression="tiff_adobe_deflate"),
        "tiff as it is": saved(colour, "TIFF"),
        "float": saved(Image.fromarray(np.linspace(0, 1, 100, dtype=np.float32)[None]), "TIFF"),
        "deep tiff": saved(deep, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}),
        "webp": saved(colour, "WEBP", exif=exif),
        "lossless webp": saved(colour.convert("RGBA"), "WEBP", lossless=True),
        "avif": saved(colour, "AVIF"),
        "jpeg 2000": saved(colour, "JPEG2000"),
        "ico": saved(colour, "ICO"),
        "ppm": saved(colour, "PPM"),
    }
    heic = io.BytesIO()
    pillow_heif.from_pillow(colour).save(heic)
    return found | {"heic": heic.getvalue()}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def good_archives() -> dict[str, bytes]:
    """Two classes of three small pictures, packed in every way that is read."""
    files = {}
    for number in range(6):
        picture = saved(Image.new("RGB", (9, 7), (40 * number, 9, 99)), "PNG")
        files[f"{'Löwe' if number % 2 else 'bär'}/{number}.png"] = picture
    made = {}
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for path, data in files.items():
                with archive.open(path, "w", force_zip64=name == "deflated") as member:
                    member.write(data)
        made[name] = buffer.getvalue()
    for name, kind in (("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
            for path, data in files.items():
                info = tarfile.TarInfo(f"{'long ' * 24}/{path}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        made[name] = buffer.getvalue()
    return made | {"gzip": gzip.compress(made["pax"]), "xz": lzma.compress(made["gnu"])}


def spoiled(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Some changes of one kind; most of what a decoder goes by stands at the ends of a file."""
    made = bytearray(data)
    kind = rng.choice(("bits", "fields", "fields", "cut", "splice", "repeat", "swap"))
    for _ in range(rng.choice((1, 1, 2, 8))):
        if not made:
            break
        near = rng.random() < 0.7
        at = rng.randrange(min(len(made), 400) if near else len(made))
        if near and rng.random() < 0.4:
            at = len(made) - 1 - at
        if kind == "bits":
            made[at] ^= 1 << rng.randrange(8)
        elif kind == "fields":
            size = rng.choice((1, 2, 4, 8))
            value = rng.choice((*TELLING, rng.randrange(1 << 32))) % (1 << 8 * size)
            made[at : at + size] = value.to_bytes(size, rng.choice(("little", "big")))
        elif kind == "cut":
            made = made[:at] if rng.random() < 0.7 else made[at:]
        elif kind == "splice":
            start = rng.randrange(len(other))
            made[at : at + rng.randrange(64)] = other[start : start + rng.randrange(64)]
        elif kind == "repeat":
            made[at:at] = made[at : at + rng.randrange(1, 600)] * rng.choice((1, 2, 30))
        else:
            to, long = rng.randrange(len(made)), rng.randrange(1, 40)
            made[at : at + long], made[to : to + long] = made[to : to + long], made[at : at + long]
    return bytes(made)


def of_picture(data: bytes) -> str:
    outcomes = []
    for preparation in (USUAL, Preparation((0.0, 900.0), (2, 1, 0), Paper.BLACK)):
        try:
            found = images.picture(data, 64, preparation)
            images.numbers(data, preparation)
        except UnreadableImage as error:
            if "fault in Thaw" in str(error):
                raise AssertionError(str(error)) from error.__cause__
            outcomes.append("unreadable")
        else:
            assert found.image.mode == "RGB"
            outcomes.append("picture")
    if outcomes[0] == "picture":
        look_the_same_stripped(data)
    return outcomes[0]


def look_the_same_stripped(data: bytes) -> None:
    try:
        bare = stripping.stripped(data)
    except stripping.Unstrippable:
        return
    whole, left = images.picture(data), images.picture(bare)
    assert (whole.width, whole.height) == (left.width, left.height)
    assert whole.image.tobytes() == left.image.tobytes(), "stripped, it is another picture"
    assert stripping.stripped(bare) == bare


def of_archive(data: bytes) -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            source = open_source(Path(file.name), "x.zip")
            try:
                found = reading.read(source, split=SplitSettings(), at_least=64)
            finally:
                source.close()
        except UserError as error:
            str(error).encode()
            return "refused"
    json.dumps(found.to_dict(), ensure_ascii=False).encode()
    return "read, some left out" if found.skipped else "read"


def main(what: str, number: int) -> None:
    good, outcome_of = {
        "archives": (good_archives, of_archive),
        "pictures": (good_pictures, of_picture),
    }[what]
    made = good()
    for name, data in made.items():
        assert outcome_of(data) in ("read", "picture"), name
    outcomes: Counter[str] = Counter()
    wrong, slowest = [], (0.0, "")
    names = sorted(made)
    for turn in range(number):
        rng = random.Random(turn)
        name = names[turn % len(names)]
        data = spoiled(made[name], made[rng.choice(names)], rng)
        begun = time.process_time()
        try:
            outcomes[outcome_of(data)] += 1
        except BaseException:
            wrong.append((name, turn, traceback.format_exc(limit=-3)))
        slowest = max(slowest, (time.process_time() - begun, f"{name} {turn}"))
    told = {"outcomes": outcomes, "wrong": wrong, "slowest": slowest, "peak_mb": peak_mb()}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
