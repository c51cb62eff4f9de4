"""Files that give no picture are called what they are, by their bytes."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import reading
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.pictures.images import UnreadableImage, picture
from core.settings import SplitSettings
from tests.intake.painted import zip_of


def saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, "x" * 5000)
    return buffer.getvalue()


def as_frame(marker: int, bits: int = 8) -> bytes:
    """A JPEG whose header says that it is of another kind."""
    data = bytearray(saved(Image.effect_noise((40, 30), 60), format="JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    return bytes(data)


def raw_tiff(order: str, make: bytes, inner: dict[int, int], outer: dict[int, int]) -> bytes:
    """A preview of 8 × 6 pixels, as any reader of TIFFs shows, and a directory for the sensor's."""
    bo = {"II": "<", "MM": ">"}[order]
    magic = struct.pack(f"{bo}2sHI", order.encode(), 42, 8)
    usual = {254: 1, 256: 8, 257: 6, 258: 8, 259: 1, 262: 1, 277: 1, 278: 6, 279: 48}
    tags = usual | outer
    count = len(tags) + 3
    after = 8 + 2 + 12 * count + 4
    sub = after + 64
    entries = [(tag, 4, 1, struct.pack(f"{bo}I", value)) for tag, value in tags.items()]
    entries.append((271, 2, len(make), struct.pack(f"{bo}I", after)))
    entries.append((273, 4, 1, struct.pack(f"{bo}I", after + 16)))
    entries.append((330, 4, 1, struct.pack(f"{bo}I", sub)))
    body = struct.pack(f"{bo}H", count)
    for tag, kind, amount, value in sorted(entries):
        body += struct.pack(f"{bo}HHI", tag, kind, amount) + value
    body += struct.pack(f"{bo}I", 0)
    rows = [(tag, struct.pack(f"{bo}I", value)) for tag, value in sorted(inner.items())]
    directory = struct.pack(f"{bo}H", len(rows))
    directory += b"".join(struct.pack(f"{bo}HHI", tag, 4, 1) + value for tag, value in rows)
    return magic + body + make.ljust(16, b"\0") + bytes(range(48)) + directory + bytes(4)


