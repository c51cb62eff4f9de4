"""What a project file may hold: a table of its files, and the form of each.

    project.json                    what it is, and size and SHA-256 of every other file
    dataset/manifest.json           the data set at hand, as in its own folder
    dataset/versions/000001.json …  its other versions
    dataset/choice.json …           what people have set and marked
    pictures/<SHA-256>              every picture of these versions, as it came
    runs/1/settings.json …          the files of each run
    weights/<SHA-256>.h5            weights files that somebody brought and these runs start from

Saving and opening go by the same table: what is not in it neither leaves nor comes in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.datasets.dataset import SPLITS
from core.intake.limits import Limits
from core.projects.typed import (
    Form,
    fields,
    flag,
    listed,
    mapped,
    maybe,
    number,
    one_of,
    row,
    text,
    whole,
)
from core.storage import home

FORMAT = 2  # of project files; raised when an earlier Thaw could not open them
WITH_EVERY_MODEL = 1  # the format of a project whose runs all have their models
KIND = "project"
MANIFEST = "project.json"
DATASET, VERSIONS, PICTURES, RUNS, WEIGHTS = (
    "dataset",
    "dataset/versions",
    "pictures",
    "runs",
    "weights",
)
ENDING = "thaw"

MOST_RUNS = 1000
MOST_VERSIONS = 10_000
JSON_BYTES = 64 << 20  # of one file; a manifest of 50,000 pictures has 20 MB
MODEL_BYTES = 4 << 30
_CLASSES = 10_000
_RECORDS = 200_000
_EPOCHS = 100_000

NAME = text(500, 1)
SHARE = number(0, 1)
_COUNT = whole()
_PATH = text(4096)


def digest(value: object) -> object:
    """A SHA-256 as Thaw writes it, which is safe as a file's name."""
    if not home.is_digest(value):
        raise ValueError("expected a SHA-256")
    return value


def an_id(value: object) -> object:
    """The id of a data set or a run here, which is safe as a folder's name."""
    if not (isinstance(value, str) and home.is_id(value)):
        raise ValueError("expected an id")
    return value


_RUN = whole(1, MOST_RUNS)
_SIDE = one_of(*SPLITS)
_SETTINGS = mapped(text(100), lambda value: _plain(value), 100)  # `TrainingSettings` checks them


def _plain(value: object) -> object:
    """A setting: a text, a number, or a few of them."""
    if isinstance(value, list):
        return listed(whole(), 100)(value)
    if isinstance(value, bool) or value is None:
        return value
    return text(200)(value) if isinstance(value, str) else number()(value)


PROJECT = fields(
    {
        "thaw": one_of(KIND),
        "format": whole(1),
        "name": NAME,
        "dataset": fields(
            {"version": whole(1), "versions": listed(whole(1), MOST_VERSIONS), "last": whole(1)}
        ),
        "runs": listed(
            fields(
                {"folder": _RUN, "created": number(0, 1e11)},
                # Which run it repeats, which of them were compared with one another, and whether
                # its model is in the file.
                {"after": maybe(_RUN), "comparison": maybe(_RUN), "model": flag},
            ),
            MOST_RUNS,
        ),
        "weights": listed(
            fields(
                {"digest": digest, "name": NAME, "backbone": text(100), "alpha": number(0.01, 10)}
            ),
            MOST_RUNS,
        ),
        "files": mapped(
            text(200), fields({"bytes": whole(0, MODEL_BYTES), "sha256": digest}), 200_000
        ),
    }
)

# What a data set's folder tells of a project that was opened in it.
OPENED = fields(
    {
        "dataset": an_id,
        "name": NAME,
        "runs": listed(an_id, MOST_RUNS),
        "new_runs": _COUNT,
        "there": flag,
    }
)

