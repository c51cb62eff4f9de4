"""Checks a weights file that somebody brought in a process of its own.

The HDF5 library is written in C and trusts its files: a damaged or hostile one can keep it busy for
ever or make it ask for all memory there is. This module, run as a program with a file, is that
process; what is expected comes on standard input, pickled by the very program that starts it. A
file that it has read to the end can be read again without danger.
"""

import pickle
import subprocess
import sys
import threading
from pathlib import Path

from core import config, installation
from core.backbones.catalogue.backbone import Backbone
from core.backbones.weights import weights_file
from core.errors import UserError

_SECONDS = 10.0  # at least, and the time that its bytes take on a slow disk
_BYTES_A_SECOND = 20e6
_AT_ONCE = threading.BoundedSemaphore(2)  # each may need the memory of a whole network
_BYTES = 4 << 30  # of address space; the largest backbone of the catalogue has 240 MB of weights
_UNFIT = 2


def check_apart(file: Path, name: str, backbone: Backbone) -> None:
    """See that a file holds the weights of a backbone, shape by shape.

    Args:
        file: A file that may be anything.
        name: What whoever brought it calls it.
        backbone: What it should fit.

    Raises:
        UserError: It does not fit, is damaged, or takes too long or too much memory to read.
    """
    damaged = UserError(
        f"Expected a Keras weights file (.h5 or .weights.h5), but {name} is damaged. Get it again "
        "from where it came."
    )
    try:
        with _AT_ONCE:
            done = subprocess.run(  # noqa: S603
                [
                    sys.executable,
                    "-m",
                    "core.backbones.weights.weights_check",
                    str(file.absolute()),
                ],
                cwd=installation.ROOT,
                env={
                    **config.environment(),
                    "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve address space
                },
                input=pickle.dumps((backbone.layers, backbone.title, name)),
                capture_output=True,
                timeout=_SECONDS + file.stat().st_size / _BYTES_A_SECOND,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise damaged from None
    if done.returncode == _UNFIT:
        raise UserError(done.stdout.decode("utf-8", "replace"))
    if done.returncode:
        raise damaged


def main() -> int:
    """Read the file to its end, within limits."""
    try:
        import resource
    except ImportError:
        pass  # Windows: there is no such limit
    else:
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    layers, title, name = pickle.loads(sys.stdin.buffer.read())  # noqa: S301
    try:
        weights_file.read(Path(sys.argv[1]), layers, title, name)
    except UserError as error:
        sys.stdout.buffer.write(str(error).encode())
        return _UNFIT
    return 0


if __name__ == "__main__":
    sys.exit(main())
