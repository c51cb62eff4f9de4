"""Routes over a real line to a real server."""

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette

from core.web import addresses, downloads, exports, pictures
from tests.web.asking import Answer, Get


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    """How the server is reached is as it was, after each test."""
    before = addresses.site()
    yield
    addresses.use(before)


@pytest.fixture(scope="module")
def get() -> Iterator[Get]:
    """Ask a real server over a real line."""
    free = socket.socket()
    free.bind(("localhost", 0))
    free.listen()
    app = Starlette(routes=[*downloads.routes(), *exports.routes(), *pictures.routes()])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
    thread.start()

    def ask(path: str) -> Answer:
        line = http.client.HTTPConnection("localhost", free.getsockname()[1], timeout=60)
        line.request("GET", path)
        answer = line.getresponse()
        heard = Answer(answer.status, answer.headers, answer.read())
        line.close()
        return heard

    yield ask
    server.should_exit = True
    thread.join()
