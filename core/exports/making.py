"""One export, from the run's folder to a zip that has been run by its own runtime."""

import hashlib
import importlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core import apart, shown
from core.datasets import store
from core.doctor.finding import Checkup, remaining
from core.errors import UserError
from core.exports import papers, pictures, proof, table
from core.exports.micro.boards import Needs
from core.exports.order import Order
from core.exports.pictures import Known, Pictures
from core.exports.proof import Proof
from core.exports.table import Format
from core.exports.workshop import MEMORY, Report, outside, pack, watched
from core.intake.pictures.preparation import Preparation
from core.results import names as naming
from core.results import predictor
from core.storage import files, home, incidents
from core.storage.job import Stage
from core.storage.runs import Run, read_facts

_CARRIED = Path(__file__).parent / "carried"
_PROVER = Path(__file__).parent / "prover.py"
_SCRIPTS = ("picture.py", "predict.py", "check.py")
_LEAST_TOLERANCE = 0.005  # of `check.py`: another processor rounds differently


def export(
    run: Run,
    format_name: str,
    file: Path,
    report: Report,
    *,
    known: Known | None,
    own_samples: bool = False,
) -> Proof:
    """Make a zip, prove it and only then put it in its place.

    Args:
        run: One that has a model.
        format_name: One of `table.FORMATS`.
        file: The zip to be.
        report: Told the stage, and how much of it is done of how much; what it raises ends all.
        known: The pictures to prove it on, as `pictures.stored` gives them; None proves it on
            drawings.
        own_samples: Whether five of these pictures may leave with it.

    Returns:
        What was measured.

    Raises:
        UserError: The run cannot be exported like this. Nothing is left then.
    """
    format = table.find(format_name)
    thaw = predictor.of_run(run.folder)  # also says what is wrong with the run
    facts = read_facts(run.folder, home.MODEL_FACTS, "classes")
    model = run.folder.absolute() / home.MODEL
    size, preparation = thaw.input_size, thaw.preparation
    with tempfile.TemporaryDirectory(prefix="thaw-export-") as there:
        work = Path(there)
        folder = work / "export"
        folder.mkdir()
        reading = partial(report, Stage.READING)
        found = pictures.gather(run, known, work / "files", size, preparation, reading)
        np.save(work / "pixels.npy", found.pixels)
        np.save(work / "calibration.npy", found.calibration)
        calibration = work / "calibration.npy" if len(found.calibration) else None
        classes = called(thaw.classes)
        order = Order(format.name, model, folder, classes, size, preparation, calibration)
        about = _about(run, format, order, thaw, known, own=known is not None and own_samples)
        needs = _convert(order, report)
        held = files.disk_used(folder)
        _write_facts(folder, order, about.deciding, _digest(model))
        _write_scripts(folder, format, preparation)
        carried = pictures.carried(known if own_samples else None, preparation)
        (folder / "samples").mkdir()
        for name, data in carried:
            (folder / "samples" / name).write_bytes(data)
        theirs, told = _prove(folder, work, format, report)
        proven = _compared(thaw, found, theirs, told, facts["classes"], held, drawn=known is None)
        if objection := proof.objection(format, proven):
            raise UserError(objection)
        proven = replace(proven, needs=needs, warnings=proof.warnings(format, proven))
        expected = _expected(carried, thaw, classes, theirs["samples"])
        (folder / "samples" / "expected.json").write_text(_json(expected), encoding="utf-8")
        (folder / "proof.json").write_text(_json(proven.to_dict()), encoding="utf-8")
        _finish(folder, format, run.name)
        (folder / "README.md").write_text(papers.readme(about, proven, folder), encoding="utf-8")
        (folder / "MODEL_CARD.md").write_text(papers.model_card(about, proven), encoding="utf-8")
        with files.replacing(file) as aside:
            pack(folder, aside, format)
    return proven


def _compared(
    thaw: predictor.Predictor,
    found: Pictures,
    theirs: dict[str, np.ndarray],
    told: dict[str, Any],
    trained: list[str],
    held: int,
    *,
    drawn: bool,
) -> Proof:
    """Thaw's answers beside the export's."""
    probabilities, familiar = np.split(thaw.in_full(found.pixels), [len(thaw.classes)], axis=1)
    ours = {"probabilities": probabilities}
    if familiar.size:
        ours["familiar"] = familiar[:, 0]
    threshold = thaw.thresholds.familiar
    # Pictures that somebody names may lie in folders that are called as the classes are now.
    places = {name: place for now in (thaw.classes, trained) for place, name in enumerate(now)}
    labels = [None if label is None else places.get(label) for label in found.labels]
    return Proof(
        pictures=len(found.pixels),
        held_out=found.held_out,
        drawn=drawn,
        from_pixels=proof.compare(ours, _of(theirs, "tensor"), labels, threshold),
        from_file=proof.compare(
            ours, _of(theirs, "file"), labels, threshold, set(map(int, told["unread"]))
        ),
        accuracy=proof.accuracy(ours["probabilities"], labels),
        bytes=held,
        ms=round(told["ms"], 2),
        unread=len(told["unread"]),
    )


def _convert(order: Order, report: Report) -> Needs | None:
    """Convert, and learn what the network takes on a microcontroller if it is meant for one."""
    tell = watched(Stage.CONVERTING, report)
    try:
        needs = apart.run(order.carry_out, lambda: tell(0, 1), memory=MEMORY)
    except RuntimeError as error:
        incidents.record(error)
        raise UserError(
            "This network could not be converted to {title}: the process that converts it ended "
            "unexpectedly, perhaps because memory ran out. Nothing was written. Close other "
            "programs and try again, or export to another format.",
            title=table.find(order.format).title,
        ) from error
    return Needs(**needs) if needs else None


