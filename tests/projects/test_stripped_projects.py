"""A project leaves without places and serial numbers, and is whole all the same."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.datasets import additions, changes, image_files, store
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.pictures import images
from core.projects import contents, opening, saving
from core.projects.leaving import Pictures
from core.results import learned
from core.results.answers import hard, kept
from core.settings import SplitSettings
from core.storage import arrays, files, home
from core.storage.runs import Run, open_run
from tests.intake import photographed
from tests.intake.photographed import SECRETS, SERIAL
from tests.projects.conftest import COLOURS, finished
from tests.projects.rewriting import members, save
from tests.results.conftest import make_run as make_run


def photo(colour: tuple[int, int, int], number: int) -> bytes:
    file = io.BytesIO()
    image = Image.new("RGB", (24 + number, 20), colour)
    image.save(file, "JPEG", exif=photographed.exif(1 + number))
    return file.getvalue()


@pytest.fixture
def photos(thaw_home: Path, tmp_path: Path) -> str:
    """A data set of photos that say where they were taken, one of each class marked as hard."""
    drawn = tmp_path / "photos"
    for name, colour in COLOURS.items():
        (drawn / name).mkdir(parents=True)
        for number in range(5):
            (drawn / name / f"{number}.jpg").write_bytes(photo(colour, number))
    chosen = home.new_id()
    folder = home.HOME.dataset(chosen)
    store.import_dataset(open_source(drawn), folder, split=SplitSettings(), name="photos")
    gone = changes.remove(store.load(folder), ["green/4.jpg"])
    store.keep(folder, gone, "1 picture removed")
    alike = ["red/0.jpg", "red/1.jpg", "blue/2.jpg"]
    grouped = changes.keep_together(store.load(folder), [alike])
    store.keep(folder, grouped, "3 pictures put together")
    hard.mark(folder, store.load(folder), ["red/3.jpg", "blue/1.jpg"], hard=True)
    return chosen


@pytest.fixture
def trained(photos: str, make_run: Callable[..., Path]) -> Run:
    """A run of the first version that has learned, was judged, and can be trained further."""
    run, first = finished(photos, make_run), store.load(home.HOME.dataset(photos), 1)
    learned.keep(run, first, refit=False)
    judged = first.of("validation")
    answers = np.full((len(judged), 3), 1 / 3, np.float32) + np.float32([1e-7, 0, -1e-7])
    kept.keep(run.folder, kept.of_records(answers, judged, first.classes))
    facts = {"epoch": 1, "history": [], "images": first.digest}
    arrays.write(run.folder / home.CHECKPOINT, facts, {"now-0": np.arange(5, dtype=np.float32)})
    results = files.read_json(run.folder / home.RESULTS)
    wrong = {"file": judged[0].file, "digest": judged[0].digest, "label": "blue",
             "predicted": "red", "confidence": 0.5}  # fmt: skip
    files.write_json(run.folder / home.RESULTS, results | {"mistakes": [wrong]})
    return run


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "elsewhere"))


def opened(path: Path) -> opening.Opened:
    return opening.open_project(home.HOME, path, path.name, lambda *_: None)


def digests_of(dataset: str, version: int | None = None) -> dict[str, str]:
    return {r.file: r.digest for r in store.load(home.HOME.dataset(dataset), version).records}


def pixels_of(dataset: str, file: str) -> bytes:
    data = image_files.original(home.HOME.dataset(dataset), digests_of(dataset)[file]).read_bytes()
    return images.picture(data).image.tobytes()


def test_nothing_in_the_file_says_where_or_with_what(photos: str, trained: Run,
                                                     tmp_path: Path) -> None:  # fmt: skip
    path = save(saving.project(home.HOME.dataset(photos), [trained]), tmp_path / "photos.thaw")
    inside = members(path)
    for name, data in inside.items():
        assert not [secret for secret in SECRETS if secret in data], name
    assert json.loads(inside[contents.MANIFEST])["dataset"]["leave"] == "stripped"
    gone = digests_of(photos, 1).values()
    held = b"".join(data for name, data in inside.items() if not name.startswith("pictures/"))
    assert not [digest for digest in gone if digest.encode() in held], "old digests are names too"


def test_split_groups_and_marks_come_back(photos: str, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    path = save(saving.project(home.HOME.dataset(photos), []), tmp_path / "photos.thaw")
    folder = home.HOME.dataset(photos)
    before, first, marked = store.load(folder), store.load(folder, 1), hard.marked
    was = {r.file: pixels_of(photos, r.file) for r in before.records}
    of_file = {r.digest: r.file for r in before.records}
    groups = [sorted(of_file[each] for each in group) for group in before.together]
    hard_before = marked(folder, before)
    elsewhere(tmp_path, monkeypatch)
    came = opened(path)
    now_folder = home.HOME.dataset(came.dataset)
    now = store.load(now_folder)

    def outline(records: Sequence[object]) -> list[tuple[object, ...]]:
        return [(r.file, r.label, r.split, r.width, r.height, r.folder) for r in records]  # type: ignore[attr-defined]

    assert outline(now.records) == outline(before.records)
    assert outline(store.load(now_folder, 1).records) == outline(first.records)
    assert {r.file: pixels_of(came.dataset, r.file) for r in now.records} == was
    of_file = {r.digest: r.file for r in now.records}
    assert [sorted(of_file[each] for each in group) for group in now.together] == groups
    assert groups
    assert marked(now_folder, now) == hard_before == {"red/3.jpg", "blue/1.jpg"}
    again = save(saving.project(home.HOME.dataset(came.dataset), []), tmp_path / "again.thaw")
    assert set(members(again)) == set(members(path)), "stripped twice is stripped once"


def test_what_a_run_tells_of_pictures_names_them_as_they_left(
    photos: str, trained: Run, tmp_path: Path
) -> None:
    left = saving.project(home.HOME.dataset(photos), [trained])
    path = save(left, tmp_path / "photos.thaw")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "inside")  # our own file
    inside = tmp_path / "inside"
    version = json.loads((inside / "dataset/versions/000001.json").read_bytes())
    now = {each["file"]: each["digest"] for each in version["records"]}
    assert not set(now.values()) & set(digests_of(photos, 1).values())
    run = inside / "runs/1"
    train = {each["digest"] for each in version["records"] if each["split"] == "train"}
    assert set(files.read_json(run / home.LEARNED)["digests"]) == train
    answers, before = kept.read(run), kept.read(trained.folder)
    assert answers is not None
    assert before is not None
    assert answers.digests == tuple(now[each] for each in before.files)
    assert (answers.probabilities == before.probabilities).all(), "to the last digit"
    (mistake,) = files.read_json(run / home.RESULTS)["mistakes"]
    assert mistake["digest"] == now[mistake["file"]]
    saved = arrays.read(run / home.CHECKPOINT)
    assert saved is not None
    facts, held = saved
    assert (held["now-0"] == np.arange(5)).all()
    elsewhere_as = store.Dataset.from_dict(version)
    assert facts["images"] == elsewhere_as.digest, "so that training goes on"


def test_for_a_backup_pictures_stay_byte_for_byte(photos: str, tmp_path: Path) -> None:
    exact = saving.project(home.HOME.dataset(photos), [], pictures=Pictures.AS_THEY_ARE)
    inside = members(save(exact, tmp_path / "exact.thaw"))
    held = {name.partition("/")[2] for name in inside if name.startswith("pictures/")}
    assert held == set(digests_of(photos, 1).values())
    assert all(SERIAL in data for name, data in inside.items() if name.startswith("pictures/"))


def test_the_same_pictures_stripped_are_here_already(photos: str, tmp_path: Path) -> None:
    came = opened(save(saving.project(home.HOME.dataset(photos), []), tmp_path / "photos.thaw"))
    assert (came.there, came.dataset) == (True, photos)


def test_without_pictures_nothing_of_them_leaves(photos: str, trained: Run,
                                                 tmp_path: Path) -> None:  # fmt: skip
    project = saving.project(home.HOME.dataset(photos), [trained], pictures=Pictures.NONE)
    inside = members(save(project, tmp_path / "none.thaw"))
    assert (project.pictures, project.runs) == (0, 1)
    names = {name.rpartition("/")[2] for name in inside}
    assert not names & {home.JUDGED, home.CHECKPOINT, home.HARD, home.NO_PROBLEM}
    assert not [name for name in inside if name.startswith("pictures/")]
    for name, data in inside.items():
        assert b".jpg" not in data, name


def test_one_that_cannot_be_stripped_is_named_and_the_owner_decides(
    photos: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home.HOME.dataset(photos)
    odd = tmp_path / "odd" / "red"
    odd.mkdir(parents=True)
    (odd / "odd.jpg").write_bytes(odd_jpeg())
    additions.add_images(open_source(odd.parent), folder, "red", aside=tmp_path / "aside",
                         report=lambda *_: None)  # fmt: skip
    with pytest.raises(UserError, match=r"cannot be taken out.*odd\.jpg"):
        saving.project(home.HOME.dataset(photos), [])
    out = tmp_path / "out.thaw"
    assert main(["project", "save", "photos", "--out", str(out)]) == 2
    assert "odd.jpg" in capsys.readouterr().err
    assert main(["project", "save", "photos", "--out", str(out), "--keep-metadata"]) == 0
    assert out.is_file()


def odd_jpeg() -> bytes:
    """A JPEG that is read, with words where only numbers belong."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + photographed.segment(0xFE, SERIAL) + data[last:]


@pytest.mark.slow
def test_a_run_goes_on_elsewhere_with_stripped_pictures(
    photos: str, trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, results = kept.read(trained.folder), trained.results()
    path = save(saving.project(home.HOME.dataset(photos), [trained]), tmp_path / "photos.thaw")
    again = opened(path)
    assert (again.there, again.new_runs, again.runs) == (True, 0, (trained.id,))
    elsewhere(tmp_path, monkeypatch)
    came = opened(path)
    run = open_run(home.HOME, came.runs[0])
    first = store.load(home.HOME.dataset(came.dataset), 1)
    assert learned.digests(run) == {each.digest for each in first.of("train")}
    saved = arrays.read(run.checkpoint)
    assert saved is not None
    assert saved[0]["images"] == first.digest
    answers = kept.read(run.folder)
    assert answers is not None
    assert before is not None
    assert (answers.probabilities == before.probabilities).all()
    now = run.results()
    assert now is not None
    assert results is not None
    assert {**now, "mistakes": []} == {**results, "mistakes": []}
