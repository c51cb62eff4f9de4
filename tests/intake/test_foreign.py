"""Projects and exports of other programs, laid out as these write them, are read without asking."""

import json
import zipfile
from pathlib import Path

import pytest

from core.cli.main import main
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.layouts import layout
from core.intake.layouts.labelling import Reading, Unclear
from tests.intake.painted import png, zip_of

APPDATA = {"trainEpochs": 50, "trainBatchSize": 16, "trainLearningRate": 0.001}
TEACHABLE = json.dumps({"type": "image", "version": "2.4.7", "appdata": APPDATA}).encode()
METADATA = {
    "packageName": "@teachablemachine/image",
    "labels": ["Cat", "Hund", "2 birds"],
    "imageSize": 224,
    "projectId": "4f9a",
}
ROBOFLOW = {
    "README.dataset.txt": b"# pets > 2024-01-01 9:00am\nhttps://universe.roboflow.com/x",
    "README.roboflow.txt": b"pets - v1\n==========\nThe dataset includes 12 images.\n",
}

Files = dict[str, bytes]


def painted(*names: str) -> Files:
    """A picture of its own under each name."""
    return {name: png(number) for number, name in enumerate(names)}


def teachable(*classes: str) -> Files:
    pictures = (f"{label}-!-{n}.jpg" for label in classes for n in range(3))
    return {"manifest.json": TEACHABLE, **painted(*pictures)}


def genai() -> Files:
    """As its current version writes it, with the model beside the samples."""
    model = {"model.json": b"{}", "weights.bin": bytes(40), "behaviours.json": b"{}"}
    samples = painted(*(f"samples/{label}_{n}.png" for label in range(3) for n in range(11)))
    return {"metadata.json": json.dumps(METADATA).encode(), **model, **samples}


def roboflow_table(side: str, *classes: str) -> Files:
    """One side: pictures beside a table with a space before each column but the first."""
    files, rows = {}, [["filename", *classes]]
    for n in range(6):
        name = f"{n}_jpg.rf.{side}{n:08x}.jpg"
        files[f"{side}/{name}"] = png(1000 + n + len(side) * 50)
        rows.append([name, *(str(int(n % len(classes) == k)) for k in range(len(classes)))])
    return files | {f"{side}/_classes.csv": "\n".join(map(", ".join, rows)).encode()}


def edge_impulse(*unlabeled: int) -> tuple[Files, list[dict[str, object]]]:
    files: Files = {}
    rows: list[dict[str, object]] = []
    for category in ("training", "testing"):
        for label in ("cat", "dog"):
            for n in range(4):
                path = f"{category}/{label}.{n}.jpg.3abc{n}.jpg"
                files[path] = png(len(rows))
                said = {"type": "label", "label": label}
                rows.append(
                    {
                        "path": path,
                        "name": f"{label}.{n}.jpg",
                        "category": category,
                        "label": {"type": "unlabeled"} if len(rows) in unlabeled else said,
                        "metadata": {"camera": "a" if n else "b"},
                        "boundingBoxes": [],
                    }
                )
    return files, rows


def info(rows: list[dict[str, object]]) -> bytes:
    return json.dumps({"version": 1, "files": rows}).encode()


FILES, ROWS = edge_impulse()
SOME_FILES, SOME_ROWS = edge_impulse(0, 1)
SIDES = {f"{side}/{label}/{n}_jpg.rf.{side}.jpg": png(len(side) * 20 + n + len(label))
         for side in ("train", "valid", "test") for label in ("cat", "horse")
         for n in range(3)}  # fmt: skip