def _prove(
    folder: Path, work: Path, format: Format, report: Report
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Run the export on the pictures, in a process that knows nothing of Thaw.

    Returns:
        Its answers by name, and what else it told.

    Raises:
        UserError: It cannot be run.
    """
    tell = watched(Stage.PROVING, report)
    outcome = outside(_PROVER, folder, work, folder=work, tell=lambda said: tell(*_reached(said)))
    if outcome.code:
        outcome.log()
        raise UserError(
            "The {title} file was made, but its own runtime could not run it, so it is not "
            "offered. Export to another format.",
            title=format.title,
        )
    with np.load(work / "answers.npz") as answers:
        theirs = {name: answers[name] for name in answers.files}
    return theirs, json.loads((work / "told.json").read_text(encoding="utf-8"))


def _reached(said: Path) -> tuple[int, int]:
    """How far the prover has come, by the last whole line that it said."""
    last = said.read_text(encoding="utf-8").rpartition("\n")[0].rpartition("\n")[2].split()
    return (int(last[0]), int(last[1])) if len(last) == 2 else (0, 1)


def _of(answers: dict[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(f"{kind}_"): value
        for name, value in answers.items()
        if name.startswith(f"{kind}_")
    }


def _write_facts(folder: Path, order: Order, deciding: Mapping[str, Any], digest: str) -> None:
    """`answer.json`, by which a program knows what the numbers mean, and `labels.txt`."""
    how = {"size": order.size, **order.preparation.to_dict()}
    told = {"classes": list(order.classes), "picture": how, "model": digest}
    told |= deciding
    (folder / "answer.json").write_text(_json(told), encoding="utf-8")
    labels = "".join(f"{name}\n" for name in order.classes)
    (folder / "labels.txt").write_text(labels, encoding="utf-8")


def _write_scripts(folder: Path, format: Format, preparation: Preparation) -> None:
    for name in (*_SCRIPTS, *format.samples):
        shutil.copyfile(_CARRIED / name, folder / name)
    shutil.copyfile(_CARRIED / "runtimes" / f"{format.runtime}.py", folder / "runtime.py")
    (folder / "requirements.txt").write_text(papers.requirements(format, preparation))


def called(classes: Sequence[str]) -> tuple[str, ...]:
    """Classes by the names that an export has for them: one line, nothing unseen, no two alike."""
    found: list[str] = []
    for place, each in enumerate(classes, 1):
        name = shown.visible(" ".join(each.split())) or f"class {place}"
        while name in found:
            name += f" ({place})"
        found.append(name)
    return tuple(found)


def _expected(
    carried: list[tuple[str, bytes]],
    thaw: predictor.Predictor,
    classes: Sequence[str],
    theirs: np.ndarray,
) -> dict[str, Any]:
    """What Thaw says of the pictures that an export carries, and how far it may be from that.

    Args:
        carried: Name and bytes of each.
        thaw: The run's network.
        classes: As the export calls them.
        theirs: The probabilities that the export gives, [pictures, classes].
    """
    names = dict(zip(thaw.classes, classes, strict=True))
    told = []
    for said, row in zip(thaw.predict(carried, top=len(classes)), theirs, strict=True):
        sure = {names[name]: value for name, value in said.top}
        apart = max(abs(sure[name] - value) for name, value in zip(classes, row, strict=True))
        told.append(
            {
                "file": said.file,
                "label": names[said.label],
                "probabilities": sure,
                "tolerance": round(max(_LEAST_TOLERANCE, 2 * float(apart)), 4),
            }
        )
    return {"pictures": told}


def _finish(folder: Path, format: Format, title: str) -> None:
    """Build what people open, and take away scripts that have only proven the network."""
    if format.finishes:
        importlib.import_module(f"core.exports.formats.{format.module}").finish(folder, title)
    if not format.scripts:
        for name in (*_SCRIPTS, "runtime.py", "requirements.txt"):
            (folder / name).unlink()


def _about(
    run: Run,
    format: Format,
    order: Order,
    thaw: predictor.Predictor,
    known: Known | None,
    own: bool,
) -> papers.About:
    results = run.results()
    if results is None:
        raise UserError("This run has no evaluation yet. Wait until the training has ended.")
    temperature = (results.get("calibration") or {}).get("temperature")
    every = {
        "temperature": temperature,
        "threshold": thaw.thresholds.familiar,
        "cut_off": thaw.thresholds.cut_off,
    }
    deciding = {name: value for name, value in every.items() if value is not None}
    return papers.About(
        run=run,
        format=format,
        classes=order.classes,
        size=order.size,
        preparation=order.preparation,
        results=naming.of_results(results, naming.by_now(run)),
        weaknesses=_weaknesses(run),
        pictures=known.dataset.split_counts if known else {},
        own=own,
        deciding=deciding,
    )


def _weaknesses(run: Run) -> list[str] | None:
    """What the latest check-up of a run's pictures has found and nobody has mended."""
    folder = run.dataset_folder
    try:
        found = Checkup.from_dict(files.read_json(folder / home.FINDINGS))
        dataset = store.load(folder)
    except (OSError, KeyError, TypeError, ValueError, UserError):
        return None  # none, or a damaged one
    still = (each for each in found.findings if remaining(each, dataset, (), found.digests))
    return [f"{each.title}. {each.sentence}" for each in still]


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
