"""Pictures that were called right but hard."""

from pathlib import Path

import pytest

from core.datasets import changes, store
from core.results.answers import hard
from core.storage import home
from tests.pages.painting import store_dataset


@pytest.fixture
def folder(thaw_home: Path) -> Path:
    return home.HOME.dataset(store_dataset("pets", {"cat": 4, "dog": 4}))


def test_a_mark_stays_until_it_is_taken_back(folder: Path) -> None:
    dataset = store.load(folder)
    assert hard.marked(folder, dataset) == set()
    hard.mark(folder, dataset, ["cat/0.png", "dog/1.png"], hard=True)
    hard.mark(folder, dataset, ["cat/2.png"], hard=True)
    assert hard.marked(folder, dataset) == {"cat/0.png", "dog/1.png", "cat/2.png"}
    hard.mark(folder, dataset, ["cat/0.png"], hard=False)
    assert hard.marked(folder, dataset) == {"dog/1.png", "cat/2.png"}
    assert store.load(folder).version == 1, "nothing about the pictures changes"


def test_it_goes_with_the_class_whatever_that_is_called(folder: Path) -> None:
    dataset = store.load(folder)
    hard.mark(folder, dataset, ["cat/0.png"], hard=True)
    renamed = changes.rename(dataset, "cat", "tiger")
    assert hard.marked(folder, renamed) == {"cat/0.png"}
    moved = changes.move(dataset, ["cat/0.png"], "dog")
    assert hard.marked(folder, moved) == set()


@pytest.mark.parametrize("damage", ["{", "5", "[[1]]", '{"a": 1}'])
def test_a_damaged_file_marks_nothing(folder: Path, damage: str) -> None:
    (folder / home.HARD).write_text(damage)
    assert hard.marked(folder, store.load(folder)) == set()


def test_a_data_set_that_is_gone_does_not_come_back(folder: Path) -> None:
    dataset = store.load(folder)
    store.delete(folder)
    hard.mark(folder, dataset, ["cat/0.png"], hard=True)
    assert not folder.exists()