READ: dict[str, tuple[Files, dict[str, int], dict[str | None, int]]] = {
    "Teachable Machine": (
        teachable("Class 1", "hot-dog", "猫 2"), {"Class 1": 3, "hot-dog": 3, "猫 2": 3}, {}
    ),
    "genai-tm": (genai(), {"2 birds": 11, "Cat": 11, "Hund": 11}, {}),
    "Roboflow, folders": (
        ROBOFLOW | SIDES, {"cat": 9, "horse": 9}, {"train": 6, "validation": 6, "test": 6}
    ),
    "Roboflow, a table for each side": (
        ROBOFLOW | roboflow_table("train", "Cat", "Dog") | roboflow_table("valid", "Cat", "Dog"),
        {"Cat": 6, "Dog": 6},
        {"train": 6, "validation": 6},
    ),
    "Edge Impulse": (
        FILES | {"info.labels": info(ROWS)}, {"cat": 8, "dog": 8}, {"train": 8, "test": 8}
    ),
    "Edge Impulse, some without a label": (
        SOME_FILES | {"info.labels": info(SOME_ROWS)}, {"cat": 6, "dog": 8},
        {"train": 6, "test": 8},
    ),
}  # fmt: skip


def read(files: Files, tmp_path: Path) -> layout.Layout:
    return layout.place(open_source(zip_of(tmp_path / "x.zip", files)))


@pytest.mark.parametrize("what", list(READ))
def test_what_others_write_is_read_as_they_mean_it(what: str, tmp_path: Path) -> None:
    files, classes, sides = READ[what]
    found = read(files, tmp_path)
    assert {name: count for name, count, _ in found.classes} == classes
    assert dict(found.sides) == sides
    assert Reading.from_dict(json.loads(json.dumps(found.reading.to_dict()))) == found.reading


def test_numbers_beyond_the_names_are_left_out(tmp_path: Path) -> None:
    more = painted("samples/3_0.png", "samples/999999999_0.png")
    found = read(genai() | more, tmp_path)
    left_out = {name: why for name, why in found.outside if name in more}
    assert set(left_out.values()) == {"its name does not fit the pattern for labels"}
    assert len(left_out) == 2
    assert len(found.placed) == 33


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": TEACHABLE.replace(b"image", b"audio"), "a-!-0.json": b"{}"},
        {"metadata.json": b"{}", "model.json": b"{}", "weights.bin": b"\0"},
        {"keras_model.h5": b"\x89HDF", "labels.txt": b"0 cat\n1 dog\n"},
    ],
)
def test_without_pictures_it_says_what_to_bring_instead(files: Files, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"comes from Teachable Machine.*\(\.tm\)"):
        read(files, tmp_path)


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b"7", b'{"type": 1, "appdata": []}', b"[" * 100_000, b"\xff\xfe", b"NaN"],
)
def test_what_only_looks_like_one_is_asked_about(manifest: bytes, tmp_path: Path) -> None:
    files = teachable("a b", "c d") | {"manifest.json": manifest}
    with pytest.raises(Unclear):
        read(files, tmp_path)
    files = genai() | {"metadata.json": manifest}
    with pytest.raises(UserError):
        read(files, tmp_path)


def test_a_table_of_that_name_with_other_columns_changes_nothing(tmp_path: Path) -> None:
    folders = painted(*(f"{label}/{n}.png" for label in "ab" for n in range(3)))
    for table in (b"a,b\n1,2\n", b"filename,a,b\nx.png,1,0\ny.png,0,1\n", b"\0"):
        found = read(folders | {"_classes.csv": table, "info.labels": table}, tmp_path)
        assert {name for name, _, _ in found.classes} == {"a", "b"}


@pytest.mark.parametrize("what", ["Teachable Machine", "Edge Impulse", "genai-tm"])
def test_they_are_converted_to_class_folders(
    what: str, thaw_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, classes, sides = READ[what]
    source = zip_of(tmp_path / "in.zip", files)
    out = tmp_path / "out.zip"
    assert main(["convert", str(source), str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == classes
    again = layout.place(open_source(out))
    assert {name: count for name, count, _ in again.classes} == classes
    assert dict(again.sides) == sides
    with zipfile.ZipFile(out) as archive:
        pictures = {archive.read(name) for name in archive.namelist()}
    assert pictures == {data for data in files.values() if data.startswith(b"\x89PNG\r\n")}
    assert main(["convert", str(source), str(tmp_path / "no" / "out.zip")]) == 2
    assert "could not be written" in capsys.readouterr().err
