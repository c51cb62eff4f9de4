"""`serve`: a run's model for programs that ask over HTTP."""

import argparse
import re
from typing import Any

from core.cli.arguments import path
from core.cli.messages import tell
from core.errors import UserError
from core.intake import room
from core.storage import home

_PORT = 8600
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104
_TOKEN = re.compile(r"[!-~]{16,200}")
_ORIGIN = re.compile(r"https?://[^\s/?#\\@]+")
_MB = 1 << 20


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument("run", type=path, metavar="DIR", help="the folder of a run")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where it listens; 0.0.0.0 lets other computers in (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=_port, default=_PORT, help="0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--token",
        help="what programs have to know; without it, one is made and kept for the next time",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a name or address by which other computers call this one, such as "
        "raspberrypi.local; again for more of them",
    )
    parser.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="URL",
        help="a website whose pages may ask, such as https://example.org; again for more of them",
    )
    parser.add_argument(
        "--rate",
        type=_above_zero,
        default=100.0,
        metavar="N",
        help="pictures a second that are answered at most (default: 100)",
    )
    parser.add_argument(
        "--size",
        type=_above_zero,
        default=20.0,
        metavar="MB",
        help="how large a picture may be (default: 20)",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Serve a run's model until Ctrl-C or SIGTERM."""
    if args.token is not None and not _TOKEN.fullmatch(args.token):
        raise UserError(
            "Expected a --token of 16 to 200 letters, digits and signs without spaces. Leave it "
            "out, and Thaw makes one."
        )
    for origin in args.origin:
        if not _ORIGIN.fullmatch(origin):
            raise UserError(
                "Expected in --origin a website without a path, such as https://example.org, "
                f"received {origin[:80]!r}."
            )
    room.ready()
    from core.results.predictor import of_run  # imports OpenVINO
    from core.web import entry
    from core.web.addresses import LOCAL, Site
    from core.web.api import examples, standalone
    from core.web.api.limits import Limits

    with standalone.listen(args.host, args.port) as listening:  # first: loading takes longer
        predictor = of_run(args.run)
        named = [*args.name, *([] if args.host in _EVERYWHERE else [args.host])]
        site = Site(
            hosts=(*LOCAL, *(name.lower().strip("[]") for name in named)),
            origins=frozenset(origin.lower() for origin in args.origin),
            hosts_are_set="--name",
        )
        limits = Limits(
            size=int(args.size * _MB),
            per_second=args.rate,
            at_once=standalone.AT_ONCE,
            threads=standalone.threads(),
        )
        token = args.token or entry.kept(home.api_token())
        address = _address(args, listening.getsockname()[1])
        tell(f"Serving {args.run.resolve().name} at {address} until Ctrl-C. Try it:")
        tell(f"  {examples.curl(address, token)}")
        if args.host in _EVERYWHERE and not args.name:
            tell(
                "Other computers are refused until you say by what name or address they call this "
                "one, with --name."
            )
        standalone.run(standalone.app(predictor, site, token, limits), listening)
    tell("Ended.")
    return {"address": address, "model": predictor.model}


def _address(args: argparse.Namespace, port: int) -> str:
    host = args.name[0] if args.name else args.host
    host = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port < 1 << 16:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 65535, received {text[:20]}")
    return port


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 10_000:
        raise argparse.ArgumentTypeError(
            f"expected a number above 0 and up to 10000, received {text[:20]}"
        )
    return number
