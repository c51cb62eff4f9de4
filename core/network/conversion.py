"""Converts a network in a process of its own, so that the caller stays without TensorFlow.

`python -m core.network.conversion KEY` is that process; it is handed, on standard input, what
builds the network, pickled by the very program that starts it.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import config, errors
from core.errors import UserError
from core.network import engine

_PROJECT = Path(__file__).parents[2]
_USERS_MISTAKE = 2


def convert_apart(key: str, build: Callable[[], Any]) -> None:
    """See to it that a network's converted graph is in the cache.

    Nothing is done where it is there already, or where TensorFlow is at hand or wanted anyway.

    Args:
        key: As for `engine.compile_model`.
        build: As there; something that can be pickled, with absolute paths.

    Raises:
        UserError: As `build`.
        RuntimeError: It could not be converted; the details are in the log.
    """
    if engine.is_converted(key) or "tensorflow" in sys.modules:
        return
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "core.network.conversion", key],
        cwd=_PROJECT,
        env=config.environment(),
        input=pickle.dumps(build),
        capture_output=True,
        check=False,
    )
    told = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == _USERS_MISTAKE:
        raise UserError(told)
    if done.returncode:
        why = told or done.stderr.decode("utf-8", "replace")[-2000:]
        raise RuntimeError(f"a network could not be converted: {why}")


def main() -> int:
    """Convert what comes on standard input."""
    try:
        build = pickle.loads(sys.stdin.buffer.read())  # noqa: S301
        engine.compile_model(sys.argv[1], build, lambda *_: None)
    except UserError as error:
        sys.stdout.buffer.write(str(error).encode())
        return _USERS_MISTAKE
    except Exception as error:
        sys.stdout.buffer.write(f"incident {errors.record(error)}".encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
