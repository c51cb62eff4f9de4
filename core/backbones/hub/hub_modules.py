"""TensorFlow Hub modules that the server's owner has added to the catalogue. No TensorFlow.

A SavedModel is a program: it may read any file that the server can read. So none can be uploaded,
and only who can write into THAW_HOME, by `python -m core backbones --add HANDLE`, adds one.
"""

import logging
from pathlib import Path
from typing import Any

from core.backbones.catalogue.backbone import (
    Backbone,
    HubModule,
    Preprocessing,
    Table,
)
from core.errors import UserError
from core.storage import files, home

logger = logging.getLogger("thaw")


def added() -> dict[str, Backbone]:
    """The rows for what was added, by name."""
    rows = {}
    for path in sorted(home.hub().glob("*.json")):
        try:
            rows[path.stem] = _row(path)
        except (ValueError, KeyError, TypeError, OSError, UserError) as error:
            logger.warning("%s is damaged and left out of the catalogue: %r", path.name, error)
    return rows


def add(handle: HubModule, title: str, input_size: int, table: dict[str, Any],
        classes: HubModule | None = None) -> Backbone:  # fmt: skip
    """Add a module to the catalogue, or replace it.

    Args:
        handle: Of the feature vectors.
        title: What it is called on the pages.
        input_size: Side of its square input, in pixels.
        table: What it is like, as `Table.from_dict` reads it.
        classes: The module with its 1000 or 1001 ImageNet classes, where there is one.
    """
    taken = added().get(f"hub-{handle.plain.lower()}")
    name = handle.plain if taken is None or taken.weights == handle else handle.file
    path = home.hub() / f"hub-{name.lower()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"title": title, "handle": handle.handle, "input_size": input_size}
    files.write_json(path, facts | {"classes": classes.handle if classes else None} | table)
    return _row(path)


def _row(path: Path) -> Backbone:
    facts = files.read_json(path)
    row = Backbone(
        name=path.stem,
        title=str(facts["title"]),
        family="TensorFlow Hub",
        description="Added by the person who runs this server. One sealed block.",
        builder="core.backbones.hub.hub.sealed",
        blocks_by=r"(module)",
        input_size=int(facts["input_size"]),
        preprocessing=Preprocessing.UNIT,
        weights=HubModule(str(facts["handle"])),
        head=HubModule(str(facts["classes"])) if facts["classes"] else None,
        licence="see its publisher",
        top1=None,
        described=Table.from_dict(facts),
    )
    int(row.parameters + row.download_bytes())  # damaged: better known now than on a page
    return row
