"""A whole export: what is in the zip, that it works without Thaw, and that a failed one is gone."""

import io
import json
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.errors import StopRequested, UserError
from core.exports import making
from core.exports import pictures as choosing
from core.exports.pictures import Known
from core.exports.proof import Proof
from core.intake.archives.archive import open_source
from core.intake.pictures import images
from core.intake.pictures.preparation import Paper, Preparation
from core.results import predictor
from core.settings import Squaring
from core.storage.job import Stage
from core.storage.runs import Run
from tests.exports import alone
from tests.exports.conftest import whole
from tests.projects.conftest import dataset as dataset
from tests.projects.conftest import finished

LIGHT = "openvino"  # its proof needs no TensorFlow, which takes seconds to import
EVERY = {"answer.json", "labels.txt", "predict.py", "picture.py", "runtime.py", "check.py"}
EVERY |= {"requirements.txt", "README.md", "MODEL_CARD.md", "proof.json", "samples/expected.json"}


def known_of(folder: Path, run: Path) -> Known:
    with closing(open_source(folder)) as source:
        return choosing.of_source(source, Run(run), lambda *_: None)


def export(run: Path, out: Path, known: Known | None, **more: Any) -> Proof:
    more = {"report": lambda *_: None, "format_name": LIGHT} | more
    return making.export(Run(run), file=out, known=known, **more)


def unpacked(file: Path, folder: Path) -> Path:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    (only,) = folder.iterdir()
    return only


@pytest.mark.slow
@pytest.mark.parametrize("square", [Squaring.PAD])
def test_the_zip_works_on_its_own(
    run: Path, pictures: Path, tmp_path: Path, square: Squaring
) -> None:
    whole(run, **Preparation(square=square, paper=Paper.BLACK).to_dict())
    stages: list[Stage] = []
    proven = export(
        run,
        tmp_path / "out.zip",
        known_of(pictures, run),
        own_samples=True,
        report=lambda stage, *_: stages.append(stage),
    )
    assert list(dict.fromkeys(stages)) == [Stage.READING, Stage.CONVERTING, Stage.PROVING]
    assert (proven.from_pixels.same, proven.from_file.same) == (1.0, 1.0)
    assert proven.from_pixels.largest < 1e-5
    assert proven.from_file.largest < 1e-5  # its decoder makes the same pixels
    assert (proven.accuracy, proven.from_pixels.accuracy) == (1.0, 1.0)
    assert not proven.warnings

    folder = unpacked(tmp_path / "out.zip", tmp_path / "there")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there >= EVERY | {"model.xml", "model.bin"}
    assert not [name for name in there if "pycache" in name]
    assert json.loads((folder / "proof.json").read_text())["pictures"] == proven.pictures
    facts = json.loads((folder / "answer.json").read_text())
    assert facts["classes"] == ["blue", "green", "red"]
    assert facts["picture"]["square"] == "pad"
    assert "black paper" in (folder / "README.md").read_text()

    checked = alone.called(Path(sys.executable), folder, "check.py")
    assert checked.returncode == 0, checked.stderr
    assert "5 of 5 answers are as in Thaw." in checked.stdout
    file = next(pictures.rglob("*.jpg"))
    said = json.loads(alone.called(Path(sys.executable), folder, "predict.py", str(file)).stdout)
    (ours,) = predictor.of_run(run).predict([(file.name, file.read_bytes())], top=3)
    assert (said["file"], said["label"]) == (file.name, ours.label)
    assert said["confidence"] == pytest.approx(ours.confidence, abs=1e-5)
    assert said["familiar"] is said["known"] is None

    expected = json.loads((folder / "samples" / "expected.json").read_text())
    expected["pictures"][0]["probabilities"]["red"] += 0.2
    (folder / "samples" / "expected.json").write_text(json.dumps(expected))
    checked = alone.called(Path(sys.executable), folder, "check.py")
    assert checked.returncode == 1
    assert "4 of 5 answers" in checked.stdout


def test_pictures_leave_without_what_cameras_write(run: Path, pictures: Path) -> None:
    known = known_of(pictures, run)
    before = next(pictures.rglob("*.jpg"))
    assert dict(Image.open(before).getexif())
    carried = choosing.carried(known, Preparation())
    assert len(carried) == 5
    for _, data in carried:
        image = Image.open(io.BytesIO(data))
        assert not dict(image.getexif())
        assert b"4711" not in data
        assert b"Exif" not in data


