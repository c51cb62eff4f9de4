"""What of a PNG bears on how it looks; the rest of it may be large, spoiled or a bomb."""

import io
import struct
import zlib

MAGIC = b"\x89PNG\r\n\x1a\n"

_START = struct.Struct(">I4s")
_PROFILE, _END = b"iCCP", b"IEND"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_NEEDED = (b"tRNS", b"eXIf", *_TEXTS)
# The words before the texts that may say which way is up.
_UPWARD = (b"XML:com.adobe.xmp", b"Raw profile type exif")
_LARGEST_TEXT = 1 << 20  # once unpacked: Pillow gives up a picture with a larger one
_ANCILLARY = 0x20  # this bit of a chunk's name says that the picture can be made without it


def bare(data: bytes, largest_profile: int) -> tuple[bytes, bytes | None]:
    """Take out of a PNG all that its first picture can do without.

    Pillow leaves a file out when one of its texts or its profile is above a megabyte, or when a
    checksum is wrong in a part that is not the picture.

    Args:
        data: A whole file; where it is broken it stays as it is.
        largest_profile: Bytes of a colour profile, once unpacked; a larger one counts as none.

    Returns:
        A PNG without its texts, profile and further frames, and the profile.
    """
    view, kept, profile = memoryview(data), io.BytesIO(), None
    at = since = len(MAGIC)
    kept.write(MAGIC)
    size = len(data)
    while at + 12 <= size:
        length, kind = _START.unpack_from(data, at)
        end = at + 12 + length
        if end > size or not kind.isalpha():
            break
        if kind[0] & _ANCILLARY:
            if kind == _PROFILE and _is_whole(view[at:end]):
                profile = _profile(data[at + 8 : end - 4], largest_profile)
            if kind not in _NEEDED or not _is_needed(kind, view[at:end]):
                if at > since:
                    kept.write(view[since:at])
                since = end
        at = end
        if kind == _END:
            break
    if since == len(MAGIC):
        return data, profile
    kept.write(view[since:])
    return kept.getvalue(), profile


def _is_needed(kind: bytes, chunk: memoryview) -> bool:
    if kind not in _TEXTS:
        return _is_whole(chunk)
    if bytes(chunk[8:40]).split(b"\0")[0] not in _UPWARD:
        return False
    return _is_whole(chunk) and _is_short(kind, bytes(chunk[8:-4]))


def _is_whole(chunk: memoryview) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _is_short(kind: bytes, body: bytes) -> bool:
    _, _, text = body.partition(b"\0")
    packed: bytes | None = None
    if kind == b"zTXt":
        packed = text[1:]
    elif kind == b"iTXt" and text[:1] != b"\0":
        packed = text[2:].split(b"\0", 2)[-1]
    if packed is None:
        return len(text) <= _LARGEST_TEXT
    return _unpacked(packed, _LARGEST_TEXT) is not None


def _profile(body: bytes, most: int) -> bytes | None:
    _, _, packed = body.partition(b"\0")
    return _unpacked(packed[1:], most) if packed[:1] == b"\0" else None


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """What was packed; None where it is broken or more than it may be."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(packed, most)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail else plain
