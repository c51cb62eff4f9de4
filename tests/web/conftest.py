"""Routes over a real line to a real server."""

import http.client
from collections.abc import Iterator
from functools import partial

import pytest
from starlette.applications import Starlette

from core.web import addresses
from pages.routes import mount
from tests.web.asking import Answer, Get, running


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    """How the server is reached is as it was, after each test."""
    before = addresses.site()
    yield
    addresses.use(before)


@pytest.fixture(scope="module")
def get() -> Iterator[Get]:
    """Ask a real server over a real line."""
    with running(Starlette(routes=mount.routes())) as port:
        yield partial(_ask, port)


def _ask(port: int, path: str) -> Answer:
    line = http.client.HTTPConnection("localhost", port, timeout=60)
    line.request("GET", path)
    answer = line.getresponse()
    heard = Answer(answer.status, answer.headers, answer.read())
    line.close()
    return heard
