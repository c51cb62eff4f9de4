"""Runs a script with a limit on its memory: `python -I limited.py MEMORY SCRIPT …`.

The script may know nothing of Thaw, so this file imports nothing of it.
"""

import runpy
import sys


def limit(memory: int) -> None:
    """Let this process take so many bytes of address space. Windows has no such limit."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Limit this process, then be the script."""
    limit(int(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
