"""Does something in a process of its own, which can be ended in the middle of anything.

A network that is being built or converted cannot be interrupted, and nobody who presses Stop or
Train may have to wait for it. `python -m MODULE` is that process; it calls `answer`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

from core import config, installation
from core.errors import UserError
from core.storage import incidents

_USERS_MISTAKE = 2
_POLL = 0.1


def run(module: str, arguments: list[str], given: bytes, go_on: Callable[[], None]) -> bytes:
    """Have a module answer in a process of its own.

    Args:
        module: Which, by its full name.
        arguments: Its command line.
        given: Its standard input.
        go_on: Called several times a second; what it raises ends the process and is raised.

    Returns:
        Its standard output.

    Raises:
        UserError: As the work there.
        RuntimeError: Something unexpected; the details are in the log.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments],
            cwd=installation.ROOT,
            env=config.environment(),
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=complaints,
        ) as process:
            wait(process, go_on, given)
        said.seek(0)
        told = said.read()
        complaints.seek(0)
        if process.returncode == _USERS_MISTAKE:
            raise UserError(told.decode("utf-8", "replace"))
        if process.returncode:
            why = (told or complaints.read()[-2000:]).decode("utf-8", "replace")
            raise RuntimeError(f"{module}: {why or process.returncode}")
        return told


def wait(process: "subprocess.Popen[bytes]", go_on: Callable[[], None], given: bytes = b"") -> None:
    """Wait until a process has ended; where something is raised meanwhile, it is killed.

    Args:
        process: It.
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


def answer(work: Callable[[bytes], bytes]) -> int:
    """What such a process does: answer what comes on standard input on standard output.

    Args:
        work: Given the input; returns the output.

    Returns:
        The exit code.
    """
    try:
        said, code = work(sys.stdin.buffer.read()), 0
    except UserError as error:
        said, code = str(error).encode(), _USERS_MISTAKE
    except Exception as error:
        said, code = f"incident {incidents.record(error)}".encode(), 1
    sys.stdout.buffer.write(said)
    return code
