"""One export of code, from the run's folder to a zip whose code has been run."""

import shutil
import tempfile
import zipfile
from pathlib import Path

from core import apart
from core.datasets import packing
from core.errors import UserError
from core.exports import markdown, papers
from core.exports.lesson import cells, plan, rehearsal, starting
from core.exports.lesson.plan import Plan
from core.exports.lesson.rehearsal import Rehearsal
from core.exports.pictures import Known
from core.exports.table import Format
from core.exports.workshop import MEMORY, Report, pack, watched
from core.intake.archives.archive import UnreadableMember
from core.results.predictor import read_description
from core.storage import files, incidents
from core.storage.home import Space
from core.storage.job import Stage
from core.storage.runs import Run

_PICTURE = Path(__file__).parents[1] / "carried" / "picture.py"


def export(run: Run, format: Format, file: Path, report: Report, known: Known | None) -> Rehearsal:
    """Write the code, run it and only then put the zip in its place.

    Args:
        run: One that has been evaluated.
        format: One that has a `lesson`.
        file: The zip to be.
        report: Told the stage, and how much of it is done of how much; what it raises ends all.
        known: The run's pictures, which the code is tried on; none of them is in the zip.

    Raises:
        UserError: The run cannot be told as a short script, or the script does not do as well.
    """
    assert format.lesson is not None
    told = plan.of(run, known, *read_description(run.folder))
    assert known is not None
    with tempfile.TemporaryDirectory(prefix="thaw-export-") as there:
        work = Path(there)
        folder = work / "export"
        folder.mkdir()
        _write(run.space, told, format, folder, report)
        tried = work / "tried"
        shutil.copytree(folder, tried)
        _zip(known, told, tried / "pictures.zip", report)
        made = rehearsal.rehearse(tried / format.lesson, told, watched(Stage.PROVING, report))
        (folder / "README.md").write_text(_readme(told, format, made), encoding="utf-8")
        with files.replacing(file) as aside:
            pack(folder, aside, format)
    return made


def _write(space: Space, told: Plan, format: Format, folder: Path, report: Report) -> None:
    """The code and what it needs, but for the pictures."""
    start = starting.of(space, told.backbone, told.settings, folder / "backbone.keras")
    tell = watched(Stage.CONVERTING, report)
    try:
        next_stages = apart.run(start.write, lambda: tell(0, 1), memory=MEMORY)
    except RuntimeError as error:
        incidents.record(error)
        raise UserError(
            "The network that this run began with could not be written: the process that does it "
            "ended unexpectedly, perhaps because memory ran out. Close other programs and try "
            "again."
        ) from error
    made = cells.write(told, next_stages)
    text = cells.notebook(made) if format.name == "notebook" else cells.script(made)
    (folder / (format.lesson or "")).write_text(text, encoding="utf-8")
    shutil.copyfile(_PICTURE, folder / "picture.py")
    (folder / "requirements.txt").write_text(papers.requirements(format, told.preparation))


def _zip(known: Known, told: Plan, file: Path, report: Report) -> None:
    """The pictures, as a download from the Data page gives them."""
    paths = packing.paths(known.dataset, sides=not told.by_seed)
    with zipfile.ZipFile(file, "w") as archive:
        for done, (name, record) in enumerate(paths.items(), 1):
            try:
                archive.writestr(name, known.read(record))
            except UnreadableMember as error:
                raise UserError(
                    "The picture “{file}” can no longer be read, so the code cannot be tried. Put "
                    "it back, or delete it and train again.",
                    file=record.file,
                ) from error
            report(Stage.READING, done, len(paths))


def _readme(told: Plan, format: Format, made: Rehearsal) -> str:
    """What is in the zip and what to do with it, on one page."""
    run = (
        f"python {format.lesson}"
        if format.name == "python"
        else f"pip install notebook\njupyter notebook {format.lesson}"
    )
    download = (
        "as one folder per class" if told.by_seed else "with folders for training and validation"
    )
    contents = [
        *format.contents,
        ("picture.py", "turns a picture file into pixels, exactly as Thaw does"),
        ("requirements.txt", "the packages that these need, in the versions that were tried"),
    ]
    backbone = told.backbone
    weights = "random weights" if told.settings.from_scratch else backbone.weights.origin
    lines = [
        f"# {markdown.text(told.name)}: the training as code",
        "",
        "The training of a run of Thaw in plain Keras, to read, to change and to run anywhere.",
        "",
        "## In five minutes",
        "",
        f"1. In Thaw, open Data and download the pictures {download}. Put the zip here, as "
        "`pictures.zip`. (No pictures are in this zip.)",
        "2. With Python 3.11 to 3.13:",
        "",
        "```",
        "python -m venv .venv",
        ". .venv/bin/activate          # Windows: .venv\\Scripts\\activate",
        "pip install -r requirements.txt",
        run,
        "```",
        "",
        "It writes `trained.keras`, the trained network.",
        "",
        "## Tried before it was offered",
        "",
        f"Run on the pictures of the run, the code got {made.accuracy:.1%} of {made.pictures} "
        f"held-out pictures right, and Thaw {made.thaw:.1%}. It took {made.seconds:.0f} seconds.",
        "",
        *[f"**Note.** {each}\n" for each in made.warnings],
        "## What is in here",
        "",
        *markdown.table(("file", "what it is"), [(f"`{name}`", what) for name, what in contents]),
        "",
        f"The network is {backbone.title}: {weights}, {backbone.licence}.",
        "",
    ]
    return "\n".join(lines)
