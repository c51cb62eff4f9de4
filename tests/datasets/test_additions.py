"""Pictures that come to a data set: added, known already, left out, and nothing left behind."""

import os
from pathlib import Path

import pytest

from core.datasets import (
    additions,
    changes,
    image_files,
    store,
)
from core.datasets.additions import Added
from core.datasets.dataset import Dataset, Skipped
from core.errors import StopRequested, UserError
from core.intake.archives.archive import open_source
from core.settings import Grouping, SplitSettings
from core.storage import files, home
from tests.intake.painted import (
    classes,
    folder_of,
    png,
    zip_of,
)


@pytest.fixture
def folder(thaw_home: Path) -> Path:
    made = home.HOME.datasets() / "pets"
    store.create(made, changes.empty("pets", ["cat", "dog"], SplitSettings()))
    return made


def add(folder: Path, files: dict[str, bytes], label: str = "cat", report=lambda *_: None) -> Added:
    path = zip_of(folder.parent.parent / "some.zip", files)
    aside = folder.with_name("job") / "aside"
    return additions.add_images(open_source(path), folder, label, aside=aside, report=report)


def images(folder: Path) -> set[str]:
    return {path.name for path in (folder / "images").glob("*")}


def test_pictures_in_any_folders_come_to_one_class(folder: Path) -> None:
    added = add(folder, {"a.png": png(1), "holiday/b.png": png(2), "holiday/c.txt": b"text"})
    assert added.told == "2 pictures added to “cat”. 1 file was left out."
    assert [each.file for each in added.skipped] == ["holiday/c.txt"]
    dataset = store.load(folder)
    assert dataset.counts == {"cat": 2, "dog": 0}
    assert {record.split for record in dataset.records} == {"train", "validation"}
    assert (dataset.told, dataset.before) == ("2 pictures added to “cat”", 1)
    assert images(folder) == {record.digest for record in dataset.records}
    read = image_files.reader(folder)
    assert [read(record) for record in dataset.records] == [png(1), png(2)]
    assert all(image_files.thumbnail(folder, record.digest).is_file() for record in dataset.records)
    assert not (folder.with_name("job") / "aside").exists()
    assert store.undo(folder).counts == {"cat": 0, "dog": 0}


def test_a_folder_that_is_dropped_into_a_class_stays_together(thaw_home: Path) -> None:
    made = home.HOME.datasets() / "people"
    by_folder = SplitSettings(validation=0.4, group_by=Grouping.FOLDER)
    store.create(made, changes.empty("people", ["glad", "sad"], by_folder))
    for number, who in enumerate(("ann", "bob", "cy", "dee")):
        files = {f"{who}/{n}.png": png(10 * number + n) for n in range(5)}
        add(made, files, "glad")
    sides: dict[str | None, set[str]] = {}
    for record in store.load(made).records:
        sides.setdefault(record.folder, set()).add(record.split)
    assert len(sides) == 4
    assert all(len(on) == 1 for on in sides.values())


def test_what_was_there_already_is_said(folder: Path) -> None:
    add(folder, {"a.png": png(1), "b.png": png(2)})
    some = add(folder, {"again.png": png(1), "new.png": png(3), "b.png": png(2)})
    assert some.told == "1 picture added to “cat”. 2 pictures were already there."
    version = store.load(folder).version
    assert add(folder, {"a.png": png(1)}).told == "Nothing new. 1 picture was already there."
    assert store.load(folder).version == version, "where nothing changed, nothing can be undone"


def test_no_picture_at_all_is_the_users_mistake(folder: Path) -> None:
    with pytest.raises(UserError, match=r"None of these 2 files .* “a.txt”: "):
        add(folder, {"a.txt": b"x", "b.txt": b"y"})
    with pytest.raises(UserError, match=r"This picture cannot be read. “a.txt”: "):
        add(folder, {"a.txt": b"x"})
    assert store.load(folder).version == 1
    assert not images(folder)


def test_a_change_meanwhile_is_no_obstacle(folder: Path) -> None:
    """Between reading and keeping the class gets another name, and pictures of others come."""

    def report(done: int, total: int) -> None:
        if done == total == 2:
            now = store.load(folder)
            store.keep(folder, changes.rename(now, "cat", "kitten"), "renamed")

    added = add(folder, {"a.png": png(1), "b.png": png(2)}, report=report)
    assert added.told == "2 pictures added to “kitten”."
    assert store.load(folder).counts == {"dog": 0, "kitten": 2}


