"""Asks a network of Thaw over HTTP. One file that needs nothing else: put it beside your program.

In a program:

    from thaw_client import Network

    network = Network("http://127.0.0.1:8600/", "TOKEN")
    answer = network.predict("picture.jpg")
    print(answer["label"], answer["confidence"], answer["known"])

In a terminal, with the token in the variable API_TOKEN:

    python thaw_client.py http://127.0.0.1:8600/ picture.jpg
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

_TRIES = 5  # where the network has too much to do
_LONGEST_WAIT = 30.0  # seconds


class Refused(Exception):
    """The server said no, and why; or there is none at this address.

    Attributes:
        status: The code of HTTP; 0 where no server answered.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another server."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_StayHere)


class Network:
    """A network that answers at an address."""

    def __init__(self, address: str, token: str, timeout: float = 30.0) -> None:
        """Keep where it is; nothing is asked yet.

        Args:
            address: What the Export page or `thaw serve` shows, with or without “predict”.
            token: Shown beside it.
            timeout: Seconds to wait for an answer.

        Raises:
            ValueError: The address is none of a web server.
        """
        if not address.startswith(("http://", "https://")):
            raise ValueError(f"Expected an address that begins with http://, received {address}")
        self._address = address.rstrip("/").removesuffix("/predict") + "/predict"
        self._token = token
        self._timeout = timeout

    def predict(self, picture: "str | os.PathLike[str] | bytes", top: int = 5) -> dict[str, Any]:
        """What the network sees in a picture.

        Args:
            picture: A file, or what is in one.
            top: How many classes to name.

        Returns:
            `label`, `confidence` (0 to 1), `top` ([[class, confidence], …]), `familiar` (0 to 1),
            `known` (False: none of these) and `model`.

        Raises:
            Refused: The server said no. Where it only has too much to do, it is asked again.
            OSError: The file cannot be read.
        """
        if not isinstance(picture, bytes):
            with open(picture, "rb") as file:
                picture = file.read()
        request = urllib.request.Request(
            f"{self._address}?top={top}",
            data=picture,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/octet-stream",
            },
        )
        tries = 0
        while True:
            tries += 1
            try:
                with _OPENER.open(request, timeout=self._timeout) as answer:
                    found: dict[str, Any] = json.load(answer)
                    return found
            except urllib.error.HTTPError as error:
                if error.code != 429 or tries == _TRIES:
                    raise Refused(error.code, _sentence(error)) from None
                wait = error.headers.get("Retry-After", "")
                time.sleep(min(float(wait) if wait.isdigit() else 1.0, _LONGEST_WAIT))
            except ValueError:
                raise Refused(0, f"This is not a network of Thaw: {self._address}") from None
            except OSError as error:
                why = getattr(error, "reason", error)
                raise Refused(0, f"No server answers at {self._address}: {why}") from None


def _sentence(error: urllib.error.HTTPError) -> str:
    """What the server said, in words."""
    said = error.read().decode("utf-8", "replace").strip()
    try:
        return str(json.loads(said)["error"])
    except (ValueError, TypeError, KeyError):
        return said or f"The server answered with {error.code}."


def main() -> int:
    """Name the pictures of the command line, one line of JSON for each."""
    token = os.environ.get("API_TOKEN")
    if len(sys.argv) < 3 or not token:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        network = Network(sys.argv[1], token)
        for picture in sys.argv[2:]:
            print(json.dumps({"file": picture, **network.predict(picture)}, ensure_ascii=False))
    except (Refused, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
