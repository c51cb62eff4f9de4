"""Where bytes that may be hostile are handed to decoders that others wrote."""

from collections.abc import Generator
from contextlib import contextmanager

from PIL import Image

from core import config
from core.errors import Said
from core.intake import limits
from core.saying import Sentence, later, say

_TOO_LARGE = later("too large: {width:d} × {height:d} pixels, {most}")
LARGE_TILES = later("too large: tiles of {width:d} × {height:d} pixels, {most}")


class UnreadableImage(Said):
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
        raise UnreadableImage("too large: {most}", most=most(limits.current().pixels)) from error
    except Exception as error:
        raise UnreadableImage("damaged or cut off") from error


def refuse_large(width: int, height: int, pixels: int, said: Sentence = _TOO_LARGE) -> None:
    """Refuse a picture of more than so many pixels.

    Raises:
        UnreadableImage: It has more.
    """
    if width * height > pixels:
        raise UnreadableImage(said, width=width, height=height, most=most(pixels))


def most(pixels: int) -> Sentence:
    """How many pixels a picture may have, in words."""
    return say(
        "at most {pixels:g} megapixels unless {setting} is set higher",
        pixels=pixels / 1e6,
        setting=config.PIXELS.name,
    )
