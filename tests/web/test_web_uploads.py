"""The way in for large files, over a real line to a real server."""

import asyncio
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from core.intake import incoming
from core.storage import home, incidents
from core.web import addresses, uploads
from core.web.door import Door

PERMIT = uploads.permit(home.HOME, "page")
CONTENT = bytes(range(256)) * 20_000  # 5 MB


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_TOKEN", "0")


class Line:
    """What a browser does."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_ours = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_ours else {}

    def begin(self, size: int = len(CONTENT), name: str = "pets.zip") -> tuple[str, str]:
        """Path and secret of a new upload."""
        told = json.dumps({"name": name, "size": size}).encode()
        status, said = self.ask("POST", "/uploads", told, upload_permit=PERMIT)
        assert status == 201, said
        return f"/uploads/{said['id']}", said["secret"]

    def send(self, path: str, secret: str, offset: int, block: bytes) -> tuple[int, dict[str, Any]]:
        return self.ask("PATCH", path, block, upload_secret=secret, upload_offset=str(offset))

    def cut_off(self, path: str, secret: str, offset: int, announced: int, sent: bytes) -> None:
        """Announce a block, send a part of it, and drop the line."""
        with socket.create_connection(("localhost", self.port)) as line:
            line.sendall(
                f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nUpload-Secret: {secret}\r\n"
                f"Upload-Offset: {offset}\r\nContent-Length: {announced}\r\n\r\n".encode()
            )
            line.sendall(sent)


def serve() -> tuple[Line, uvicorn.Server, threading.Thread]:
    app = Starlette(routes=uploads.routes(), middleware=[Middleware(Door)])
    free = socket.socket()
    free.bind(("localhost", 0))
    free.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
    thread.start()
    return Line(free.getsockname()[1]), server, thread


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    opened, server, thread = serve()
    yield opened
    server.should_exit = True
    thread.join()


def come(path: str) -> bytes:
    return (home.HOME.uploads() / path.rpartition("/")[2] / "content").read_bytes()


def until(path: str, size: int) -> None:
    end = time.monotonic() + 10
    while len(come(path)) < size:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_a_sender_has_left_goes_while_the_server_runs(thaw_home: Path) -> None:
    left, _ = incoming.begin(home.HOME, "a.zip", 10, "page")
    old = time.time() - 7200
    os.utime(left.path, (old, old))

    async def serve_a_while() -> None:
        tidying = asyncio.create_task(uploads.tidy(0.0))
        async with asyncio.timeout(10):
            while left.folder.exists():
                await asyncio.sleep(0)
        tidying.cancel()

    asyncio.run(serve_a_while())


def test_blocks_go_up_and_are_taken_whole(line: Line) -> None:
    path, secret = line.begin()
    for at in range(0, len(CONTENT), 1_500_000):
        block = CONTENT[at : at + 1_500_000]
        assert line.send(path, secret, at, block) == (200, {"offset": at + len(block)})
    whole = incoming.take(home.HOME, path.rpartition("/")[2], secret)
    assert whole.path.read_bytes() == CONTENT
    assert whole.name == "pets"
    assert line.ask("GET", path, upload_secret=secret)[0] == 404


def test_a_dropped_line_goes_on_at_the_last_byte_also_on_a_new_server(line: Line) -> None:
    path, secret = line.begin()
    line.cut_off(path, secret, 0, 4_000_000, CONTENT[:1_234_567])
    until(path, 1_234_567)
    assert line.ask("GET", path, upload_secret=secret) == (200, {"offset": 1_234_567})
    after, server, thread = serve()
    assert after.ask("GET", path, upload_secret=secret) == (200, {"offset": 1_234_567})
    status, said = after.send(path, secret, 1_234_567, CONTENT[1_234_567:])
    server.should_exit = True
    thread.join()
    assert (status, said) == (200, {"offset": len(CONTENT)})
    assert come(path) == CONTENT


def test_two_senders_do_not_mix(line: Line) -> None:
    path, secret = line.begin(size=2_000_000)
    answers = []

    def send(letter: bytes) -> None:
        answers.append(line.send(path, secret, 0, letter * 2_000_000))

    threads = [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(status in (200, 409) for status, _ in answers), answers
    content = come(path)
    offset = line.ask("GET", path, upload_secret=secret)[1]["offset"]
    assert offset == len(content)
    edge = 1 << 20  # blocks are of one sender, whole
    assert len(set(content[:edge])) == 1


def test_a_sender_that_is_late_is_told_where_to_go_on(line: Line) -> None:
    path, secret = line.begin()
    line.send(path, secret, 0, CONTENT[:100])
    status, said = line.send(path, secret, 0, CONTENT[:200])
    assert status == 409
    assert said["error"]
    assert come(path) == CONTENT[:100]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_without_the_secret_nothing_is_found(line: Line, method: str) -> None:
    path, _ = line.begin()
    _, others = line.begin()
    for secret in (others, "", "x" * 200):
        headers = {"upload_secret": secret, "upload_offset": "0"}
        status, said = line.ask(method, path, b"x", **headers)
        assert (status, list(said)) == (404, ["error"])
    assert come(path) == b""


def test_only_a_page_of_this_server_may_begin(line: Line) -> None:
    told = b'{"name": "a.zip", "size": 3}'
    for headers in ({}, {"upload_permit": "guess"}, {"upload_permit": "ü"}):
        assert line.ask("POST", "/uploads", told, **headers)[0] == 403
    assert not home.HOME.uploads().exists()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", ""])
def test_other_websites_are_refused(line: Line, origin: str) -> None:
    path, secret = line.begin()
    told, permit = b'{"name": "a.zip", "size": 3}', PERMIT
    headers = {"origin": origin, "upload_secret": secret, "upload_offset": "0"}
    assert line.ask("POST", "/uploads", told, origin=origin, upload_permit=permit)[0] == 403
    for method in ("GET", "PATCH", "DELETE"):
        assert line.ask(method, path, b"x", **headers)[0] == 403
    assert line.ask("OPTIONS", path, origin=origin)[0] == 403, "asked first, it does not agree"
    assert come(path) == b""


def test_its_own_pages_and_those_the_owner_names_are_let_in(line: Line) -> None:
    path, secret = line.begin()
    addresses.use(
        addresses.Site(
            hosts=("localhost", "thaw.school.example"),
            origins=frozenset(["https://portal.example"]),
        )
    )
    for host in (f"localhost:{line.port}", "Thaw.school.example"):
        headers = {"host": host, "origin": f"https://{host.lower()}", "upload_secret": secret}
        assert line.ask("GET", path, **headers)[0] == 200
    headers = {"origin": "https://portal.example", "upload_secret": secret}
    assert line.ask("GET", path, **headers)[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[1, 2]",
        b"null",
        b'{"name": "a.zip"}',
        b'{"name": "a.zip", "size": "3"}',
        b'{"name": "a.zip", "size": true}',
        b'{"name": "a.zip", "size": 2.5}',
        b'{"name": ["a.zip"], "size": 3}',
        b'{"name": "a.zip", "size": -3}',
        b'{"name": "a.zip", "size": ' + b"9" * 3000 + b"}",
        b'{"name": "a.zip", "size": ' + b"9" * 5000 + b"}",
        b"[" * 4000,
        b"x" * 1_000_000,
    ],
    ids=range(15),
)
def test_nonsense_gets_a_sentence(line: Line, body: bytes) -> None:
    status, said = line.ask("POST", "/uploads", body, upload_permit=PERMIT)
    assert status in (400, 413)
    assert said["error"].endswith(".")
    assert not incidents.log_path().exists()
    assert not home.HOME.uploads().exists()


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "²", "9" * 400])
def test_an_offset_is_a_number(line: Line, offset: str) -> None:
    path, secret = line.begin()
    headers = {"upload_secret": secret, "upload_offset": offset.encode().decode("latin-1")}
    status, said = line.ask("PATCH", path, b"abc", **headers)
    assert status in (400, 409)
    assert said["error"].endswith(".")
    assert come(path) == b""
    assert not incidents.log_path().exists()


def test_more_than_was_announced_is_not_kept(line: Line) -> None:
    path, secret = line.begin(size=10)
    status, said = line.send(path, secret, 0, b"x" * 11)
    assert status == 400
    assert "announced" in said["error"]
    assert come(path) == b""


def test_one_request_brings_one_block(line: Line) -> None:
    path, secret = line.begin(size=100_000_000)
    status, _ = line.send(path, secret, 0, b"x" * (uploads.BLOCK + 1))
    assert status == 413
    assert len(come(path)) <= uploads.BLOCK


def test_too_large_a_file_is_refused_before_it_is_sent(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_UPLOAD_GB", "0.001")
    told = b'{"name": "a.zip", "size": 1000001}'
    status, said = line.ask("POST", "/uploads", told, upload_permit=PERMIT)
    assert status == 400
    assert "at most 0.001 GB" in said["error"]


def test_a_cancelled_upload_is_gone_also_while_it_is_sent(line: Line) -> None:
    path, secret = line.begin()
    with socket.create_connection(("localhost", line.port)) as half:
        half.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nUpload-Secret: {secret}\r\n"
            "Upload-Offset: 0\r\nContent-Length: 4000000\r\n\r\n".encode()
        )
        half.sendall(CONTENT[:1_100_000])
        until(path, 1 << 20)
        assert line.ask("DELETE", path, upload_secret=secret)[0] == 204
        half.sendall(CONTENT[1_100_000:4_000_000])
        assert b" 404 " in half.recv(100)
    assert line.ask("GET", path, upload_secret=secret)[0] == 404
    assert not list(home.HOME.uploads().iterdir())


def test_it_lies_below_the_base_path() -> None:
    for base, path in [("", "/uploads"), ("/school/thaw", "/school/thaw/uploads")]:
        addresses.use(addresses.Site(base=base))
        assert uploads.path() == path
        assert {route.path for route in uploads.routes()} == {path, f"{path}/{{upload_id}}"}
