"""The kept model at work: the same answers as plain Keras, for any mixture of files."""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.backbones.frameworks import keras
from core.errors import StopRequested, UserError
from core.intake.archives.archive import open_source
from core.intake.parallel import threads_for_pictures
from core.intake.pictures import images
from core.network import engine
from core.results import predictor
from core.results.predictor import of_run
from core.settings import Squaring
from core.storage import files

MakeRun = Callable[..., Path]
Picture = Callable[..., Path]


def named(*paths: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in paths]


def no_report(done: int, total: int) -> None:
    pass


def test_answers_are_those_of_plain_keras(make_run: MakeRun, picture: Picture) -> None:
    run = make_run()
    files = [picture(f"{c}{n}.png", c, n) for c in ("red", "green", "blue") for n in range(4)]
    pixels = np.stack([images.to_square(images.decode(p.read_bytes()), 32) for p in files])
    expected = keras.models.load_model(run / "model.keras").predict(pixels, verbose=0)
    got = of_run(run).probabilities(pixels)
    assert np.abs(got - expected).max() <= 1e-5
    predictions = of_run(run).predict(named(*files), top=3)
    assert [p.label for p in predictions] == ["red"] * 4 + ["green"] * 4 + ["blue"] * 4
    for prediction, row in zip(predictions, expected, strict=True):
        assert [name for name, _ in prediction.top] == [
            ("blue", "green", "red")[i] for i in np.argsort(-row)
        ]
        np.testing.assert_allclose(
            [c for _, c in prediction.top], sorted(-row) * np.array(-1), atol=2e-5
        )


def test_files_keep_their_order_and_one_that_cannot_be_read_says_why(
    make_run: MakeRun, picture: Picture
) -> None:
    files = named(picture("a.png", "red"), picture("b.png", "blue"), picture("c.png", "green"))
    files.insert(0, ("first.txt", b"no picture"))
    files.insert(2, ("empty.jpg", b""))
    files.append(("cut.png", files[-1][1][:200]))
    predictions = of_run(make_run()).predict(files, top=1)
    assert [p.file for p in predictions] == [name for name, _ in files]
    assert [p.label for p in predictions] == ["", "red", "", "blue", "green", ""]
    for prediction in predictions:
        if prediction.label:
            assert prediction.error is None
            assert prediction.thumbnail
            assert Image.open(io.BytesIO(prediction.thumbnail)).format == "JPEG"
            assert prediction.top == ((prediction.label, prediction.confidence),)
        else:
            assert prediction.error
            assert prediction.top == ()
            assert prediction.thumbnail is None


