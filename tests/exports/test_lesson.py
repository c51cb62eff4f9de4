"""The code of a run: a script and a notebook that say the same, hold together, and were run."""

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.backbones.catalogue.rows import BACKBONES, backbone_of
from core.datasets import packing, split, store
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.exports import table
from core.exports.lesson import cells, making, plan, rehearsal, starting
from core.exports.lesson.plan import Plan
from core.exports.lesson.rehearsal import Rehearsal
from core.exports.pictures import Known
from core.intake.pictures.preparation import Preparation
from core.settings import (
    RANDOM,
    Sees,
    SplitSettings,
    Squaring,
    Strength,
    TrainingSettings,
)
from core.storage import files
from core.storage.runs import Run
from core.training.augment import _REACHES
from tests import tiny_network

SETTINGS = {
    "exact solution": TrainingSettings(),
    "every stage, by epochs": TrainingSettings(dense=(8,), dropout=0.2, optimizer="sgd"),
    "last features": TrainingSettings(head_sees=Sees.LAST, balanced=True, schedule="plateau"),
    "varied": TrainingSettings(augment=Strength.MEDIUM, views=2, square=Squaring.CROP),
    "varied, without mirror": TrainingSettings(
        head_sees=Sees.LAST, augment=Strength.LIGHT, mirror=False, label_smoothing=0.1
    ),
    "partly thawed": TrainingSettings(frozen_layers=7, epochs=3, square=Squaring.PAD),
    "thawed and varied": TrainingSettings(
        frozen_layers=0, augment=Strength.STRONG, warm_up_epochs=0, batch_norm_learns=True
    ),
    "from scratch": TrainingSettings(weights=RANDOM, frozen_layers=0, schedule="constant"),
}


def planned(settings: TrainingSettings, dataset: Dataset | None = None, **more: Any) -> Plan:
    made = Plan(
        name="my **pets**\n`x`",
        settings=settings,
        epochs=settings.epochs,
        backbone=backbone_of(settings),
        size=224,
        preparation=Preparation(square=settings.square),
        dataset=dataset or Dataset("pets", ("cat", "dog"), (), (), False),
        by_seed=True,
        solved=settings.sees_stages and not settings.dense,
        judged="validation",
        images=20,
        accuracy=0.9,
        interval=(0.7, 0.97),
    )
    return replace(made, **more)


