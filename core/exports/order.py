"""What is ordered of a converter: plain data, which can be sent to another process."""

import importlib
from dataclasses import dataclass
from pathlib import Path

from core.exports import table
from core.intake.pictures.preparation import Preparation


@dataclass(frozen=True)
class Order:
    """One conversion.

    Attributes:
        format: Its name.
        model: The run's `model.keras`.
        folder: Where its files go.
        classes: In the model's order, as the export calls them.
        size: Side of the square pictures that the model sees.
        preparation: How pictures are read and become square.
        calibration: Pixels of training pictures, uint8 [pictures, size, size, 3], as `.npy`; None
            where there are none.
    """

    format: str
    model: Path
    folder: Path
    classes: tuple[str, ...]
    size: int
    preparation: Preparation
    calibration: Path | None = None

    def carry_out(self) -> object:
        """Convert; in a separate process, since it takes gigabytes and cannot be stopped.

        Returns:
            What the format has to say of it, as JSON holds it; most say nothing.

        Raises:
            UserError: This network cannot be converted.
        """
        format = table.find(self.format)
        module = importlib.import_module(f"core.exports.formats.{format.module}")
        from core.exports import graph

        with graph.told(format.title):
            return module.convert(self)
