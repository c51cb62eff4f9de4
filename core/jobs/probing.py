"""Tries a training out in a process of its own, which can be ended in the middle of anything.

A network that is being built or converted cannot be interrupted, and whoever presses Train must not
wait for it. `python -m core.jobs.probing` is that process; what to try comes on standard input.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import config, errors
from core.errors import UserError
from core.settings import TrainingSettings

_PROJECT = Path(__file__).parents[2]
_USERS_MISTAKE = 2
_POLL = 0.1


def probe_apart(dataset: Path, settings: dict[str, Any], go_on: Callable[[], None]) -> Any:
    """What `core.training.probe` finds, as JSON.

    Args:
        dataset: The folder of a stored data set.
        settings: What is to be trained.
        go_on: Called several times a second; what it raises ends the process and is raised.

    Raises:
        UserError: The data set is gone, or the settings cannot be used.
        RuntimeError: Something unexpected; the details are in the log.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "core.jobs.probing"],
        cwd=_PROJECT,
        env=config.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([str(dataset), settings]).encode())
            process.stdin.close()
            while process.poll() is None:
                go_on()
                time.sleep(_POLL)
            told = process.stdout.read().decode("utf-8", "replace").strip()
        except BaseException:
            process.kill()
            raise
    if process.returncode == _USERS_MISTAKE:
        raise UserError(told)
    if process.returncode:
        raise RuntimeError(f"a training could not be tried out: {told or process.returncode}")
    return json.loads(told)


def main() -> int:
    """Try out what comes on standard input, and write what was found to standard output."""
    try:
        folder, settings = json.load(sys.stdin)
        from core.data import store
        from core.data.feed import StoredFeed

        dataset, chosen = store.load(Path(folder)), TrainingSettings.from_dict(settings)
        from core.training.probe import probe  # takes seconds

        found = probe(StoredFeed(Path(folder)), dataset, chosen)
        said = json.dumps(found.to_dict())
    except UserError as error:
        sys.stdout.buffer.write(str(error).encode())
        return _USERS_MISTAKE
    except Exception as error:
        sys.stdout.buffer.write(f"incident {errors.record(error)}".encode())
        return 1
    sys.stdout.buffer.write(said.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
