"""Which pictures a run has learned from: what it gets right of these says nothing."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from core.datasets import store
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.results import evaluation
from core.saying import Sentence, say
from core.storage import files, home
from core.storage.runs import Run, damaged, read_facts


def keep(run: Run, dataset: Dataset, *, refit: bool) -> None:
    """Write down the pictures that a run has learned from.

    Args:
        run: The run.
        dataset: All its pictures.
        refit: Whether it has learned from those of its validation side as well.
    """
    records = dataset.of("train") + (dataset.of("validation") if refit else [])
    digests = sorted({record.digest for record in records})
    files.write_json(run.folder / home.LEARNED, {"digests": digests})


def digests(run: Run) -> set[str] | None:
    """SHA-256 of every picture that a run has learned from; None where nobody knows any more.

    Raises:
        UserError: The run is damaged.
    """
    file = run.folder / home.LEARNED
    if file.is_file():
        found = read_facts(run.folder, home.LEARNED, "digests")["digests"]
        if not isinstance(found, list) or not all(map(home.is_digest, found)):
            raise damaged(run.folder, home.LEARNED)
        return set(found)
    if run.version is None:
        return None
    try:  # a run of a time when it was not written down
        dataset = store.load(run.dataset_folder, run.version)
    except UserError:
        return None
    return {record.digest for record in dataset.of("train")}


def in_words(results: dict[str, Any]) -> Sentence | None:
    """How many of the pictures of an evaluation the run has learned from, if any.

    Args:
        results: As `told_apart` and `evaluation.evaluate` give them; older ones do not say.
    """
    seen, unseen = results.get("learned_from", 0), results.get("unseen")
    if not seen:
        return None
    if not unseen:
        return say("It was trained on all {count} of these pictures, so this number says little.",
                   count=seen)  # fmt: skip
    return say(
        "It was trained on {count} of these {all} pictures. Of the others, it gets {correct} of "
        "{total} right.",
        count=seen,
        all=results["images"],
        correct=unseen["correct"],
        total=unseen["images"],
    )


def told_apart(
    probabilities: np.ndarray,
    records: Sequence[Record],
    classes: Sequence[str],
    learned: Collection[str],
) -> dict[str, Any]:
    """How well a model does on what it has not seen in training, beside all that it was asked.

    Args:
        probabilities: As for `evaluation.evaluate`, as are the next two.
        records: The images, in the same order.
        classes: The model's classes, in its order.
        learned: Digests of the pictures that it has learned from.

    Returns:
        learned_from: how many of the records it has learned from; unseen: accuracy, correct,
        images and interval on the others, or None where there are none.
    """
    new = [place for place, record in enumerate(records) if record.digest not in learned]
    unseen = None
    if new:
        found = evaluation.evaluate(probabilities[new], [records[place] for place in new], classes)
        unseen = {key: found[key] for key in ("accuracy", "correct", "images", "interval")}
    return {"learned_from": len(records) - len(new), "unseen": unseen}
