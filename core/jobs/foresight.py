"""What is done before a training, in the background: what to choose, what it will cost, features.

All of it is kept on disk. Until it is there, every call answers at once that it is not.
"""

import socket
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from core import config
from core.advice.estimate import Probe
from core.advice.likeness import Likeness
from core.backbones.catalogue.rows import backbone_of
from core.backbones.weights.weights import ready_offline
from core.datasets import store
from core.errors import UserError
from core.jobs import tasks, worker
from core.jobs.cluster import connection
from core.jobs.worker import JobFailed
from core.network.features import cache_key
from core.results.overview import rows
from core.results.overview.rows import Row
from core.settings import TrainingSettings
from core.storage import files, home, incidents
from core.storage.job import AFTER_ALL

if TYPE_CHECKING:
    from distributed import Future

# What the features of frozen layers depend on, and with them what a run leaves for the next one.
_FEATURES = (
    *("backbone", "alpha", "weights", "frozen_layers"),
    *("square", "augment", "views", "mirror"),
)
# What a probe's numbers depend on; epochs, rates and the like are arithmetic.
_MEASURED = (*_FEATURES, "dense", "batch_size", "optimizer", "batch_norm_learns")
_AT_FIRST = TrainingSettings()  # before anyone changes them; their features are made ahead
_WORTH_IT = 300  # pictures; the process that makes their features takes seconds to start
P = ParamSpec("P")
_KEPT = 500
_IDLE = 3.0  # seconds after which nobody looks for an answer any more; pages ask each second
_RETRY = 60.0  # seconds until what failed is tried again
_futures: "dict[str, Future]" = {}
_wanted: dict[str, float] = {}  # when somebody last asked
_failures: dict[str, tuple[float, UserError]] = {}


def known_likeness(dataset: Path) -> Likeness | None:
    """How like ImageNet's photos a data set is, if that has been found out since it changed."""
    try:
        values = files.read_json(dataset / home.LIKENESS)
        current = tuple(values["of"]) == store.stamp(dataset)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not known yet, or not to which version it belongs
    return Likeness.from_dict(values) if current else None


def likeness(dataset: Path) -> Likeness | None:
    """How like ImageNet's photos a data set is; None while that is being found out.

    Raises:
        UserError: It cannot be found out.
    """
    found = known_likeness(dataset)
    if found is None:
        _ask_once(f"survey-{_name(dataset)}", tasks.survey, dataset)
    return found


def probe(dataset: Path, settings: TrainingSettings) -> Probe | None:
    """What a few images met with these settings; None while that is being found out.

    Args:
        dataset: The folder of a stored data set.
        settings: What is to be trained; its weights must be here.

    Raises:
        UserError: It cannot be found out.
    """
    path = _place(dataset, settings)
    found = known_probe(dataset, settings)
    if found is not None:
        return found
    name = f"probe-{_name(dataset)}"
    now = time.monotonic()  # where the slider has moved on, nobody wants the earlier ones
    _drop(lambda other: other.startswith(name) and now - _wanted.get(other, 0.0) > _IDLE)
    if _ask_once(f"{name}-{path.stem}", tasks.probe, dataset, settings, path):
        files.mark(home.ahead_end())  # somebody waits for this one
    return None


def look_ahead(dataset: Path, images: int) -> None:
    """Have features made ahead of a training: those that Thaw's first settings need.

    They are most of the work. Whoever looks at their pictures or at the settings first finds it
    done. It takes what processors have left over, and gives way to whoever trains. Ask again now
    and then, until it is through.

    Nothing happens with THAW_WARM_UP=0, with a scheduler that others run, or before anything else
    was asked of the cluster: a page must not wait for it to start.

    Args:
        dataset: The folder of a stored data set.
        images: How many it holds.
    """
    if images < _WORTH_IT or not config.WARM_UP.value or not connection.is_at_hand():
        return
    name, done = f"ahead-{_name(dataset)}", _made_ahead(dataset)
    if done.is_file() or not ready_offline(backbone_of(_AT_FIRST)):
        return
    asked = files.stamp(home.ahead_end())
    with suppress(UserError, OSError, CancelledError):  # a training will say the same
        _ask_once(name, tasks.look_ahead, dataset, _AT_FIRST, asked, done)


