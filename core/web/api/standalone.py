"""One run's network as a separate server: what `thaw serve` starts."""

import errno
import os
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request

from core.errors import UserError
from core.web import addresses
from core.web.addresses import Site
from core.web.api import answering
from core.web.api.answering import Network
from core.web.api.limits import Limits
from core.web.door import Door

if TYPE_CHECKING:  # it imports OpenVINO
    from core.results.predictor import Predictor

AT_ONCE = 32  # requests; each holds its picture in memory
_WAITING = 128  # connections that nobody has accepted yet
_FAREWELL = 10  # seconds that requests under way have when the server ends


def app(predictor: "Predictor", site: Site, token: str, limits: Limits) -> Starlette:
    """The server's routes, behind the same door as the pages have.

    Args:
        predictor: The network.
        site: How the server is reached.
        token: What programs have to know.
        limits: How much they may ask.
    """
    addresses.use(site)

    network = Network(token, partial(predictor.look, ""), limits)

    async def find(_: Request) -> Network:
        return network

    door = Middleware(Door, own_token=lambda _: True)
    return Starlette(routes=answering.routes("", find), middleware=[door])


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on.

    Args:
        host: An address of this computer, or a name of one.
        port: 0 for any that is free.

    Raises:
        UserError: Nothing can be served there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_WAITING)
    except (OSError, UnicodeError) as error:  # of a name that cannot be one, too
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise UserError(
                f"Port {port} is in use already. Choose another with --port, or end the program "
                "that uses it."
            ) from error
        if number == errno.EACCES:
            raise UserError(
                f"Only the administrator may use port {port}. Choose one from 1024 on with --port."
            ) from error
        raise UserError(
            "Expected in --host an address of this computer, such as 127.0.0.1 or 0.0.0.0, "
            f"received {host[:80]!r}."
        ) from error


def run(app: Starlette, listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way are answered first."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",  # whatever else is installed: its limits are the ones that were tried
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # what a hostile client sends is no news
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_FAREWELL,
        )
    )
    # uvicorn raises a signal again once it has ended: then there is nothing left to do.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, server.handle_exit)
    server.run(sockets=[listening])


def threads() -> int:
    """How many requests are worked on at once: enough to keep every processor busy."""
    return min(AT_ONCE, 4 * (os.cpu_count() or 1))
