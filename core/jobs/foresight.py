"""What is found out before a training, in the background: what to choose, and what it will cost.

Both are kept on disk once they are known. Until then every call answers at once that they are not.
"""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import errors, home
from core.errors import UserError
from core.jobs import connection, tasks
from core.jobs.job import Kind
from core.network.features import cache_key
from core.runs import all_runs
from core.settings import TrainingSettings
from core.training.estimate import Probe
from core.training.likeness import Likeness

if TYPE_CHECKING:
    from distributed import Future

# What a probe's numbers depend on; epochs, rates and the like are arithmetic.
_MEASURED = (
    "backbone", "alpha", "weights", "frozen_layers", "dense", "batch_size", "optimizer",
    "batch_norm_learns",
)  # fmt: skip
_KEPT = 500
_futures: "dict[str, Future]" = {}


def known_likeness(dataset_id: str) -> Likeness | None:
    """How like ImageNet's photos a data set is, if that has been found out."""
    path = home.datasets() / dataset_id / tasks.LIKENESS
    return Likeness.from_dict(home.read_json(path)) if path.is_file() else None


def likeness(dataset_id: str) -> Likeness | None:
    """How like ImageNet's photos a data set is; None while that is being found out.

    Raises:
        UserError: It cannot be found out.
    """
    found = known_likeness(dataset_id)
    if found is None:
        folder = home.datasets() / dataset_id
        _ask_once(f"survey-{dataset_id}", Kind.READING, tasks.survey, str(folder))
    return found


def probe(dataset_id: str, settings: TrainingSettings) -> Probe | None:
    """What a few images met with these settings; None while that is being found out.

    Args:
        dataset_id: A stored data set.
        settings: What is to be trained; its weights must be here.

    Raises:
        UserError: It cannot be found out.
    """
    path = _place(dataset_id, settings)
    found = known_probe(dataset_id, settings)
    if found is not None:
        return found
    name = f"probe-{dataset_id}"
    for other, future in list(_futures.items()):
        if other.startswith(name) and not other.endswith(path.stem) and not future.done():
            future.cancel()  # the slider has moved on; what has begun goes on
            del _futures[other]
    folder = home.datasets() / dataset_id
    _ask_once(
        f"{name}-{path.stem}",
        Kind.TRAINING,
        tasks.probe,
        str(folder),
        settings.to_dict(),
        str(path),
    )
    return None


def known_probe(dataset_id: str, settings: TrainingSettings) -> Probe | None:
    """What a few images met with these settings, if they have been tried."""
    path = _place(dataset_id, settings)
    return Probe.from_dict(home.read_json(path)) if path.is_file() else None


def _place(dataset_id: str, settings: TrainingSettings) -> Path:
    return home.cache() / "probes" / f"{_key(dataset_id, settings)}.json"


def _key(dataset_id: str, settings: TrainingSettings) -> str:
    """A run leaves features behind, so the next one on the same images takes another time."""
    values = settings.to_dict()
    ended = sum(run.results_path.is_file() and run.dataset == dataset_id for run in all_runs())
    warms_up = bool(settings.warm_up_epochs and settings.epochs > 1)
    return cache_key(
        dataset=dataset_id,
        ended=ended,
        host=socket.gethostname(),
        warms_up=warms_up,
        **{name: values[name] for name in _MEASURED},
    )


def _ask_once(name: str, kind: Kind, function: Callable[..., Any], *args: Any) -> None:
    """Have something found out, unless it is already under way.

    Raises:
        UserError: It was tried and did not work.
    """
    future = _futures.get(name)
    if future is not None and future.status not in ("cancelled", "lost"):
        if future.status == "error":
            error = future.exception()
            if isinstance(error, UserError):
                raise error
            sentence = "This could not be found out."
            raise tasks.JobFailed(sentence, errors.record(error)) from error
        return
    client = connection.ready()
    _futures[name] = client.submit(function, *args, resources={str(kind): 1}, pure=False)
    while len(_futures) > _KEPT:
        del _futures[next(iter(_futures))]
