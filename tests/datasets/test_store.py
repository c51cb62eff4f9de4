"""Data sets that the app keeps."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import changes, image_files, store
from core.datasets.dataset import Dataset
from core.datasets.feed import StoredFeed
from core.errors import StopRequested, UserError
from core.intake.archives.archive import open_source
from core.settings import SplitSettings
from core.storage import files, home
from tests.intake.painted import classes, png, zip_of


def kept(tmp_path: Path, dataset_id: str = "one", start: int = 0) -> tuple[Path, Dataset]:
    files = classes({"a": 5, "b": 5}, start=start) | {"a/copy.png": png(start)}
    source = open_source(zip_of(tmp_path / f"{dataset_id}.zip", files))
    folder = home.HOME.dataset(dataset_id)
    return folder, store.import_dataset(source, folder, split=SplitSettings(), name="Mine")


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_import_keeps_bytes_thumbnails_and_manifest(tmp_path: Path) -> None:
    folder, dataset = kept(tmp_path)
    assert dataset.name == "Mine"
    assert store.load(folder) == dataset
    digests = {record.digest for record in dataset.records}
    assert len(dataset.records) == 11
    assert files_in(folder) == sorted(
        ["manifest.json"]
        + [f"images/{digest}" for digest in digests]
        + [f"thumbnails/{digest}.jpg" for digest in digests]
    )
    read_bytes = image_files.reader(folder)
    for record in dataset.records:
        data = image_files.original(folder, record.digest).read_bytes()
        assert hashlib.sha256(data).hexdigest() == record.digest
        assert read_bytes(record) == data
        assert Image.open(image_files.thumbnail(folder, record.digest)).format == "JPEG"


def test_thumbnails_are_small(tmp_path: Path) -> None:
    large = io.BytesIO()
    Image.effect_noise((1500, 900), 60).save(large, "JPEG")
    files = classes({"a": 3, "b": 3}) | {"a/large.jpg": large.getvalue()}
    folder = home.HOME.dataset("one")
    dataset = store.import_dataset(
        open_source(zip_of(tmp_path / "x.zip", files)), folder, split=SplitSettings(), name="x"
    )
    (record,) = (one for one in dataset.records if one.file == "a/large.jpg")
    assert (record.width, record.height) == (1500, 900)
    assert Image.open(image_files.thumbnail(folder, record.digest)).size == (240, 144)


@pytest.mark.parametrize("why", ["stopped", "too few", "disk full"])
def test_what_fails_leaves_only_what_was_there(
    why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.HOME.dataset("one")
    folder.mkdir(parents=True)
    (folder / "progress.jsonl").write_text("{}\n")
    expected: type[Exception] = UserError

    def report(done: int, total: int) -> None:
        if why == "stopped" and done == 4:
            raise StopRequested

    if why == "stopped":
        expected = StopRequested
    if why == "disk full":

        def full(path: Path, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
    path = zip_of(tmp_path / "x.zip", classes({"a": 8, "b": 1 if why == "too few" else 8}))
    with pytest.raises(expected) as caught:
        store.import_dataset(
            open_source(path), folder, split=SplitSettings(), name="x", report=report
        )
    assert files_in(folder) == ["progress.jsonl"]
    assert not (folder / "images").exists()
    assert (why == "disk full") == ("no room left" in str(caught.value))


def test_the_disk_is_asked_before_anything_is_written(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        with (tmp_path / "pictures" / label / "1.png").open("wb") as file:
            file.truncate(8 * 10**12)  # more than this disk has; it takes no room
    folder = home.HOME.dataset("one")
    with pytest.raises(UserError, match="are free"):
        store.import_dataset(
            open_source(tmp_path / "pictures"), folder, split=SplitSettings(), name="Mine"
        )
    assert not folder.exists()


def test_ids_are_newest_first(tmp_path: Path) -> None:
    assert store.all_ids(home.HOME) == []
    kept(tmp_path, "20250101-000000-aa", 0)
    kept(tmp_path, "20250301-000000-bb", 50)
    home.HOME.dataset("20250401-000000-dd").mkdir()
    (home.HOME.datasets() / ".deleted-1234").mkdir()
    (home.HOME.datasets() / "a file").write_text("?")
    assert store.all_ids(home.HOME) == ["20250301-000000-bb", "20250101-000000-aa"]


@pytest.mark.parametrize("manifest", [None, "", "[]", "{}", '{"name": 1, "classes": 2}', "\x00"])
def test_load_of_what_is_none(manifest: str | None) -> None:
    folder = home.HOME.dataset("one")
    folder.mkdir(parents=True)
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    with pytest.raises(UserError, match="Import it again"):
        store.load(folder)


def test_delete(tmp_path: Path) -> None:
    folder, _ = kept(tmp_path)
    store.delete(home.HOME.dataset("one"))
    assert not folder.exists()
    assert list(home.HOME.datasets().iterdir()) == []
    store.delete(home.HOME.dataset("one"))


@pytest.mark.parametrize("name", ["..", "../runs", "", "a/b", "/etc", "A", ".deleted-1"])
def test_ids_from_an_address_bar(name: str) -> None:
    with pytest.raises(UserError, match="no such data set"):
        store.delete(home.HOME.dataset(name))
    with pytest.raises(UserError, match="no such data set"):
        home.HOME.dataset(name)


def test_stored_images_are_read_once_and_only_where_wanted(tmp_path: Path) -> None:
    folder, dataset = kept(tmp_path)
    feed = StoredFeed(folder)
    assert feed.count == 11
    seen: list[str] = []
    steps: list[tuple[int, int]] = []
    found = feed.read(
        lambda digest: True,
        lambda one: seen.append(one.digest),
        64,
        lambda done, total: steps.append((done, total)),
    )
    assert found == dataset
    assert sorted(seen) == sorted({record.digest for record in dataset.records})
    assert steps == [(done, 10) for done in range(11)]
    one = dataset.records[0].digest
    seen.clear()
    feed.read(lambda digest: digest == one, lambda each: seen.append(each.digest), 64, print)
    assert seen == [one]


def test_image_that_is_gone_or_changed_is_told(tmp_path: Path) -> None:
    folder, dataset = kept(tmp_path)
    image_files.original(folder, dataset.records[0].digest).unlink()
    image_files.original(folder, dataset.records[-1].digest).write_bytes(b"other")
    with pytest.raises(UserError, match="is gone from the data set"):
        image_files.reader(folder)(dataset.records[0])
    with pytest.raises(UserError, match="has changed"):
        image_files.reader(folder)(dataset.records[-1])
    with pytest.raises(UserError):
        StoredFeed(folder).read(lambda _: True, print, 64, lambda done, total: None)


def test_a_change_is_another_version_and_can_be_undone(tmp_path: Path) -> None:
    folder, first = kept(tmp_path)
    second = store.keep(folder, changes.remove(first, ["a/0.png"]), "1 image deleted")
    third = store.keep(folder, changes.rename(second, "a", "apples"), "“a” renamed")
    assert (second.version, third.version) == (2, 3)
    assert (third.before, third.told) == (2, "“a” renamed")
    assert store.load(folder) == third
    assert [store.load(folder, number).classes for number in (1, 2, 3)] == [
        ("a", "b"),
        ("a", "b"),
        ("apples", "b"),
    ]
    assert store.undo(folder) == second
    assert store.undo(folder) == first == store.load(folder)
    with pytest.raises(UserError, match="nothing to undo"):
        store.undo(folder)
    other = store.keep(folder, changes.rename(first, "b", "bears"), "“b” renamed")
    assert (other.version, other.before) == (4, 1), "a run may have learned from version 2"
    assert store.load(folder, 3) == third


def test_two_who_change_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    folder, first = kept(tmp_path)
    store.keep(folder, changes.remove(first, ["a/0.png"]), "1 image deleted")
    with pytest.raises(UserError, match="meanwhile"):
        store.keep(folder, changes.remove(first, ["a/1.png"]), "1 image deleted")


def test_a_deleted_image_stays_until_it_is_forgotten(tmp_path: Path) -> None:
    folder, first = kept(tmp_path)
    gone = next(record for record in first.records if record.file == "b/0.png")
    second = store.keep(folder, changes.remove(first, ["b/0.png"]), "1 image deleted")
    assert store.unused(folder) == gone.bytes
    StoredFeed(folder, 1).read(lambda _: True, lambda _: None, 64, lambda done, total: None)
    store.forget(folder)
    assert store.unused(folder) == 0
    assert not image_files.original(folder, gone.digest).exists()
    assert not image_files.thumbnail(folder, gone.digest).exists()
    for record in second.records:
        assert image_files.original(folder, record.digest).is_file()
    with pytest.raises(UserError, match="deleted"):
        store.load(folder, 1)
    with pytest.raises(UserError, match="nothing to undo"):
        store.undo(folder)
    assert store.keep(folder, changes.add_class(store.load(folder), "c"), "a class").version == 3


def test_what_changes_nothing_makes_no_version(tmp_path: Path) -> None:
    folder, dataset = kept(tmp_path)
    assert store.keep(folder, store.load(folder), "nothing") == dataset
    assert store.load(folder).version == 1


def test_the_number_of_a_forgotten_version_is_not_used_again(tmp_path: Path) -> None:
    """A run that remembers it would learn from other images."""
    folder, first = kept(tmp_path)
    store.keep(folder, changes.remove(first, ["b/0.png"]), "1 image deleted")
    store.undo(folder)
    store.forget(folder)
    assert store.keep(folder, changes.add_class(store.load(folder), "c"), "a class").version == 3
    with pytest.raises(UserError, match="deleted"):
        store.load(folder, 2)


def test_manifests_of_the_first_thaw_are_read(tmp_path: Path) -> None:
    folder, dataset = kept(tmp_path)
    manifest = dataset.to_dict()
    for added_since in ("divided", "origins", "version", "before", "told"):
        del manifest[added_since]
    for each in manifest["records"]:
        del each["folder"]
    files.write_json(folder / "manifest.json", manifest)
    assert store.load(folder) == dataset
