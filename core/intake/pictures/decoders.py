"""Where bytes that may be hostile are handed to decoders that others wrote."""

from collections.abc import Generator
from contextlib import contextmanager

from PIL import Image

from core import config
from core.intake import limits


class UnreadableImage(Exception):
    """These bytes give no picture; the message says why, in plain words."""


@contextmanager
def decoding() -> Generator[None]:
    """Whatever a decoder raises in here, the file is at fault.

    Pillow and its plugins raise OSError, SyntaxError, ValueError, struct.error, KeyError and more
    at hostile bytes. So only calls of theirs belong in here. What our own code raises is a bug,
    and must not pass for a damaged file.

    Raises:
        UnreadableImage: In place of what the decoder raised.
    """
    try:
        yield
    except (UnreadableImage, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableImage(f"too large: {most(limits.current().pixels)}") from error
    except Exception as error:
        raise UnreadableImage("damaged or cut off") from error


def refuse_large(width: int, height: int, pixels: int, what: str = "") -> None:
    """Refuse a picture of more than so many pixels.

    Raises:
        UnreadableImage: It has more.
    """
    if width * height > pixels:
        raise UnreadableImage(f"too large: {what}{width} × {height} pixels, {most(pixels)}")


def most(pixels: int) -> str:
    """How many pixels a picture may have, in words."""
    return f"at most {pixels / 1e6:g} megapixels unless {config.PIXELS.name} is set higher"
