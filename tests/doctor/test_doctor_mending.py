"""Mending a stored data set as the check-up proposes."""

from pathlib import Path

import pytest

from core.datasets import store
from core.datasets.dataset import Dataset
from core.doctor.finding import Action, Checkup, Fix, Point, mend
from core.errors import UserError
from core.storage import home
from tests.pages.painting import store_dataset


@pytest.fixture
def folder(thaw_home: Path) -> Path:
    return home.HOME.dataset(store_dataset("pets", {"cat": 4, "dog": 4}))


def files(dataset: Dataset, label: str) -> list[str]:
    return [record.file for record in dataset.records if record.label == label]


def test_what_was_done_is_told_and_can_be_undone(folder: Path) -> None:
    before = store.load(folder)
    first, second, *_ = files(before, "cat")
    told = mend(folder, before, [Fix(Action.REMOVE, (first,), "Remove it")])
    assert told == f"1 picture removed ({Path(first).name})"
    assert first not in files(store.load(folder), "cat")
    told = mend(folder, store.load(folder), [Fix(Action.MOVE, (second,), "Move it", label="dog")])
    assert told.startswith("1 picture moved to “dog”")
    assert store.load(folder).told == told
    store.undo(folder)
    store.undo(folder)
    assert store.load(folder).counts == before.counts


def test_several_are_counted(folder: Path) -> None:
    dataset = store.load(folder)
    fixes = [Fix(Action.REMOVE, (file,), "Remove it") for file in files(dataset, "dog")[:2]]
    assert mend(folder, dataset, fixes) == "2 pictures removed"


def test_what_has_changed_meanwhile_is_not_mended(folder: Path) -> None:
    before = store.load(folder)
    file = files(before, "cat")[0]
    mend(folder, before, [Fix(Action.REMOVE, (file,), "Remove it")])
    with pytest.raises(UserError):
        mend(folder, before, [Fix(Action.REMOVE, (files(before, "cat")[1],), "Remove it")])


def test_what_came_after_a_check_up_is_counted(folder: Path) -> None:
    dataset = store.load(folder)
    known = [record.file for record in dataset.records][:6]
    seen = tuple(Point(file, 0.0, 0.0) for file in known[:5])
    found = Checkup(1, 6, (), seen, {known[5]: "copy of another"})
    assert found.not_looked_at(dataset) == 2
