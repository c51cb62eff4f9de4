"""The way out for a data set: whole, for pages of this server alone."""

import io
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from core.datasets import image_files, store
from core.intake.archives.archive import open_source
from core.projects import opening
from core.settings import SplitSettings
from core.storage import home
from core.web import downloads
from tests.pages.painting import store_dataset
from tests.web.asking import Get


def test_a_data_set_comes_whole(get: Get, thaw_home: Path) -> None:
    chosen = store_dataset("my pets / übel", {"cat": 3, "dog": 3})
    answer = get(downloads.address(home.HOME.dataset(chosen), sides=False))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/zip"
    told = answer.headers["content-disposition"]
    assert told == f"attachment; filename*=UTF-8''{quote('my pets _ übel.zip')}"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert sorted({name.split("/")[0] for name in archive.namelist()}) == ["cat", "dog"]
    divided = get(downloads.address(home.HOME.dataset(chosen), sides=True))
    with zipfile.ZipFile(io.BytesIO(divided.content)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"train", "validation"}


def test_a_data_set_comes_without_what_cameras_write(
    get: Get, thaw_home: Path, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0xA431] = "serial 4711"
    for label in ("cat", "dog"):
        for number in range(3):
            file = tmp_path / "pets" / label / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20 + number, 20), (9, 9, ord(label[0]))).save(file, exif=exif)
    chosen = home.new_id()
    source = open_source(tmp_path / "pets")
    store.import_dataset(source, home.HOME.dataset(chosen), split=SplitSettings(), name="pets")
    kept, bare = (
        members(
            get(downloads.address(home.HOME.dataset(chosen), sides=True, stripped=stripped)).content
        )
        for stripped in (False, True)
    )
    assert kept.keys() == bare.keys()
    assert len(bare) == 6
    assert all(b"4711" in data for data in kept.values())
    assert not any(b"4711" in data for data in bare.values())
    for name, data in bare.items():
        before, after = (Image.open(io.BytesIO(each)).tobytes() for each in (kept[name], data))
        assert before == after


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_only_pages_of_this_server_know_the_permit(get: Get, thaw_home: Path) -> None:
    chosen, other = (store_dataset("pets", {"cat": 2, "dog": 2}) for _ in range(2))
    good = downloads.address(home.HOME.dataset(chosen), sides=False)
    for bad in (
        f"{downloads.path()}/{chosen}",
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.replace(chosen, other),
        good[:-1] + "%C3%A9",
    ):
        answer = get(bad)
        assert answer.status == 403
        assert "Reload" in answer.text


def test_a_project_comes_whole(get: Get, thaw_home: Path, tmp_path: Path) -> None:
    chosen = store_dataset("my pets / übel", {"cat": 3, "dog": 3})
    answer = get(downloads.project_address(home.HOME.dataset(chosen), None, versions=True))
    assert answer.status == 200
    told = answer.headers["content-disposition"]
    assert told == f"attachment; filename*=UTF-8''{quote('my pets _ übel.thaw')}"
    (tmp_path / "p.thaw").write_bytes(answer.content)
    assert opening.is_project(tmp_path / "p.thaw")
    with zipfile.ZipFile(tmp_path / "p.thaw") as archive:
        assert archive.testzip() is None
        assert len([each for each in archive.namelist() if each.startswith("pictures/")]) == 6


def test_a_project_with_a_run_that_is_gone_is_said(get: Get, thaw_home: Path) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    answer = get(
        downloads.project_address(
            home.HOME.dataset(chosen), ["20200101-000000-abcdef"], versions=True
        )
    )
    assert (answer.status, "was deleted" in answer.text) == (404, True)
    answer = get(
        downloads.project_address(home.HOME.dataset(chosen), [], versions=True).replace(
            "permit=", "x="
        )
    )
    assert answer.status == 403


@pytest.mark.parametrize("chosen", ["gone", "20200101-000000-abcdef"])
def test_what_is_not_there_is_said(get: Get, thaw_home: Path, chosen: str) -> None:
    answer = get(downloads.address(home.HOME.dataset(chosen), sides=False))
    assert answer.status == 404
    assert "was deleted" in answer.text or "no such data set" in answer.text


def test_a_picture_that_is_gone_is_said_by_name(get: Get, thaw_home: Path) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    folder = home.HOME.dataset(chosen)
    image_files.original(folder, store.load(folder).records[0].digest).unlink()
    answer = get(downloads.address(home.HOME.dataset(chosen), sides=False))
    assert (answer.status, "cat/0.png" in answer.text) == (404, True)
    assert str(folder) not in answer.text
