"""Small pictures for the map: those of a data set, for pages of this server alone."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.datasets import image_files, store
from core.intake.pictures.preparation import Paper, Preparation
from core.storage import home
from core.web import pictures
from tests.pages.painting import store_dataset
from tests.web.asking import Get


def address(dataset_id: str, digest: str, permit: str | None = None) -> str:
    permit = pictures.permit(home.HOME.datasets() / dataset_id) if permit is None else permit
    return f"{pictures.path()}/{dataset_id}/{digest}?permit={permit}"


@pytest.fixture
def stored(thaw_home: Path) -> tuple[str, str]:
    """A data set, and the digest of its first picture."""
    chosen = store_dataset("pets", {"cat": 2, "dog": 2})
    return chosen, store.load(home.HOME.dataset(chosen)).records[0].digest


def test_a_picture_comes_small_and_is_kept_by_the_browser(
    get: Get, stored: tuple[str, str]
) -> None:
    answer = get(address(*stored))
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"].startswith("private")
    picture = Image.open(io.BytesIO(answer.content))
    assert max(picture.size) <= image_files.THUMBNAIL


def test_a_large_one_is_made_of_the_file_as_it_came(get: Get, thaw_home: Path) -> None:
    chosen = store_dataset("pets", {"cat": 2, "dog": 2}, {"cat/large.jpg": photo(2400, 1200)})
    dataset = store.load(home.HOME.dataset(chosen))
    large = next(each for each in dataset.records if each.file == "cat/large.jpg")
    answer = get(f"{address(chosen, large.digest)}&large=1")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (1600, 800)
    small = next(each for each in dataset.records if each.file == "dog/0.png")
    answer = get(f"{address(chosen, small.digest)}&large=1")
    assert Image.open(io.BytesIO(answer.content)).size == (24, 20)


def test_only_a_few_large_ones_are_made_at_once(
    get: Get, stored: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large, three = image_files.large, threading.Barrier(3)
    met: list[int] = []

    def make(*given: Any) -> bytes:
        with suppress(threading.BrokenBarrierError):
            met.append(three.wait(0.3))
        return large(*given)

    monkeypatch.setattr(image_files, "large", make)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: get(f"{address(*stored)}&large=1"), range(6)))
    assert [each.status for each in answers] == [200] * 6
    assert met == []


@pytest.mark.parametrize("damage", [None, b"", b"no picture"])
def test_a_file_that_is_spoiled_or_gone_has_no_large_one(
    get: Get, stored: tuple[str, str], damage: bytes | None
) -> None:
    path = image_files.original(home.HOME.dataset(stored[0]), stored[1])
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    answer = get(f"{address(*stored)}&large=1")
    assert answer.status == 404
    assert str(home.HOME.dataset(stored[0])).encode() not in answer.content


def test_pictures_that_are_read_otherwise_have_another_address(stored: tuple[str, str]) -> None:
    """A browser keeps each for a day."""
    ways = [Preparation(), Preparation(levels=(0, 3000)), Preparation(paper=Paper.BLACK)]
    told = [pictures.query(home.HOME.dataset(stored[0]), way) for way in ways]
    assert len({each["permit"] for each in told}) == 1
    assert len({each["as"] for each in told}) == 3


def photo(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def test_only_pages_of_this_server_know_the_permit(get: Get, stored: tuple[str, str]) -> None:
    chosen, digest = stored
    other = store_dataset("zoo", {"cat": 2, "dog": 2})
    for permit in ("", "0" * 64, "%C3%A9", pictures.permit(home.HOME.dataset(other))):
        assert get(address(chosen, digest, permit)).status == 403


def test_a_permit_shows_no_picture_of_another_data_set(get: Get, stored: tuple[str, str]) -> None:
    others = store_dataset("zoo", {"ape": 3, "emu": 4})
    digests = {each.digest for each in store.load(home.HOME.dataset(others)).records}
    digests -= {each.digest for each in store.load(home.HOME.dataset(stored[0])).records}
    assert digests
    for digest in digests:
        assert get(address(others, digest)).status == 200
        assert get(address(stored[0], digest)).status == 404


@pytest.mark.parametrize(
    "digest", ["0" * 64, "nothing", "..%2fdataset.json", "%2e%2e%2fdataset.json", "%00"]
)
def test_what_is_not_there_is_said(get: Get, stored: tuple[str, str], digest: str) -> None:
    answer = get(address(stored[0], digest))
    assert answer.status == 404


@pytest.mark.parametrize("chosen", ["gone", "20200101-000000-abcdef", ".."])
def test_no_other_folder_is_read(get: Get, stored: tuple[str, str], chosen: str) -> None:
    assert get(address(chosen, stored[1])).status == 404
