"""Where a download lets itself be sent on to."""

import io
from email.message import Message
from urllib.request import Request

import pytest

from core.backbones.weights.download import DownloadFailed, _Redirects


def sent_on(start: str, to: str) -> str:
    asked = Request(start)  # noqa: S310
    answer = _Redirects().redirect_request(asked, io.BytesIO(), 302, "", Message(), to)
    return answer.full_url


@pytest.mark.parametrize(
    ("start", "to"),
    [
        ("https://one.example/a", "https://two.example/b"),
        ("http://localhost:1/a", "http://localhost:2/b"),
        ("http://localhost:1/a", "https://two.example/b"),
    ],
)
def test_a_redirect_is_followed(start: str, to: str) -> None:
    assert sent_on(start, to) == to


@pytest.mark.parametrize("to", ["http://two.example/b", "ftp://two.example/b"])
def test_a_redirect_off_an_encrypted_connection_is_refused(to: str) -> None:
    with pytest.raises(DownloadFailed, match="without encryption"):
        sent_on("https://one.example/a", to)
