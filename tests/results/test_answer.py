"""One answer, everywhere: its schema, what it says of strangers, and what people choose."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.jobs import tasks
from core.network.familiarity import THRESHOLD
from core.results import predictions, predictor, thresholds
from core.results.answers import cut_off
from core.results.prediction import Prediction, as_table
from core.storage import files
from core.storage.runs import Run
from tests import answers

MakeRun = Callable[..., Path]
Picture = Callable[..., Path]


def taught() -> np.ndarray:
    """Strong red, green and blue, as `picture` paints them."""
    rng = np.random.default_rng(0)
    colours = np.eye(3)[np.arange(60) % 3]
    return (0.29 + 0.45 * colours + rng.normal(0, 0.02, (60, 3))).astype(np.float32)


def grey(tmp_path: Path) -> tuple[str, bytes]:
    Image.new("RGB", (40, 40), (128, 128, 128)).save(tmp_path / "grey.png")
    return "grey.png", (tmp_path / "grey.png").read_bytes()


def test_a_colour_between_two_classes_is_refused_although_it_is_near_both(
    make_run: MakeRun, tmp_path: Path
) -> None:
    """Reds and greens of all kinds, with some blue or none; never as much red as green."""
    rng = np.random.default_rng(0)

    def colours(count: int, least: float, most: float) -> np.ndarray:
        apart = rng.uniform(least, most, count) * rng.choice([-1, 1], count)
        return np.stack([0.5 + apart, 0.5 - apart, rng.uniform(0, 0.3, count)], axis=1)

    def known(run: Path, asked: np.ndarray) -> float:
        pictures = []
        for number, colour in enumerate(asked):
            Image.new("RGB", (40, 40), tuple((255 * colour).astype(int))).save(tmp_path / "a.png")
            pictures.append((str(number), (tmp_path / "a.png").read_bytes()))
        said = predictor.of_run(run).predict(pictures, 1)
        return float(np.mean([each.known for each in said]))

    own = colours(80, 0.02, 0.4)
    before = make_run("before", sharpness=100, taught=own)
    now = make_run("now", sharpness=100, taught=own, doubts=True)
    between, more = colours(30, 0.0, 0.002), colours(60, 0.03, 0.4)
    assert known(before, between) > 0.8
    assert known(now, between) < 0.1
    assert known(before, more) > 0.85
    assert known(now, more) > 0.85
    far = np.array(
        [[0.05, 0.05, 0.9], [0.9, 0.05, 0.9], [0.05, 0.95, 0.95]]
    )  # two of them are sure
    assert known(now, far) == known(before, far) == 0


def check(said: Prediction) -> dict[str, object]:
    answer = json.loads(json.dumps(said.answer(), allow_nan=False))
    answers.check(answer)
    return dict(answer)


def test_an_answer_is_as_its_schema_says(
    make_run: MakeRun, picture: Picture, tmp_path: Path
) -> None:
    run = make_run(taught=taught())
    file = picture("a.png", "green")
    own, strange = predictor.of_run(run).predict([("a", file.read_bytes()), grey(tmp_path)], 3)
    answer = check(own)
    assert set(answer) == {"label", "confidence", "top", "familiar", "known", "model"}
    assert (own.label, own.known) == ("green", True)
    assert own.familiar is not None
    assert own.familiar >= THRESHOLD
    assert check(strange)["known"] is False
    assert strange.label, "its best guess stays"
    assert own.model == strange.model


def test_a_frame_of_a_camera_gets_the_answer_of_a_picture(
    make_run: MakeRun, picture: Picture
) -> None:
    run = make_run(taught=taught())
    frame = picture("a.png", "blue").read_bytes()
    answer = tasks.predict_frame(run, frame, 3)
    answers.check(json.loads(json.dumps(answer, allow_nan=False)))
    (said,) = predictor.warm(run).predict([("a.png", frame)], 3)
    assert answer == said.answer()
    assert answer["label"] == "blue"


def test_what_is_no_answer_is_found_out(make_run: MakeRun, picture: Picture) -> None:
    run = make_run(taught=taught())
    (said,) = predictor.of_run(run).predict([("a", picture("a.png", "red").read_bytes())], 2)
    good = json.loads(json.dumps(said.answer()))
    spoiled: list[dict[str, object]] = [
        good | {"known": "yes"},
        good | {"familiar": 1.2},
        good | {"familiar": True},
        good | {"top": []},
        good | {"top": [["red"]]},
        good | {"model": "abc"},
        good | {"more": 1},
        {key: value for key, value in good.items() if key != "known"},
    ]
    for each in spoiled:
        with pytest.raises(AssertionError):
            answers.check(each)


def test_a_model_of_an_earlier_thaw_does_not_claim_to_know(
    make_run: MakeRun, picture: Picture
) -> None:
    (said,) = predictor.of_run(make_run()).predict([("a", picture("a.png", "red").read_bytes())], 2)
    answer = check(said)
    assert (answer["familiar"], answer["known"]) == (None, None)


def test_what_people_choose_counts_at_once(
    make_run: MakeRun, picture: Picture, tmp_path: Path
) -> None:
    run = make_run(taught=taught())
    pictures = [("a", picture("a.png", "red").read_bytes()), grey(tmp_path)]
    first = predictor.warm(run).predict(pictures, 1)
    assert [(each.known, each.sure) for each in first] == [(True, None), (False, None)]
    assert first[0].familiar is not None
    thresholds.keep_familiar(run, 0.0)
    cut_off.keep(run, 0.9)
    lax = predictor.warm(run).predict(pictures, 1)
    assert [each.known for each in lax] == [True, True]
    assert [each.sure for each in lax] == [first[0].confidence >= 0.9, False]
    assert check(lax[1])["sure"] is False
    thresholds.keep_familiar(run, THRESHOLD)
    cut_off.keep(run, None)
    assert predictor.warm(run).predict(pictures, 1) == first


def test_what_people_choose_counts_for_answers_that_are_kept(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = Run(make_run(taught=taught()))
    said = Prediction("a", "red", 0.8, (("red", 0.8),), None, None, familiar=0.03, model="0" * 64)
    predictions.keep(run, [said, replace(said, file="b", familiar=None, model=None)], {})
    b, a = sorted(predictions.kept(run), key=lambda each: each.file, reverse=True)
    assert (a.familiar, a.known, a.sure, a.model) == (0.03, False, None, "0" * 64)
    assert (b.familiar, b.known) == (None, None)
    thresholds.keep_familiar(run.folder, 0.01)
    cut_off.keep(run.folder, 0.5)
    a = next(each for each in predictions.kept(run) if each.file == "a")
    assert (a.known, a.sure) == (True, True)


@pytest.mark.parametrize("value", ["high", 2, -0.1, True, [0.5]])
def test_a_damaged_threshold_says_so(make_run: MakeRun, value: object) -> None:
    run = make_run(taught=taught())
    facts = files.read_json(run / "model.json")
    files.write_json(run / "model.json", facts | {"familiar": {"threshold": value}})
    with pytest.raises(UserError, match=r"model\.json"):
        thresholds.of(run)


@pytest.mark.parametrize("row", [{"familiar": 3}, {"familiar": "no"}, {"model": "../../x"}])
def test_a_damaged_row_of_kept_answers_is_passed_over(make_run: MakeRun, row: dict) -> None:  # type: ignore[type-arg]
    run = Run(make_run(taught=taught()))
    predictions.keep(run, [Prediction("a", "red", 0.8, (("red", 0.8),), None, None)], {})
    path = run.folder / "predictions" / "answers.json"
    found = files.read_json(path)
    found["answers"][0] |= row
    files.write_json(path, found)
    assert predictions.kept(run) == []


def test_a_table_says_it_too() -> None:
    said = Prediction("a", "red", 0.8, (("red", 0.8),), familiar=0.03, known=False)
    heading, row, older = as_table([said, replace(said, familiar=None, known=None)], 1)
    assert dict(zip(heading, row, strict=True)) | {"familiar": 0.03, "known": "no"} == dict(
        zip(heading, row, strict=True)
    )
    assert older[-2:] == ["", ""]


def test_an_evaluation_says_how_many_look_familiar(
    make_run: MakeRun, picture: Picture, tmp_path: Path
) -> None:
    from core.intake.archives.archive import open_source

    for colour in ("red", "green", "blue"):
        for number in range(6):
            picture(f"data/{colour}/{number}.png", colour, number)
    source = open_source(tmp_path / "data")
    found = predictor.of_run(make_run(taught=taught())).evaluate(source, lambda *_: None)
    assert found["accuracy"] == 1
    assert found["familiar"]["images"] == 18
    assert found["familiar"]["share"] == found["familiar"]["accepted"] / 18 > 0.7
    source = open_source(tmp_path / "data")
    older = predictor.of_run(make_run("older")).evaluate(source, lambda *_: None)
    assert older["familiar"] is None