_RECORD = fields(
    {
        "file": _PATH,
        "label": NAME,
        "split": _SIDE,
        "digest": digest,
        "width": whole(1, 10**7),
        "height": whole(1, 10**7),
        "bytes": whole(1, Limits.member_bytes),
    },
    {"folder": maybe(_PATH)},
)
_READING = fields(
    {
        "folders": listed(row(_PATH, maybe(_SIDE)), 10_000),
        "sides_inside": flag,
        "tables": listed(_PATH, 10_000),
        "file_column": _PATH,
        "label_column": _PATH,
        "split_column": _PATH,
        "pattern": _PATH,
        "join_cases": flag,
    },
    {"one_class": flag, "named": listed(NAME, 10_000)},
)
_PREPARATION = {
    "levels": maybe(row(number(), number())),
    "bands": row(whole(), whole(), whole()),
    "paper": text(20),
    "square": text(20),
    "fractions": flag,
}
VERSION = fields(
    {
        "name": NAME,
        "classes": listed(NAME, _CLASSES),
        "records": listed(_RECORD, _RECORDS),
        "skipped": listed(fields({"file": _PATH, "reason": text(4000)}), _RECORDS),
        "split_came_with_data": flag,
    },
    {
        "divided": _SETTINGS,
        "origins": listed(NAME, _CLASSES),
        "together": listed(listed(digest, _RECORDS), _RECORDS),
        "preparation": fields({}, _PREPARATION),
        "version": whole(1),
        "before": maybe(whole(1)),
        "told": text(4000),
        "reading": maybe(_READING),
        "read_as": text(100_000),
        "lost": listed(_PATH, 10_000),
    },
)

_INTERVAL = maybe(row(SHARE, SHARE))
_UNSEEN = maybe(fields({"accuracy": SHARE, "correct": _COUNT, "images": _COUNT,
                        "interval": _INTERVAL}))  # fmt: skip
_LOSS = number(-1e30, 1e30)
_EPOCH = {"epoch": whole(1, _EPOCHS), "accuracy": SHARE, "loss": _LOSS, "val_accuracy": SHARE,
          "val_loss": _LOSS}  # fmt: skip
_SOLVED = {"val_accuracy": SHARE, "val_loss": _LOSS, "kept": flag}
_JUDGED = {
    "number": whole(0, 1000),
    "settings": _SETTINGS,
    "seconds": number(0),
    "given_up": flag,
    "epochs": whole(0, _EPOCHS),
    "ended": maybe(whole(0, _EPOCHS)),
    "val_accuracy": maybe(SHARE),
    "leads": flag,
}
_BIN = fields({"from": SHARE, "to": SHARE, "images": _COUNT, "confidence": SHARE,
               "accuracy": SHARE}, {"interval": _INTERVAL})  # fmt: skip
_OF_CLASS = fields({"precision": SHARE, "recall": SHARE, "f1": SHARE, "images": _COUNT})
_SIDE_OF_ONE = maybe(fields({"share": SHARE, "correct": _COUNT, "images": whole(1),
                             "interval": row(SHARE, SHARE)}))  # fmt: skip
_WRONG = listed(fields({"file": _PATH, "digest": digest, "label": NAME, "familiar": SHARE}), 10_000)
RESULTS = fields(
    {
        "accuracy": SHARE,
        "correct": _COUNT,
        "images": whole(1),
        "interval": row(SHARE, SHARE),
        "classes": listed(NAME, _CLASSES, 1),
        "per_class": mapped(NAME, _OF_CLASS, _CLASSES),
        "confusion": listed(listed(_COUNT, _CLASSES), _CLASSES),
        "mistakes": listed(
            fields({"file": _PATH, "digest": digest, "label": NAME, "predicted": NAME,
                    "confidence": SHARE}), 10_000
        ),
        "split": _SIDE,
        "history": listed(fields(_EPOCH, {"seconds": number(0)}), _EPOCHS),
        "best_epoch": maybe(whole(1, _EPOCHS)),
    },
    {
        "learned_from": maybe(_COUNT),
        "unseen": _UNSEEN,
        "ordered": whole(1, _EPOCHS),
        "val_accuracy": maybe(SHARE),
        "kept": one_of("solution", "epoch"),
        "solved": maybe(fields(_SOLVED)),
        "calibration": maybe(
            fields(
                {"error": SHARE, "bins": listed(_BIN, 100)},
                {"before": maybe(SHARE), "temperature": maybe(number(0)),
                 "fitted_on": maybe(text(40)), "fitted_images": _COUNT},
            )
        ),
        "familiar": maybe(
            fields({"threshold": SHARE, "images": _COUNT, "accepted": _COUNT, "share": SHARE,
                    "interval": _INTERVAL}, {"remembered": maybe(_COUNT)})
        ),
        "alone": fields({"own": _SIDE_OF_ONE, "strangers": _SIDE_OF_ONE, "refused": _WRONG,
                         "let_in": _WRONG}),
        "refit": maybe(_COUNT),
        "parameters": fields({"total": _COUNT, "trainable": _COUNT}),
        "seconds": mapped(text(40), number(0), 20),
        "race": listed(fields(_JUDGED), 1000),
        "winner": whole(0, 1000),
    },
)  # fmt: skip
_FACTS = fields(
    {"classes": listed(NAME, _CLASSES, 1), "input_size": whole(1, 2048)},
    {
        "origins": listed(NAME, _CLASSES),
        "backbone": text(100),
        "alpha": number(0.01, 10),
        "frozen_layers": whole(0, 10_000),
        "beside": text(100),
        "familiar": maybe(fields({"threshold": SHARE})),
        "cut_off": maybe(SHARE),
        **_PREPARATION,
    },
)
SETTINGS = fields(
    {"data": NAME, "version": maybe(whole(1)), "settings": _SETTINGS},
    {"chosen": maybe(_SETTINGS)},
)

