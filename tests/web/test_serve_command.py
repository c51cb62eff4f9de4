"""`thaw serve` as people start and end it: a process of its own."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.cli import main as terminal
from core.cli.commands import serve
from core.errors import UserError
from core.storage import home
from core.web.api import standalone
from tests.results.conftest import make_run as make_run
from tests.results.conftest import picture as picture
from tests.web.served import ROOT, Reply

MakeRun = Callable[..., Path]
Picture = Callable[..., Path]


@contextmanager
def started(*options: object) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    """The process, its port, and what it has said so far."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "core", "serve", *map(str, options), "--port", "0", "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr
        said = next(line for line in process.stderr if "http://" in line)
        said += process.stderr.readline()
        yield process, int(said.partition("http://127.0.0.1:")[2].partition("/")[0]), said
    finally:
        process.kill()
        process.communicate()


def posted(line: socket.socket, data: bytes, token: str) -> None:
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    line.sendall(head.encode() + data[:10])


def heard(line: socket.socket) -> Reply:
    come = b""
    while part := line.recv(1 << 16):
        come += part
    return Reply(come)


def test_it_answers_and_a_request_under_way_at_sigterm_is_answered_too(
    make_run: MakeRun, picture: Picture
) -> None:
    data = picture("a.png", "red").read_bytes()
    with started(make_run()) as (process, port, said):
        token = home.api_token().read_text()
        assert f"Bearer {token}" in said, "a line to try it with"
        assert f"http://127.0.0.1:{port}/predict" in said
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            posted(line, data, token)
            with socket.create_connection(("127.0.0.1", port), timeout=60) as other:
                posted(other, data, token)
                other.sendall(data[10:])
                assert heard(other).status == 200  # so the first is under way by now
            with socket.create_connection(("127.0.0.1", port), timeout=60) as hostile:
                hostile.sendall(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
                assert b"400" in hostile.recv(100)
            process.send_signal(signal.SIGTERM)
            line.sendall(data[10:])
            answer = heard(line)
        assert (answer.status, json.loads(answer.body)["label"]) == (200, "red")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert err == "Ended.\n"
        assert json.loads(out)["address"] == f"http://127.0.0.1:{port}/"


def test_a_port_in_use_is_told_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is in use already"):
            standalone.listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.name.invalid", "x" * 300, "..", "a b"])
def test_an_address_of_another_computer_is_told(host: str) -> None:
    with pytest.raises(UserError, match="an address of this computer"):
        standalone.listen(host, 0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--port", "65536"], "0 to 65535"),
        (["--port", "9" * 5000], "0 to 65535"),
        (["--port", "http"], "0 to 65535"),
        (["--rate", "0"], "above 0"),
        (["--rate", "nan"], "above 0"),
        (["--size", "1e999"], "above 0"),
        (["--size", "-1"], "above 0"),
        (["--token", "short"], "16 to 200"),
        (["--token", "with spaces in between"], "16 to 200"),
        (["--token", "x" * 201], "16 to 200"),
        (["--origin", "example.org"], "such as https://example.org"),
        (["--origin", "https://example.org/"], "such as https://example.org"),
        (["--origin", "*"], "such as https://example.org"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_loaded(
    tmp_path: Path, given: list[str], told: str
) -> None:
    with pytest.raises(UserError) as caught:
        serve.run(terminal.parse(["serve", str(tmp_path), *given]))
    assert told in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Expected the folder of a trained run"):
        serve.run(terminal.parse(["serve", str(tmp_path), "--port", "0"]))
