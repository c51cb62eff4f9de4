"""A data set goes out as a zip and comes in again as it was."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from core.datasets import (
    changes,
    image_files,
    packing,
    store,
)
from core.datasets.dataset import Dataset, Record
from core.datasets.grouping import groups_of
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.settings import Grouping, SplitSettings
from core.storage import home
from tests.intake.painted import classes, folder_of, png

_SPLIT = SplitSettings(0.25, test=0.25)


def stored(name: str, path: Path, split: SplitSettings = _SPLIT) -> tuple[Path, Dataset]:
    folder = home.HOME.datasets() / name
    return folder, store.import_dataset(open_source(path), folder, split=split, name=name)


def again(folder: Path, dataset: Dataset, path: Path, *, sides: bool) -> Dataset:
    """Out and in."""
    path.write_bytes(b"".join(packing.zipped(folder, dataset, sides=sides)))
    return stored("again", path)[1]


def images(dataset: Dataset) -> set[tuple[str, str]]:
    return {(record.label, record.digest) for record in dataset.records}


@pytest.fixture
def pets(thaw_home: Path, tmp_path: Path) -> tuple[Path, Dataset]:
    named = {"cat/tom/1.png": png(1), "cat/tom/2.png": png(2), "dog/rex.dat": png(3)}
    files = classes({"cat": 6, "dog": 8, "übel": 4}, start=10) | named
    return stored("pets", folder_of(tmp_path / "pets", files))


def test_it_comes_in_again_as_it_was(pets: tuple[Path, Dataset], tmp_path: Path) -> None:
    folder, dataset = pets
    back = again(folder, dataset, tmp_path / "out.zip", sides=False)
    assert (back.classes, images(back)) == (dataset.classes, images(dataset))
    assert not back.skipped
    kept = groups_of(back.records, Grouping.FOLDER)
    assert kept == groups_of(dataset.records, Grouping.FOLDER) != {}


def test_with_its_sides_it_is_divided_as_it_was(pets: tuple[Path, Dataset], tmp_path: Path) -> None:
    folder, dataset = pets
    back = again(folder, dataset, tmp_path / "out.zip", sides=True)
    sides = {record.digest: record.split for record in dataset.records}
    assert {record.digest: record.split for record in back.records} == sides
    assert set(sides.values()) == {"train", "validation", "test"}
    assert back.split_came_with_data
    assert images(back) == images(dataset)


def test_it_is_stored_whole_and_comes_in_pieces(pets: tuple[Path, Dataset]) -> None:
    folder, dataset = pets
    pieces = list(packing.zipped(folder, dataset, sides=False))
    largest = max(record.bytes for record in dataset.records)
    assert max(len(piece) for piece in pieces[:-1]) < largest + 200
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert not any(info.flag_bits & 8 for info in infos), "sizes stand before the images"
    assert b"".join(pieces) == b"".join(packing.zipped(folder, dataset, sides=False))


def painted(files: dict[str, str]) -> Dataset:
    """A manifest of images by file and class."""
    records = tuple(
        Record(file, label, "train", str(number), 1, 1, 1)
        for number, (file, label) in enumerate(files.items())
    )
    names = tuple(sorted(set(files.values())))
    # As archives name classes, which holds more than what may be typed.
    empty = changes.empty("x", [f"class {number}" for number in range(len(names))], SplitSettings())
    return replace(empty, classes=names, origins=names, records=records)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cat/1.png": "cat", "1.png": "cat"}, {"cat/1.png", "cat/2 1.png"}),
        ({"A.PNG": "cat", "b/a.png": "cat"}, {"cat/A.PNG", "cat/2 a.png"}),
        ({"a.png": "a/b", "b.png": "a:b"}, {"a_b/a.png", "2 a_b/b.png"}),
        ({"x.png": "..", "y.png": "con"}, {"_/x.png", "_con/y.png"}),
        ({"x.png": ".hidden", "y.png": "Thumbs.db"}, {".hidden/x.png", "_Thumbs.db/y.png"}),
        ({"x.png": ".22 LR", ".y.png": "..birds"}, {".22 LR/x.png", "..birds/_.y.png"}),
        ({'a<>"?*|.png': "cat"}, {"cat/a______.png"}),
        ({"cat/photo.dat": "cat", "nul.png": "cat"}, {"cat/photo_dat", "cat/_nul.png"}),
        ({f"{'ü' * 300}.png": "cat"}, {f"cat/{'ü' * 110}.png"}),
        ({"É.png": "cat", "E\u0301.png": "cat"}, {"cat/É.png", "cat/2 E\u0301.png"}),
    ],
)
def test_paths_are_safe_and_no_two_alike(files: dict[str, str], expected: set[str]) -> None:
    assert set(packing.paths(painted(files), sides=False)) == expected


# What Windows takes for a device, also in small letters, before an ending and before spaces.
DEVICES = [
    *("CON", "prn", "Aux", "NUL", "CONIN$", "conout$"),
    *(f"{port}{number}" for port in ("COM", "lpt") for number in "0123456789¹²³"),
]


@pytest.mark.parametrize("device", DEVICES)
def test_no_class_and_no_file_is_a_device_of_windows(device: str) -> None:
    for name in (device, f"{device}.png", f"{device}.tar.png", f"{device} .png", f"{device} "):
        (path,) = packing.paths(painted({f"x/{name}": name}), sides=False)
        for part in path.split("/"):
            assert part.partition(".")[0].strip().casefold() != device.casefold()
            assert device.casefold() in part.casefold(), "it is still recognised"


@pytest.mark.parametrize(
    "name", ["a.", "a..", "a. .", "a . ", " a", "a ", "...", " . ", "\t", "a\n"]
)
def test_no_part_of_a_path_ends_as_windows_cannot_keep_it(name: str) -> None:
    (path,) = packing.paths(painted({f"x/{name}.png": name}), sides=True)
    for part in path.split("/"):
        assert part == part.strip(" ").rstrip(" .") != ""
        assert part.isprintable()


@pytest.mark.parametrize("label", ["cat", "c" * 80, "c" * 400])
def test_paths_are_short_enough_to_be_unpacked_on_windows(label: str) -> None:
    files = {f"x/{'y' * 300}{number}.jpeg": label for number in range(12)}
    found = list(packing.paths(painted(files), sides=True))
    assert len({path.casefold() for path in found}) == 12
    for path in found:
        assert path.endswith(".jpeg")
        assert len(path) <= max(185, len(label[:240]) + 60)


def test_nothing_and_what_is_gone_is_said_before_anything_is_sent(
    pets: tuple[Path, Dataset],
) -> None:
    folder, dataset = pets
    with pytest.raises(UserError, match="no pictures to download yet"):
        packing.zipped(folder, replace(dataset, records=()), sides=False)
    pieces = packing.zipped(folder, dataset, sides=False)
    next(pieces)
    gone = dataset.records[-1]
    image_files.original(folder, gone.digest).unlink()
    with pytest.raises(UserError, match="is gone"):
        packing.zipped(folder, dataset, sides=False)
    with pytest.raises(UserError, match="is gone"):
        list(pieces)


def test_the_zip_is_called_after_the_data_set(pets: tuple[Path, Dataset]) -> None:
    assert packing.file_name(pets[1]) == "pets.zip"
    assert packing.file_name(replace(pets[1], name="../a b/c")) == "_.._a b_c.zip"
