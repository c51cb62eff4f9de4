"""Converts a network in a separate process, so that the caller stays without TensorFlow."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from core import apart
from core.network import engine


def convert_apart(
    key: str, build: Callable[[], Any], go_on: Callable[[], None] = lambda: None
) -> None:
    """See to it that a network's converted graph is in the cache.

    Nothing is done where it is there already, or where TensorFlow is at hand or wanted anyway.

    Args:
        key: As for `engine.compile_model`.
        build: As there; something that can be pickled, with absolute paths.
        go_on: Called several times a second; what it raises ends the conversion and is raised.

    Raises:
        UserError: As `build`.
        OSError: There is no room for the converted graph.
        RuntimeError: It could not be converted; the details are in the log.
    """
    if not engine.is_converted(key) and "tensorflow" not in sys.modules:
        apart.run(partial(_convert, key, build), go_on)


def _convert(key: str, build: Callable[[], Any]) -> None:
    engine.compile_model(key, build, lambda *_: None)
