"""Keras: the very file of the run."""

import shutil

from core.errors import UserError
from core.exports import graph
from core.exports.order import Order


def convert(order: Order) -> None:
    """Copy it.

    Raises:
        UserError: It holds a TensorFlow Hub module, which plain Keras cannot read.
    """
    if graph.is_sealed(graph.load(order.model)):
        raise UserError(
            "This network contains a TensorFlow Hub module, which plain Keras cannot open. Export "
            "it as a SavedModel instead."
        )
    shutil.copyfile(order.model, order.folder / "model.keras")
