"""Variants: the same everywhere, different from one another, and never with empty corners."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.settings import Squaring, Strength
from core.training.augment import Augmentation

DIGEST = "ab" * 32
STRENGTHS = [strength for strength in Strength if strength is not Strength.NONE]


def painted(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A red wedge at the left on a light ground: left and right, up and down differ."""
    image = Image.new("RGB", size, (220, 225, 230))
    width, height = size
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 0), (width // 3, height // 2), (0, height)], fill=(180, 40, 30))
    draw.rectangle((width // 2, height // 2, width, height), fill=(60, 120, 60))
    return image


def views(strength: Strength, count: int, mirror: bool = True) -> list[np.ndarray]:
    made = Augmentation(strength, mirror)
    return [made.view(painted(), DIGEST, number, 64) for number in range(count)]


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_variant_is_the_same_in_every_thread_and_process(strength: Strength) -> None:
    (here,) = views(strength, 1)
    elsewhere: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: elsewhere.extend(views(strength, 1)))
    thread.start()
    thread.join()
    assert np.array_equal(here, elsewhere[0])
    code = (
        "import sys; from tests.training.test_augment import *;"
        f"sys.stdout.buffer.write(views(Strength('{strength}'), 1)[0].tobytes())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    assert done.stdout == here.tobytes()


@pytest.mark.parametrize("strength", STRENGTHS)
def test_variants_differ_from_one_another(strength: Strength) -> None:
    made = views(strength, 12)
    assert all(view.shape == (64, 64, 3) and view.dtype == np.uint8 for view in made)
    assert len({view.tobytes() for view in made}) == 12


def test_stronger_is_further_from_the_image() -> None:
    plain = np.asarray(painted().resize((64, 64)), float)
    far = [
        np.mean([np.abs(view - plain).mean() for view in views(strength, 40, mirror=False)])
        for strength in STRENGTHS
    ]
    assert far == sorted(far)
    assert far[0] > 2
    assert far[-1] < 70  # of 255: the subject can still be told


def is_mirrored(view: np.ndarray) -> bool:
    """Whether the red wedge is at the right."""
    red = view[..., 0].astype(int) - view[..., 1]
    return bool(red[:, 32:].sum() > red[:, :32].sum())


def test_mirroring_swaps_left_and_right_half_of_the_time_or_never() -> None:
    swapped = [is_mirrored(view) for view in views(Strength.LIGHT, 100)]
    assert 35 <= sum(swapped) <= 65
    assert not any(is_mirrored(view) for view in views(Strength.LIGHT, 100, mirror=False))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_there_are_no_empty_corners(strength: Strength) -> None:
    white = Image.new("RGB", (90, 60), (255, 255, 255))
    made = Augmentation(strength, True)
    for number in range(60):
        view = made.view(white, DIGEST, number, 32)
        assert view.min() >= 255 * 0.45  # darker, perhaps, but no hole
        assert np.ptp(view.reshape(-1, 3), axis=0).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (3000, 4), (5, 900), (64, 64)])
def test_pictures_of_any_shape(size: tuple[int, int]) -> None:
    for strength in STRENGTHS:
        assert Augmentation(strength, True).view(painted(size), DIGEST, 3, 48).shape == (48, 48, 3)


def test_the_name_of_a_variant_says_all_that_it_depends_on() -> None:
    keys = {
        Augmentation(strength, mirror).key(digest, number)
        for strength in STRENGTHS
        for mirror in (True, False)
        for digest in (DIGEST, "cd" * 32)
        for number in (0, 1, 11)
    }
    assert len(keys) == 3 * 2 * 2 * 3
    assert all(len(key) == 64 and int(key, 16) >= 0 for key in keys)


def test_variants_are_of_the_square_that_the_network_sees() -> None:
    wide = Image.new("RGB", (300, 100), (200, 30, 30))
    wide.paste((30, 160, 30), (100, 0, 200, 100))
    made = {way: Augmentation(Strength.LIGHT, True, way) for way in Squaring}
    views = {way: made[way].view(wide, DIGEST, 1, 64).astype(int) for way in Squaring}
    red = {way: (view[..., 0] > view[..., 1] + 60).mean() for way, view in views.items()}
    assert red[Squaring.CROP] == 0
    assert red[Squaring.SQUASH] > 0.5
    assert 0.1 < red[Squaring.PAD] < 0.35
    assert len({each.key(DIGEST, 1) for each in made.values()}) == 1
