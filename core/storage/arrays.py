"""Files of plain NumPy arrays and a few facts, never of pickled objects."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.storage import files, home

_FACTS = "facts"
FACTS_FILE = f"{_FACTS}.npy"  # in the zip that such a file is

Arrays = dict[str, np.ndarray]


def write(path: Path, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Replace an `.npz` file as a whole.

    Args:
        path: Where it lies.
        facts: What JSON can hold.
        arrays: By name; none is called "facts".

    Raises:
        OSError: The disk is full, or the folder has gone. What was there before stays.
    """
    told = np.array(json.dumps({"format": home.FORMAT, **facts}))
    with files.replacing(path) as aside:
        np.savez(aside, allow_pickle=False, **arrays, **{_FACTS: told})


def read(path: Path) -> tuple[dict[str, Any], Arrays] | None:
    """The facts and arrays that were written last; None where there are none or they are damaged.

    Raises:
        UserError: A newer Thaw has written them.
    """
    try:
        # Ours are not compressed; one that is may be any size once it is read.
        with zipfile.ZipFile(path) as archive:
            inside = sum(member.file_size for member in archive.infolist())
        if inside > path.stat().st_size:
            return None
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        facts = json.loads(str(arrays.pop(_FACTS)))
        files.refuse_newer(facts.pop("format", 1))
        return facts, arrays
    except UserError:
        raise
    except Exception:  # zipfile, zlib and NumPy raise anything at damaged bytes
        return None
