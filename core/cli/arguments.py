"""What several commands can be given: where the images are, and how they are read and divided."""

import argparse
import errno
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.cli.messages import tell
from core.errors import UserError
from core.intake.archives.archive import Source, WithFiles, open_source
from core.intake.layouts import layout
from core.intake.layouts.labelling import Reading
from core.intake.layouts.side_names import Split
from core.intake.pictures.preparation import Paper, Preparation
from core.intake.pictures.preparing import Chosen
from core.results.handed import is_url
from core.settings import ALL, IMAGENET, RANDOM, Grouping, SplitSettings, known


def images(added: argparse.ArgumentParser) -> None:
    """A zip, tar or folder of images, and how its paths become classes."""
    added.add_argument(
        "path", type=path, metavar="PATH", help="a zip, tar or folder of class folders"
    )
    reading_options(added)


def reading_options(added: argparse.ArgumentParser) -> None:
    """How the paths of images become classes; the images are at `path`."""
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
    reading.add_argument(
        "--one-class",
        action="store_true",
        help="there is a single class, to be told from anything else",
    )


def add_settings(
    group: Any, settings: type, but: Sequence[str] = (), *, set_only: bool = False
) -> None:
    """Options for the settings of a class.

    Args:
        group: Takes them.
        settings: The class.
        but: Settings that have no option.
        set_only: Whether what is not given is not set, instead of set to the default.
    """
    for name, setting in known(settings).items():
        if name in but:
            continue
        default = getattr(settings, name)
        shown = default if default != () else "none"
        metavar = _METAVARS.get(name, "N" if isinstance(default, int) else "X")
        options: dict[str, Any] = {"metavar": metavar, "type": _TYPES.get(name, type(default))}
        if isinstance(default, bool):
            options = {"action": argparse.BooleanOptionalAction}
        elif setting.options:
            options = {"metavar": "|".join(setting.options)}
        group.add_argument(
            option(name),
            default=argparse.SUPPRESS if set_only else default,
            help=f"{setting.label}. {setting.help} (default: {shown})".replace("%", "%%"),
            **options,
        )


def option(name: str) -> str:
    """What a setting is called on the command line."""
    return f"--{name.replace('_', '-')}"


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
        one_class=args.one_class,
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


def divided_images(added: argparse.ArgumentParser) -> None:
    """The same, and how the images are divided and read."""
    images(added)
    shares = added.add_argument_group("division, where the images do not come divided")
    add_settings(shares, SplitSettings, but=("seed",))
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


def path(text: str) -> Path:
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


def _frozen_layers(text: str) -> int | str:
    try:
        return text if text == ALL else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected all or a number, received {text!r}") from None


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text not in ("", "none") else ()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected numbers as in 128,64, received {text!r}"
        ) from None


_TYPES = {"frozen_layers": _frozen_layers, "dense": _units}
_METAVARS = {
    "backbone": "NAME",
    "weights": f"{IMAGENET}|{RANDOM}|FILE",
    "frozen_layers": f"{ALL}|N",
    "dense": "U,U,U",
}


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


def source_of(args: argparse.Namespace) -> Source:
    """The source, to be read as the options say, with tables of labels that lie elsewhere."""
    reading = reading_of(args)
    source = open_source(args.path, reading=reading, follow=True)
    inside = {member.name for member in source.members}
    named = set(reading.tables if reading else ()) - inside
    outside = {name: Path(name) for name in named if Path(name).is_file()}
    return WithFiles(source, outside) if outside else source


def tell_reading(args: argparse.Namespace, source: Source, least: int = 2) -> str:
    """How the source is read, which is told before anything else happens."""
    grouped = getattr(args, "group_by", None) == Grouping.FOLDER
    found = layout.place(source, least=least, grouped=grouped)
    if found.classes:  # else that is told as what is wrong
        tell(found.told())
    return found.told()


def split_of(args: argparse.Namespace, seed: int = 0) -> SplitSettings:
    """How images are divided, where they do not come so."""
    return SplitSettings(args.validation, seed, args.test, args.group_by)


def preparation_of(args: argparse.Namespace) -> Chosen:
    """What is said of how pictures are read."""
    return Chosen(args.levels, args.bands, Paper(args.paper) if args.paper else None)
