"""The way out for pictures that a run has named: a zip of folders by predicted class."""

import io
import zipfile
from dataclasses import replace

import pytest

from core.results import predictions
from core.results.prediction import Prediction
from core.storage import files
from core.storage.runs import Run
from core.web import answers
from tests.pages.painting import paint_run, painted
from tests.web.asking import Get


def said(file: str, label: str, **more: object) -> Prediction:
    whole = Prediction(file, label, 0.9, ((label, 0.9),), b"small " + file.encode())
    return replace(whole, original=b"as it came: " + file.encode(), **more)  # type: ignore[arg-type]


@pytest.fixture
def named(thaw_home: object) -> Run:
    run = paint_run(None, data="my pets / übel")
    facts = files.read_json(run.folder / "model.json")
    files.write_json(run.folder / "model.json", facts | {"familiar": {"threshold": 0.05}})
    given = [
        said("a/1.jpg", "cat", familiar=0.5),
        said("b/1.jpg", "cat", familiar=0.5),
        said("../../evil.png", "con", familiar=0.5),
        said("2.png", "../up", familiar=0.5),
        said("strange.png", "dog", familiar=0.01),
        Prediction("notes.txt", error="not an image"),
    ]
    predictions.keep(run, given, {})
    return run


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_pictures_come_in_folders_of_their_predicted_classes(get: Get, named: Run) -> None:
    answer = get(answers.address(named))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "my%20pets%20_%20%C3%BCbel-by-class.zip" in answer.headers["content-disposition"]
    assert unpacked(answer.content) == {
        "cat/1.jpg": b"as it came: a/1.jpg",
        "cat/2 1.jpg": b"as it came: b/1.jpg",
        "_con/evil.png": b"as it came: ../../evil.png",
        ".._up/2.png": b"as it came: 2.png",
        "none of these/strange.png": b"as it came: strange.png",
    }


def test_a_class_that_is_called_like_the_folder_of_strangers_has_its_own(
    get: Get, named: Run
) -> None:
    predictions.clear(named)
    predictions.keep(
        named,
        [said("1.jpg", "none of these", familiar=0.5), said("2.jpg", "cat", familiar=0.01)],
        {},
    )
    assert unpacked(get(answers.address(named)).content) == {
        "none of these/1.jpg": b"as it came: 1.jpg",
        "none of these (strangers)/2.jpg": b"as it came: 2.jpg",
    }


def test_what_is_no_longer_kept_as_it_came_is_a_small_copy(
    get: Get, named: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "ORIGINALS", 0)
    predictions.keep(named, [said("3.png", "cat", familiar=0.5)], {})
    found = unpacked(get(answers.address(named)).content)
    assert found["cat/3.jpg"] == b"small 3.png"
    assert all(content.startswith(b"small") for content in found.values())


def test_only_pages_of_this_server_know_the_permit(get: Get, named: Run) -> None:
    other = paint_run(None)
    good = answers.address(named)
    for bad in (
        good.partition("?")[0],
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.replace(named.id, other.id),
    ):
        assert get(bad).status == 403


def test_without_pictures_there_is_a_sentence(get: Get, named: Run) -> None:
    predictions.clear(named)
    predictions.keep(named, [Prediction("notes.txt", error="not an image")], {})
    answer = get(answers.address(named))
    assert answer.status == 404
    assert "no pictures to download" in answer.text
    named.delete()
    assert get(answers.address(named)).status == 404


def test_a_real_picture_is_the_same_file(get: Get, named: Run) -> None:
    predictions.clear(named)
    picture = painted(1)
    predictions.keep(named, [replace(said("p.png", "dog"), original=picture)], {})
    assert unpacked(get(answers.address(named)).content) == {"dog/p.png": picture}
