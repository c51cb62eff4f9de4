"""Turns a picture file into the square of pixels that the network sees, exactly as Thaw does.

How a picture is prepared changes the answer as much as the network itself. The choices made for
this network are in answer.json under "picture"; README.md says them in words.
"""

import io
import math
from typing import Any

import numpy as np
from PIL import Image, ImageCms

try:  # iPhones write HEIC; without this package such a file is refused
    import pillow_heif

    pillow_heif.register_heif_opener()
except ImportError:
    pass

AVERAGE = (124, 116, 104)  # the average colour of ImageNet's photos
PAPER = {"white": (255, 255, 255), "black": (0, 0, 0), "average": AVERAGE}
WHITES = (255.0, 1023.0, 4095.0, 16_383.0, 65_535.0)  # of cameras with 8, 10, 12, 14 or 16 bits


def prepare(data: bytes, how: dict[str, Any]) -> np.ndarray:
    """The pixels that the network sees.

    Args:
        data: A whole picture file.
        how: What answer.json says under "picture".

    Returns:
        uint8 [size, size, 3], red, green, blue from 0 to 255.
    """
    return to_square(decode(data, how), how["size"], how["square"])


def prepare_frame(frame: np.ndarray, how: dict[str, Any]) -> np.ndarray:
    """The same of a picture that is in memory already, such as a frame of a camera.

    Args:
        frame: uint8 [height, width, 3], red, green, blue.
        how: As for `prepare`.
    """
    image = _finished(Image.fromarray(frame), 1, how["size"], how)
    return to_square(image, how["size"], how["square"])


def decode(data: bytes, how: dict[str, Any]) -> Image.Image:
    """An upright RGB picture in sRGB, on paper where it is transparent.

    Its shorter side is at least twice as long as the network's input wherever the file's is.
    """
    size = how["size"]
    tiff = data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if tiff and (how["levels"] or how["bands"] != [0, 1, 2]):
        return _finished(*_tiff(data, how), size, how)
    image = Image.open(io.BytesIO(data))
    halves = image.format == "PNG" and image.tile and image.tile[0].args in ("RGB;16B", "RGBA;16B")
    shrink = min(image.size) / (2 * size)
    if shrink > 1 and image.format in ("JPEG", "MPO") and not how["levels"]:
        # JPEG can be decoded at a half, a quarter or an eighth of its size, which is much faster.
        image.draft(None, (math.ceil(image.width / shrink), math.ceil(image.height / shrink)))
    image.load()
    turn = image.getexif().get(0x0112, 1)
    profile = image.info.get("icc_profile")
    if halves and how["levels"]:
        image = _scaled(_sixteen_bits(data), how)
    elif image.mode == "F" or image.mode.startswith("I"):
        image = _scaled(np.asarray(image), how)
    image.info["icc_profile"] = profile
    return _finished(image, turn, size, how)


def to_square(image: Image.Image, size: int, square: str) -> np.ndarray:
    """Squash, crop or pad a picture.

    Args:
        image: RGB.
        size: Pixels of the square's sides.
        square: "squash" changes the proportions, "crop" takes the largest square in the middle,
            "pad" adds grey on two sides.

    Returns:
        uint8 [size, size, 3], bilinear with antialiasing.
    """
    width, height = image.size
    shape, box = (size, size), (0.0, 0.0, float(width), float(height))
    if square == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    elif square == "pad":
        scale = size / max(width, height)
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    if image.size != shape:
        image = image.resize(shape, Image.Resampling.BILINEAR, box, reducing_gap=3.0)
    if image.size != (size, size):
        paper = Image.new("RGB", (size, size), AVERAGE)
        paper.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        image = paper
    return np.array(image, np.uint8)


