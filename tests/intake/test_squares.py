"""How pictures become square: what each way shows, on pictures whose every part is known."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.intake.pictures.images import decode, to_square
from core.settings import Squaring

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)
GREY = (124, 116, 104)
SIDES = [(300, 100), (100, 300)]


def thirds(size: tuple[int, int]) -> Image.Image:
    """Red, green and blue, side by side along the longer side."""
    width, height = size
    image = Image.new("RGB", size, GREEN)
    if width > height:
        image.paste(RED, (0, 0, width // 3, height))
        image.paste(BLUE, (2 * width // 3, 0, width, height))
    else:
        image.paste(RED, (0, 0, width, height // 3))
        image.paste(BLUE, (0, 2 * height // 3, width, height))
    return image


def along(square: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The square turned so that the longer side of the picture goes down its rows."""
    return square.swapaxes(0, 1) if size[0] > size[1] else square


def ball(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, (250, 250, 250))
    x, y, r = size[0] / 2, size[1] / 2, min(size) / 3
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=(0, 0, 0))
    return image


def extent(square: np.ndarray) -> tuple[int, int]:
    """How wide and high what is black is."""
    black = (square < 60).all(axis=2)
    return int(black.any(axis=0).sum()), int(black.any(axis=1).sum())


@pytest.mark.parametrize("size", SIDES)
def test_squash_shows_all_of_it(size: tuple[int, int]) -> None:
    square = along(to_square(thirds(size), 90), size)
    for colour, row in ((RED, 10), (GREEN, 45), (BLUE, 80)):
        assert (square[row] == colour).all()


@pytest.mark.parametrize("size", SIDES)
def test_crop_shows_the_middle_alone(size: tuple[int, int]) -> None:
    square = to_square(thirds(size), 90, Squaring.CROP)
    assert (square[1:-1, 1:-1] == GREEN).all()
    assert np.abs(square.astype(int) - GREEN).max() < 20  # the very edge is smoothed


@pytest.mark.parametrize("size", SIDES)
def test_pad_shows_all_of_it_between_two_bars(size: tuple[int, int]) -> None:
    square = along(to_square(thirds(size), 90, Squaring.PAD), size)
    assert (square[:, :30] == GREY).all()
    assert (square[:, 60:] == GREY).all()
    for colour, row in ((RED, 10), (GREEN, 45), (BLUE, 80)):
        assert (square[row, 30:60] == colour).all()


@pytest.mark.parametrize("size", [(320, 200), (200, 320), (231, 200)])
def test_a_ball_stays_round_unless_it_is_squashed(size: tuple[int, int]) -> None:
    for square in (Squaring.CROP, Squaring.PAD):
        wide, high = extent(to_square(ball(size), 100, square))
        assert abs(wide - high) <= 2
    wide, high = extent(to_square(ball(size), 100))
    assert abs(wide - high) > 2
    assert (wide > high) == (size[0] < size[1])


@pytest.mark.parametrize("size", [(64, 64), (200, 200), (9, 9)])
def test_what_is_square_is_the_same_in_each_way(size: tuple[int, int]) -> None:
    squares = [to_square(ball(size), 64, way) for way in Squaring]
    assert all(np.array_equal(squares[0], other) for other in squares[1:])


@pytest.mark.parametrize("way", Squaring)
@pytest.mark.parametrize("size", [(1, 1), (3000, 4), (5, 900), (30_000, 1), (48, 47), (48, 20)])
def test_pictures_of_any_shape(size: tuple[int, int], way: Squaring) -> None:
    square = to_square(ball(size), 48, way)
    assert square.shape == (48, 48, 3)
    assert square.dtype == np.uint8
    assert square.flags.writeable


@pytest.mark.parametrize("way", Squaring)
@pytest.mark.parametrize("size", [(2400, 700), (700, 2400), (1000, 900)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_decoded_smaller_looks_the_same(
    kind: str, size: tuple[int, int], way: Squaring
) -> None:
    buffer = io.BytesIO()
    ball(size).save(buffer, kind, quality=95)
    whole, small = decode(buffer.getvalue()), decode(buffer.getvalue(), at_least=100)
    assert min(small.size) >= 200
    difference = to_square(whole, 100, way).astype(int) - to_square(small, 100, way)
    assert np.abs(difference).mean() < 1
