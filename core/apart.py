"""Does something in a separate process, which can be ended at any moment.

A network that is being built or converted cannot be interrupted, and nobody who presses Stop or
Train may have to wait for it. A file that somebody brought may keep a library busy for ever,
or make it ask for all memory there is.

`python -m core.apart MEMORY` is that process. The work comes on standard input, pickled by the very
program that starts it. The answer comes back as JSON: a hostile file that has taken over the
process must not be able to send a program.
"""

import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from core import config, installation, saying
from core.errors import UserError
from core.limited import limit
from core.storage import files, incidents

_USERS_MISTAKE = 2
_DISK_REFUSED = 3
_POLL = 0.1


def run(work: Callable[[], object], go_on: Callable[[], None], *, memory: int = 0) -> Any:
    """Do something in a separate process.

    Args:
        work: What to do. It can be pickled, and JSON can hold what it returns.
        go_on: Called several times a second; what it raises ends the process and is raised.
        memory: Bytes of address space that it may take; 0 for no limit. Windows has no such limit.

    Returns:
        What it returns.

    Raises:
        UserError: As the work.
        OSError: The disk is full, or read-only. Whatever else the work's system calls say is
            unexpected: it may lie in a file that somebody brought.
        RuntimeError: Something unexpected; the details are in the log.
    """
    environment = config.environment()
    if memory:
        environment["OPENBLAS_NUM_THREADS"] = "1"  # each thread would reserve address space
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "core.apart", str(memory)],
            cwd=installation.ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=complaints,
        ) as process:
            wait(process, go_on, pickle.dumps(work))
        said.seek(0)
        answer = said.read().decode("utf-8", "replace")
        complaints.seek(0)
        if process.returncode not in (0, _USERS_MISTAKE, _DISK_REFUSED):
            why = answer or complaints.read()[-2000:].decode("utf-8", "replace")
            raise RuntimeError(f"a process apart: {why or process.returncode}")
        try:
            found = json.loads(answer, object_hook=saying.unpacked)
        except (ValueError, RecursionError) as error:
            raise RuntimeError("a process apart answered no JSON") from error
        if process.returncode == _DISK_REFUSED:
            raise OSError(*found)
        if process.returncode:
            raise UserError(found if isinstance(found, str) else answer)
        return found


def wait(process: "subprocess.Popen[bytes]", go_on: Callable[[], None], given: bytes = b"") -> None:
    """Wait until a process has ended; where something is raised meanwhile, it is killed.

    Args:
        process: The process.
        go_on: Called several times a second; what it raises ends the process and is raised.
        given: Its standard input, if that is a pipe.
    """
    try:
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin:  # it may have failed already
                process.stdin.write(given)
        while process.poll() is None:
            go_on()
            time.sleep(_POLL)
    except BaseException:
        process.kill()
        raise


def main() -> int:
    """Do the work that comes on standard input, and answer on standard output.

    Returns:
        The exit code.
    """
    if memory := int(sys.argv[1]):
        limit(memory)
    try:
        answer, code = pickle.loads(sys.stdin.buffer.read())(), 0  # noqa: S301
        said = json.dumps(saying.packed(answer))
    except UserError as error:
        said, code = json.dumps(saying.packed(error.said)), _USERS_MISTAKE
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (*files.FULL, *files.SHUT):
            said, code = json.dumps([error.errno, error.strerror]), _DISK_REFUSED
        else:
            said, code = f"incident {incidents.record(error)}", 1
    sys.stdout.buffer.write(said.encode())
    return code


if __name__ == "__main__":
    sys.exit(main())
