"""Whether one picture can be laid over another."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from core.doctor.findings.aligning import same
from core.doctor.looking import SMALL
from core.errors import StopRequested


def picture(seed: int) -> Image.Image:
    """Soft shapes on a gradient, 400 × 300."""
    chance = np.random.default_rng(seed)
    image = Image.linear_gradient("L").resize((400, 300))
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y, wide, high = chance.integers(0, (400, 300, 120, 120))
        draw.ellipse((x, y, x + wide + 9, y + high + 9), fill=int(chance.integers(0, 256)))
    return image.filter(ImageFilter.GaussianBlur(2))


def small(*images: Image.Image) -> np.ndarray:
    shape = (SMALL, SMALL)
    return np.stack([np.array(each.resize(shape, Image.Resampling.BOX)) for each in images])


@pytest.mark.parametrize(
    "box", [(40, 30, 360, 270), (0, 30, 400, 300), (40, 0, 400, 270), (20, 5, 390, 299)]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_cropped_copy_agrees_from_either_side(box, seed):
    whole = picture(seed)
    pictures = small(whole, whole.crop(box))
    assert same(pictures, np.array([[0, 1], [1, 0]])).all()


def test_other_pictures_do_not():
    pictures = small(*(picture(seed) for seed in range(12)))
    pairs = np.array([(a, b) for a in range(12) for b in range(a)])
    assert not same(pictures, pairs).any()


def test_it_is_the_same_in_one_go_and_in_several(monkeypatch):
    pictures = small(*(picture(seed).crop((9, 9, 390, 290)) for seed in range(3)), picture(0))
    pairs = np.array([(0, 1), (0, 3), (1, 2), (3, 0)])
    told: list[tuple[int, int]] = []
    at_once = same(pictures, pairs, lambda *now: told.append(now))
    assert at_once.tolist() == [False, True, False, True]
    monkeypatch.setattr("core.doctor.findings.aligning._PAIRS", 1)
    assert (same(pictures, pairs, lambda *now: told.append(now)) == at_once).all()
    assert told == [(4, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_it_ends_where_somebody_stops_it(monkeypatch):
    monkeypatch.setattr("core.doctor.findings.aligning._PAIRS", 1)
    told: list[int] = []

    def stop(done: int, _: int) -> None:
        told.append(done)
        raise StopRequested

    with pytest.raises(StopRequested):
        same(small(picture(0), picture(1)), np.array([(0, 1)] * 5), stop)
    assert told == [1]


def test_blank_pictures_and_no_pairs_are_no_error():
    blank = np.zeros((2, SMALL, SMALL), np.uint8)
    assert same(blank, np.array([[0, 1]])).shape == (1,)
    assert same(blank, np.empty((0, 2), np.intp)).shape == (0,)


def test_digits_of_few_dots_are_no_copies_because_they_are_smooth():
    from sklearn.datasets import load_digits

    digits = load_digits()
    ones = digits.images[digits.target == 1][:20] * 15
    large = [Image.fromarray(one.astype(np.uint8)).resize((224, 224), 3) for one in ones]
    pictures = small(*large, large[0].crop((12, 0, 224, 210)))
    others = np.array([(a, b) for a in range(20) for b in range(a)])
    assert same(pictures, others).mean() < 0.02
    assert same(pictures, np.array([[0, 20]])).all()
