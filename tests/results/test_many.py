"""Many pictures of one archive: each is answered, or says why not."""

import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StopRequested, UserError
from core.intake.archives import archive
from core.results import predictions
from core.results.bulk import many
from core.storage.runs import Run

COLOURS = ("red", "green", "blue")


@pytest.fixture
def run(make_run: Callable[..., Path]) -> Run:
    return Run(make_run())


@pytest.fixture
def packed(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    """Nine pictures in folders, and a file that is none."""
    path = tmp_path / "holiday.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(9):
            file = picture(f"{number}.png", COLOURS[number % 3], seed=number)
            made.write(file, f"day {number // 3}/{number}.png")
        made.writestr("day 1/broken.png", b"no picture")
    return path


def answered(run: Run, path: Path, report: Callable[[int, int], None]) -> None:
    with closing(archive.open_source(path, "holiday")) as source:
        many.answer(run, source, report)


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_every_file_is_answered_the_least_sure_first(
    run: Run, packed: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(many, "_PART", at_once)
    told: list[tuple[int, int]] = []
    answered(run, packed, lambda *pair: told.append(pair))
    assert told == [(done, 10) for done in (*range(11), 10)]
    given = predictions.kept(run)
    *named, broken = given
    assert (broken.file, broken.error) == ("day 1/broken.png", "not an image but text")
    assert broken.original is None
    assert {each.file for each in named} == {f"day {n // 3}/{n}.png" for n in range(9)}
    for each in named:
        number = int(Path(each.file).stem)
        assert each.label == COLOURS[number % 3]
        assert isinstance(each.original, Path)
        with zipfile.ZipFile(packed) as made:
            assert each.original.read_bytes() == made.read(each.file)
    sure = [each.confidence for each in named]
    assert sure == sorted(sure)


def test_the_same_as_one_by_one(run: Run, packed: Path, tmp_path: Path) -> None:
    from core.results import predictor

    answered(run, packed, lambda *_: None)
    with zipfile.ZipFile(packed) as made:
        for each in predictions.kept(run)[:-1]:
            assert predictor.warm(run.folder).look("", made.read(each.file), 5).top == each.top


def test_what_cannot_be_read_from_the_archive_is_told_among_the_others(
    run: Run, packed: Path
) -> None:
    with zipfile.ZipFile(packed) as whole:
        (spoilt,) = (each for each in whole.infolist() if each.filename == "day 1/4.png")
    data = bytearray(packed.read_bytes())
    data[spoilt.header_offset + 30 + len(spoilt.filename) + 50] ^= 0x40
    packed.write_bytes(data)
    told: list[int] = []
    answered(run, packed, lambda done, _: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 10
    lost = {each.file: each.error for each in predictions.kept(run) if each.error}
    assert lost == {
        "day 1/4.png": "damaged inside the archive",
        "day 1/broken.png": "not an image but text",
    }
    assert len(predictions.kept(run)) == 10


def test_what_was_answered_before_a_stop_is_kept(run: Run, packed: Path) -> None:
    def report(done: int, total: int) -> None:
        if done == 4:
            raise StopRequested

    with pytest.raises(StopRequested):
        answered(run, packed, report)
    assert len(predictions.kept(run)) == 4


def test_too_many_are_refused_before_any_is_looked_at(
    run: Run, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "AT_ONCE", 9)
    with pytest.raises(UserError, match="at most 9 pictures at once, received 10"):
        answered(run, packed, lambda *_: None)
    assert predictions.kept(run) == []
