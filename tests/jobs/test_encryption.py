"""A connection that breaks leaves the others of its thread alone, whatever OpenSSL there is."""

import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from core.jobs.cluster import encryption


def talking(certificate: Path) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """A scheduler's end and a client's of one connection, both after their handshake."""
    security = encryption.of(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        caller = socket.create_connection(listening.getsockname())
        called, _ = listening.accept()
    listens = security.get_listen_args("scheduler")["ssl_context"]
    connects = security.get_connection_args("client")["ssl_context"]
    server = listens.wrap_socket(called, server_side=True, do_handshake_on_connect=False)
    client = connects.wrap_socket(caller, do_handshake_on_connect=False)
    for end in (server, client):
        end.setblocking(False)
    waiting = [client, server]
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    client.write(b"hello")
    while True:
        try:
            assert server.read(5) == b"hello"
        except ssl.SSLWantReadError:
            continue
        return server, client


@pytest.mark.parametrize("reset", [False, True])
def test_one_that_breaks_leaves_the_others_alone(tmp_path: Path, reset: bool) -> None:
    encryption.make(tmp_path / "certificate")
    broken, gone = talking(tmp_path / "certificate")
    sound, client = talking(tmp_path / "certificate")
    if reset:
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()  # without a word
    for _ in range(3):
        with suppress(OSError):
            broken.send(b"are you there?")  # the system answers that nobody is
            assert broken.recv(5) == b""
        with pytest.raises(ssl.SSLWantReadError):
            sound.read(5)
    client.write(b"still")
    sound.settimeout(30)
    assert sound.recv(5) == b"still"
    broken.close()
    sound.close()
    client.close()
