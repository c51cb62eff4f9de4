"""Asking routes over a real line, as a browser or a program would."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn
from starlette.applications import Starlette


class Answer(NamedTuple):
    """What a browser hears."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


Get = Callable[[str], Answer]


@contextmanager
def running(app: Starlette) -> Iterator[int]:
    """A real server on a port of its own."""
    free = socket.socket()
    free.bind(("localhost", 0))
    free.listen(500)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
    thread.start()
    try:
        yield free.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
