"""What an export says of itself: README.md, of one page, and MODEL_CARD.md (Mitchell et al. 2019).

They are in English, like all files that Thaw writes.
"""

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.backbones.catalogue.rows import backbone_named, summary
from core.errors import UserError
from core.exports import markdown
from core.exports import proof as proving
from core.exports.micro import boards
from core.exports.micro.boards import Needs
from core.exports.proof import Proof
from core.exports.table import Format, Precision
from core.intake.pictures.preparation import USUAL, Preparation
from core.results import evaluation
from core.settings import RANDOM, Squaring
from core.storage.runs import Run

_SQUARES = {
    Squaring.SQUASH: "The whole picture is resized to the square; its proportions change.",
    Squaring.CROP: "The largest square in the middle is cut out, then resized.",
    Squaring.PAD: "The picture is resized to fit, and grey (124, 116, 104) fills the rest.",
}
_MIXED_UP = 5  # pairs of classes that the model card names


@dataclass(frozen=True)
class About:
    """What the papers tell of a run.

    Attributes:
        run: The run.
        format: What it is exported to.
        classes: As the export calls them.
        size: Side of the network's input.
        preparation: How pictures are prepared.
        results: The run's evaluation, under today's names.
        weaknesses: What the check-up of its pictures has found, in sentences; None where there was
            no check-up.
        pictures: How many pictures of each side it was trained and judged with, where it is known.
        own: Whether the pictures in `samples/` are the owner's rather than drawn.
        deciding: What `answer.json` says besides the classes: threshold, cut-off, temperature.
    """

    run: Run
    format: Format
    classes: Sequence[str]
    size: int
    preparation: Preparation
    results: Mapping[str, Any]
    weaknesses: Sequence[str] | None
    pictures: Mapping[str, int]
    own: bool
    deciding: Mapping[str, Any]


def requirements(format: Format, preparation: Preparation) -> str:
    """The sample code's `requirements.txt`: each package in the version that was tried here."""
    wanted = [*format.packages, "numpy", "pillow"]
    if preparation.levels or preparation.bands != USUAL.bands:
        wanted.append("tifffile")
    return "".join(f"{name}=={version(name)}\n" for name in wanted)


def readme(about: About, proof: Proof, folder: Path) -> str:
    """What is in the zip and what to do with it, on one page.

    Args:
        about: What it tells.
        proof: What was measured.
        folder: What is to be packed.
    """
    every = [*about.format.contents, *_ALWAYS, _SAMPLES[about.own]]
    contents = [(name, what) for name, what in every if (folder / name).exists() or name == _CARD]
    return "\n".join(
        [
            f"# {markdown.text(about.run.name)}: an image classifier for {about.format.title}",
            "",
            f"It tells {len(about.classes)} classes apart: {markdown.listed(about.classes)}. Made "
            f"with Thaw on {_day()}.",
            "",
            "## In five minutes",
            "",
            *(_on_a_board(proof.needs) if proof.needs else ()),
            *(_WITH_PYTHON if about.format.scripts else _WITH_A_BROWSER),
            *(_WITH_A_CAMERA if "camera.py" in about.format.samples else ()),
            "",
            "## What goes in",
            "",
            *_input(about),
            "",
            "## What comes out",
            "",
            *_output(about),
            "",
            "## Tried before it was offered",
            "",
            *markdown.table(("what", "figure"), proving.in_a_table(proof)),
            "",
            *[f"**Note.** {each}\n" for each in proof.warnings],
            "## What is in here",
            "",
            *markdown.table(
                ("file", "what it is"), [(f"`{name}`", what) for name, what in contents]
            ),
            "",
        ]
    )


_CARD = "MODEL_CARD.md"
_WITH_PYTHON = (
    "With Python 3.11 to 3.13:",
    "",
    "```",
    "python -m venv .venv",
    ". .venv/bin/activate          # Windows: .venv\\Scripts\\activate",
    "pip install -r requirements.txt",
    "python check.py               # are the answers here the same as in Thaw?",
    "python predict.py PICTURE.jpg",
    "```",
)
_WITH_A_CAMERA = (
    "",
    "`python camera.py` names what a camera sees, on a Raspberry Pi (`sudo apt install "
    "python3-picamera2`, and `python -m venv --system-site-packages .venv`) or with a webcam "
    "(`pip install opencv-python`).",
)
_WITH_A_BROWSER = (
    "- On a computer: open `index.html` in a browser. (If it is missing, the network is too large "
    "for one file: put `site/` on a web host.)",
    "- On phones and for others: upload the folder `site/` to any web host, and open its address.",
    "- The camera works on `https` addresses and from a file on a computer; browsers allow it "
    "nowhere else. Phones can take a picture on any address.",
    "- Pictures stay in the browser, and no internet is needed once the page is open.",
    "- When it opens, the page names the samples and says whether the answers are as in Thaw.",
)
_ALWAYS = (
    ("answer.json", "classes, preparation and threshold, for programs"),
    ("labels.txt", "the classes, one on each line, in the order of the probabilities"),
    ("predict.py", "names pictures"),
    ("picture.py", "turns a picture file into pixels, exactly as Thaw does"),
    ("runtime.py", "runs the network"),
    ("check.py", "compares the answers on `samples/` with those of Thaw"),
    ("camera.py", "names what a camera sees, again and again"),
    ("requirements.txt", "the packages that these need, in the versions that were tried"),
    (_CARD, "what the network is for, how good it is and where it fails"),
    ("proof.json", "the figures above, for programs"),
)
_SAMPLES = {
    True: ("samples/", "five pictures of the data set, without metadata, with Thaw's answers"),
    False: ("samples/", "drawings (no pictures of yours), with Thaw's answers"),
}


