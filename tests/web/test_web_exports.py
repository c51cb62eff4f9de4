"""The way out for exports: whole, for pages of this server alone."""

from pathlib import Path

import pytest

from core.exports import kept, table
from core.exports.proof import Agreement, Proof
from core.storage import home
from core.storage.runs import Run
from core.web import exports
from tests.pages.painting import paint_run
from tests.web.asking import Get


def export_of(name: str) -> tuple[Run, Path]:
    """A run of this name, and the folder of an export of it."""
    run = paint_run(None, data=name)
    folder = kept.new(run)
    folder.mkdir(parents=True)
    (folder / home.EXPORT_ZIP).write_bytes(b"PK" + bytes(100_000))
    close = Agreement(1.0, 0.0, None)
    proof = Proof(10, True, False, close, close, None, 100, 1.0, 0)
    kept.keep(folder, table.find("onnx"), proof, own_samples=False)
    return run, folder


@pytest.fixture
def exported(thaw_home: Path) -> tuple[Run, Path]:
    return export_of("my pets / übel")


def test_an_export_comes_whole_under_the_name_of_its_run(
    get: Get, exported: tuple[Run, Path]
) -> None:
    answer = get(exports.address(*exported))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "my%20pets%20_%20%C3%BCbel-onnx.zip" in answer.headers["content-disposition"]
    assert answer.content == (exported[1] / home.EXPORT_ZIP).read_bytes()


def test_only_pages_of_this_server_know_the_permit(get: Get, exported: tuple[Run, Path]) -> None:
    good = exports.address(*exported)
    for bad in (good.partition("?")[0], good[:-1] + ("0" if good[-1] != "0" else "1")):
        assert get(bad).status == 403


def test_what_is_not_offered_is_not_there(get: Get, exported: tuple[Run, Path]) -> None:
    run, folder = exported
    (folder / home.EXPORT).unlink()  # as long as it is not proven
    answer = get(exports.address(run, folder))
    assert answer.status == 404
    assert "no such export" in answer.text
    assert str(folder) not in answer.text


def test_a_damaged_one_is_told(get: Get, exported: tuple[Run, Path]) -> None:
    run, folder = exported
    for content in ("{", "{}", '{"export": "onnx", "own_samples": 1, "proof": {"pictures": 1}}'):
        (folder / home.EXPORT).write_text(content)
        assert get(exports.address(run, folder)).status == 404
