"""What classes are called by now: one that was renamed need not be learned again."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from core.datasets import store
from core.errors import UserError
from core.storage import files, home
from core.storage.runs import Run, read_facts


def by_now(run: Run) -> dict[str, str]:
    """What a trained run's classes are called by now, by what they were called in training.

    Args:
        run: It has a model; its data set may be gone.

    Raises:
        UserError: A file beside the model is damaged.
    """
    facts = read_facts(run.folder, home.MODEL_FACTS, "classes")
    trained = facts["classes"]
    described = (run.folder / home.SETTINGS).is_file()
    if not described or not store.is_complete(run.dataset_folder):
        return {name: name for name in trained}
    current = _classes(run.dataset_folder, store.stamp(run.dataset_folder))
    origins = facts.get("origins", trained)
    names = {
        name: current[origin]
        for name, origin in zip(trained, origins, strict=True)
        if origin in current
    }
    taken = set(names.values())
    for name in trained:  # the rest was deleted or merged into another since
        if name not in names:
            called = name
            while called in taken:
                called = f"{called} (as it was)"
            names[name] = called
            taken.add(called)
    return {name: names[name] for name in trained}


def trained(run: Run) -> dict[str, str]:
    """What a run's classes were called in training, by what they are called now.

    Raises:
        UserError: A file beside the model is damaged.
    """
    return {now: name for name, now in by_now(run).items()}


@lru_cache(maxsize=16)
def _classes(folder: Path, stamp: files.Stamp) -> dict[str, str]:
    """What each class of a data set is called, by what it was first called."""
    try:
        dataset = store.load(folder)
    except UserError:
        return {}
    return dict(zip(dataset.origins, dataset.classes, strict=True))


def of_results(results: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A run's results under other names of its classes; one without another keeps its own."""

    def called(name: str) -> str:
        return names.get(name, name)

    mistakes = [
        one | {"label": called(one["label"]), "predicted": called(one["predicted"])}
        for one in results["mistakes"]
    ]
    return results | {
        "classes": [called(name) for name in results["classes"]],
        "per_class": {called(name): row for name, row in results["per_class"].items()},
        "mistakes": mistakes,
    }
