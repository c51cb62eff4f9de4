"""What classes are called by now: one that was renamed need not be learned again."""

from dataclasses import replace
from typing import Any

from core import home
from core.data.dataset import Dataset
from core.results.prediction import Prediction
from core.runs import Run


def by_now(run: Run, dataset: Dataset | None) -> dict[str, str]:
    """What a trained run's classes are called by now, by what they were called in training.

    Args:
        run: It has a model.
        dataset: Its data set as it is now, if it is still there.
    """
    facts = home.read_json(run.folder / "model.json")
    trained = facts["classes"]
    if dataset is None:
        return {name: name for name in trained}
    current = dict(zip(dataset.origins, dataset.classes, strict=True))
    origins = facts.get("origins", trained)
    names = {
        name: current[origin]
        for name, origin in zip(trained, origins, strict=True)
        if origin in current
    }
    taken = set(names.values())
    for name in trained:  # the rest was deleted or merged into another since
        if name not in names:
            names[name] = f"{name} (as it was)" if name in taken else name
    return {name: names[name] for name in trained}


def of_results(results: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A run's results under its classes' names of now."""
    mistakes = [
        one | {"label": names[one["label"]], "predicted": names[one["predicted"]]}
        for one in results["mistakes"]
    ]
    return results | {
        "classes": [names[name] for name in results["classes"]],
        "per_class": {names[name]: row for name, row in results["per_class"].items()},
        "mistakes": mistakes,
    }


def of_prediction(said: Prediction, names: dict[str, str]) -> Prediction:
    """What was said of a picture under the classes' names of now."""
    top = tuple((names.get(label, label), confidence) for label, confidence in said.top)
    return replace(said, label=names.get(said.label, said.label), top=top) if top else said
