"""Fetches a file over HTTP: whole and as published, or not at all."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from core.storage import files

Report = Callable[[int, int], None]

_CHUNK = 1 << 18
_MOST_BYTES = 4 << 30  # four times the largest published network
_TIMEOUT = 30  # seconds without a byte


class DownloadFailed(Exception):
    """The file could not be had; the message says why in a few words."""


def fetch(url: str, target: Path, report: Report, *, checksum: str | None = None,
          check: Callable[[Path], None] | None = None) -> None:  # fmt: skip
    """Download a file to its place. Whatever is raised, nothing of it is left behind.

    Args:
        url: Where it is published.
        target: Where it goes; its folder is made.
        report: Told bytes done and in total, 0 while unknown; may raise to end it.
        checksum: `md5:…` or `sha256:…`; a part of the digest counts from the left.
        check: Looks at the whole file before it is put in its place; raises where it is not what
            it should be. A school's login page arrives as well as a network does.

    Raises:
        DownloadFailed: The server cannot be reached, or gave something else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with files.replacing(target, sync=True) as aside:
            with aside.open("wb") as file:
                digest = _receive(url, file, report, checksum)
            if checksum and not digest.startswith(checksum.partition(":")[2]):
                raise DownloadFailed("what came is not what was published")
            if check:
                check(aside)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError,
            ValueError) as error:  # fmt: skip
        raise DownloadFailed(_why(error)) from error


def _receive(url: str, file: IO[bytes], report: Report, checksum: str | None) -> str:
    """The hexadecimal digest of what came."""
    digest = hashlib.new((checksum or "sha256:").partition(":")[0], usedforsecurity=False)
    with _OPENER.open(url, timeout=_TIMEOUT) as response:
        total = int(response.headers.get("Content-Length") or 0)
        done = 0
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if done > _MOST_BYTES:
                raise DownloadFailed("what came has no end")
            report(done, max(total, done) if total else 0)
    if done < total:
        raise DownloadFailed("the connection was cut")
    return digest.hexdigest()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not off an encrypted connection, where anybody could answer."""

    def redirect_request(self, req: Any, *answer: Any) -> Any:
        if req.full_url.startswith("https:") and not answer[-1].startswith("https:"):
            raise DownloadFailed("the server sends us on to an address without encryption")
        return super().redirect_request(req, *answer)


_OPENER = urllib.request.build_opener(_Redirects)


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    return "there is no connection to the server"
