"""What a file is that gives no picture, by its first bytes, so that people know what to do."""

import codecs
import io
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator

from core.intake.archives import tar_safety
from core.saying import Sentence, later, say

_DICOM = later("a DICOM file (medical)")
_LFS = later("a Git LFS pointer in place of the picture")
_ANNEX = later("a git-annex pointer in place of the picture")
_ZEROS = later("nothing but zeros")
_AS_TEXT = later("a PNG that was sent as text")
_APPLE_LIST = later("a property list of Apple's")
_VIDEO, _SOUND = later("a video"), later("sound")
_RAW = later("a camera's raw file ({kind})")


def _raw(kind: str) -> Sentence:
    return say(_RAW, kind=kind)


# What to do about some of them.
_DEVELOP = later("which has to be developed first: export it as a JPEG or PNG")
_TABLE = later("whose pictures have to be saved as files first")
_EXPORT = later("which Thaw cannot read: export it as a JPEG or PNG")
_ADVICE = {
    _DICOM: _EXPORT,
    "a JPEG XL": _EXPORT,
    "a JPEG XR": _EXPORT,
    "an OpenEXR": _EXPORT,
    "a Radiance HDR": _EXPORT,
    "a DDS texture": _EXPORT,
    "a QOI": _EXPORT,
    "a FITS": _EXPORT,
    "a lossless JPEG": _EXPORT,
    "a PCX": _EXPORT,
    "an SGI picture": _EXPORT,
    "a TGA": _EXPORT,
    _ZEROS: later("as a copy that failed leaves them: copy the file again"),
    _AS_TEXT: later("which has spoiled it: send it again as a binary file"),
    _APPLE_LIST: later("as iCloud leaves it for a file that is not downloaded yet"),
    "a Parquet file": _TABLE,
    "an Arrow file": _TABLE,
    _LFS: later("which “git lfs pull” replaces by it"),
    _ANNEX: later("which “git annex get” replaces by it"),
}

