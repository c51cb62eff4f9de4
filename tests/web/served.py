"""The app as it is served: a process of its own, to which raw bytes are sent."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Reply:
    """What came back for raw bytes."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if raw else 0
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:]]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class App:
    """The web server, without the cluster that it would start."""

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        self.process = process
        self.address = address
        port, token = re.fullmatch(r"http://localhost:(\d+)/.*\?token=(.*)", address).groups()  # type: ignore[union-attr]
        self.port = int(port)
        self.token = token
        self.cookie = ""

    def raw(self, request: bytes) -> Reply:
        """What is answered until the server closes, or falls silent after a whole head."""
        with socket.create_connection(("localhost", self.port), timeout=10) as line:
            line.sendall(request)
            come = b""
            while part := line.recv(1 << 16):
                come += part
                if come.startswith(b"HTTP/1.1 101"):
                    break
        return Reply(come)

    def get(self, path: str = "/", *headers: str, host: str | None = "localhost") -> Reply:
        lines = [f"GET {path} HTTP/1.1", "Connection: close", *headers]
        lines += [f"Host: {host}"] if host is not None else []
        return self.raw(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def line(self, *headers: str, host: str = "localhost") -> Reply:
        """Ask for Streamlit's WebSocket."""
        return self.raw(
            "\r\n".join(
                [
                    "GET /_stcore/stream HTTP/1.1",
                    f"Host: {host}",
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    *headers,
                    "\r\n",
                ]
            ).encode("latin-1")
        )


@contextlib.contextmanager
def served(thaw_home: Path, *options: str, **environment: str) -> Iterator[App]:
    """The app, up on a free port; let in by its printed address."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py"),
         "--server.port=0", *options],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"THAW_HOME": str(thaw_home), "THAW_SCHEDULER": "tcp://127.0.0.1:9"}
        | environment,
    )  # fmt: skip
    try:
        assert process.stdout
        address = next(word for line in process.stdout for word in line.split() if "://" in word)
        app = App(process, address)
        come = app.get(f"/?token={app.token}", host=f"localhost:{app.port}")
        app.cookie = "Cookie: " + come.header("set-cookie").partition(";")[0]
        yield app
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        if process.stdout:
            process.stdout.close()
