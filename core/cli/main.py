"""The command line: finds the command, runs it, and says how it ended.

Data goes to standard output, messages and progress to standard error. A user's mistake exits with
2 and one sentence, an internal error with 1, one sentence and the log's path.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from runpy import run_module
from typing import Any, NoReturn

from core import config, installation
from core.cli.messages import Recorded, record, remedy, tell
from core.errors import UserError
from core.intake import room
from core.storage import privacy

# Each command is a module of that name in `commands` or `upkeep`, with `options(parser)`, which
# adds what it can be given, and `run(args)`, which does it and returns what `--json` prints.
COMMANDS = {
    "inspect": "What a zip or a folder holds.",
    "advise": "What to choose for the images in a zip or a folder, and why.",
    "train": "Train in this process, into a folder.",
    "evaluate": "How well a run's model does on labelled images.",
    "compare": "Runs side by side: which does better on the same images, or is it luck?",
    "predict": "What a run's model sees in images.",
    "serve": "A run's model for programs that ask over HTTP.",
    "export": "A run's model for other programs, in a zip that was tried before it is written.",
    "explain": "Why a run's model says what it says of an image: a heat map.",
    "runs": "All runs that the app keeps; as a table (CSV), or as curves for TensorBoard.",
    "backbones": "The catalogue; or bring weights onto a stick, or add a TensorFlow Hub module.",
    "project": "Save a data set with its versions and runs as one file, or open such a file.",
    "convert": "Pictures in another program's layout as a plain zip of class folders.",
    "backup": "One zip of data sets, runs and your own weights, also while trainings run.",
    "report": "One zip for a report of a problem: versions, settings, log; no pictures, no names.",
    "stop": "End Thaw's background processes, whatever they are doing.",
}

_UPKEEP = ("runs", "project", "convert", "backup", "report", "stop")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}. See: {_called()} --help")


def _called() -> str:
    """How this process was started: by the installed command, or by its module."""
    return "thaw" if Path(sys.argv[0]).stem == "thaw" else "python -m core"


def parse(given: Sequence[str]) -> argparse.Namespace:
    """What was asked for; `job` is the function that does it.

    Args:
        given: The arguments, the command first.

    Raises:
        UserError: They make no sense.
    """
    parser = _Parser(prog=_called(), description="Without a command: serve the app until Ctrl-C.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for name, meaning in COMMANDS.items():
        added = commands.add_parser(name, help=meaning, description=meaning)
        if name in given[:1]:  # the others need not be loaded
            place = "upkeep" if name in _UPKEEP else "commands"
            command = import_module(f"core.cli.{place}.{name}")
            command.options(added)
            added.add_argument("--json", action="store_true", help="end with one JSON object")
            added.set_defaults(job=command.run)
    return parser.parse_args(given)


def _serve() -> None:
    """Hand this process over to Streamlit, which ends it."""
    sys.argv = ["streamlit", "run", str(installation.ROOT / "streamlit_app.py")]
    run_module("streamlit", run_name="__main__", alter_sys=True)


def main(given: Sequence[str] | None = None) -> int:
    """Run one command, or the app without one.

    Args:
        given: The arguments; None takes those of this process.

    Returns:
        The exit code: 0, 2 for a user's mistake, 1 for an internal error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a class may be called 猫 anywhere
    written: list[Path] = []
    try:
        words = sys.argv[1:] if given is None else given
        args = parse(words) if words else None
        config.check()
        privacy.make_private()
        room.check_home()
        if args is None:
            _serve()
            return 0
        written = [args.run] if "run" in args else []
        result: dict[str, Any] = args.job(args)
        if args.json:
            print(json.dumps(result))
        sys.stdout.flush()
    except UserError as error:
        tell(remedy(error) or str(error))
        return 2
    except KeyboardInterrupt:
        tell("Interrupted.")
        return 130
    except BrokenPipeError:  # the reader has had enough: `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Recorded as error:
        tell(str(error))
        return 1
    except Exception as error:
        told = remedy(error, *written)
        tell(told or record(error)[1])
        return 2 if told else 1
    return 0


def console() -> NoReturn:
    """Run the command that this process was started with, and end it."""
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # main has told what was wrong with it
            stream.flush()
    # TensorFlow takes half a second to put in order what the system takes back anyway.
    os._exit(code)
