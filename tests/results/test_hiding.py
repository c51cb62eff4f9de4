"""A part of a picture is hidden: what decides must be found, and nothing else."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.jobs import tasks
from core.results.explaining import hiding, maps
from core.results.explaining.explained import Why
from core.results.explaining.maps import Method

SIZE = 56
CLASSES = ("red", "other")
SPOT = (slice(32, 48), slice(8, 24))  # places 8 to 11 and 2 to 5 of 14


def by_the_spot(pictures: Iterable[Any]) -> np.ndarray:
    """A made-up classifier that looks at one spot alone, as a shortcut would."""
    reds = [picture[SPOT][..., 0].mean() / 255 for picture in pictures]
    return np.array([[0.98 * red + 0.01, 0.99 - 0.98 * red] for red in reds])


def painted() -> np.ndarray:
    pixels = np.full((SIZE, SIZE, 3), 30, np.uint8)
    pixels[*SPOT, 0] = 255
    return pixels


def heat() -> np.ndarray:
    found = np.full((maps.GRID, maps.GRID), -0.1)
    found[8:12, 2:6] = 1.0
    return found


def test_a_region_holds_the_fewest_places_that_add_so_much() -> None:
    given = np.array([[4.0, -3.0], [1.0, 3.0]])
    assert hiding.region(given, 0.5).tolist() == [[True, False], [False, False]]
    assert hiding.region(given, 0.6).tolist() == [[True, False], [False, True]]
    assert hiding.region(given, 1.0).tolist() == [[True, False], [True, True]]
    assert not hiding.region(-np.abs(given), 1.0).any()


def test_hiding_what_decides_changes_the_answer_and_hiding_the_rest_does_not() -> None:
    pixels = painted()
    found = hiding.hide(pixels, heat(), by_the_spot, CLASSES, 0)
    assert found.hottest.share == pytest.approx(8 / maps.GRID**2)
    assert found.hottest.before < by_the_spot([pixels])[0][0] - 0.3
    assert found.rest.label == "red"
    assert found.rest.before == found.rest.confidence
    assert found.rest.before > 0.85
    # A map that points elsewhere: what is hidden does not matter, what is blurred does.
    elsewhere = hiding.hide(pixels, np.flipud(np.fliplr(heat())), by_the_spot, CLASSES, 0)
    assert elsewhere.hottest.label == "red"
    assert elsewhere.hottest.before == pytest.approx(by_the_spot([pixels])[0][0])
    assert elsewhere.rest.before < found.rest.before


def test_a_picture_without_heat_is_left_as_it_is_but_for_the_blur() -> None:
    pixels = painted()
    found = hiding.hide(pixels, -(heat() ** 2), by_the_spot, CLASSES, 0)
    assert np.array_equal(found.hottest.pixels, pixels)
    assert found.hottest.share == 0


def why(method: Method, *most: float) -> Why:
    heat = np.stack([np.full((maps.GRID, maps.GRID), each) for each in most])
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    return Why(method, pixels, CLASSES[: len(most)], (0.6, 0.4)[: len(most)], heat)


def test_no_map_is_shown_where_none_is_faithful() -> None:
    occluded = why(Method.OCCLUSION, 0.01, 0.4)
    assert "whichever part of the picture is covered" in (occluded.refused(0) or "")
    assert occluded.refused(1) is None
    exact = why(Method.EXACT, 0.01, -0.2)
    assert exact.refused(0) is None, "a sum is a sum, however small"
    assert "no place speaks for this class" in (exact.refused(1) or "")


def test_a_worker_hides_parts_of_a_picture(
    make_run: Callable[..., Path], picture: Callable[..., Path]
) -> None:
    run, asked = make_run(), picture("a.png", "red")
    found = tasks.hide(run, asked, "red")
    assert found.hottest.pixels.shape == found.rest.pixels.shape == (32, 32, 3)
    assert found.hottest.before < tasks.explain(run, asked).confidence[0]
    with pytest.raises(UserError, match="but not “dog”"):
        tasks.hide(run, asked, "dog")
    with pytest.raises(UserError, match="no longer on the server"):
        tasks.explain(run, asked.with_name("gone.png"))


def test_a_plain_picture_says_that_no_part_decides(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    """A network of one colour's mean: in a picture of one colour all places are the same."""
    Image.new("RGB", (40, 40), (200, 60, 60)).save(tmp_path / "plain.png")
    found = tasks.explain(make_run(), tmp_path / "plain.png")
    assert found.classes[0] == "red"
    assert found.method is Method.EXACT
    assert found.heat[0].min() > 0, "every place speaks for it, and the map says so"
