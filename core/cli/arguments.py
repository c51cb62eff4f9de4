"""What can be said after `python -m core`: the commands' options."""

import argparse
import errno
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.intake.layouts.labelling import Reading
from core.intake.layouts.side_names import Split
from core.intake.pictures.preparation import Paper, Preparation
from core.results.handed import is_url
from core.settings import (
    IMAGENET,
    OPTIMIZERS,
    RANDOM,
    SCHEDULES,
    Grouping,
    SplitSettings,
    Squaring,
    Strength,
)

Command = Callable[[argparse.Namespace], dict[str, Any]]
RECIPES = ("quick", "best")


def parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """The parser of the whole command line.

    Args:
        commands: Each is called by its name and described by its docstring; what it may be given
            is said here by a function of that name.
    """
    made = _Parser(prog="python -m core", description="Thaw from a terminal.")
    parsers = made.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for command in commands:
        name = command.__name__
        added = parsers.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(job=command)
        added.add_argument("--json", action="store_true", help="end with one JSON object")
        _OPTIONS[name](added)
    return made


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> Any:
        raise UserError(f"{message[:1].upper()}{message[1:]}. See: python -m core --help")


def _images(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "path", type=_path, metavar="PATH", help="a zip, tar or folder of class folders"
    )

    reading = added.add_argument_group(
        "how paths become classes, where the folders alone do not tell"
    )
    reading.add_argument(
        "--root",
        action="append",
        metavar="FOLDER",
        help="the folder inside PATH that holds the class folders, “.” for PATH itself; again for "
        "more of them",
    )
    reading.add_argument(
        "--sides",
        metavar="train=FOLDER,test=FOLDER",
        help="the folders that hold the class folders of each side: train, validation, test",
    )
    reading.add_argument(
        "--labels",
        action="append",
        metavar="FILE",
        help="a table (CSV, TSV, TXT, JSON, JSONL), inside PATH or elsewhere, that lists file and "
        "class; again for more of them",
    )
    for column in ("file", "label", "split"):
        reading.add_argument(
            f"--{column}-column", default="", metavar="NAME", help=argparse.SUPPRESS
        )
    reading.add_argument(
        "--label-pattern",
        default="",
        metavar="REGEX",
        help="found in each file's name without its ending; its first group is the class, as in "
        "'^([a-z]+)_' for cat_1.jpg",
    )
    reading.add_argument(
        "--join-cases",
        action="store_true",
        help="classes that differ by capital letters alone are one",
    )


def reading_of(args: argparse.Namespace) -> Reading | None:
    """How paths become classes, where the options say so.

    Raises:
        UserError: They do not go together.
    """
    if args.labels and args.label_pattern:
        raise UserError("Expected either --labels or --label-pattern, received both.")
    if args.root and args.sides:
        raise UserError("Expected either --root or --sides, received both.")
    folders: list[tuple[str, Split | None]] = [
        (_within(args, each), None) for each in args.root or ()
    ]
    if args.sides:
        parts = re.split(r"(?:^|,)(train|validation|test)=", args.sides)
        if parts[0] or len(parts) < 3:
            raise UserError(
                "Expected --sides such as train=FOLDER,test=FOLDER with train, validation or test, "
                f"received {args.sides!r}."
            )
        sides: dict[str, Split] = {"train": "train", "validation": "validation", "test": "test"}
        folders = [
            (_within(args, folder), sides[side])
            for side, folder in zip(parts[1::2], parts[2::2], strict=True)
        ]
    reading = Reading(
        folders=tuple(folders),
        tables=tuple(_within(args, each) for each in args.labels or ()),
        file_column=args.file_column,
        label_column=args.label_column,
        split_column=args.split_column,
        pattern=args.label_pattern,
        join_cases=args.join_cases,
    )
    return None if reading == Reading() else reading


def _within(args: argparse.Namespace, given: str) -> str:
    """A path inside the source, also where it was given as the shell completes it."""
    root = args.path.resolve()
    there = Path(given).resolve()
    if Path(given).is_absolute() or not (args.path / given).exists():
        if there.exists() and there.is_relative_to(root):
            given = there.relative_to(root).as_posix()
        elif there.is_file():
            return given  # a table that lies elsewhere
    return "/".join(part for part in given.replace("\\", "/").split("/") if part not in ("", "."))


def _divided_images(added: argparse.ArgumentParser) -> None:
    _images(added)
    usual = SplitSettings()
    shares = added.add_argument_group("division, where the images do not come divided")
    shares.add_argument("--validation", type=float, default=usual.validation, metavar="SHARE")
    shares.add_argument(
        "--test",
        type=float,
        default=usual.test,
        metavar="SHARE",
        help="held out besides, for one last test",
    )
    shares.add_argument(
        "--group-by",
        default=usual.group_by,
        metavar="|".join(Grouping),
        help="images that stay on one side together: those called the same up to their last "
        "number, or those in one folder within the class folder",
    )
    read = added.add_argument_group("how pictures are read; what is not given is found out")
    read.add_argument(
        "--levels",
        type=_levels,
        metavar="BLACK,WHITE",
        help="the numbers that are black and white in pictures of more than 8 bits",
    )
    read.add_argument(
        "--bands",
        type=_bands,
        metavar="R,G,B",
        help="which bands are red, green and blue in pictures of more than three, from 1 on",
    )
    read.add_argument(
        "--paper", choices=tuple(map(str, Paper)), help="what lies behind see-through parts"
    )


def _inspect(added: argparse.ArgumentParser) -> None:
    _divided_images(added)
    added.add_argument(
        "--doctor",
        action="store_true",
        help="look for copies, wrong labels, empty pictures and whatever else spoils a training",
    )


