"""Converts a network in a process of its own, so that the caller stays without TensorFlow.

`python -m core.network.conversion KEY` is that process; it is handed, on standard input, what
builds the network, pickled by the very program that starts it.
"""

import pickle
import sys
from collections.abc import Callable
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
        RuntimeError: It could not be converted; the details are in the log.
    """
    if not engine.is_converted(key) and "tensorflow" not in sys.modules:
        apart.run("core.network.conversion", [key], pickle.dumps(build), go_on)


def _convert(pickled: bytes) -> bytes:
    build = pickle.loads(pickled)  # noqa: S301
    engine.compile_model(sys.argv[1], build, lambda *_: None)
    return b""


if __name__ == "__main__":
    sys.exit(apart.answer(_convert))