def _finished(image: Image.Image, turn: int, size: int, how: dict[str, Any]) -> Image.Image:
    factor = max(1, min(image.size) // (2 * size))
    image = _srgb(image, factor, PAPER[how["paper"]])
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF's orientations as Pillow calls them
    return image.transpose(Image.Transpose(turns[turn])) if turn in turns else image


def _srgb(image: Image.Image, factor: int, paper: tuple[int, int, int]) -> Image.Image:
    """Any mode and colour profile to RGB in sRGB."""
    profile = image.info.get("icc_profile")
    see_through = "transparency" in image.info and image.mode in ("1", "L", "P", "RGB")
    if image.mode in ("RGBa", "La"):
        image = image.convert({"RGBa": "RGBA", "La": "LA"}[image.mode])
    if image.mode in ("LA", "PA") or see_through:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    if factor > 1:
        image = image.reduce(factor)
    if image.mode == "RGBA":
        sheet = Image.new("RGB", image.size, paper)
        sheet.paste(image, mask=image)
        image = sheet
    transform = _profile(profile, image.mode)
    if transform is None:
        return image.convert("RGB")
    return ImageCms.applyTransform(image, transform)


def _profile(profile: bytes | None, mode: str) -> Any:
    """What turns a profile's colours into sRGB; None where that would change nothing visible."""
    space = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}[mode]
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        if source.profile.xcolor_space.strip() != space:
            return None
        srgb = ImageCms.createProfile("sRGB")
        made = ImageCms.buildTransform(source, srgb, mode, "RGB", ImageCms.Intent.PERCEPTUAL)
    except (OSError, TypeError, ImageCms.PyCMSError):
        return None  # none, or a broken one: the pixels are fine
    if mode == "CMYK":
        return made
    steps = np.arange(0, 256, 15).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    colours = Image.fromarray(cube if mode == "RGB" else steps[None])
    after = np.asarray(ImageCms.applyTransform(colours, made), np.int16)
    changed = np.abs(after - np.asarray(colours.convert("RGB"))).max()
    return made if changed > 2 else None


def _scaled(values: np.ndarray, how: dict[str, Any]) -> Image.Image:
    """Numbers of more than 8 bits as a picture: from black to white they become 0 to 255."""
    finite = values[np.isfinite(values)].astype(np.float64)
    fractions = finite.size and finite.min() >= 0 and finite.max() <= 1 and (finite % 1 > 0).any()
    if how["levels"]:
        black, white = (0.0, 1.0) if how.get("fractions") and fractions else how["levels"]
        plain = np.nan_to_num(values.astype(np.float64), nan=black, posinf=white, neginf=black)
    else:
        plain = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        usual = (1.0, 255.0) if values.dtype.kind == "f" else WHITES
        black, white = float(plain.min()), float(plain.max())
        if black >= 0 and white <= usual[-1]:
            black, white = 0.0, next(each for each in usual if white <= each)
    scaled = (np.clip(plain, black, white) - black) * (255.0 / ((white - black) or 1.0))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def _sixteen_bits(data: bytes) -> np.ndarray:
    """The numbers of a PNG in colours of 16 bits, of which Pillow keeps 8 at a time."""
    found = []
    for half in ("16B", "16L"):  # the high bytes, then the low ones
        image = Image.open(io.BytesIO(data))
        image.tile = [part._replace(args=f"{image.mode};{half}") for part in image.tile]
        image.load()
        found.append(np.asarray(image)[..., :3].astype(np.uint16))
    return found[0] << 8 | found[1]


def _tiff(data: bytes, how: dict[str, Any]) -> tuple[Image.Image, int]:
    """A TIFF of any number of bands, and its EXIF orientation."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        values = page.asarray()
        turn = page.tags.valueof(274, 1)
        if page.axes.startswith("S"):  # one band after the other
            values = np.moveaxis(values, 0, -1)
        alpha = None
        if page.extrasamples and page.extrasamples[-1] in (1, 2):
            values, alpha = values[..., :-1], values[..., -1]
    if values.ndim == 3:
        bands = how["bands"] if max(how["bands"]) < values.shape[2] else [0, 1, 2]
        values = values[..., bands] if values.shape[2] >= 3 else values[..., 0]
    image = Image.fromarray(values) if values.dtype == np.uint8 else _scaled(values, how)
    if alpha is not None:
        image = image.convert("RGB")
        most = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "iu" else 1
        image.putalpha(Image.fromarray(np.rint(alpha / most * 255).astype(np.uint8)))
    return image, turn
