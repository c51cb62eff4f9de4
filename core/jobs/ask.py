"""What pages ask of the cluster and wait for: predictions."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, TypeVar

from core.backbones.catalogue.backbone import Backbone
from core.errors import UserError
from core.intake import room
from core.intake.pictures.preparation import Preparation
from core.jobs import tasks
from core.jobs.cluster import connection
from core.jobs.job import DIED, Kind
from core.jobs.tasks import JobFailed
from core.results.prediction import Prediction
from core.storage import incidents
from core.storage.runs import Run

Answer = TypeVar("Answer")


def predict(run: Run, paths: list[Path], top: int) -> list[Prediction]:
    """Ask a run's model what it sees. Waits for the answer.

    Args:
        run: One that has a model.
        paths: Pictures, in files that the worker can read.
        top: How many classes to tell of each picture.

    Raises:
        UserError: The run has no model, or a file is not there.
        JobFailed: Anything else; the details are in the log.
    """
    files = [str(path) for path in paths]
    return _ask(Kind.PREDICTION, tasks.predict, str(run.folder), files, top)


def look(
    backbone: Backbone, paths: list[Path], top: int, preparation: Preparation
) -> list[Prediction]:
    """Ask an untouched network what it sees. Waits for the answer.

    Args:
        backbone: One whose 1000-class head is on this machine.
        paths: Pictures, in files that the worker can read.
        top: How many of ImageNet's classes to tell of each picture.
        preparation: How pictures are read and become square.

    Raises:
        UserError: The head is not here.
        JobFailed: Anything else; the details are in the log.
    """
    files = [str(path) for path in paths]
    return _ask(Kind.PREDICTION, tasks.look, backbone.name, backbone.alpha, files, top, preparation)


def _ask(kind: Kind, function: Callable[..., Answer], *args: Any) -> Answer:
    """Have something done that somebody waits for."""
    from distributed import KilledWorker

    try:
        try:
            return _asked(kind, function, *args)
        except (OSError, CancelledError):  # the cluster ended this very moment
            return _asked(kind, function, *args)
    except UserError:
        raise
    except KilledWorker as error:
        raise JobFailed(DIED[kind], incidents.record(error)) from error
    except Exception as error:
        told = room.told(error) or "That did not work. Try again."
        raise JobFailed(told, incidents.record(error)) from error


def _asked(kind: Kind, function: Callable[..., Answer], *args: Any) -> Answer:
    future = connection.ready().submit(function, *args, resources={str(kind): 1}, pure=False)
    answer: Answer = future.result()
    return answer
