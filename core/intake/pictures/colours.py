"""Pixels of any mode and colour profile, to sRGB."""

import io
from functools import lru_cache
from typing import cast

import numpy as np
from PIL import Image, ImageCms

from core.intake.pictures import deep
from core.intake.pictures.preparation import Paper

LARGEST_PROFILE = 4 << 20  # those of printing presses are 2 or 3 MB

_WITH_PROFILES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}  # a mode, and what a profile calls it
_BARELY = 2  # of 255: what nobody sees


def to_srgb(image: Image.Image, factor: int = 1, paper: Paper = Paper.WHITE) -> Image.Image:
    """A new RGB picture in sRGB.

    Args:
        image: Of 8 bits a colour, in any mode, with the profile that came with it; a broken one is
            ignored. Deeper pictures are made such by `deep.shown`.
        factor: Make it so many times smaller.
        paper: What lies behind its see-through parts.
    """
    profile = image.info.get("icc_profile")
    if image.width * image.height <= deep.STRIP:
        made = _rgb(_reduced(_in_bytes(image), factor), profile, paper)
        made.info = {}
        return made
    made = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    # Strip by strip, so that a large picture is never in memory in a second mode.
    for top, bottom in deep.rows(image.width, image.height, factor):
        strip = _reduced(_in_bytes(image.crop((0, top, image.width, bottom))), factor)
        made.paste(_rgb(strip, profile, paper), (0, top // factor))
    return made


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _rgb(image: Image.Image, profile: object, paper: Paper) -> Image.Image:
    if image.mode == "RGBA":
        sheet = Image.new("RGB", image.size, paper.colour)
        sheet.paste(image, mask=image)
        image = sheet
    known = isinstance(profile, bytes) and len(profile) <= LARGEST_PROFILE
    transform = _to_srgb(cast(bytes, profile), image.mode) if known else None
    if transform is None:
        return image.convert("RGB")
    # None comes only when it is asked to work in place.
    return cast(Image.Image, ImageCms.applyTransform(image, transform))


@lru_cache(maxsize=16)  # the pictures of one camera share one
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What makes sRGB of pixels in a profile's colours; None where that would change nothing."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _WITH_PROFILES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.PERCEPTUAL,
        )
    except Exception:  # LittleCMS and Pillow raise anything at broken ones, and the pixels are fine
        return None
    return transform if mode == "CMYK" or _shows(transform, mode) else None


def _shows(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform changes colours so that somebody could see it."""
    steps = np.arange(0, 256, 15).astype(np.uint8)
    if mode == "L":
        colours = Image.fromarray(steps[None])
    else:
        cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        colours = Image.fromarray(cube.reshape(1, -1, 3))
    after = np.asarray(ImageCms.applyTransform(colours, transform), np.int16)
    return bool(np.abs(after - np.asarray(colours.convert("RGB"))).max() > _BARELY)


def _in_bytes(image: Image.Image) -> Image.Image:
    """A picture of any mode that is not deep as L, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode == "LAB":
        transform = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        return cast(Image.Image, ImageCms.applyTransform(image, transform))
    if mode in ("RGBa", "La"):
        return image.convert("RGBA" if mode == "RGBa" else "LA").convert("RGBA")
    if mode in ("LA", "PA") or (mode in ("1", "L", "P", "RGB") and "transparency" in image.info):
        return image.convert("RGBA")
    return image if mode in ("L", "RGB", "RGBA", "CMYK") else image.convert("RGB")
