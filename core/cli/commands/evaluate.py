"""`evaluate`: how well a run's model does on labelled images."""

import argparse
from typing import Any

import numpy as np

from core.cli.arguments import images, path, source_of, tell_reading
from core.cli.messages import counter, rows, tell, tell_left_out
from core.intake import room
from core.results import learned
from core.results.answers import choosing, intervals
from core.results.answers.kept import Answers
from core.storage.runs import Run

_NEAR_MISSES = 20


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument("run", type=path, metavar="DIR", help="the folder of a run")
    images(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """How well a run's model does on labelled images."""
    from core.results.predictor import of_run  # imports OpenVINO

    room.ready()
    predictor = of_run(args.run)
    source = source_of(args)
    read_as = tell_reading(args, source, least=1)
    known = learned.digests(Run(args.run))
    results = predictor.evaluate(source, counter("judging images"), known)
    tell_left_out(results["skipped"])
    on = "the test side of these images" if results["side"] else "all of these images"
    tell(f"judged on {on}")
    print(f"accuracy\t{results['accuracy']:.4f}\timages\t{results['images']}")
    if known is None:
        tell("Which images the run has learned from is not known.")
    elif said := learned.in_words(results):
        tell(said)
    if unseen := results["learned_from"] and results["unseen"]:
        print(f"unseen accuracy\t{unseen['accuracy']:.4f}\timages\t{unseen['images']}")
    if results["calibration"]:
        error = results["calibration"]["error"]
        tell(f"its percentages are off by {100 * error:.1f} points on average (calibration error)")
    if alone := results.get("alone"):
        _tell_alone(alone, results["classes"][0])
    elif familiar := results["familiar"]:
        tell(f"{familiar['accepted']} of {familiar['images']} look familiar to it")
    keys = (
        *("accuracy", "images", "per_class", "confusion", "calibration", "cut_offs", "familiar"),
        *("side", "learned_from", "unseen"),
    )
    return {
        **{key: results[key] for key in keys},
        "intervals": intervals.of_classes(results["classes"], results["confusion"]),
        "near_misses": [] if alone else _near_misses(results["answers"]),
        **({"alone": alone} if alone else {}),
        "read_as": read_as,
        "skipped": rows(results["skipped"]),
    }


def _tell_alone(alone: dict[str, Any], label: str) -> None:
    """How well a single class is told from anything else."""
    for who, did, what in (
        ("own", "recognised", f"pictures of “{label}”"),
        ("strangers", "turned away", "pictures of other things"),
    ):
        if found := alone[who]:
            tell(f"{did} {found['correct']} of {found['images']} {what}")
    if not alone["strangers"]:
        tell("How well it turns away other things, only pictures of them tell: add a folder.")


def _near_misses(answers: Answers) -> list[dict[str, Any]]:
    """The images that it hesitated most about, as `--json` gives them."""
    found = []
    for place in choosing.near_misses(answers, _NEAR_MISSES):
        row = answers.probabilities[place]
        first, second = np.argsort(-row, kind="stable")[:2]
        found.append(
            {
                "file": answers.files[place],
                "label": answers.classes[answers.labels[place]],
                "top": [[answers.classes[each], round(float(row[each]), 6)]
                        for each in (first, second)],
            }
        )  # fmt: skip
    return found