def _on_a_board(needs: Needs) -> list[str]:
    """How the sketch gets onto a board, and which boards have room for it."""
    rows = [
        (
            board.name,
            f"{board.ram // 1000} KB",
            f"{board.flash // 1000} KB",
            "yes" if board.fits(needs) else "no",
        )
        for board in boards.BOARDS
    ]
    return [
        f"On a board, the network takes **{needs.ram / 1000:.0f} KB of working memory and "
        f"{needs.flash / 1000:.0f} KB of flash**. That fits where this much is left beside the "
        "system, the sketch and a frame of the camera (by the data sheets):",
        "",
        *markdown.table(("board", "memory left", "flash left", "fits"), rows),
        "",
        "1. In the Arduino IDE, install the boards “esp32” by Espressif, or “Arduino Mbed OS Nano "
        "Boards”, and the library `Chirale_TensorFLowLite` (for the Nano's camera also "
        "`Arduino_OV767X`).",
        "2. Open `thaw_sketch/thaw_sketch.ino` and choose your board. For an ESP32 choose the "
        "partition scheme “Huge APP”.",
        "3. Upload it, open the serial monitor at 115200 baud, and show the camera something.",
        "",
        "The sketch prepares pictures as Thaw does. It knows two cameras: that of AI Thinker's "
        "ESP32-CAM (for another board with an ESP32, change the pins in `frames.h`) and the OV7675 "
        "of an Arduino Nano 33 BLE. For any other board, write the three functions of `frames.h` "
        "that ask the camera. It was not tried on a board: the network was run by LiteRT on a "
        "computer, with the figures below.",
        "",
    ]


def _input(about: About) -> list[str]:
    size = about.size
    told = [
        f"One picture is {size} × {size} pixels, channels last, **red, green, blue**. Scaling, and "
        "another order of the colours where the network wants one, happen inside it.",
    ]
    if about.format.precision is Precision.INT8:
        told.append("Input and output are int8: a pixel is its value from 0 to 255 less 128.")
    else:
        told.append("Pixels are whole numbers (uint8) from 0 to 255. Do not divide them by 255.")
    told += [
        "",
        "A picture file becomes such pixels in these steps (`picture.py`):",
        "",
        "1. The first frame, turned upright as its EXIF says.",
        "2. Colours converted to sRGB where the file has a colour profile.",
        f"3. Transparent parts on {about.preparation.paper.value} paper.",
        f"4. {_SQUARES[about.preparation.square]} Resizing is bilinear with antialiasing (as in "
        "Pillow); without antialiasing the answers change.",
    ]
    if words := about.preparation.in_words():
        told.append(f"5. {words}")
    return told


def _output(about: About) -> list[str]:
    told = [
        f"`probabilities`: {len(about.classes)} numbers that add up to 1, in the order of "
        "`labels.txt`. The largest is the answer, and how confident the network is.",
    ]
    if "temperature" in about.deciding:
        told[0] += (
            f" They are calibrated: a temperature of {about.deciding['temperature']:g} is inside."
        )
    if about.deciding.get("cut_off") is not None:
        told.append(
            f"Below a confidence of {about.deciding['cut_off']:.0%} its owner wants no answer "
            '(`cut_off` in `answer.json`; `predict.py` then says `"sure": false`).'
        )
    if "threshold" in about.deciding:
        told.append(
            "`familiar`: from 0 to 1, whether it knows such pictures. Below "
            f"{about.deciding['threshold']:g} (`threshold` in `answer.json`) the answer is “none "
            "of these”."
        )
    return told


