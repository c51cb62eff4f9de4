"""What other programs write says itself what its classes are, so nobody is asked.

- Teachable Machine's `.tm` is a zip of `manifest.json` (type, version, appdata) and pictures that
  are named after their classes, as in `Class 1-!-7.jpg`.
- genai-tm's project holds `samples/<class>_<number>.png` and `metadata.json`, whose `labels` name
  the classes in their order.
- Roboflow's classification with several labels has a `_classes.csv` in the folder of each side.
- Edge Impulse's export has an `info.labels`, with path, label and side of each picture.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from core.errors import UserError
from core.intake.archives.archive import Source, UnreadableMember
from core.intake.layouts import name_patterns
from core.intake.layouts.labelling import ONE_HOT, Reading

_MOST_BYTES = 8 << 20  # of a file that says what the others are
_SAMPLES = "samples"
_SAMPLE = re.compile(rf"{_SAMPLES}/[0-9]{{1,9}}_[0-9]{{1,9}}\.[a-z]+")
_NUMBERED = r"^([0-9]{1,9})_[0-9]{1,9}$"
_ROBOFLOW, _EDGE_IMPULSE = "_classes.csv", "info.labels"
_MODELS = ({"model.json", "metadata.json"}, {"keras_model.h5", "labels.txt"})


def reading(source: Source, pictures: Collection[str]) -> Reading | None:
    """How the project of another program is read; None where a source is none.

    Args:
        source: The archive or folder.
        pictures: The names of its files that are pictures.

    Raises:
        UserError: It is a project or a model without pictures.
    """
    names = {member.name for member in source.members}
    manifest, metadata = _json(source, "manifest.json"), _json(source, "metadata.json")
    of_teachable = "type" in manifest and isinstance(manifest.get("appdata"), dict)
    if not pictures and (of_teachable or any(names >= model for model in _MODELS)):
        raise UserError(
            "“{name}” comes from Teachable Machine, but there are no pictures in it. There, save "
            "the project of your pictures as a file (.tm), and bring that.",
            name=source.name,
        )
    if of_teachable and any("-!-" in name for name in pictures):
        return Reading(pattern=name_patterns.READY[name_patterns.TEACHABLE])
    labels = metadata.get("labels")
    named = isinstance(labels, list) and all(isinstance(each, str) for each in labels)
    if named and any(_SAMPLE.fullmatch(name) for name in pictures):
        return Reading(
            folders=((_SAMPLES, None),), pattern=_NUMBERED, named=tuple(map(str, labels or ()))
        )
    hot = tuple(sorted(name for name in names if name.rpartition("/")[2] == _ROBOFLOW))
    if hot and pictures:
        return Reading(tables=hot, file_column="filename", label_column=ONE_HOT)
    listed = tuple(sorted(name for name in names if name.rpartition("/")[2] == _EDGE_IMPULSE))
    if listed and all(_says_labels(_json(source, name)) for name in listed):
        return Reading(
            tables=listed,
            file_column="path",
            label_column="label.label",
            split_column="category",
        )
    return None


def _says_labels(info: dict[str, Any]) -> bool:
    """Whether Edge Impulse's list says a class of any picture; else its labels are boxes."""
    found = info.get("files")
    rows = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    labels = [each.get("label") for each in rows if "path" in each and "category" in each]
    return any(isinstance(each, dict) and each.get("type") == "label" for each in labels)


def _json(source: Source, name: str) -> dict[str, Any]:
    """The object in a JSON file of a source; empty where there is none."""
    for member in source.members:
        if member.name == name and member.size <= _MOST_BYTES:
            try:
                found = json.loads(source.read(member))
            except (UnreadableMember, ValueError, RecursionError):
                return {}
            return found if isinstance(found, dict) else {}
    return {}
