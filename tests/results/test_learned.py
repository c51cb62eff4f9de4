"""What a run has learned from is told apart from what it has never seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.datasets import changes
from core.results import learned
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from tests.doctor.sights import record


def test_both_numbers() -> None:
    records = [record(n, "cat" if n < 2 else "dog") for n in range(4)]
    sure = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9]])
    names = ("cat", "dog")
    found = learned.told_apart(sure, records, names, {records[0].digest, records[2].digest})
    assert found["learned_from"] == 2
    assert (found["unseen"]["accuracy"], found["unseen"]["images"]) == (0.5, 2)
    everything = {each.digest for each in records}
    assert learned.told_apart(sure, records, names, everything) == {
        "learned_from": 4,
        "unseen": None,
    }
    assert learned.told_apart(sure, records, names, ())["learned_from"] == 0


def test_what_it_has_learned_from_is_kept_with_the_run(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", TrainingSettings(), data_name="pets")
    assert learned.digests(run) is None
    records = tuple(
        replace(record(n, "cat"), split="train" if n < 3 else "validation") for n in range(5)
    )
    dataset = replace(changes.empty("pets", ("cat",), SplitSettings()), records=records)
    learned.keep(run, dataset, refit=False)
    assert learned.digests(run) == {each.digest for each in records[:3]}
    learned.keep(run, dataset, refit=True)
    assert learned.digests(run) == {each.digest for each in records}


def test_how_many_it_has_learned_from_is_said_where_it_matters() -> None:
    assert learned.in_words({"images": 9}) is None, "an evaluation of an older version"
    assert learned.in_words({"images": 9, "learned_from": 0, "unseen": None}) is None
    told = learned.in_words({"images": 9, "learned_from": 9, "unseen": None})
    assert told is not None
    assert "all 9" in told
    unseen = {"correct": 1000, "images": 2000}
    told = learned.in_words({"images": 2500, "learned_from": 500, "unseen": unseen})
    assert told == (
        "It was trained on 500 of these 2,500 pictures. Of the others, it gets 1,000 of 2,000 "
        "right."
    )
