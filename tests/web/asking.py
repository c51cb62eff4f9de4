"""Asking the app's own routes, as a browser would."""

import http.client
from collections.abc import Callable
from typing import NamedTuple


class Answer(NamedTuple):
    """What a browser hears."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


Get = Callable[[str], Answer]
