"""Links by which others open an export: for some time, without anything else of this server."""

import time
import zipfile
from pathlib import Path

import pytest

from core import sharing as links
from core.errors import UserError
from core.exports import kept, sharing, table
from core.exports.kept import Kept
from core.storage import files, home
from core.storage.runs import Run
from core.web.shares import exports as shares
from pages.routes import mount
from tests.web.asking import Get
from tests.web.test_web_exports import export_of

PAGE = "<!doctype html><title>pets</title>"


def web_page(name: str = "pets") -> tuple[Run, Path, Kept]:
    """An export to a web page."""
    run, folder = export_of(name)
    with zipfile.ZipFile(folder / home.EXPORT_ZIP, "w") as archive:
        archive.writestr("thaw-web/index.html", PAGE)
        archive.writestr("thaw-web/site/index.html", "another")
    made = kept.kept(folder)
    assert made is not None
    kept.keep(folder, table.find("web"), made.proof, own_samples=False)
    made = kept.kept(folder)
    assert made is not None
    return run, folder, made


def test_a_web_page_opens_and_may_talk_to_nobody(get: Get, thaw_home: Path) -> None:
    run, folder, made = web_page()
    link = sharing.share(folder, made, 60)
    answer = get(shares.address(run, folder, link))
    assert (answer.status, answer.text) == (200, PAGE)
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src data: blob:;" in policy


def test_any_other_export_is_downloaded(get: Get, thaw_home: Path) -> None:
    run, folder = export_of("my pets / übel")
    made = kept.kept(folder)
    assert made is not None
    link = sharing.share(folder, made, 60)
    answer = get(shares.address(run, folder, link))
    assert answer.content == (folder / home.EXPORT_ZIP).read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_link_ends(get: Get, thaw_home: Path) -> None:
    run, folder, made = web_page()
    link = sharing.share(folder, made, 60)
    address = shares.address(run, folder, link)
    files.write_json(folder / home.SHARE, {"token": link.token, "until": time.time() - 1})
    assert links.at(folder) is None
    over = get(address)
    assert over.status == 404
    assert "This link is over, or" in over.text
    again = sharing.share(folder, made, 60)
    assert get(address).status == 404  # another link, another token
    assert get(shares.address(run, folder, again)).status == 200
    sharing.stop(folder)
    assert get(shares.address(run, folder, again)).status == 404
    assert not (folder / home.SHARED_PAGE).exists()


def test_nothing_else_is_let_in_by_a_link(get: Get, thaw_home: Path) -> None:
    run, folder, made = web_page()
    other, its, _ = web_page("cars")
    link = sharing.share(folder, made, 60)
    assert get(shares.address(other, its, link)).status == 404
    assert get(shares.address(run, folder, link)[:-1]).status == 404
    assert mount._own_token(shares.address(run, folder, link))
    for elsewhere in ("/", "/shares", "/sharesx/a", f"/exports/{run.id}/{folder.name}"):
        assert not mount._own_token(elsewhere)


@pytest.mark.parametrize("content", ["{", "{}", '{"token": 1, "until": 2}', '{"token": "x"}'])
def test_a_damaged_link_lets_nobody_in(get: Get, thaw_home: Path, content: str) -> None:
    run, folder, made = web_page()
    link = sharing.share(folder, made, 60)
    (folder / home.SHARE).write_text(content)
    assert get(shares.address(run, folder, link)).status == 404
    with pytest.raises(UserError):
        links.at(folder)


def test_a_damaged_export_cannot_be_shared(thaw_home: Path) -> None:
    _, folder, made = web_page()
    (folder / home.EXPORT_ZIP).write_bytes(b"PK no more")
    with pytest.raises(UserError, match="damaged"):
        sharing.share(folder, made, 60)
    assert links.at(folder) is None
