"""Pictures as cameras and programs write them: with places, serial numbers, names and films."""

import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

SERIAL, ARTIST, NOTE = b"SN-4711-0815", b"Anna Example", b"maker's own note"
THUMBNAIL, FILM, WORDS = b"a thumbnail's bytes", b"a film's bytes", b"said in words"
SECRETS = (SERIAL, ARTIST, NOTE, THUMBNAIL, FILM, WORDS, b"ACME Phone", b"2026:11:29")
LATITUDES = [struct.pack(f"{order}6I", 52, 1, 31, 1, 12_3457, 10_000) for order in "<>"]
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description exif:GPSLatitude='52,31.2N' "
    b"aux:SerialNumber='" + SERIAL + b"' dc:creator='" + ARTIST + b"'/></rdf:RDF></x:xmpmeta>"
)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(turn: int = 6) -> bytes:
    """EXIF as a phone writes it, with a place, a serial number and a thumbnail."""
    told = Image.Exif()
    told[0x010F], told[0x0110] = "ACME", "ACME Phone"
    told[0x0112], told[0x013B] = turn, ARTIST.decode()
    told[0x8298] = f"© {ARTIST.decode()}"
    camera = told.get_ifd(0x8769)
    camera |= {0x9003: "2026:11:29 12:00:00", 0x927C: NOTE, 0xA431: SERIAL.decode()}
    told.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.3457), 3: "E", 4: (13.0, 24.0, 1.0)})
    written = told.tobytes()
    assert any(place in written for place in LATITUDES)
    return written + THUMBNAIL


def photo() -> Image.Image:
    """A picture in which every corner is another colour."""
    image = Image.linear_gradient("L").resize((48, 36)).convert("RGB")
    image.paste((250, 10, 10), (0, 0, 12, 9))
    image.paste((10, 250, 10), (36, 0, 48, 9))
    return image


def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (image or photo()).save(file, kind, **options)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def jpeg() -> bytes:
    plain = saved("JPEG", exif=exif(), icc_profile=PROFILE)
    jfif = b"JFIF\0\1\1\0\0\1\0\1\3\2" + THUMBNAIL[:18]
    told = (
        segment(0xE0, jfif)
        + segment(0xE0, b"JFXX\0\x10" + THUMBNAIL)
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
        + segment(0xED, b"Photoshop 3.0\08BIM\4\4\0\0\0\0\0\x13" + ARTIST + b"x" * 7)
        + segment(0xFE, WORDS)
        + segment(0xEA, b"a maker's own segment " + SERIAL)
    )
    return plain[:2] + told + plain[2:] + b"\0\0\0\x18ftypmp42" + FILM


def two_in_one() -> bytes:
    other = saved("JPEG", photo().rotate(180), exif=exif(1))
    mpo = io.BytesIO()
    photo().save(mpo, "MPO", save_all=True, append_images=[Image.open(io.BytesIO(other))],
                 exif=exif())  # fmt: skip
    return mpo.getvalue() + FILM


def png() -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", WORDS.decode())
    told.add_text("Author", ARTIST.decode(), zip=True)
    told.add_itxt("XML:com.adobe.xmp", XMP.decode())
    plain = saved("PNG", pnginfo=told, exif=exif(), icc_profile=PROFILE)
    time = b"tIME" + struct.pack(">HBBBBB", 2026, 11, 29, 12, 0, 0)
    chunk = struct.pack(">I", 7) + time + zlib.crc32(time).to_bytes(4, "big")
    return plain[:33] + chunk + plain[33:] + FILM


def late_png() -> bytes:
    """EXIF behind the picture, which decoders find all the same."""
    plain = saved("PNG")
    body = b"eXIf" + exif().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body) - 4) + body + zlib.crc32(body).to_bytes(4, "big")
    return plain[:-12] + chunk + plain[-12:]


def tiff(**options: object) -> bytes:
    told = Image.Exif()
    if "compression" in options:  # then Pillow writes texts alone
        told[271], told[272], told[315], told[270] = "ACME", "ACME Phone", "Anna", WORDS.decode()
    else:
        told.load(exif().removesuffix(THUMBNAIL))
        told[700], told[33723] = XMP, ARTIST
        told[33550], told[34737] = (0.5, 0.5, 0.0), WORDS.decode()  # where a map lies
    page = saved("TIFF", exif=told, icc_profile=PROFILE, save_all=True,
                 append_images=[photo().rotate(180)], **options)  # fmt: skip
    return page + FILM


def gif() -> bytes:
    plain = saved("GIF", comment=WORDS, save_all=True, append_images=[photo().rotate(90)], loop=0)
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"  # so that readers of blocks find an end
    app = b"\x21\xff\x0bXMP DataXMP" + XMP + trailer
    return plain[:-1] + app + plain[-1:] + FILM


def jpeg_2000() -> bytes:
    plain = saved("JPEG2000", comment=WORDS)
    boxes = b"".join(
        struct.pack(">I4s", 8 + len(body), kind) + body
        for kind, body in ((b"xml ", XMP), (b"uuid", b"JpgTiffExif->JP2" + exif()))
    )
    return plain + boxes


def ico() -> bytes:
    inner = png()
    head = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 48, 36, 0, 0, 1, 24,
                                                      len(inner), 22)  # fmt: skip
    return head + inner + FILM


def ppm() -> bytes:
    head, rest = b"P6\n", saved("PPM").removeprefix(b"P6\n")
    return head + b"# " + WORDS + b"\n# by " + ARTIST + b"\n" + rest + FILM


def plain_ppm() -> bytes:
    numbers = " ".join(str(each) for each in photo().tobytes())
    return b"P3\n# " + ARTIST + b"\n48 36\n255\n" + numbers.encode() + b"\n# " + WORDS


def heic(kind: str = "HEIF") -> bytes:
    file = io.BytesIO()
    if kind == "AVIF":
        photo().save(file, kind, exif=exif(), xmp=XMP, icc_profile=PROFILE)
    else:
        held = pillow_heif.from_pillow(Image.new("RGB", (256, 192), (9, 99, 200)))
        held.info["exif"], held.info["xmp"] = exif(), XMP
        held.add_from_pillow(Image.new("RGB", (256, 192), (200, 99, 9)))
        held.info["thumbnails"] = [64]
        held.save(file, thumbnails=[64], primary_index=0)
    free = struct.pack(">I4s", 8 + len(FILM), b"mpvd") + FILM
    return file.getvalue() + free


MADE: dict[str, Callable[[], bytes]] = {
    "jpeg": jpeg,
    "two pictures in a jpeg": two_in_one,
    "png": png,
    "png with exif behind the picture": late_png,
    "webp": lambda: saved("WEBP", exif=exif(), xmp=XMP, icc_profile=PROFILE) + FILM,
    "tiff": tiff,
    "packed tiff": lambda: tiff(compression="tiff_lzw"),
    "big tiff": lambda: tiff(big_tiff=True),
    "gif": gif,
    "bmp": lambda: saved("BMP") + FILM,
    "ico": ico,
    "ppm": ppm,
    "ppm in letters": plain_ppm,
    "jpeg 2000": jpeg_2000,
    "heic": heic,
    "avif": lambda: heic("AVIF"),
}
