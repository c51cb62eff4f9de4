"""The files that exports carry, as a user's Python finds them: side by side in one folder."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

CARRIED = Path(__file__).parents[2] / "core" / "exports" / "carried"


@contextmanager
def imported(folder: Path, *names: str) -> Iterator[list[ModuleType]]:
    """Modules of a folder, which nobody finds afterwards: another export has its own."""
    sys.path.insert(0, str(folder))
    try:
        yield [importlib.import_module(name) for name in names]
    finally:
        sys.path.remove(str(folder))
        for name in ("picture", "predict", "runtime", "check", "camera"):
            sys.modules.pop(name, None)