def test_pictures_become_square_as_in_the_training(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    assert (
        of_run(run).preparation.square is Squaring.SQUASH
    )  # it is of a time when there was no choice
    wide = Image.new("RGB", (90, 30), (220, 20, 20))
    wide.paste((20, 20, 220), (30, 0, 60, 30))
    wide.save(tmp_path / "wide.png")
    wanted = named(tmp_path / "wide.png")
    seen = {}
    for way in Squaring:
        files.write_json(run / "model.json", files.read_json(run / "model.json") | {"square": way})
        (said,) = of_run(run).predict(wanted, top=3)
        seen[way] = said.seen
        assert said.label == ("blue" if way is Squaring.CROP else "red")
    assert seen[Squaring.SQUASH] is None
    for way in (Squaring.CROP, Squaring.PAD):
        picture = Image.open(io.BytesIO(seen[way] or b""))
        assert picture.size == (32, 32)
        red, _, blue = picture.convert("RGB").getpixel((2, 16))  # type: ignore[misc]
        assert (blue > 180) == (way is Squaring.CROP)
        assert (red > 180) == (way is Squaring.PAD)


def test_an_evaluation_too_sees_squares_as_in_the_training(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run()
    for label in ("red", "blue"):
        (tmp_path / "data" / label).mkdir(parents=True)
        wide = Image.new("RGB", (90, 30), (20, 220, 20))
        wide.paste((220, 20, 20) if label == "red" else (20, 20, 220), (30, 0, 60, 30))
        wide.save(tmp_path / "data" / label / "wide.png")
    found = {}
    for way in (Squaring.SQUASH, Squaring.CROP):
        files.write_json(run / "model.json", files.read_json(run / "model.json") | {"square": way})
        found[way] = of_run(run).evaluate(open_source(tmp_path / "data"), no_report)["accuracy"]
    assert found == {Squaring.SQUASH: 0.0, Squaring.CROP: 1.0}


def test_one_picture_is_named_as_among_others_without_one_to_show(
    make_run: MakeRun, picture: Picture
) -> None:
    warm = of_run(make_run())
    for name, data in (*named(picture("a.png", "red")), ("b.png", b"no picture")):
        (among_others,) = warm.predict([(name, data)], 2)
        alone = warm.look(name, data, 2)
        assert alone == replace(among_others, thumbnail=None)
        assert list(warm.each([(name, data)], 2)) == [alone]
    (small,) = warm.each(named(picture("a.png", "red")), 2, 20)
    assert isinstance(small.thumbnail, bytes)
    assert Image.open(io.BytesIO(small.thumbnail)).size == (20, 13)


def test_files_are_read_only_a_few_ahead_of_the_answers(
    make_run: MakeRun, picture: Picture
) -> None:
    (file,) = named(picture("a.png", "red"))
    read = 0

    def files() -> Iterator[tuple[str, bytes]]:
        nonlocal read
        for read in range(1, 501):  # noqa: B007
            yield file

    answers = of_run(make_run()).each(files(), 1)
    assert next(answers).label == "red"
    assert read <= 4 * threads_for_pictures()
    assert sum(said.label == "red" for said in answers) == 499


def test_any_number_of_threads_may_ask_at_the_same_time(
    make_run: MakeRun, picture: Picture
) -> None:
    colours = ["red", "green", "blue"] * 10
    made = named(*(picture(f"{n}.png", colour, n) for n, colour in enumerate(colours)))
    warm = of_run(make_run())
    alone = [warm.look(name, data, 3) for name, data in made]
    with ThreadPoolExecutor(12) as pool:
        looked = [pool.submit(warm.look, name, data, 3) for name, data in made]
        together = [pool.submit(lambda: list(warm.each(made, 3))) for _ in range(3)]
        assert [each.result() for each in looked] == alone
        assert [each.result() for each in together] == [alone] * 3


def test_nothing_but_unreadable_files(make_run: MakeRun) -> None:
    (prediction,) = of_run(make_run()).predict([("a", b"x")], top=3)
    assert prediction.error
    assert of_run(make_run()).predict([], top=3) == []


def test_the_same_picture_twice(make_run: MakeRun, picture: Picture) -> None:
    file = named(picture("a.png", "red"))
    one, two = of_run(make_run()).predict(file * 2, top=2)
    assert one == two


@pytest.mark.parametrize(("top", "named_classes"), [(1, 1), (2, 2), (3, 3), (99, 3)])
def test_top(make_run: MakeRun, picture: Picture, top: int, named_classes: int) -> None:
    (prediction,) = of_run(make_run()).predict(named(picture("a.png", "red")), top)
    assert len(prediction.top) == named_classes
    assert prediction.top[0] == ("red", prediction.confidence)
    confidences = [confidence for _, confidence in prediction.top]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize("top", [0, -1])
def test_top_must_name_something(make_run: MakeRun, picture: Picture, top: int) -> None:
    with pytest.raises(UserError, match="at least 1 class"):
        of_run(make_run()).predict(named(picture("a.png", "red")), top)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path.name} holds no model"):
        of_run(tmp_path)
    with pytest.raises(UserError, match="nowhere is not there"):
        of_run(tmp_path / "nowhere")


def labelled(picture: Picture, folder: str, **counts: int) -> Path:
    for colour, count in counts.items():
        for number in range(count):
            path = picture(f"{folder}/{colour}/{number}.png", colour, number)
    return path.parents[1]


def test_evaluation_counts_all_images(make_run: MakeRun, picture: Picture) -> None:
    folder = labelled(picture, "data", red=5, blue=2, green=1)
    picture("data/green/wrong.png", "blue", 99)
    reports: list[tuple[int, int]] = []
    found = of_run(make_run()).evaluate(
        open_source(folder), lambda done, total: reports.append((done, total))
    )
    assert found["images"] == 9
    assert found["accuracy"] == 8 / 9
    assert found["confusion"] == [[2, 0, 0], [1, 1, 0], [0, 0, 5]]
    assert [m["file"] for m in found["mistakes"]] == ["green/wrong.png"]
    assert reports[-1] == (9, 9)


def test_evaluation_of_some_of_the_classes(make_run: MakeRun, picture: Picture) -> None:
    found = of_run(make_run()).evaluate(
        open_source(labelled(picture, "data", red=2, green=1)), no_report
    )
    assert found["images"] == 3
    assert found["per_class"]["blue"]["images"] == 0
    assert found["accuracy"] == 1


def test_evaluation_matches_names_whatever_their_capitals(
    make_run: MakeRun, picture: Picture
) -> None:
    folder = labelled(picture, "data", red=2, blue=2)
    for name in ("red", "blue"):
        (folder / name).rename(folder / name.upper())
    found = of_run(make_run()).evaluate(open_source(folder), no_report)
    assert found["accuracy"] == 1
    assert found["per_class"]["red"]["images"] == 2


def test_evaluation_uses_the_test_side_of_a_split(make_run: MakeRun, picture: Picture) -> None:
    labelled(picture, "data/train", red=2, blue=2)
    root = labelled(picture, "data/test", red=1, blue=1).parent
    found = of_run(make_run()).evaluate(open_source(root), no_report)
    assert (found["images"], found["side"], found["learned_from"]) == (2, "test", None)


def test_unknown_classes_are_refused_by_name(make_run: MakeRun, picture: Picture) -> None:
    folder = labelled(picture, "data", red=1, blue=1)
    picture("data/violet/0.png", "blue")
    picture("data/amber/0.png", "red")
    warm = of_run(make_run())
    with pytest.raises(UserError, match=r"knows blue, green, red.*amber, violet"):
        warm.evaluate(open_source(folder), no_report)
    (prediction,) = warm.predict(named(picture("a.png", "red")), 1)  # and it still works
    assert prediction.label == "red"


def test_an_evaluation_that_was_stopped_leaves_nothing_in_the_way(
    make_run: MakeRun, picture: Picture
) -> None:
    folder = labelled(picture, "data", red=3, blue=3)
    warm = of_run(make_run())

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise StopRequested

    with pytest.raises(StopRequested):
        warm.evaluate(open_source(folder), stop)
    assert warm.evaluate(open_source(folder), no_report)["accuracy"] == 1


@pytest.fixture
def cold() -> None:
    predictor._warm.cache_clear()


@pytest.mark.usefixtures("cold")
def test_a_model_stays_warm_until_it_changes(
    make_run: MakeRun, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    compile_one = engine.compiled

    def counting(*given: Any) -> Any:
        compiled.append(given[0])
        return compile_one(*given)

    monkeypatch.setattr(engine, "compiled", counting)
    run, file = make_run(), named(picture("a.png", "red"))
    first = predictor.warm(run).predict(file, 3)
    assert predictor.warm(run).predict(file, 3) == first
    assert len(compiled) == 1
    make_run(sharpness=1.0)  # trained again into the same folder
    later = os.stat(run / "model.keras").st_mtime_ns + 10**9
    os.utime(run / "model.keras", ns=(later, later))
    (changed,) = predictor.warm(run).predict(file, 3)
    assert len(set(compiled)) == 2
    assert changed.label == "red"
    assert changed.confidence < first[0].confidence


@pytest.mark.usefixtures("cold")
def test_a_run_that_is_gone_is_told(make_run: MakeRun, picture: Picture) -> None:
    run, file = make_run(), named(picture("a.png", "red"))
    predictor.warm(run).predict(file, 1)
    (run / "model.keras").unlink()
    with pytest.raises(UserError, match="holds no model"):
        predictor.warm(run)


def test_a_compiled_model_needs_no_keras_again(
    make_run: MakeRun, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    of_run(run)
    monkeypatch.setattr(predictor, "load_model", lambda _: pytest.fail("the model is loaded again"))
    (prediction,) = of_run(run).predict(named(picture("a.png", "green")), 1)
    assert prediction.label == "green"