_ENDED = {"turn": whole(0, 10_000)}
# Of a run's log only what says what it was and what came of it; not where it ran.
EVENTS: Mapping[str, Form] = {
    "queued": fields({}),
    "started": fields({}),
    "images": fields({"images": mapped(_SIDE, _COUNT, 3), "classes": whole(0, _CLASSES)}),
    "epoch": fields(_EPOCH, {"seconds": number(0)}),
    "solved": fields(_SOLVED),
    "candidate": fields({"number": whole(0, 1000), "settings": _SETTINGS}),
    "shortened": fields({"epochs": whole(1, _EPOCHS)}),
    "judged": fields(_JUDGED),
    "chosen": fields({"number": whole(0, 1000)}),
    "resumed": fields({"epochs": whole(1, _EPOCHS), "begin": whole(0, _EPOCHS)}),
    "restored": fields({"epoch": whole(0, _EPOCHS)}),
    "notice": fields({"message": text(2000)}),
    "finished": fields({}, {"best_epoch": maybe(whole(1, _EPOCHS)), **_ENDED}),
    "stopped": fields({}, {"best_epoch": maybe(whole(1, _EPOCHS)), **_ENDED}),
    "interrupted": fields({}, {"message": text(2000), **_ENDED}),
    "failed": fields({}, {"message": text(2000), **_ENDED}),
}
EVENT = fields({"event": one_of(*EVENTS), "time": number(0, 1e11)})


@dataclass(frozen=True)
class Kept:
    """A file that a project carries.

    Attributes:
        form: Of its JSON; None where it is checked in another way.
        needed: Whether a project without it is refused; a model may be missing if the list says so.
    """

    form: Form | None
    needed: bool = False


# The files of a run, by their names in its folder.
RUN_FILES: Mapping[str, Kept] = {
    home.SETTINGS: Kept(SETTINGS, needed=True),
    home.PROGRESS: Kept(None, needed=True),
    home.MODEL: Kept(None, needed=True),
    home.MODEL_FACTS: Kept(_FACTS, needed=True),
    home.RESULTS: Kept(RESULTS, needed=True),
    home.NAME: Kept(fields({}, {"name": text(80, 1), "note": text(2000), "star": flag})),
    home.LEARNED: Kept(fields({"digests": listed(digest, _RECORDS)})),
    home.JUDGED: Kept(None),
    home.CHECKPOINT: Kept(None),
}
ARRAYS = (home.JUDGED, home.CHECKPOINT)
# Those of a data set that are not a version of it.
DATASET_FILES: Mapping[str, Form] = {
    home.CHOICE: _SETTINGS,
    home.HARD: listed(text(600), _RECORDS),
    home.NO_PROBLEM: listed(text(100), _RECORDS),
}
