"""What it takes to go on with a training: written after every epoch, read when it is resumed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.storage import arrays


class Checkpoint:
    """A file of named groups of arrays and a few facts, replaced as a whole.

    Args:
        path: Where it lies; an `.npz` of plain arrays, never of pickled objects.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, facts: Mapping[str, Any], **groups: Sequence[Any]) -> None:
        """Replace it.

        Args:
            facts: What JSON can hold.
            groups: Keras variables or arrays, in an order that the reader knows.

        Raises:
            OSError: The disk is full, or the folder has gone. What was there before stays.
        """
        groups_apart = {
            f"{name}-{number}": np.asarray(value)
            for name, values in groups.items()
            for number, value in enumerate(values)
        }
        arrays.write(self.path, facts, groups_apart)

    def read(self) -> "Saved | None":
        """What was written last; None where there is nothing or it is damaged.

        Raises:
            UserError: A newer Thaw has written it.
        """
        found = arrays.read(self.path)
        return Saved(*found) if found is not None else None


class Saved:
    """A checkpoint that was read.

    Attributes:
        facts: As they were given.
    """

    def __init__(self, facts: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        self.facts = facts
        self._arrays = arrays

    def fits(self, **groups: Sequence[Any]) -> bool:
        """Whether it holds these groups, variable by variable of the same shape and type."""
        return all(
            len(self.group(name)) == len(variables)
            and all(
                array.shape == tuple(variable.shape) and str(array.dtype) == variable.dtype
                for array, variable in zip(self.group(name), variables, strict=True)
            )
            for name, variables in groups.items()
        )

    def group(self, name: str) -> list[np.ndarray]:
        """The arrays of one group, in their order."""
        found = [key for key in self._arrays if key.rpartition("-")[0] == name]
        return [self._arrays[f"{name}-{number}"] for number in range(len(found))]

    def restore(self, name: str, variables: Sequence[Any]) -> None:
        """Put a group back into Keras variables."""
        for variable, array in zip(variables, self.group(name), strict=True):
            variable.assign(array)
