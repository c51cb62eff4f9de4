"""`compare`: runs side by side on the same images, and whether the difference is more than luck."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.arguments import path, reading_options, source_of, tell_reading
from core.cli.messages import clean, counter, tell, tell_left_out
from core.errors import UserError
from core.intake import room
from core.results import learned, names
from core.results.answers import kept, ranking
from core.results.answers.comparing import mcnemar
from core.results.answers.kept import Answers
from core.results.answers.ranking import Ranking
from core.results.evaluation import wilson
from core.storage import home
from core.storage.runs import Run


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument(
        "given",
        type=path,
        nargs="+",
        metavar="DIR",
        help="the folders of two runs or more; behind them perhaps a zip, tar or folder of class "
        "folders to judge them on. Without that, they are compared on the held-out images that "
        "all of them were evaluated on",
    )
    reading_options(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Runs side by side on the same images, and whether the difference is more than luck."""
    runs = [Run(folder) for folder in args.given]
    on_images = not _is_run(args.given[-1])
    if on_images:
        args.path = runs.pop().folder
    if len(runs) < 2:
        raise UserError("Expected the folders of two runs or more to compare.")
    called = _called([each.folder for each in runs])
    answers = _judged(args, runs) if on_images else [_held_out(each) for each in runs]
    found = ranking.rank(answers)
    if found is None:
        raise UserError(
            "Expected runs that were evaluated on the same images, but these have no held-out "
            "image in common. Give a folder of labelled images behind them."
        )
    count = len(found.files)
    for name, correct in zip(called, found.correct, strict=True):
        low, high = wilson(correct, count)
        print(clean(f"{name}\t{correct / count:.4f}\t{low:.4f}\t{high:.4f}\t{correct}\t{count}"))
    said = found.in_words(called)
    for sentence in said:
        tell(sentence)
    if found.relabelled:
        tell(f"Classes are those of {called[0]}: {found.relabelled} images had another since.")
    return {
        "images": count,
        "on": "images" if on_images else "held out",
        "runs": [_row(found, place, each.folder) for place, each in enumerate(runs)],
        "best": found.best,
        "pairs": [_pair(found, *pair) for pair in found.chances],
        "relabelled": found.relabelled,
        "told": [str(sentence) for sentence in said],
    }


def _is_run(folder: Path) -> bool:
    return (folder / home.SETTINGS).is_file() or (folder / home.MODEL_FACTS).is_file()


def _called(folders: list[Path]) -> list[str]:
    """The folders' own names; where two are the same, all paths as they were given."""
    found = [folder.resolve().name for folder in folders]
    return found if len(set(found)) == len(found) else [str(folder) for folder in folders]


def _held_out(run: Run) -> Answers:
    results = Run.open(run.folder).results()
    if results is None:
        raise UserError(
            f"The run {run.id} has not been evaluated. Wait until its training has ended."
        )
    _check_classes(run, results)
    answers = kept.of(run.folder, results)
    if not answers.whole:
        raise UserError(
            f"The run {run.id} was evaluated by an earlier Thaw, which kept only its mistakes. "
            "Give a folder of labelled images behind the runs."
        )
    return answers.called(names.by_now(run))


def _judged(args: argparse.Namespace, runs: list[Run]) -> list[Answers]:
    """What each run says of the images at `args.path`."""
    from core.results.predictor import of_run  # imports OpenVINO

    room.ready()
    found = []
    for place, each in enumerate(runs):
        predictor, source = of_run(each.folder), source_of(args)
        if not place:
            tell_reading(args, source, least=1)
        results = predictor.evaluate(source, counter("judging images"), learned.digests(each))
        _check_classes(each, results)
        if not place:
            tell_left_out(results["skipped"])
        if count := results["learned_from"]:
            tell(f"{each.folder.resolve().name} has learned from {count} of these images.")
        found.append(results["answers"])
    return found


def _check_classes(run: Run, results: dict[str, Any]) -> None:
    if "alone" in results:
        raise UserError(
            f"The run {run.id} knows a single class, so it cannot be right or wrong about which "
            "class a picture is of. Choose runs with two classes or more."
        )


def _row(found: Ranking, place: int, folder: Path) -> dict[str, Any]:
    correct, count = found.correct[place], len(found.files)
    return {
        "run": str(folder),
        "accuracy": correct / count,
        "correct": correct,
        "interval": wilson(correct, count),
    }


def _pair(found: Ranking, first: int, second: int) -> dict[str, Any]:
    """Two runs, by their places: the images that only one of them gets right."""
    lost, gained = found.only(first, second), found.only(second, first)
    return {
        "runs": [first, second],
        "only_first_right": [found.files[place] for place in lost],
        "only_second_right": [found.files[place] for place in gained],
        "mcnemar_p": mcnemar(len(gained), len(lost)),
        "holm_p": found.chances[first, second],
    }
