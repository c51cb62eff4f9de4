"""Who may talk to a cluster: whoever holds its certificate, over TLS.

Loopback alone is open to every user of the machine, and who may submit a task may run code.
"""

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed.security import Security

from core.storage import files

_ROLES = ("client", "scheduler", "worker")


def make(path: Path) -> Security:
    """Make a certificate and its key, in one file, and what takes part with them."""
    made = Security.temporary()
    files.write_bytes(path, f"{made.tls_client_key}{made.tls_client_cert}".encode())
    path.chmod(0o600)
    return of(path)


def of(path: Path) -> Security:
    """What a client, a worker or the scheduler needs to take part."""
    both = {f"tls_{role}_{part}": str(path) for role in _ROLES for part in ("cert", "key")}
    return _Encryption(require_encryption=True, tls_ca_file=str(path), **both)


class _Encryption(Security):  # type: ignore[misc]
    """Dask's security, in which one connection that breaks leaves the others alone."""

    def get_connection_args(self, role: str) -> dict[str, Any]:
        return _each_alone(super().get_connection_args(role))

    def get_listen_args(self, role: str) -> dict[str, Any]:
        return _each_alone(super().get_listen_args(role))


def _each_alone(arguments: dict[str, Any]) -> dict[str, Any]:
    arguments["ssl_context"].sslsocket_class = _Socket
    return arguments


class _Socket(ssl.SSLSocket):
    """One whose error is not taken for one of the next that the same thread reads from.

    Since 3.12.3 Python leaves a broken pipe or a reset in OpenSSL's list of errors, and does not
    look whether what it finds there is new (github.com/python/cpython/issues/148594): a client
    lost the scheduler because some worker had ended.
    """

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        try:
            return super().read(len, buffer)
        except OSError as error:
            _forget(error)
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except OSError as error:
            _forget(error)
            raise


_anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _forget(error: OSError) -> None:
    """Empty this thread's list of errors: OpenSSL does so where a handshake begins."""
    if isinstance(error, ssl.SSLError):  # "nothing to read yet" among them: Python has done it
        return
    nobody = _anybody.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        nobody.do_handshake()