# At the beginning of the file.
_MAGIC: tuple[tuple[bytes, Sentence], ...] = (
    (b"%PDF", later("a PDF")),
    (b"\x89PNG\n", _AS_TEXT),
    (b"bplist00", _APPLE_LIST),
    (b"\x8aMNG", later("an animation (MNG)")),
    (b"AT&TFORM", later("a DjVu document")),
    (b"\xd7\xcd\xc6\x9a", later("a drawing (WMF)")),
    (b"\n\5\1\x08", later("a PCX")),
    (b"\x01\xda", later("an SGI picture")),
    (b"L\0\0\0\1\x14\2\0", later("a shortcut of Windows")),
    (b"8BPS", later("a Photoshop file")),
    (b"%!PS", later("a drawing (PostScript or EPS)")),
    (b"\xc5\xd0\xd3\xc6", later("a drawing (EPS)")),
    (b"gimp xcf", later("a file of GIMP")),
    (b"\xff\x0a", later("a JPEG XL")),
    (b"\0\0\0\x0cJXL \r\n\x87\n", later("a JPEG XL")),
    (b"II\xbc\x01", later("a JPEG XR")),
    (b"v/1\x01", later("an OpenEXR")),
    (b"#?RADIANCE", later("a Radiance HDR")),
    (b"DDS ", later("a DDS texture")),
    (b"qoif", later("a QOI")),
    (b"SIMPLE  =", later("a FITS")),
    (b"FUJIFILMCCD-RAW", _raw("RAF")),
    (b"IIRO", _raw("ORF")),
    (b"IIRS", _raw("ORF")),
    (b"MMOR", _raw("ORF")),
    (b"IIU\0", _raw("RW2")),
    (b"FOVb", _raw("X3F")),
    (b"\0MRM", _raw("MRW")),
    (b"PK\5\6", later("an empty zip archive")),
    (b"\x1f\x8b", later("a gzip archive")),
    (b"7z\xbc\xaf", later("a 7-Zip archive")),
    (b"Rar!", later("a RAR archive")),
    (b"BZh", later("a bzip2 archive")),
    (b"\x28\xb5\x2f\xfd", later("packed with zstd")),
    (b"\xfd7zXZ", later("an xz archive")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", later("an Office document")),
    (b"{\\rtf", later("a text document (RTF)")),
    (b"\x1aE\xdf\xa3", _VIDEO),  # Matroska and WebM
    (b"FLV\1", _VIDEO),
    (b"0&\xb2u\x8ef\xcf\x11", _VIDEO),  # WMV
    (b"\0\0\1\xba", _VIDEO),  # MPEG
    (b"\0\0\1\xb3", _VIDEO),
    (b"OggS", later("sound or a video")),
    (b"ID3", _SOUND),
    (b"fLaC", _SOUND),
    (b"\0\1\0\0\0", later("a font")),
    (b"OTTO", later("a font")),
    (b"wOFF", later("a font")),
    (b"wOF2", later("a font")),
    (b"\x89HDF\r\n", later("an HDF5 file")),
    (b"\x93NUMPY", later("a NumPy array")),
    (b"PAR1", later("a Parquet file")),
    (b"ARROW1", later("an Arrow file")),
    (b"SQLite format 3", later("a database")),
    (b"\x7fELF", later("a program")),
    (b"MZ", later("a program")),
    (b"\0\5\x16\7", later("what macOS keeps beside a file (AppleDouble)")),
    (b"version https://git-lfs.github.com/spec/", _LFS),
    (b"/annex/objects/", _ANNEX),
)  # fmt: skip
# What lies in the zips of programs' own documents.
_ZIPPED: tuple[tuple[str, Sentence], ...] = (
    ("word/", later("a Word document")),
    ("xl/", later("an Excel workbook")),
    ("ppt/", later("a PowerPoint presentation")),
    ("META-INF/container.xml", later("an e-book (EPUB)")),
    ("mergedimage.png", later("a drawing (Krita or OpenRaster)")),
    ("content.xml", later("an OpenDocument file")),
    ("AndroidManifest.xml", later("an app for Android")),
    ("META-INF/MANIFEST.MF", later("a Java program")),
)
# ISO media files say what they are at bytes 4 to 12; stills of the kind have been tried before.
_BRANDED = {
    b"crx ": _raw("CR3"),
    b"M4A ": _SOUND,
    b"M4B ": _SOUND,
}
_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_MOST_NAMES = 1000
_JPEG = b"\xff\xd8\xff"
_FIRST = 4096  # bytes that tell text from something else
_MOSTLY = 0.8  # of an old Western text's letters are ASCII
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_BEFORE = r"(<\?xml.*?>|<!--.*?-->|<!doctype svg.*?>|\s)*"
_SVG = re.compile(_BEFORE + r"<svg\b", re.DOTALL)
_PAGE = re.compile(_BEFORE + r"<(!doctype html|html|head|body)\b", re.DOTALL)

_LONG, _SHORT, _ASCII, _IFD = 4, 3, 2, 13
_COMPRESSION, _PHOTOMETRIC, _MAKE, _SUB_IFDS, _DNG = 259, 262, 271, 330, 50706
_MOST_TAGS, _MOST_DIRECTORIES = 500, 16
# Sensors' numbers before they are made colours, and how makers pack them.
_SENSOR = {32803, 34892}
_SENSOR_PACKED = {32767, 34713, 65535}
_MAKERS = {
    b"nikon": "NEF",
    b"sony": "ARW",
    b"canon": "CR2",
    b"pentax": "PEF",
    b"ricoh": "PEF",
    b"samsung": "SRW",
    b"hasselblad": "3FR",
    b"phase one": "IIQ",
    b"kodak": "DCR",
    b"epson": "ERF",
    b"mamiya": "MEF",
    b"leaf": "MOS",
    b"leica": "RWL",
    b"olympus": "ORF",
    b"panasonic": "RW2",
}


def reason(data: bytes) -> Sentence:
    """Why a file that no decoder takes is left out, and what to do about it where that helps."""
    kind = what(data)
    if kind is None:
        return say("not an image, or one of an unknown kind")
    advice = _DEVELOP if kind.template == _RAW.template else _ADVICE.get(kind)
    return _advised(kind, advice) if advice else say("not an image but {kind}", kind=kind)


def rare(data: bytes) -> Sentence | None:
    """Why a TIFF or a JPEG is left out that some decoder would take, or call damaged.

    Raw files that are TIFFs begin with a small preview, mostly of 160 × 120 pixels, which any
    reader of TIFFs takes for the picture. It is not what the camera's own JPEG shows, so it is not
    taken.
    """
    if data.startswith(_JPEG):
        kind = _rare_jpeg(data)
        return kind and _advised(kind, _EXPORT)
    maker = _raw_tiff(data)
    return _advised(_raw(maker), _DEVELOP) if maker else None


def _advised(kind: Sentence, advice: Sentence) -> Sentence:
    return say("{kind}, {advice}", kind=kind, advice=advice)


def what(data: bytes) -> Sentence | None:
    """What a file is that is no picture Thaw reads; None where its bytes do not say.

    Args:
        data: Of the file, at least its first 4096 bytes.
    """
    if data[128:132] == b"DICM":
        return _DICOM
    if not data.strip(b"\0"):
        return _ZEROS
    if data.endswith(b"TRUEVISION-XFILE.\0"):
        return say("a TGA")
    if data[40:44] == b" EMF":
        return say("a drawing (EMF)")
    if data.startswith(b"PK\3\4"):
        return _zipped(data)
    if data[6:14] == b"HEAPCCDR":
        return _raw("CRW")
    if tar_safety.is_tar(data):
        return say("a tar archive")
    if data.startswith(b"RIFF"):
        return {b"AVI ": _VIDEO, b"WAVE": _SOUND}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _BRANDED.get(data[8:12], _VIDEO)
    if data[4:8] in _QUICKTIME:
        return _VIDEO
    if data[:1] == b"G" == data[188:189] == data[376:377]:
        return _VIDEO  # an MPEG transport stream
    return next((told for magic, told in _MAGIC if data.startswith(magic)), None) or _text(data)


def document(names: Iterable[str]) -> Sentence | None:
    """What a zip is that a program has made as its document; None where it is a plain archive.

    Args:
        names: Of the files in it.
    """
    names = set(names)
    if not names & {"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"}:
        return None
    for start, told in _ZIPPED:
        if any(name.startswith(start) for name in names):
            return told
    return say("a program's document") if "mimetype" in names else None


def _raw_tiff(data: bytes) -> str | None:
    """Which camera's raw file this is; None where it is a TIFF of ordinary pictures, or none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return None
    if data[8:10] == b"CR":
        return "CR2"
    maker = b""
    try:
        for tags in _directories(data, order):
            if _DNG in tags:
                return "DNG"
            maker = maker or bytes(tags.get(_MAKE, b"")).lower()
            numbers = (tags.get(_PHOTOMETRIC), tags.get(_COMPRESSION))
            if numbers[0] in _SENSOR or numbers[1] in _SENSOR_PACKED:
                return next((kind for name, kind in _MAKERS.items() if name in maker), "TIFF")
    except struct.error:  # cut off, which the decoder will say
        return None
    return None


def _rare_jpeg(data: bytes) -> Sentence | None:
    """What a JPEG is that Pillow does not decode, as its header says; None where it is usual."""
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # which may fill up
            at += 1
            continue
        if marker in (0xF7, 0xC3, 0xC7, 0xCB, 0xCF):
            return say("a lossless JPEG")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            bits = data[at + 4]
            if bits != 8:
                return say("a JPEG of {bits} bits a colour", bits=bits)
            return None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _zipped(data: bytes) -> Sentence:
    """What a zip is, by the names of what lies in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            told = document(opened.namelist()[:_MOST_NAMES])
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        told = None  # only its beginning is here
    return told or say("a zip archive, or a document that is one inside")


def _text(data: bytes) -> Sentence | None:
    """What a file of text is; None where it is none."""
    text = _letters(data[:_FIRST].rstrip(b"\0")).removeprefix("\ufeff").lstrip().lower()
    if not text or _NO_TEXT.search(text):
        return None
    if _SVG.match(text):
        return say("a drawing (SVG)")
    if _PAGE.match(text):
        return say("a web page")
    return say("text")


def _letters(head: bytes) -> str:
    """The beginning of a file as text; "" where it cannot be text."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)  # its last letter may be cut
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        return text if sum(map(str.isascii, text)) > _MOSTLY * len(text) else ""


def _directories(data: bytes, order: str) -> Iterator[dict[int, int | bytes]]:
    """The tags of a TIFF's directories that tell a raw file, and of those inside them.

    Raises:
        struct.error: The file ends before they do.
    """
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    waiting = [first]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        (count,) = struct.unpack_from(f"{order}H", data, at)
        tags: dict[int, int | bytes] = {}
        for number in range(min(count, _MOST_TAGS)):
            place = at + 2 + 12 * number
            tag, kind, amount = struct.unpack_from(f"{order}HHI", data, place)
            if tag == _MAKE and kind == _ASCII:
                start = place + 8
                if amount > 4:
                    (start,) = struct.unpack_from(f"{order}I", data, place + 8)
                tags[tag] = data[start : start + min(amount, 64)]
            elif tag == _SUB_IFDS and kind in (_LONG, _IFD):
                start, amount = place + 8, min(amount, _MOST_DIRECTORIES)
                if amount > 1:
                    (start,) = struct.unpack_from(f"{order}I", data, place + 8)
                waiting += struct.unpack_from(f"{order}{amount}I", data, start)
            elif tag in (_COMPRESSION, _PHOTOMETRIC, _DNG):
                code = "H" if kind == _SHORT else "I"
                (tags[tag],) = struct.unpack_from(f"{order}{code}", data, place + 8)
        (following,) = struct.unpack_from(f"{order}I", data, at + 2 + 12 * count)
        waiting.append(following)
        yield tags