CFA = {262: 32803, 259: 1}
WHAT = {
    "DICOM": (bytes(128) + b"DICM" + bytes(200), "a DICOM file"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s1--00.jpg\n", "git annex get"),
    "mp4": (b"\0\0\0\x18ftypisom" + bytes(99), "a video"),
    "mov": (b"\0\0\0\x14ftypqt  " + bytes(99), "a video"),
    "old mov": (b"\0\0\x10\0moov" + bytes(99), "a video"),
    "avi": (b"RIFF\0\0\0\0AVI LIST" + bytes(99), "a video"),
    "webm": (b"\x1aE\xdf\xa3" + bytes(99), "a video"),
    "wav": (b"RIFF\0\0\0\0WAVEfmt " + bytes(99), "sound"),
    "JPEG XL": (b"\xff\x0a" + bytes(99), "a JPEG XL"),
    "JPEG XL in its box": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "a JPEG XL"),
    "CR2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), r"\(CR2\)"),
    "CR3": (b"\0\0\0\x18ftypcrx " + bytes(99), r"\(CR3\)"),
    "CRW": (b"II\x1a\0\0\0HEAPCCDR" + bytes(99), r"\(CRW\)"),
    "RAF": (b"FUJIFILMCCD-RAW 0201" + bytes(99), r"\(RAF\)"),
    "ORF": (b"IIRO\x08\0\0\0" + bytes(99), r"\(ORF\)"),
    "RW2": (b"IIU\0\x18\0\0\0" + bytes(99), r"\(RW2\)"),
    "NEF": (raw_tiff("MM", b"NIKON CORP", CFA, {}), r"\(NEF\)"),
    "ARW": (raw_tiff("II", b"SONY\0", CFA | {259: 32767}, {}), r"\(ARW\)"),
    "PEF": (raw_tiff("MM", b"PENTAX", {256: 8}, {262: 32803}), r"\(PEF\)"),
    "DNG": (raw_tiff("II", b"Google", {262: 34892}, {50706: 0x401}), r"\(DNG\)"),
    "12 bits": (as_frame(0xC1, 12), "a JPEG of 12 bits a colour"),
    "lossless": (as_frame(0xC3), "a lossless JPEG"),
    "JPEG-LS": (as_frame(0xF7), "a lossless JPEG"),
    "PDF": (b"%PDF-1.7\n" + bytes(99), "a PDF"),
    "docx": (zipped("[Content_Types].xml", "word/document.xml"), "a Word document"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
    "pptx": (zipped("[Content_Types].xml", "ppt/presentation.xml"), "a PowerPoint"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an Office document"),
    "zip": (zipped("1.jpg"), "a zip archive"),
    "html": (b"\xef\xbb\xbf\n<!-- x --><HTML><body>", "a web page"),
    "svg": (b'<?xml version="1.0"?>\n<!-- made -->\n<svg xmlns="x">', "a drawing"),
    "psd": (b"8BPS\0\1" + bytes(99), "a Photoshop file"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a drawing"),
    "font": (b"OTTO" + bytes(99), "a font"),
    "text": ("Grüße".encode(), "but text"),
    "old text": ("Viele Gruesse und schöne Grüße".encode("latin-1"), "but text"),
    "wide text": (b"\xff\xfe" + "hello there".encode("utf-16-le"), "but text"),
    "noise": (bytes(range(128, 256)) * 3, "of an unknown kind"),
    "zeros": (bytes(500), "nothing but zeros, .* copy the file again"),
    "a PNG with another line end": (b"\x89PNG\n\x1a\n" + bytes(99), "sent as text"),
    "iCloud's placeholder": (b"bplist00\xd4" + bytes(99), "not downloaded yet"),
    "MNG": (b"\x8aMNG\r\n\x1a\n" + bytes(99), "an animation"),
    "DjVu": (b"AT&TFORM\0\0\0\x64DJVU" + bytes(99), "a DjVu document"),
    "WMF": (b"\xd7\xcd\xc6\x9a" + bytes(99), "a drawing"),
    "EMF": (b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(99), "a drawing"),
    "PCX": (saved(Image.new("RGB", (9, 9)), format="PCX"), "a PCX, .* export it"),
    "TGA": (saved(Image.effect_noise((9, 9), 9), format="TGA"), "a TGA, .* export it"),
    "SGI": (saved(Image.new("RGB", (9, 9)), format="SGI"), "an SGI picture, .* export it"),
    "a shortcut": (b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0" + bytes(99), "a shortcut of Windows"),
    "Parquet": (b"PAR1\x15\0" + bytes(99), "saved as files first"),
}  # fmt: skip


@pytest.mark.parametrize("what", WHAT)
def test_what_it_is_is_said(what: str) -> None:
    data, said = WHAT[what]
    with pytest.raises(UnreadableImage, match=said):
        picture(data)


@pytest.mark.parametrize("order", ["II", "MM"])
def test_an_ordinary_tiff_with_a_second_directory_is_read(order: str) -> None:
    read = picture(raw_tiff(order, b"NIKON SCAN", {262: 1, 259: 1}, {}))
    assert (read.width, read.height) == (8, 6)


def test_a_tiff_whose_directories_lead_in_a_circle_ends() -> None:
    data = bytearray(raw_tiff("II", b"x", {262: 1}, {}))
    data[4:8] = struct.pack("<I", 8)
    at = data.index(struct.pack("<HHI", 330, 4, 1)) + 8
    data[at : at + 4] = struct.pack("<I", 8)
    assert picture(bytes(data)).width == 8


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"[Content_Types].xml": b"x", "word/media/1.png": b"x"}, "“x.zip” is a Word document"),
        ({"[Content_Types].xml": b"x", "xl/a.xml": b"x"}, "“x.zip” is an Excel workbook"),
        ({"a.csv": b"id", "test1.zip": b"PK", "train.zip": b"PK"}, "among them “test1.zip”"),
        ({"a/1.dcm": bytes(128) + b"DICM", "a/note": b"x", "b/2.dcm": bytes(128) + b"DICM"},
         "among them “a/1.dcm”, a DICOM file"),
        ({".DS_Store": b"x", ".git/x": b"x", "notes.csv": b"x"}, "among them “notes.csv”"),
    ],
)  # fmt: skip
def test_the_refusal_names_what_says_most(
    files: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        reading.read(open_source(zip_of(tmp_path / "x.zip", files)), split=SplitSettings())


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"%PDF-1.7", "a PDF"), (b"\0\0\0\x18ftypisom", "a video"), (b"RIFF\0\0\0\0WEBP", "a single")],
)  # fmt: skip
def test_what_was_brought_in_place_of_an_archive_is_said(
    data: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_bytes(data + bytes(600))
    with pytest.raises(UserError, match=f"“x.zip” is {said}"):
        open_source(tmp_path / "x.zip")