def _train(added: argparse.ArgumentParser) -> None:
    """What is not given is not set: the recipe says it, or the run that is resumed."""
    _divided_images(added)
    folder = "a new folder; with --resume, that of a run"
    added.add_argument("--run", type=_path, required=True, metavar="DIR", help=folder)
    added.add_argument(
        "--resume",
        action="store_true",
        help="go on with that run from its last epoch, on the same images; with --epochs beyond "
        "those that it has, train it further",
    )
    added.add_argument(
        "--recipe",
        choices=RECIPES,
        default=RECIPES[0],
        help="quick keeps all layers frozen; best looks at the images and thaws as far as they "
        "justify. Other options change what the recipe says",
    )
    settings = added.add_argument_group("settings")

    def setting(name: str, **options: Any) -> None:
        settings.add_argument(name, default=argparse.SUPPRESS, **options)

    setting("--backbone", metavar="NAME")
    setting("--alpha", type=float, metavar="WIDTH")
    setting(
        "--weights",
        metavar=f"{IMAGENET}|{RANDOM}|FILE",
        help="what the backbone starts from; FILE is a .h5 or .weights.h5 of it",
    )
    setting("--frozen-layers", type=_frozen_layers, metavar="all|N")
    setting("--dense", type=_units, metavar="U,U,U")
    setting("--dropout", type=float, metavar="P")
    setting("--epochs", type=int, help="40 with all layers frozen, else 15")
    setting("--batch-size", type=int)
    setting("--learning-rate", type=float)
    setting(
        "--thawed-rate",
        type=float,
        metavar="SHARE",
        help="what thawed layers take of the learning rate",
    )
    setting(
        "--warm-up-epochs",
        type=int,
        metavar="N",
        help="epochs that train the head alone before thawed layers join in",
    )
    setting(
        "--batch-norm-learns",
        action="store_true",
        help="batch norm of thawed layers adapts its statistics too",
    )
    setting("--optimizer", metavar="|".join(OPTIMIZERS))
    setting("--schedule", metavar="|".join(SCHEDULES), help="how the learning rate goes on")
    setting(
        "--weight-decay",
        type=float,
        metavar="SHARE",
        help="of the new layers; with sgd a hundredth of what adam takes is plenty",
    )
    setting("--label-smoothing", type=float, metavar="SHARE")
    setting("--balanced", action="store_true", help="rare classes count as much as common ones")
    setting(
        "--patience",
        type=int,
        metavar="N",
        help="end when so many epochs were no better; 0 trains all of them",
    )
    setting("--square", metavar="|".join(Squaring), help="how images become square")
    setting("--augment", metavar="|".join(Strength), help="vary the training images")
    setting("--views", type=int, metavar="K", help="variants of each training image")
    setting(
        "--no-mirror",
        action="store_false",
        dest="mirror",
        help="variants are not mirrored, as is right for letters",
    )
    setting("--seed", type=int)


def _evaluate(added: argparse.ArgumentParser) -> None:
    added.add_argument("run", type=_path, metavar="DIR", help="the folder of a run")
    _images(added)


def _predict(added: argparse.ArgumentParser) -> None:
    added.add_argument("run", type=_path, metavar="DIR", help="the folder of a run")
    added.add_argument(
        "images",
        type=Path,
        nargs="+",
        metavar="IMAGE",
        help="images, folders of them, zips or tars",
    )
    added.add_argument("--top", type=int, default=3)
    added.add_argument("--csv", type=Path, metavar="FILE")


def _backbones(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--fetch",
        nargs="+",
        metavar="NAME",
        help="put the weights of these into the folder that --to names; all means all",
    )
    added.add_argument(
        "--to",
        type=_path,
        metavar="STICK",
        help=r"where --fetch puts them: the folder of a stick, such as E:\thaw on Windows",
    )
    added.add_argument("--alpha", type=float, default=1.0, metavar="WIDTH")
    added.add_argument(
        "--with-classes",
        action="store_true",
        help="also the network with ImageNet's 1000 classes",
    )
    added.add_argument(
        "--add",
        metavar="HANDLE",
        help="add a TensorFlow Hub module: a URL, a Kaggle path or a folder. It is a program that "
        "will run on this machine: add only what you trust",
    )
    added.add_argument("--title", help="what the module that is added is called")
    added.add_argument(
        "--classes", metavar="HANDLE", help="the module with its 1000 or 1001 ImageNet classes"
    )


def _stop(added: argparse.ArgumentParser) -> None:
    """It takes nothing."""


_OPTIONS = {
    "inspect": _inspect,
    "advise": _divided_images,
    "train": _train,
    "evaluate": _evaluate,
    "predict": _predict,
    "backbones": _backbones,
    "stop": _stop,
}


def _path(text: str) -> Path:
    """A path; links that lead in a circle are an error of the system, told as any other."""
    path = Path(text)
    if is_url(text):
        raise UserError(
            f"Expected a file or a folder, but “{text}” is a URL, and Thaw opens nothing on the "
            "network. Download it first."
        )
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:  # `resolve` would make a RuntimeError of it
            raise
    return path


def _frozen_layers(text: str) -> int | None:
    try:
        return None if text == "all" else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected all or a number, received {text!r}") from None


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text not in ("", "none") else ()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected numbers as in 128,64, received {text!r}"
        ) from None


def _levels(text: str) -> tuple[float, float]:
    try:
        black, white = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected two numbers as in 0,4095, received {text!r}"
        ) from None
    Preparation(levels=(black, white))
    return black, white


def _bands(text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = (int(part) - 1 for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected three numbers as in 4,3,2, received {text!r}"
        ) from None
    Preparation(bands=(red, green, blue))
    return red, green, blue
