"""Accuracy that rests on the border: of classifiers whose right answer is known."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets import changes, store
from core.errors import UserError
from core.jobs import tasks
from core.results.explaining import border
from core.results.explaining.edges import Border
from core.storage import home
from tests.pages.painting import paint_answers, paint_run, store_dataset

SIZE = 40


def pictures(place: tuple[slice, slice]) -> tuple[list[np.ndarray], np.ndarray]:
    """Noise in which a spot is bright in half of the pictures."""
    rng = np.random.default_rng(0)
    truth = np.arange(40) % 2
    made = rng.integers(60, 120, (40, SIZE, SIZE, 3)).astype(np.uint8)
    for pixels, bright in zip(made, truth, strict=True):
        pixels[place] = 255 if bright else 0
    return list(made), truth


def by(place: tuple[slice, slice]) -> Callable[[Iterable[Any]], np.ndarray]:
    """A classifier that looks at a spot: bright is class 1."""

    def said(asked: Iterable[Any]) -> np.ndarray:
        bright = np.array([picture[place].mean() / 255 for picture in asked])
        return np.stack([1 - bright, bright], axis=1)

    return said


def test_a_mark_in_the_corner_is_found_out() -> None:
    corner = slice(0, 3), slice(0, 3)
    squares, truth = pictures(corner)
    found = border.judge(squares, truth, by(corner))
    assert (found.images, found.whole, found.border, found.guessed) == (40, 40, 40, 20)
    assert found.middle == 20, "all look alike without it"
    assert "it may go by a shortcut" in found.in_words()


def test_what_lies_in_the_middle_is_no_shortcut() -> None:
    middle = slice(16, 24), slice(16, 24)
    squares, truth = pictures(middle)
    found = border.judge(squares, truth, by(middle))
    assert (found.whole, found.middle) == (40, 40)
    assert found.border <= 20
    assert found.in_words() == "Little of its accuracy rests on the border."


def test_a_loss_alone_is_no_proof_of_a_shortcut() -> None:
    assert "though that alone tells it nothing" in Border(200, 190, 150, 100, 100).in_words()
    assert "Little" in Border(200, 190, 186, 100, 100).in_words()


def test_a_worker_looks_at_held_out_pictures_alone(
    thaw_home: Path, make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = store_dataset("colours", {"blue": 15, "green": 10, "red": 10, "other": 5})
    run = paint_run(data, classes=("blue", "green", "red"))
    for name in ("model.keras", "model.json"):
        shutil.copy(make_run() / name, run.folder / name)
    dataset = store.load(home.HOME.dataset(data))
    held_out = [each for each in dataset.of("validation") if each.label != "other"]
    found = tasks.border(run.folder)
    assert found.images == len(held_out)
    labels = [each.label for each in held_out]
    assert found.guessed == max(map(labels.count, labels))
    monkeypatch.setattr(border, "_MOST", 3)
    assert tasks.border(run.folder).images <= 3
    judged = {"blue/0.png": {"blue": 0.9}, "red/1.png": {"blue": 0.9}, "other/0.png": {"red": 0.9}}
    paint_answers(run, judged)
    found = tasks.border(run.folder)
    assert (found.images, found.guessed) == (2, 1), "those that it was evaluated on"
    files = {each.file for each in dataset.records if each.file.endswith(tuple(judged))}
    store.keep(home.HOME.dataset(data), changes.remove(dataset, files), "removed")
    with pytest.raises(UserError, match="None of the held-out pictures"):
        border.of_run(run)