def model_card(about: About, proof: Proof) -> str:
    """What somebody has to know who relies on it; as Mitchell et al. 2019 propose."""
    run, results = about.run, about.results
    low, high = results["interval"]
    side = {"test": "the test side", "validation": "the validation side"}.get(
        results.get("split", ""), "pictures held out"
    )
    return "\n".join(
        [
            f"# Model card: {markdown.text(run.name)}",
            "",
            "## The model",
            "",
            f"- {summary(run.settings)}",
            f"- Trained on {_day(run.created)} with Thaw; exported as {about.format.title} on "
            f"{_day()}.",
            *_backbone(about),
            "",
            "## What it is for",
            "",
            f"- It chooses one of {len(about.classes)} classes for a picture: "
            f"{markdown.listed(about.classes)}.",
            *_strangers(about),
            "- It is not for decisions about people, their health, safety or rights: nobody has "
            "tested it for that.",
            "",
            "## The pictures",
            "",
            f"- Data set: {markdown.text(run.data_name)}.",
            *[
                f"- {count} pictures on the {name} side."
                for name, count in about.pictures.items()
                if count
            ],
            *_learned(results),
            "- Whoever collected the pictures has their licence; Thaw does not know it.",
            "",
            "## How good it is",
            "",
            f"**{results['correct']} of {results['images']} right ({results['accuracy']:.1%})** on "
            f"{side}. On other pictures of this kind, expect {low:.1%} to {high:.1%} (95 % "
            "interval, Wilson).",
            "",
            *markdown.table(
                ("class", "pictures", "found (recall)", "95 % interval", "precision"),
                [_of_a_class(name, row) for name, row in results["per_class"].items()],
            ),
            "",
            *_mixed_up(results),
            "",
            "## Known weaknesses",
            "",
            *_weaknesses(about),
            "",
            "## This export",
            "",
            *markdown.table(("what", "figure"), proving.in_a_table(proof)),
            "",
            "## How to train it again",
            "",
            "In Thaw, open the run and choose “Train again”, or in a terminal:",
            "",
            "```",
            f"thaw train PICTURES --run FOLDER {_options(run)}".rstrip(),
            "```",
            "",
        ]
    )


def _strangers(about: About) -> list[str]:
    if "threshold" in about.deciding:
        return ["- A picture unlike all that it has learned should come out as “none of these”."]
    return ["- It always chooses one of them, also for a picture that shows something else."]


def _learned(results: Mapping[str, Any]) -> list[str]:
    if not results.get("refit"):
        return []
    return [
        f"- After the figures below were measured, it learned once more from {results['refit']} "
        "pictures, those of the validation side among them."
    ]


def _backbone(about: About) -> list[str]:
    settings = about.run.settings
    try:
        backbone = backbone_named(settings.backbone, settings.alpha)
    except UserError:  # a module that is no longer in the catalogue
        return [f"- Network: {markdown.text(settings.backbone)}; its licence is not known."]
    if settings.weights == RANDOM:
        return [f"- Network: {backbone.title}, trained from scratch."]
    return [f"- Network: {backbone.title}. Licence of its ImageNet weights: {backbone.licence}."]


def _of_a_class(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    count = row["images"]
    if not count:
        return (markdown.text(name), "0", "–", "–", "–")
    low, high = evaluation.wilson(round(row["recall"] * count), count)
    return (
        markdown.text(name),
        str(count),
        f"{row['recall']:.1%}",
        f"{low:.1%} to {high:.1%}",
        f"{row['precision']:.1%}",
    )


def _mixed_up(results: Mapping[str, Any]) -> list[str]:
    found = evaluation.mixed_up(results["classes"], results["confusion"])
    if not found:
        return ["It mixed up none of these pictures."]
    said = [
        f"{markdown.text(true)} for {markdown.text(other)} ({count}×)"
        for true, other, count in found[:_MIXED_UP]
    ]
    return [f"It most often took {', '.join(said)}."]


def _weaknesses(about: About) -> list[str]:
    few = [name for name, row in about.results["per_class"].items() if row["images"] < 10]
    told = [f"- {markdown.text(each)}" for each in about.weaknesses or ()]
    if about.weaknesses is None:
        told.append("- The pictures have not been checked in Thaw (Data, “Check the pictures”).")
    elif not about.weaknesses:
        told.append("- The check-up of the pictures found nothing.")
    if few:
        told.append(
            f"- Fewer than 10 pictures were held out of {markdown.listed(few)}, so the figures "
            "for these classes say little."
        )
    told.append("- Other cameras, lighting and backgrounds than in the pictures were not tested.")
    return told


def _options(run: Run) -> str:
    """What sets the run's training apart from the default, as the command line has it."""
    said = []
    for name, value in run.settings.changed().items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            said.append(f"--{option}" if value else f"--no-{option}")
        else:
            text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            said.append(f"--{option} {shlex.quote(text)}")
    return " ".join(said)


def _day(seconds: float | None = None) -> str:
    then = time.localtime(seconds)
    return f"{then.tm_mday} {time.strftime('%B %Y', then)}"
