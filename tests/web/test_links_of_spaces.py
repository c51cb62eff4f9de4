"""A link, a permit and an upload of one space open nothing in another."""

import http.client
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import sharing
from core.datasets import store
from core.exports import kept
from core.exports import sharing as shared_exports
from core.jobs import queue
from core.results.prediction import Prediction
from core.storage import home
from core.storage.home import HOME, Space
from core.storage.runs import Run, open_run
from core.web import addresses, downloads, exports, pictures, uploads
from core.web.api import published
from core.web.shares import exports as shares
from core.web.shares import projects as shared_projects
from pages.routes import mount
from tests import spaces
from tests.pages.painting import paint_run, store_dataset
from tests.web.asking import Answer
from tests.web.test_hostile_requests import Ask, good_ones, no_token, no_worker, send, up
from tests.web.test_shared_projects import shared_project
from tests.web.test_web_exports import export_of

__all__ = ["no_token", "no_worker"]  # fixtures


@pytest.fixture
def other(thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> Space:
    return spaces.beside(monkeypatch)


@pytest.fixture
def port() -> Iterator[int]:
    with up(*mount.routes()) as found:
        yield found


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    line = http.client.HTTPConnection("localhost", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    line.request(method, path, body, named)
    answer = line.getresponse()
    heard = Answer(answer.status, answer.headers, answer.read())
    line.close()
    return heard


def exports_of_both(other: Space) -> tuple[Run, Path, Run, Path]:
    """A run with an export, and both again in another space, where the zip holds other bytes."""
    mine, exported = export_of("pets")
    shutil.copytree(HOME.folder, other.folder)
    theirs = open_run(other, mine.id)
    its = theirs.folder / home.EXPORTS / exported.name
    (its / home.EXPORT_ZIP).write_bytes(b"PK theirs")
    return mine, exported, theirs, its


def permitted() -> list[Ask]:
    """A request that is granted for each route that asks for a permit of this server's pages."""
    found = [each for each in good_ones().values() if "permit" in each.query]
    assert len({each.template.split("/")[1] for each in found}) == 5, "it would try too little"
    return found


def test_what_is_permitted_in_one_is_not_there_in_another(other: Space, port: int) -> None:
    """The other space has the very same data sets and runs, of the same ids."""
    asked = permitted()
    assert {send(port, each.raw()).status for each in asked} == {200}
    HOME.folder.rename(other.folder)
    assert {send(port, each.raw()).status for each in asked} == {404}


def test_a_permit_for_one_space_is_none_for_another(other: Space, port: int) -> None:
    asked = permitted()
    shutil.copytree(HOME.folder, other.folder)
    for each in asked:
        permit = each.query["permit"]
        assert permit.startswith("home-")
        for forged in (
            permit.replace("home-", "others-"),
            permit.removeprefix("home-"),
            permit.replace("home-", "../home-"),
            permit.replace("home-", "-"),
        ):
            refused = replace(each, query=each.query | {"permit": forged})
            assert send(port, refused.raw()).status == 403, forged


def test_each_space_is_shown_its_own(other: Space, port: int) -> None:
    """Data sets of the same name and id, with other pictures."""
    mine = HOME.dataset(store_dataset("pets", {"cat": 2, "dog": 2}))
    made = other.dataset(store_dataset("pets", {"ape": 3, "emu": 4}, space=other))
    theirs = made.rename(other.dataset(mine.name))
    for one, stranger in ((mine, theirs), (theirs, mine)):
        known, unknown = (
            {record.digest for record in store.load(each).records} for each in (one, stranger)
        )
        permit = pictures.permit(one)
        for large in ("", "&large=1"):
            for digest, status in (
                *((each, 200) for each in known),
                *((each, 404) for each in unknown - known),
            ):
                path = f"{pictures.path()}/{one.name}/{digest}?permit={permit}{large}"
                assert ask(port, "GET", path).status == status
        assert ask(port, "GET", downloads.address(one, sides=False)).status == 200
    ours, others = (
        ask(port, "GET", downloads.address(each, sides=False)).content for each in (mine, theirs)
    )
    assert b"ape" in others
    assert b"ape" not in ours


def test_a_link_leads_to_what_was_shared_in_its_space_alone(other: Space, port: int) -> None:
    mine, exported, theirs, its = exports_of_both(other)
    links = {}
    for run, folder in ((mine, exported), (theirs, its)):
        found = kept.kept(folder)
        assert found is not None
        shared_exports.share(folder, found, 60)
        share = sharing.at(folder)
        assert share is not None
        links[run.space] = shares.address(run, folder, share)
    assert links[HOME] != links[other]
    for space, folder in ((HOME, exported), (other, its)):
        content = (folder / home.EXPORT_ZIP).read_bytes()
        assert ask(port, "GET", links[space]).content == content
    sharing.end(exported)
    assert ask(port, "GET", links[HOME]).status == 404
    assert ask(port, "GET", links[other]).status == 200


def test_a_shared_project_is_that_of_its_space(other: Space, port: int) -> None:
    names = {HOME: "pets", other: "secret"}
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    shutil.copytree(HOME.folder, other.folder)
    folder = shared_project(chosen)
    made = store_dataset("secret", {"cat": 2, "dog": 2}, space=other)
    shutil.rmtree(other.dataset(chosen))
    other.dataset(made).rename(other.dataset(chosen))
    share = sharing.at(folder)
    assert share is not None
    link = shared_projects.address(folder, share)
    assert names[HOME] in ask(port, "GET", link).text
    shutil.rmtree(HOME.folder)
    answer = ask(port, "GET", link)
    assert answer.status == 404
    assert names[other] not in answer.text


def test_programs_ask_by_the_token_of_a_run_in_its_space(
    other: Space, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_of = []

    def look(_: object, run: Path, *more: object) -> Prediction:
        asked_of.append(home.space_of(run))
        return Prediction("picture", "cat", 0.9, (("cat", 0.9),))

    monkeypatch.setattr(queue, "ask", look)
    mine, theirs = paint_run(None), paint_run(None, space=other)
    token, its = published.publish(mine), published.publish(theirs)
    assert (other.folder / "published" / theirs.id).read_text() == its

    def status(run: Run, told: str) -> int:
        path, bearer = f"{published.address(run)}predict", f"Bearer {told}"
        return ask(port, "POST", path, b"a picture", Authorization=bearer).status

    assert (status(mine, token), status(theirs, its)) == (200, 200)
    assert (status(mine, its), status(theirs, token)) == (401, 401)
    published.withdraw(theirs)
    assert (status(mine, token), status(theirs, its)) == (200, 404)
    twin = open_run(other, theirs.folder.rename(theirs.folder.with_name(mine.id)).name)
    its = published.publish(twin)
    assert (status(mine, token), status(twin, its), status(twin, "x")) == (200, 200, 401)
    assert asked_of == [HOME, other, HOME, HOME, other]
    assert not list(other.uploads().glob("*")), "the picture that was asked about is gone"


def test_an_upload_comes_to_lie_in_the_space_of_its_page(other: Space, port: int) -> None:
    told = json.dumps({"name": "a.zip", "size": 3}).encode()
    for space in (HOME, other):
        permit = uploads.permit(space, "page")
        answer = ask(port, "POST", uploads.path(), told, Upload_Permit=permit)
        assert answer.status == 201
        (folder,) = space.uploads().iterdir()
        assert folder.name == json.loads(answer.content)["id"]
        secret = json.loads(answer.content)["secret"]
        path = f"{uploads.path()}/{folder.name}"
        sent = ask(port, "PATCH", path, b"abc", Upload_Secret=secret, Upload_Offset="0")
        assert json.loads(sent.content) == {"offset": 3}
        assert (folder / home.CONTENT).read_bytes() == b"abc"
    forged = uploads.permit(HOME, "page").replace("home-", "others-")
    assert ask(port, "POST", uploads.path(), told, Upload_Permit=forged).status == 403


def test_a_permit_says_its_space_for_its_purpose_alone(thaw_home: Path) -> None:
    other = Space("others")
    permit = addresses.permit(other, "pictures x")
    assert addresses.space_of(permit, "pictures x") == other
    for told, purpose in (
        (permit, "pictures y"),
        (permit, "x"),
        (permit.replace("others-", "others pictures-"), "x"),
        ("", "pictures x"),
        ("others-", "pictures x"),
        (addresses.permit(Space(".."), "pictures x"), "pictures x"),
    ):
        assert addresses.space_of(told, purpose) is None, (told, purpose)


def test_an_export_is_downloaded_from_its_own_space(other: Space, port: int) -> None:
    mine, exported, theirs, its = exports_of_both(other)
    assert ask(port, "GET", exports.address(theirs, its)).content == b"PK theirs"
    assert ask(port, "GET", exports.address(mine, exported)).content != b"PK theirs"
