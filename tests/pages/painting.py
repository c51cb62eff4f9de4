"""Data sets and runs painted on disk for page tests, and what such a page shows."""

import json
import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.datasets import store
from core.intake.archives import archive
from core.results import evaluation
from core.results.answers import kept
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home
from core.storage.runs import Run

HOSTILE = "**bold** :red[x] $y$ <b>z<b> [l](http：x) :smile: www.evil.com"

Open = Callable[..., AppTest]


def painted(seed: int) -> bytes:
    """A small picture of its own."""
    mix = random.Random(seed)
    image = Image.new("RGB", (24, 20), tuple(mix.randrange(256) for _ in range(3)))
    image.putpixel((seed % 24, seed % 20), (255, 255, 255))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def store_dataset(
    name: str,
    classes: dict[str, int],
    others: dict[str, bytes] | None = None,
    space: home.Space = home.HOME,
) -> str:
    """Import painted class folders as the app does; the data set's id."""
    drawn = space.uploads() / "painted"
    seed = 0
    for label, count in classes.items():
        (drawn / label).mkdir(parents=True)
        for number in range(count):
            (drawn / label / f"{number}.png").write_bytes(painted(seed))
            seed += 1
    for path, content in (others or {}).items():
        (drawn / path).write_bytes(content)
    chosen = home.new_id()
    store.import_dataset(
        archive.open_source(drawn, name),
        space.datasets() / chosen,
        split=SplitSettings(),
        name=name,
    )
    files.remove(drawn)
    return chosen


def paint_run(
    dataset: str | None,
    classes: tuple[str, ...] = ("cat", "dog"),
    ending: str | None = "finished",
    settings: TrainingSettings | None = None,
    epochs: int = 3,
    data: str = "pets",
    comparison: str | None = None,
    after: str | None = None,
    space: home.Space = home.HOME,
    **event: Any,
) -> Run:
    """The folder of a run as a worker leaves it."""
    settings = settings or TrainingSettings(epochs=max(epochs, 1))
    version = 1 if dataset else None
    run = Run.create(
        space.runs() / home.new_id(),
        settings,
        data_name=data,
        dataset_id=dataset,
        version=version,
        comparison=comparison,
        after=after,
    )
    run.log.append("started", host="here", pid=1)
    for stage, total in (("reading", 20), ("features", 20)):
        run.log.append("stage", stage=stage, done=total, total=total, seconds_left=0)
    sides = {"train": 10, "validation": 10, "test": 0}
    run.log.append("images", images=sides, classes=len(classes))
    for epoch in range(1, epochs + 1):
        run.log.append(
            "epoch",
            epoch=epoch,
            accuracy=0.5 + epoch / 10,
            loss=1 / epoch,
            val_accuracy=0.4 + epoch / 10,
            val_loss=1.2 / epoch,
            seconds=0.1,
        )
        run.log.append("stage", stage="training", done=epoch, total=settings.epochs, seconds_left=1)
    if ending in ("finished", "stopped") and epochs:
        _paint_results(run, classes, dataset)
    if ending:
        run.log.append(ending, **event)
    return run


def _paint_results(run: Run, classes: tuple[str, ...], dataset: str | None) -> None:
    records = store.load(run.dataset_folder).records if dataset else ()
    record = next((each for each in records if each.label == classes[0]), None)
    size = range(len(classes))
    (run.folder / "model.keras").write_bytes(b"painted")
    facts = {"classes": classes, "origins": classes, "input_size": 224}
    files.write_json(run.folder / "model.json", facts)
    files.write_json(
        run.folder / "results.json",
        {
            "accuracy": 0.9,
            "images": 10,
            "correct": 9,
            "interval": [0.6, 0.98],
            "split": "validation",
            "classes": list(classes),
            "per_class": {
                name: {"precision": 1.0, "recall": 0.8, "f1": 0.89, "images": 5} for name in classes
            },
            "confusion": [[4 if i == j else int(j == 1) for j in size] for i in size],
            "mistakes": [
                {
                    "file": record.file if record else "cat/9.png",
                    "digest": record.digest if record else "0" * 64,
                    "label": classes[0],
                    "predicted": classes[-1],
                    "confidence": 0.97,
                }
            ],
            "parameters": {"total": 100, "trainable": 10},
            "seconds": {"read": 1, "features": 1, "fit": 1, "total": 3},
            "best_epoch": 3,
            "val_accuracy": 0.9,
        },
    )


