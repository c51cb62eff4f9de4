"""`project save` and `project open`: a data set with its versions and runs as one file."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.arguments import path
from core.cli.messages import bytes_counter, counter, tell
from core.cli.space import SPACE
from core.datasets import store
from core.errors import UserError
from core.intake import room
from core.storage import files, privacy
from core.storage.runs import Run


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    actions = parser.add_subparsers(required=True, metavar="save|open", dest="action")
    save = actions.add_parser("save", help="write a project file")
    save.add_argument("dataset", metavar="DATASET", help="the name or the id of a data set here")
    save.add_argument("--out", type=Path, required=True, metavar="FILE", help="such as pets.thaw")
    save.add_argument(
        "--runs",
        metavar="ID,ID",
        help="the runs that go along; by default all that have learned; none for none",
    )
    save.add_argument(
        "--current",
        action="store_true",
        help="only the data set as it is now, without its earlier versions",
    )
    pictures = save.add_mutually_exclusive_group()
    pictures.add_argument(
        "--keep-metadata",
        action="store_true",
        help="keep the pictures exactly as they are, for a backup of your own; by default places, "
        "times, names and serial numbers are taken out",
    )
    pictures.add_argument(
        "--no-pictures",
        action="store_true",
        help="only classes, settings and runs, without what tells of single pictures",
    )
    opened = actions.add_parser("open", help="open a project file in THAW_HOME")
    opened.add_argument("file", type=path, metavar="FILE", help="what Save project has made")
    for each in (save, opened):
        each.add_argument("--json", action="store_true", help="end with one JSON object")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Save or open."""
    return _save(args) if args.action == "save" else _open(args)


def _save(args: argparse.Namespace) -> dict[str, Any]:
    from core.projects import saving
    from core.projects.leaving import Pictures

    chosen = _dataset(args.dataset)
    pictures = Pictures.AS_THEY_ARE if args.keep_metadata else Pictures.STRIPPED
    if args.no_pictures:
        pictures = Pictures.NONE
    every = saving.runs_of(SPACE.dataset(chosen))
    runs = every if args.runs is None else _chosen(every, args.runs)
    project = saving.project(
        SPACE.dataset(chosen),
        runs,
        versions=not args.current,
        pictures=pictures,
        report=counter("looking at pictures"),
    )
    report, done = bytes_counter("saving"), 0
    try:
        with privacy.to_share(), files.replacing(args.out) as aside, aside.open("wb") as file:
            for piece in project.pieces:
                file.write(piece)
                done += len(piece)
                report(done, project.size)
    except OSError as error:
        raise UserError(
            f"The project could not be written ({error.strerror}: {error.filename or args.out}). "
            "Choose another place for it, or make room."
        ) from error
    for run in filter(saving.is_sealed, runs):
        tell(
            f"The run “{run.name}” is saved without its network, which contains a TensorFlow Hub "
            "module. To take that with you: export --format savedmodel."
        )
    tell(
        f"{args.out} holds {_several(project.pictures, 'picture')} and "
        f"{_several(project.runs, 'run')} ({done / 1e6:,.1f} MB)."
    )
    return {
        "file": str(args.out),
        "bytes": done,
        "dataset": chosen,
        "pictures": project.pictures,
        "runs": [run.id for run in runs],
    }


def _open(args: argparse.Namespace) -> dict[str, Any]:
    from core.projects import opening

    room.ready()
    if not args.file.is_file():
        raise UserError(f"Expected a project file, but there is no file {args.file}.")
    if not opening.is_project(args.file):
        raise UserError(
            f"Expected a project that Thaw has saved, but {args.file} is none. Open pictures with "
            "inspect or train."
        )
    found = opening.open_project(SPACE, args.file, args.file.name, counter("reading pictures"))
    here = "is here already" if found.there else "is here now"
    tell(f"“{found.name}” {here}, with {_several(found.new_runs, 'new run')}.")
    bare = [each for each in found.runs if not Run(SPACE.runs() / each).has_model]
    if bare:
        tell(
            f"{_several(len(bare), 'run')} came without a network, because it contains a "
            "TensorFlow Hub module. Settings and results are here."
        )
    runs = [str(SPACE.runs() / each) for each in found.runs]
    for each in runs:
        print(each)
    return {
        "dataset": found.dataset,
        "name": found.name,
        "runs": runs,
        "new_runs": found.new_runs,
        "there": found.there,
    }


def _dataset(given: str) -> str:
    """The id of a data set, by its id or its name.

    Raises:
        UserError: There is none, or several are called so.
    """
    every = store.all_ids(SPACE)
    if given in every:
        return given
    named: dict[str, str] = {}
    for each in every:
        try:
            named[each] = store.load(SPACE.dataset(each)).name
        except UserError:
            continue  # a damaged one
    found = [each for each, name in named.items() if name == given]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            f"Several data sets are called “{given}”. Say which by its id: {', '.join(found)}."
        )
    known = ", ".join(f"“{name}” ({each})" for each, name in named.items()) or "none"
    raise UserError(f"There is no data set “{given}” in THAW_HOME. There are: {known}.")


def _chosen(every: list[Run], given: str) -> list[Run]:
    wanted = [] if given == "none" else given.split(",")
    by_id = {run.id: run for run in every}
    unknown = [each for each in wanted if each not in by_id]
    if unknown:
        raise UserError(
            f"Expected runs of this data set that have learned and ended, received "
            f"{', '.join(unknown)}. There are: {', '.join(by_id) or 'none'}."
        )
    return [by_id[each] for each in dict.fromkeys(wanted)]


def _several(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