def make_way() -> None:
    """End probes and what is made ahead: somebody trains, and knows what they want."""
    _drop(lambda name: name.startswith(("probe-", "ahead-")))
    for end in (home.probes_end(), home.ahead_end()):
        files.mark(end)


def _drop(unwanted: Callable[[str], bool]) -> None:
    """Cancel what has not begun; what has begun continues."""
    for name, future in list(_futures.items()):
        if unwanted(name) and not future.done():
            future.cancel()
            _futures.pop(name, None)


def known_probe(dataset: Path, settings: TrainingSettings) -> Probe | None:
    """What a few images met with these settings, if they have been tried."""
    path = _place(dataset, settings)
    if not path.is_file():
        return None
    found = Probe.from_dict(files.read_json(path))
    since = path.stat().st_mtime
    trained = rows.rows(home.space_of(dataset))
    done = any(_leaves_features(row, dataset.name, settings, since) for row in trained)
    done = done or (_alike(settings, _AT_FIRST) and _later(_made_ahead(dataset), since))
    return replace(found, new_images=0) if done else found


def _leaves_features(row: Row, dataset_id: str, settings: TrainingSettings, since: float) -> bool:
    """Whether a run has since left the features of all images behind."""
    theirs = row.settings
    if row.dataset_id != dataset_id or theirs is None:
        return False
    if not _later(row.run.results_path, since):
        return False
    return _alike(theirs, settings) and _warms_up(theirs) >= _warms_up(settings)


def _later(path: Path, since: float) -> bool:
    """Whether a file is there, and not older."""
    try:
        return path.stat().st_mtime >= since
    except FileNotFoundError:  # not ended, or deleted meanwhile
        return False


def _alike(one: TrainingSettings, other: TrainingSettings) -> bool:
    """Whether both need the same features."""
    return all(getattr(one, name) == getattr(other, name) for name in _FEATURES)


def _warms_up(settings: TrainingSettings) -> bool:
    """Whether there are features of the whole network as well, for the head to warm up on."""
    return bool(settings.warm_up(len(backbone_of(settings).layers)))


def _name(dataset: Path) -> str:
    """What tells a data set apart from those of all spaces."""
    return dataset.relative_to(home.root()).as_posix()


def _place(dataset: Path, settings: TrainingSettings) -> Path:
    return home.probes() / f"{_key(dataset, settings)}.json"


def _made_ahead(dataset: Path) -> Path:
    """The file that says that its features have been made."""
    return _place(dataset, _AT_FIRST).with_suffix(".made")


def _key(dataset: Path, settings: TrainingSettings) -> str:
    values = settings.to_dict()
    return cache_key(
        told=[field.name for field in fields(Probe)],
        dataset=_name(dataset),
        changed=store.stamp(dataset),
        host=socket.gethostname(),
        warms_up=_warms_up(settings),
        **{name: values[name] for name in _MEASURED},
    )


def _let_go(name: str, future: "Future") -> None:
    """Forget a future that has answered; one that has failed is still to be reported."""
    if future.status == "finished" and _futures.get(name) is future:
        _futures.pop(name, None)


def _ask_once(name: str, work: Callable[P, object], *args: P.args, **_: P.kwargs) -> bool:
    """Have something found out, unless it is already under way.

    Returns:
        Whether it was asked for now.

    Raises:
        UserError: It was tried and did not work.
    """
    _wanted[name] = time.monotonic()
    since, failure = _failures.get(name, (0.0, None))
    if failure is not None and time.monotonic() - since < _RETRY:
        raise failure
    future = _futures.get(name)
    if future is not None and not future.done():
        return False
    if future is not None and future.status == "error":
        error = future.exception()
        if not isinstance(error, UserError):
            error = JobFailed("This could not be found out.", incidents.record(error))
        _failures[name] = time.monotonic(), error
        _futures.pop(name, None)
        raise error
    kind = tasks.KINDS[work]
    asked = _futures[name] = connection.line().send(
        kind, worker.answer, kind, work, *args, priority=AFTER_ALL
    )
    # The answer is in a file. A result that nobody lets go of would be computed again where its
    # worker is started anew.
    asked.add_done_callback(partial(_let_go, name))
    for kept in (_futures, _wanted, _failures):
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)), None)
    return True