def test_it_is_added_again_where_somebody_was_faster(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, raced = store.keep, []

    def late(where: Path, changed: Dataset, told: str, brought: Path | None = None) -> Dataset:
        if not raced:
            raced.append(keep(where, changes.add_class(store.load(where), "bird"), "faster"))
        return keep(where, changed, told, brought)

    monkeypatch.setattr(store, "keep", late)
    assert add(folder, {"a.png": png(1)}).told == "1 picture added to “cat”."
    assert store.load(folder).counts == {"bird": 0, "cat": 1, "dog": 0}
    assert len(images(folder)) == 1


def test_a_class_deleted_meanwhile_gets_nothing(folder: Path) -> None:
    def report(done: int, total: int) -> None:
        if done == 0:
            store.keep(folder, changes.delete_class(store.load(folder), "cat"), "deleted")

    with pytest.raises(UserError, match="class “cat” is no longer there"):
        add(folder, {"a.png": png(1)}, report=report)
    assert not images(folder)


def test_a_stop_leaves_nothing(folder: Path) -> None:
    def report(done: int, total: int) -> None:
        if done == 1:
            raise StopRequested

    with pytest.raises(StopRequested):
        add(folder, {"a.png": png(1), "b.png": png(2)}, report=report)
    assert store.load(folder).version == 1
    assert not images(folder)
    assert not (folder.with_name("job") / "aside").exists()


def test_a_full_disk_takes_back_what_came(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json = files.write_json

    def full(path: Path, value: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(files, "write_json", full)
    with pytest.raises(OSError, match="full"):
        add(folder, {"a.png": png(1)})
    monkeypatch.setattr(files, "write_json", write_json)
    assert not images(folder)
    assert store.load(folder).version == 1


@pytest.fixture
def zoo(folder: Path, tmp_path: Path) -> Path:
    """Another data set, which has a picture in common with the first."""
    add(folder, {"a.png": png(0), "b.png": png(200)})
    other = home.HOME.datasets() / "zoo"
    source = open_source(folder_of(tmp_path / "zoo", classes({"Cat": 3, "emu": 2})))
    store.import_dataset(source, other, split=SplitSettings(), name="zoo")
    return other


def test_two_data_sets_become_one_and_can_be_parted_again(folder: Path, zoo: Path) -> None:
    added = additions.add_dataset(zoo, folder)
    assert added.told == "4 pictures added from “zoo”. 1 picture was already there."
    dataset = store.load(folder)
    assert dataset.counts == {"cat": 4, "dog": 0, "emu": 2}
    read = image_files.reader(folder)
    assert {read(record) for record in dataset.records} == {png(n) for n in (0, 1, 2, 3, 4, 200)}
    store.delete(home.HOME.dataset("zoo"))
    assert len([read(record) for record in dataset.records]) == 6
    assert store.undo(folder).counts == {"cat": 2, "dog": 0}


def test_where_files_cannot_be_linked_they_are_copied(
    folder: Path, zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(there: Path, here: Path) -> None:
        raise OSError("no links on this file system")

    monkeypatch.setattr(os, "link", refuse)
    additions.add_dataset(zoo, folder)
    store.delete(home.HOME.dataset("zoo"))
    read = image_files.reader(folder)
    assert len([read(record) for record in store.load(folder).records]) == 6


def test_a_picture_that_is_gone_from_the_other_one_changes_nothing(folder: Path, zoo: Path) -> None:
    before = images(folder)
    image_files.original(zoo, store.load(zoo).records[-1].digest).unlink()
    with pytest.raises(UserError, match="no longer"):
        additions.add_dataset(zoo, folder)
    assert images(folder) == before
    assert store.load(folder).counts == {"cat": 2, "dog": 0}


def test_a_picture_that_is_gone_from_this_one_is_no_hindrance(folder: Path, zoo: Path) -> None:
    image_files.original(folder, store.load(folder).records[0].digest).unlink()
    additions.add_dataset(zoo, folder)
    assert store.load(folder).counts == {"cat": 4, "dog": 0, "emu": 2}


def test_a_class_may_be_renamed_while_its_pictures_are_read(folder: Path) -> None:
    def rename(done: int, total: int) -> None:
        dataset = store.load(folder)
        if "cat" in dataset.classes:
            store.keep(folder, changes.rename(dataset, "cat", "kitten"), "renamed")

    assert add(folder, {"a.png": png(1)}, report=rename).told == "1 picture added to “kitten”."
    assert add(folder, {"b.png": png(2)}).told == "1 picture added to “kitten”."


def test_classes_without_images_come_along(folder: Path, zoo: Path) -> None:
    additions.add_dataset(folder, zoo)
    assert store.load(zoo).counts == {"Cat": 4, "dog": 0, "emu": 2}


def test_what_became_of_it_is_kept() -> None:
    added = Added("1 picture added.", (Skipped("a", "b"),))
    assert Added.from_dict(added.to_dict()) == added
