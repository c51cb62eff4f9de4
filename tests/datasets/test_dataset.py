"""Reading a source into a manifest."""

import io
import json
import threading
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import reading
from core.datasets.dataset import Dataset, Decoded
from core.errors import StopRequested, UserError
from core.intake.archives.archive import open_source
from core.settings import Grouping, SplitSettings
from core.shown import natural
from tests.intake.painted import classes, folder_of, png, zip_of


def read(path: Path, **options: object) -> Dataset:
    return reading.read(open_source(path), **{"split": SplitSettings(), **options})  # type: ignore[arg-type]


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "threads_for_pictures", lambda: 2)


def sides(found: Dataset) -> dict[str, str]:
    return {record.file: record.split for record in found.records}


def test_zip_and_folder_give_the_same(tmp_path: Path) -> None:
    files = classes({"rose": 7, "daisy": 10}, "flowers/") | {"flowers/rose/a.txt": b"no image"}
    from_zip = read(zip_of(tmp_path / "flowers.zip", files))
    from_folder = read(folder_of(tmp_path / "flowers", files))
    assert from_zip == from_folder
    assert from_zip.name == "flowers"
    assert from_zip.classes == ("daisy", "rose")
    assert from_zip.counts == {"daisy": 10, "rose": 7}
    assert from_zip.split_counts == {"train": 14, "validation": 3, "test": 0}
    assert [(one.file, one.reason) for one in from_zip.skipped] == [
        ("flowers/rose/a.txt", "not an image but text")
    ]
    assert not from_zip.split_came_with_data
    assert (from_zip.records[0].width, from_zip.records[0].height) == (12, 9)
    assert from_zip.total_bytes == sum(
        len(data) for name, data in files.items() if name.endswith("png")
    )


def test_file_names_and_order_do_not_matter_to_the_split(tmp_path: Path) -> None:
    files = classes({"a": 20, "b": 20})
    others = {
        f"wrapped/{name.split('/')[0]}/{99 - index}.png": data
        for index, (name, data) in enumerate(files.items())
    }
    one, two = (read(zip_of(tmp_path / f"{n}.zip", each)) for n, each in enumerate((files, others)))
    assert {r.digest: r.split for r in one.records} == {r.digest: r.split for r in two.records}