def paint_answers(run: Run, said: dict[str, dict[str, float]]) -> kept.Answers:
    """Have a run evaluated on pictures of its data set.

    Args:
        run: A painted one on a stored data set.
        said: By the end of a file's name, the probability of some classes; the rest of it falls to
            the others in equal parts.
    """
    dataset = store.load(run.dataset_folder, run.version)
    classes = list(dataset.classes)
    records, rows = [], []
    for name, probabilities in said.items():
        (record,) = [each for each in dataset.records if each.file.endswith(name)]
        rest = (1 - sum(probabilities.values())) / max(len(classes) - len(probabilities), 1)
        records.append(record)
        rows.append([probabilities.get(label, rest) for label in classes])
    answers = kept.of_records(np.array(rows), records, classes)
    before = run.results() or {}
    found = evaluation.evaluate(answers.probabilities, records, classes)
    kept.keep(run.folder, answers)
    files.write_json(run.results_path, before | found)
    return answers


def shown(app: AppTest) -> str:
    """All words on the page, as one text."""
    kinds = (
        *(app.title, app.header, app.markdown, app.caption, app.text),
        *(app.error, app.info, app.success, app.warning),
    )
    return "\n".join(str(each.value) for kind in kinds for each in kind)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def labelled(app: AppTest, label: str) -> Any:
    """The button with a label that the test itself has made up."""
    return next(each for each in app.button if each.label == label)


def keys(app: AppTest) -> list[str]:
    """The keys of all buttons, without what `state.key` adds."""
    return [(each.key or each.label).partition(":")[0] for each in app.button]


def beside(app: AppTest, pressed: Any) -> str:
    """The errors in the innermost container that holds a widget."""

    def errors(block: Any) -> list[str] | None:
        for child in block.children.values():
            if getattr(child, "children", None) and (found := errors(child)) is not None:
                return found
            if getattr(child, "id", None) == pressed.id:
                return [str(e.value) for e in block.children.values() if e.type == "error"]
        return None

    return "\n".join(errors(app.main) or [])


def button(app: AppTest, key: str, place: int = 0) -> Any:
    """The button of a fixed key, or that many behind the first whose key `state.key` made of it."""
    found = buttons(app, key)
    assert len(found) > place, f"no button {key!r} among {[each.key for each in app.button]}"
    return found[place]


def buttons(app: AppTest, key: str) -> list[Any]:
    """All buttons of a fixed key, or whose keys `state.key` made of it."""
    return [each for each in app.button if (each.key or "").partition(":")[0] == key]


def gallery(app: AppTest) -> dict[str, Any]:
    """What the grid of pictures that can be ticked is given; empty where there is none."""
    return _grid(app)[1]


def tick(app: AppTest, *names: str) -> None:
    """Tick pictures of the gallery as its script does, by the ends of their files' names."""
    grid_id, given = _grid(app)
    files = [each["file"] for each in given["pictures"] if each["file"].endswith(names)]
    assert files, f"none of {names} is shown"
    tell(app, grid_id, {"number": given["heard"] + 1, "changed": dict.fromkeys(files, True)})


def tell(app: AppTest, grid_id: str, ticks: Any) -> None:
    """Have the browser say this of a grid."""
    states = app._tree.get_widget_states()
    states.widgets.add(id=grid_id, json_value=json.dumps({"ticks": ticks}))
    app._run(states)


def select(app: AppTest, element: Any, **selection: Any) -> None:
    """Have the browser say what was clicked on a chart or a table."""
    states = app._tree.get_widget_states()
    states.widgets.add(id=element.proto.id, string_value=json.dumps({"selection": selection}))
    app._run(states)


def _grid(app: AppTest) -> tuple[str, dict[str, Any]]:
    for each in app.get("bidi_component"):
        if each.proto.component_name == "picture_grid":
            given = json.loads(each.proto.json)
            if given["ticked"] is not None:
                return each.proto.id, given
    return "", {}


def images(app: AppTest) -> list[Any]:
    """Every picture on a page, the logo aside."""
    drawn = [image for each in app.get("image") for image in each.proto.imgs]
    return [image for image in drawn if image.alt != "Thaw"]