def test_without_leave_only_drawings_go(run: Path, pictures: Path) -> None:
    drawn = choosing.carried(None, Preparation())
    assert len(drawn) == 5
    own = {data for _, data in choosing.carried(known_of(pictures, run), Preparation())}
    assert not own & {data for _, data in drawn}


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["red", "crimson"])
def test_a_renamed_class_leaves_under_its_new_name(
    dataset: str, make_run: Callable[..., Path], tmp_path: Path, folder: str
) -> None:
    """Whether its pictures lie in a folder that is called as it was or as it is."""
    renamed = finished(dataset, make_run)
    (tmp_path / "drawn" / "red").rename(tmp_path / "drawn" / folder)
    proven = export(
        renamed.folder, tmp_path / "out.zip", known_of(tmp_path / "drawn", renamed.folder)
    )
    assert (proven.accuracy, proven.from_pixels.accuracy) == (1.0, 1.0)
    there = unpacked(tmp_path / "out.zip", tmp_path / "there")
    assert (there / "labels.txt").read_text() == "blue\ngreen\ncrimson\n"
    expected = json.loads((there / "samples" / "expected.json").read_text())
    assert {name for each in expected["pictures"] for name in each["probabilities"]} == {
        *("blue", "green", "crimson")
    }
    card = (there / "MODEL_CARD.md").read_text()
    assert "crimson" in card
    assert "red" not in card.split()


@pytest.mark.slow
def test_without_its_pictures_it_is_tried_on_drawings(run: Path, tmp_path: Path) -> None:
    proven = export(run, tmp_path / "out.zip", None)
    assert (proven.drawn, proven.accuracy, proven.from_pixels.accuracy) == (True, None, None)
    (told,) = proven.warnings
    assert "drawings" in told


def test_a_stop_leaves_nothing(run: Path, pictures: Path, tmp_path: Path) -> None:
    def stop(stage: Stage, *_: int) -> None:
        if stage is Stage.CONVERTING:
            raise StopRequested

    (tmp_path / "there").mkdir()
    with pytest.raises(StopRequested):
        export(run, tmp_path / "there" / "out.zip", known_of(pictures, run), report=stop)
    assert not list((tmp_path / "there").iterdir())


@pytest.mark.slow
def test_what_answers_otherwise_leaves_nothing(
    run: Path, pictures: Path, tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    """The model is replaced by another one right before it is converted."""
    other = make_run("other", sharpness=-8.0)
    (tmp_path / "there").mkdir()

    def swap(stage: Stage, *_: int) -> None:
        if stage is Stage.READING:
            (run / "model.keras").write_bytes((other / "model.keras").read_bytes())

    with pytest.raises(UserError, match="not offered"):
        export(run, tmp_path / "there" / "out.zip", known_of(pictures, run), report=swap)
    assert not list((tmp_path / "there").iterdir())


def test_a_run_without_a_model_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(UserError, match="holds no model"):
        export(tmp_path / "run", tmp_path / "out.zip", None)


def test_held_out_are_those_that_it_has_not_learned_from(run: Path, pictures: Path) -> None:
    known = known_of(pictures, run)
    digests = sorted(record.digest for record in known.dataset.records)
    (run / "learned.json").write_text(json.dumps({"digests": digests[:12]}))
    chosen, new = choosing._held_out(known.dataset, set(digests[:12]))
    assert new
    assert not {record.digest for record in chosen} & set(digests[:12])
    chosen, new = choosing._held_out(known.dataset, set(digests))
    assert not new
    assert chosen


@pytest.mark.parametrize("size", [(3000, 2000), (10, 10)])
def test_carried_pictures_are_of_a_size_that_can_be_sent(
    size: tuple[int, int], tmp_path: Path, run: Path
) -> None:
    for label in ("blue", "red"):
        (tmp_path / "large" / label).mkdir(parents=True)
        for number in range(2):
            image = Image.new("RGB", size, (number, 0, len(label)))
            image.save(tmp_path / "large" / label / f"{number}.png")
    for _, data in choosing.carried(known_of(tmp_path / "large", run), Preparation()):
        assert max(images.decode(data).size) == min(1024, max(size))