def test_a_test_side_is_held_out(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", classes({"a": 20, "b": 10}))
    found = read(path, split=SplitSettings(test=0.1))
    assert found.split_counts == {"train": 21, "validation": 6, "test": 3}
    assert not found.split_came_with_data


def test_a_test_side_that_came_is_all_there_is(tmp_path: Path) -> None:
    files = classes({"a": 10, "b": 10}, "train/") | classes({"a": 3, "b": 3}, "test/", start=20)
    found = read(zip_of(tmp_path / "x.zip", files), split=SplitSettings(test=0.3))
    assert found.split_counts == {"train": 16, "validation": 4, "test": 6}
    assert all(record.file.startswith("test/") for record in found.of("test"))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("by", [Grouping.NAME, Grouping.FOLDER])
def test_groups_are_on_one_side(seed: int, by: Grouping, tmp_path: Path) -> None:
    shot = "who{}_{}.png" if by is Grouping.NAME else "who{}/{}.png"
    files = {
        f"{label}/{shot.format(who, number)}": png(100 * place + 10 * who + number)
        for place, label in enumerate("ab")
        for who in range(6)
        for number in range(4)
    }
    settings = SplitSettings(0.2, seed, 0.2, by)
    found = read(folder_of(tmp_path / "x", files), split=settings)
    where: dict[str, set[str]] = {}
    for record in found.records:
        where.setdefault(record.file.split("/")[1].split("_")[0], set()).add(record.split)
    assert len(where) == 6
    assert all(len(split) == 1 for split in where.values())
    assert set(found.split_counts.values()) == {32, 8}


def test_a_class_of_one_group_is_told(tmp_path: Path) -> None:
    files = {f"a/shot{number}.png": png(number) for number in range(5)}
    folder = folder_of(tmp_path / "x", files | classes({"b": 9}, start=10))
    with pytest.raises(UserError, match=r"“a”.*all 5 belong together, as “shot”"):
        read(folder, split=SplitSettings(group_by=Grouping.NAME))


@pytest.mark.parametrize("seed", range(8))
def test_copies_are_on_one_side(seed: int, tmp_path: Path) -> None:
    files = classes({"a": 6, "b": 6})
    files |= {f"a/copy of {index}.png": png(index) for index in range(6)}
    found = read(folder_of(tmp_path / "x", files), split=SplitSettings(0.3, seed))
    where: dict[str, set[str]] = {}
    for record in found.records:
        where.setdefault(record.digest, set()).add(record.split)
    assert all(len(split) == 1 for split in where.values())
    assert {record.split for record in found.records if record.label == "a"} == {
        "train",
        "validation",
    }


def test_uploaded_split_is_kept(tmp_path: Path) -> None:
    files = classes({"a": 4, "b": 4}, "Train/") | classes({"a": 1}, "val/", 100)
    files |= classes({"a": 2, "b": 1}, "testing/", 200)
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.split_came_with_data
    assert found.split_counts == {"train": 8, "validation": 1, "test": 3}
    assert found.of("validation")[0].file == "val/a/0.png"


def test_train_and_test_without_validation(tmp_path: Path) -> None:
    files = classes({"a": 10, "b": 10}, "train/") | classes({"a": 3, "b": 3}, "test/", 100)
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.split_counts == {"train": 16, "validation": 4, "test": 6}
    assert all(
        (split == "test") == name.startswith("test/") for name, split in sides(found).items()
    )
    assert not found.split_came_with_data


def test_validation_folder_without_a_readable_image_is_none(tmp_path: Path) -> None:
    files = classes({"a": 5, "b": 5}, "train/") | {"val/a/1.png": b"broken"}
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.split_counts == {"train": 8, "validation": 2, "test": 0}
    assert not found.split_came_with_data


def test_class_without_training_images_in_an_uploaded_split(tmp_path: Path) -> None:
    files = classes({"a": 3}, "train/") | classes({"a": 2, "b": 2}, "val/", 50)
    files["train/b/1.png"] = b"broken"
    with pytest.raises(UserError, match=r"every class in the training folder.*“b”"):
        read(zip_of(tmp_path / "x.zip", files))


@pytest.mark.parametrize("good", [0, 1])
def test_class_without_enough_to_divide_in_train_beside_test(good: int, tmp_path: Path) -> None:
    files = classes({"a": 3}, "train/") | classes({"a": 2, "b": 2}, "test/", 50)
    files |= {"train/b/1.png": b"broken", "train/b/2.png": b"broken"}
    files |= {f"train/b/{name}.png": png(99) for name in ("x", "copy of x")} if good else {}
    with pytest.raises(UserError, match=rf"2 different pictures of every class.*“b” \({good}\)"):
        read(zip_of(tmp_path / "x.zip", files))


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({}, ["none with pictures was found"]),
        ({"1.png": png(1), "2.png": png(2)}, ["none with", "2 files", "“1.png”, not in a class"]),
        (classes({"a": 3}), ["only one was found, “a”"]),
        ({"notes/a.txt": b"x", "notes/b.txt": b"y"}, ["none with", "not an image"]),
        (classes({"a": 3, "b": 1}), ["at least 2 different", "“b” (1)"]),
        ({**classes({"a": 3}), "b/1.png": b"x"}, ["“b” (0)", "1 file was left out: “b/1.png”"]),
        (
            {**classes({"a": 3}), "b/1.png": png(9), "b/2.png": png(9)},
            ["at least 2 different", "“b” (1)"],
        ),
        (classes({"a": 3, **{f"c{n}": 1 for n in range(8)}}), ["“c4” (1), 3 more"]),
    ],
)
def test_too_little_is_told(files: dict[str, bytes], parts: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(zip_of(tmp_path / "x.zip", files))
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_folder_without_anything_called_a_picture_is_no_class(tmp_path: Path) -> None:
    files = classes({"cats": 3, "dogs": 3}) | {"meta/LICENSE": b"You may.", "meta/2/README": b"!"}
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.counts == {"cats": 3, "dogs": 3}
    assert [one.file for one in found.skipped] == ["meta/2/README", "meta/LICENSE"]
    pictures = classes({"cats": 3}) | {f"no ending/{number}": png(9 + number) for number in (1, 2)}
    found = read(zip_of(tmp_path / "y.zip", pictures | {"no ending/LICENSE": b"You may."}))
    assert found.counts == {"cats": 3, "no ending": 2}


def test_what_only_other_sides_hold_is_left_out(tmp_path: Path) -> None:
    files = classes({"Cat": 4, "Dog": 4}, "train/") | classes({"cat": 2, "bird": 2}, "val/", 20)
    files |= {f"test/{number}.png": png(90 + number) for number in range(2)}
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.counts == {"Cat": 6, "Dog": 4}
    assert found.split_counts == {"train": 8, "validation": 2, "test": 0}
    assert {one.file: one.reason for one in found.skipped} == {
        "test/0.png": "not in a class folder",
        "test/1.png": "not in a class folder",
        "val/bird/0.png": "its class “bird” is not among those to learn",
        "val/bird/1.png": "its class “bird” is not among those to learn",
    }


def test_damaged_member_is_skipped(tmp_path: Path) -> None:
    files = classes({"a": 3, "b": 3}) | {"a/bad.png": b"<<<damaged>>>"}
    path = zip_of(tmp_path / "x.zip", files)
    path.write_bytes(path.read_bytes().replace(b"<<<damaged>>>", b"<<<DAMAGED>>>"))
    found = read(path)
    assert [(one.file, one.reason) for one in found.skipped] == [
        ("a/bad.png", "damaged inside the archive")
    ]


def test_without_split_anything_labelled_will_do(tmp_path: Path) -> None:
    files = classes({"a": 2, "b": 1}, "train/") | classes({"a": 1}, "val/", 50)
    found = read(zip_of(tmp_path / "x.zip", files), split=None)
    assert found.split_counts == {"train": 0, "validation": 0, "test": 4}
    assert found.counts == {"a": 3, "b": 1}
    one = read(zip_of(tmp_path / "y.zip", classes({"only": 1})), split=None)
    assert one.counts == {"only": 1}
    with pytest.raises(UserError, match="none with pictures"):
        read(zip_of(tmp_path / "z.zip", {"a/1.png": b"broken"}), split=None)


def test_each_sees_every_image_with_its_bytes(tmp_path: Path) -> None:
    files = classes({"a": 30, "b": 30})
    seen: dict[str, Decoded] = {}
    found = read(zip_of(tmp_path / "x.zip", files), each=lambda one: seen.update({one.file: one}))
    assert {name: one.data for name, one in seen.items()} == files
    for record in found.records:
        one = seen[record.file]
        assert (one.label, one.digest, one.image.mode) == (record.label, record.digest, "RGB")
        painted = Image.open(io.BytesIO(files[record.file]))
        assert one.image.getpixel((0, 0)) == painted.getpixel((0, 0))


def test_report_counts_to_the_end_in_this_thread(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    mine = threading.get_ident()

    def report(done: int, total: int) -> None:
        assert threading.get_ident() == mine
        steps.append((done, total))

    read(zip_of(tmp_path / "x.zip", classes({"a": 9, "b": 9})), report=report)
    assert steps == [(done, 18) for done in range(19)]


@pytest.mark.usefixtures("two_threads")
def test_stop_ends_soon_and_leaves_no_thread(tmp_path: Path) -> None:
    decoded: list[str] = []

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise StopRequested

    with pytest.raises(StopRequested):
        read(
            zip_of(tmp_path / "x.zip", classes({"a": 150, "b": 150})),
            each=lambda one: decoded.append(one.file),
            report=stop,
        )
    assert len(decoded) <= 3 + 4 * 2 + 2
    assert not [one for one in threading.enumerate() if one.name.startswith("decode")]


def test_error_of_each_comes_through(tmp_path: Path) -> None:
    def fail(one: Decoded) -> None:
        raise RuntimeError(one.file)

    with pytest.raises(RuntimeError, match="a/0"):
        read(zip_of(tmp_path / "x.zip", classes({"a": 9, "b": 9})), each=fail)
    assert not [one for one in threading.enumerate() if one.name.startswith("decode")]


@pytest.mark.usefixtures("two_threads")
def test_only_a_few_images_are_in_memory_at_a_time(tmp_path: Path) -> None:
    decoded: list[str] = []
    most = 0

    def report(done: int, total: int) -> None:
        nonlocal most
        most = max(most, len(decoded) - done)

    read(
        zip_of(tmp_path / "x.zip", classes({"a": 100, "b": 100})),
        each=lambda one: decoded.append(one.file),
        report=report,
    )
    assert most <= 4 * 2


def test_through_json_and_back(tmp_path: Path) -> None:
    found = read(zip_of(tmp_path / "x.zip", classes({"a": 4, "b": 4}) | {"c.txt": b"c"}))
    values = json.loads(json.dumps(found.to_dict()))
    assert Dataset.from_dict(values) == found
    values["records"][0]["split"] = "elsewhere"
    with pytest.raises(ValueError, match="split"):
        Dataset.from_dict(values)


def test_natural_order() -> None:
    names = ["class 10", "class 9", "Class 1", "b", "A", "a", "10", "9"]
    assert sorted(names, key=natural) == [
        "9", "10", "A", "a", "b", "Class 1", "class 9", "class 10",
    ]  # fmt: skip
    assert sorted(["²", "2", "1²"], key=natural)
    assert sorted(["9" * 5000, "8" * 5000], key=natural) == ["8" * 5000, "9" * 5000]


@pytest.mark.filterwarnings("ignore:::PIL")
def test_awkward_folder(tmp_path: Path, material: Path) -> None:
    """Every file of the collection in one class: read, and each left out with its reason."""
    files = {f"odd/{path.name}": path.read_bytes() for path in (material / "awkward").iterdir()}
    found = read(zip_of(tmp_path / "x.zip", files | classes({"plain": 3})), at_least=64)
    assert found.counts["odd"] > 35
    assert {one.file for one in found.skipped} >= {"odd/zero_bytes.jpg", "odd/200MP.heic"}
    left = {one.file: one.reason for one in found.skipped}
    assert "hidden" in left["odd/.hidden.jpg"]
    assert left["odd/Thumbs.db"] == "left behind by Windows, not one of your pictures"
    assert len(found.records) + len(found.skipped) == len(files) + 3