@pytest.mark.parametrize("by_seed", [True, False])
@pytest.mark.parametrize("name", SETTINGS)
def test_the_code_holds_together_and_both_say_the_same(
    tmp_path: Path, name: str, by_seed: bool
) -> None:
    made = cells.write(planned(SETTINGS[name], by_seed=by_seed), ["block2a", "block3a"])
    script = cells.script(made)
    ast.parse(script)
    assert max(map(len, script.split("\n"))) <= 110
    told = json.loads(cells.notebook(made))
    assert (told["nbformat"], told["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in told["cells"]}) == len(told["cells"])
    code = [c for c in told["cells"] if c["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    in_script = [each.text for each in made if each.code]
    assert ["".join(cell["source"]) for cell in code] == in_script
    assert all(text in script for text in in_script)
    assert len([c for c in told["cells"] if c["cell_type"] == "markdown"]) >= 6, "it explains"
    assert cells._PLACE.search("\n".join(c.text for c in made if not c.code)) is None
    (tmp_path / "train.py").write_text(script)
    # No name is undefined and none is imported or set in vain, whatever the pieces are.
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
    unused = [line.split(" = ")[0] for line in in_script[0].split("\n") if " = " in line]
    rest = "\n".join(in_script[1:])
    assert not [name for name in unused if name not in rest], "a number that nothing uses"


@pytest.mark.parametrize("name", BACKBONES)
def test_every_preprocessing_is_known(name: str) -> None:
    if not BACKBONES[name].sealed:
        assert BACKBONES[name].preprocessing in cells._PREPROCESSING


def test_variations_reach_as_far_as_in_a_training() -> None:
    assert {
        strength: (reach.turn, reach.zoom, reach.light) for strength, reach in _REACHES.items()
    } == cells.VARIED


@pytest.mark.parametrize("divided", [SplitSettings(), SplitSettings(seed=7, test=0.15)])
def test_the_seed_gives_the_same_split_as_in_a_training(divided: SplitSettings) -> None:
    mix = np.random.default_rng(0)
    for sizes in ((2, 3, 50), (9, 20, 21), (2, 2, 2)):
        classes = {
            f"class {n}": {mix.bytes(32).hex() for _ in range(size)} for n, size in enumerate(sizes)
        }
        sides = split.choose(classes, divided)
        records = tuple(
            Record(f"{label}/{digest}.png", label, sides[digest], digest, 9, 9, 9)
            for label, digests in classes.items()
            for digest in digests
        )
        dataset = Dataset("s", tuple(classes), records, (), False, divided)
        assert plan._sides(dataset, divided) == sides == plan._told_sides(dataset)


COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}


def paint(folder: Path, count: int) -> None:
    """Class folders with so many pictures of a noisy colour each."""
    mix = np.random.default_rng(1)
    for label, colour in COLOURS.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            noisy = np.clip(mix.normal(colour, 30, (24, 20, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / label / f"{number}.png")


@pytest.fixture
def coloured(thaw_home: Path, tmp_path: Path) -> tuple[Path, Dataset]:
    """Class folders of noisy colours, with a copy among them, imported."""
    from core.intake.archives.archive import open_source

    paint(tmp_path / "colours", 20)
    for label in COLOURS:
        shutil.copy(tmp_path / f"colours/{label}/0.png", tmp_path / f"colours/{label}/copy.png")
    folder = thaw_home / "home" / "datasets" / "20260101-000000-aaaaaa"
    source = open_source(tmp_path / "colours")
    store.import_dataset(source, folder, split=SplitSettings(), name="colours")
    return folder, store.load(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("exact solution", "python"),
        ("exact solution", "notebook"),
        pytest.param("varied, without mirror", "python", marks=pytest.mark.exhaustive),
        pytest.param("partly thawed", "python", marks=pytest.mark.exhaustive),
    ],
)
def test_the_code_runs_and_learns(
    tmp_path: Path, coloured: tuple[Path, Dataset], name: str, format_name: str
) -> None:
    _, dataset = coloured
    settings = replace(SETTINGS[name], epochs=12, learning_rate=0.05, batch_size=8)
    told = planned(
        settings,
        dataset,
        backbone=tiny_network.row(),
        size=tiny_network.SIZE,
        images=len(dataset.of("validation")),
        accuracy=1.0,
        interval=(0.5, 1.0),
    )
    said, code = ran(tmp_path / "tried", told, coloured, format_name)
    assert said.pictures == told.images, "the split is the same"
    assert said.accuracy > 0.8, "colours are easy"
    assert (code.parent / "trained.keras").is_file()


@pytest.mark.exhaustive
def test_batch_norm_knows_the_pictures_after_a_single_epoch(
    tmp_path: Path, coloured: tuple[Path, Dataset]
) -> None:
    """What it collects step by step is still half of what it began with by then."""
    from core.backbones.frameworks import keras
    from core.datasets import image_files
    from core.intake.pictures import images

    kept, dataset = coloured
    told = planned(
        replace(SETTINGS["from scratch"], epochs=1, batch_size=len(dataset.of("train")) // 3),
        dataset,
        backbone=tiny_network.row(),
        size=tiny_network.SIZE,
        images=len(dataset.of("validation")),
        accuracy=0.3,
        interval=(0.0, 1.0),
    )
    _, code = ran(tmp_path / "tried", told, coloured, "python")
    trained = keras.saving.load_model(code.parent / "trained.keras", compile=False)
    backbone = next(each for each in trained.layers if isinstance(each, keras.Model))
    read, size = image_files.reader(kept), tiny_network.SIZE
    train = [images.to_square(images.decode(read(r), size), size) for r in dataset.of("train")]
    maps = backbone.get_layer("conv1")((np.stack(train).astype(np.float32) - 127) / 128).numpy()
    norm = backbone.get_layer("bn1")
    for found, expected in (
        (norm.moving_mean, maps.mean(axis=(0, 1, 2))),
        (norm.moving_variance, maps.var(axis=(0, 1, 2))),
    ):
        np.testing.assert_allclose(found, expected, rtol=0.1, atol=0.02)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted({*SETTINGS} - {"exact solution", "partly thawed"}))
def test_the_code_of_other_settings_runs(
    tmp_path: Path, coloured: tuple[Path, Dataset], name: str
) -> None:
    _, dataset = coloured
    told = planned(
        replace(SETTINGS[name], epochs=3, batch_size=8),
        dataset,
        backbone=tiny_network.row(),
        size=tiny_network.SIZE,
        images=len(dataset.of("validation")),
        accuracy=0.3,
        interval=(0.0, 1.0),
    )
    ran(tmp_path / "tried", told, coloured, "python")


def ran(
    folder: Path, told: Plan, coloured: tuple[Path, Dataset], format_name: str
) -> tuple[Rehearsal, Path]:
    """Write the code of a plan and run it."""
    format = table.find(format_name)
    folder.mkdir()
    start = starting.Start(told.backbone, None, 1, folder / "backbone.keras")
    made = cells.write(told, start.write())
    code = folder / str(format.lesson)
    code.write_text(cells.notebook(made) if format_name == "notebook" else cells.script(made))
    (folder / "picture.py").write_bytes(making._PICTURE.read_bytes())
    kept, dataset = coloured
    zipped = packing.zipped(kept, dataset, sides=not told.by_seed)
    (folder / "pictures.zip").write_bytes(b"".join(zipped))
    return rehearsal.rehearse(code, told, lambda *_: None), code


@pytest.mark.parametrize(
    ("here", "judged", "offered", "warned"),
    [
        (0.9, 20, True, False),
        (0.95, 20, True, False),  # one picture
        (0.8, 20, True, True),  # within the interval of the run
        (0.6, 20, False, False),
        (0.9, 19, False, False),  # other pictures
    ],
)
def test_what_does_worse_than_chance_explains_is_not_offered(
    here: float, judged: int, offered: bool, warned: bool
) -> None:
    made = Rehearsal(here, 0.9, judged, 3.0)
    told = planned(TrainingSettings())
    assert (rehearsal._objection(made, told) is None) == offered
    assert not offered or rehearsal._far(made) == warned
    if warned:
        assert "80.0% of 20 pictures" in rehearsal._warned(made, told).warnings[0]


@pytest.mark.slow
def test_code_that_breaks_off_is_not_offered(tmp_path: Path) -> None:
    code = tmp_path / "train.py"
    code.write_text("print('accuracy: 1.0000 of 20 pictures')\nraise SystemExit(3)\n")
    with pytest.raises(UserError, match="not offered"):
        rehearsal.rehearse(code, planned(TrainingSettings()), lambda *_: None)


@pytest.fixture
def evaluated(coloured: tuple[Path, Dataset], make_run: Callable[..., Path]) -> Run:
    from tests.exports.conftest import whole

    run = Run(whole(make_run()))
    judged = len(coloured[1].of("validation"))
    files.write_json(run.results_path, files.read_json(run.results_path) | {"images": judged})
    return run


def test_what_no_short_script_can_repeat_is_refused(
    evaluated: Run, coloured: tuple[Path, Dataset]
) -> None:
    _, dataset = coloured
    known = Known(dataset, lambda record: b"")
    told = plan.of(evaluated, known, 224, Preparation())
    assert told.by_seed
    assert told.images == len(dataset.of("validation"))
    with pytest.raises(UserError, match="pictures of this run are no longer here"):
        plan.of(evaluated, None, 224, Preparation())
    fewer = replace(dataset, records=dataset.records[:30])
    with pytest.raises(UserError, match="judged on, found"):
        plan.of(evaluated, Known(fewer, lambda record: b""), 224, Preparation())
    with pytest.raises(UserError, match="too many"):
        plan.of(evaluated, known, 30_000, Preparation())
    settings = files.read_json(evaluated.folder / "settings.json")
    pair = TrainingSettings(beside="efficientnet_lite2").to_dict()
    files.write_json(evaluated.folder / "settings.json", settings | {"settings": pair})
    with pytest.raises(UserError, match="Two networks"):
        plan.of(evaluated, known, 224, Preparation())


def test_a_split_that_was_changed_by_hand_comes_with_folders(
    evaluated: Run, coloured: tuple[Path, Dataset]
) -> None:
    _, dataset = coloured
    first = next(r for r in dataset.records if r.split == "validation")
    last = next(r for r in dataset.records if r.split == "train" and r.label == first.label)
    swapped = [
        replace(r, split={first: "train", last: "validation"}.get(r, r.split))
        for r in dataset.records
    ]
    changed = Known(replace(dataset, records=tuple(swapped)), lambda record: b"")
    assert not plan.of(evaluated, changed, 224, Preparation()).by_seed


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_the_code_of_a_real_run_is_as_accurate(thaw_home: Path, tmp_path: Path) -> None:
    from core.datasets.feed import StoredFeed
    from core.datasets.samples import samples
    from core.exports.pictures import stored
    from core.intake.archives.archive import open_source
    from core.storage import home
    from core.training import fit

    samples.write("sketches", tmp_path / "sketches")
    for file in (tmp_path / "sketches").rglob("*.png"):
        if int(file.stem.rpartition("-")[2]) > 20:
            file.unlink()
    chosen = home.new_id()
    store.import_dataset(
        open_source(tmp_path / "sketches"),
        home.HOME.datasets() / chosen,
        split=SplitSettings(seed=5),
        name="sketches",
    )
    run = Run.create(
        home.HOME.runs() / home.new_id(),
        TrainingSettings(epochs=10),
        data_name="sketches",
        dataset_id=chosen,
        version=1,
    )
    results = fit.train(run, StoredFeed(home.HOME.datasets() / chosen, 1))
    out = tmp_path / "out.zip"
    made = making.export(run, table.find("python"), out, lambda *_: None, stored(run))
    assert made.thaw == results["accuracy"]
    assert abs(made.accuracy - made.thaw) <= max(0.02, 1 / made.pictures) + 1e-6
    with zipfile.ZipFile(out) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        readme = archive.read("thaw-python/README.md").decode()
    assert names == {"train.py", "backbone.keras", "picture.py", "requirements.txt", "README.md"}
    assert f"{made.accuracy:.1%} of {made.pictures}" in readme
