"""Links by which others get a project: what it is, the file, and nothing else of this server."""

import http.client
import io
import os
import re
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core import sharing as links
from core.datasets import image_files, store
from core.jobs.cluster import leftovers
from core.projects import opening, saving, sharing
from core.settings import TrainingSettings
from core.storage import files, home, own_names
from core.storage.runs import Run
from core.web import addresses
from core.web.shares import projects as shares
from pages.routes import mount
from tests.pages.painting import paint_run, store_dataset
from tests.web.asking import Get

PAGE = "<!doctype html><title>try</title>"
AWKWARD = "<b>cats & **dogs** \u202egnp"


def shared_project(
    dataset: str, *, pictures: bool = True, seconds: float = 60, page: str | None = None
) -> Path:
    """The folder of a project that is shared, with all runs of the data set."""
    pictured = home.HOME.dataset(dataset)
    folder = sharing.new(pictured)
    folder.mkdir(parents=True)
    if page is not None:
        sharing.page(folder).write_text(page)
    runs = saving.runs_of(pictured)
    tried = sharing.to_try(runs) if page is not None else None
    sharing.make(folder, pictured, runs, pictures=pictures, seconds=seconds, tried=tried,
                 looking=lambda *_: None, writing=lambda *_: None)  # fmt: skip
    return folder


def link_of(folder: Path) -> str:
    share = links.at(folder)
    assert share is not None
    return shares.address(folder, share)


def ready_to_leave(run: Run) -> Run:
    """A painted run with all that a project asks of one."""
    facts = files.read_json(run.folder / home.MODEL_FACTS)
    files.write_json(run.folder / home.MODEL_FACTS, facts | {"input_size": 64})
    more = {"history": [], "best_epoch": None, "mistakes": []}
    files.write_json(run.folder / home.RESULTS, files.read_json(run.folder / home.RESULTS) | more)
    return run


def test_the_page_says_what_it_is_until_when_and_what_to_do(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("my pets", {"0": 2, "כלב": 2, "x" * 60: 2})
    run = ready_to_leave(paint_run(dataset, classes=("0", "כלב", "x" * 60)))
    own_names.give(run.folder, "<i>my best</i>")
    folder = shared_project(dataset)
    answer = get(link_of(folder))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    for told in (
        *("my pets", "3 classes, 6 pictures", "<bdi>0</bdi>", "<bdi>כלב</bdi>", "x" * 60),
        *("1 trained run", "&lt;i&gt;my best&lt;/i&gt;", "This link is good until", "(UTC)"),
        "drop the file on its Data page",
    ):
        assert told in answer.text, told
    assert str(thaw_home) not in answer.text


def test_runs_of_one_name_are_told_apart(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    kinds = (
        TrainingSettings(),
        TrainingSettings(frozen_layers=120),
        TrainingSettings(frozen_layers=120),
        TrainingSettings(backbone="resnet18", weights="random", frozen_layers=0),
    )
    for hour, settings in enumerate(kinds):
        run = ready_to_leave(paint_run(dataset, settings=settings))
        os.utime(run.folder / home.SETTINGS, (1_800_000_000 + 3600 * hour,) * 2)
    (listed,) = re.findall(r'<ol class="runs">.*?</ol>', get(link_of(shared_project(dataset))).text)
    told = [" ".join(re.sub("<[^>]*>", " ", each).split()) for each in listed.split("<li>")[1:]]
    assert sorted(told) == [
        "pets EfficientNet-Lite0 , 120 frozen 90.0% accuracy 2027-01-15 09:00 (UTC)",
        "pets EfficientNet-Lite0 , 120 frozen 90.0% accuracy 2027-01-15 10:00 (UTC)",
        "pets EfficientNet-Lite0 , all frozen 90.0% accuracy 2027-01-15 08:00 (UTC)",
        "pets ResNet-18 , from scratch 90.0% accuracy 2027-01-15 11:00 (UTC)",
    ]


def test_the_most_accurate_run_can_be_tried_on_a_page_that_talks_to_nobody(
    get: Get, thaw_home: Path
) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    for accuracy in (0.9, 0.95, 0.8):
        run = ready_to_leave(paint_run(dataset))
        results = files.read_json(run.folder / home.RESULTS)
        files.write_json(run.folder / home.RESULTS, results | {"accuracy": accuracy})
    folder = shared_project(dataset, page=PAGE)
    link = link_of(folder)
    told = get(link).text
    assert f'href="{link}/try"' in told
    found = sharing.shared(folder)
    assert found is not None
    assert found.tried is not None
    assert found.runs[found.tried - 1].accuracy == 0.95
    assert f"It is number {found.tried} of the trained runs." in told
    answer = get(f"{link}/try")
    assert (answer.status, answer.text) == (200, PAGE)
    assert "connect-src data: blob:;" in answer.headers["content-security-policy"]
    sharing.stop(folder)
    assert get(f"{link}/try").status == 404


def test_without_a_page_nothing_is_to_be_tried(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    ready_to_leave(paint_run(dataset))
    link = link_of(shared_project(dataset))
    assert "/try" not in get(link).text
    assert get(f"{link}/try").status == 404


def test_a_link_of_an_earlier_thaw_still_opens(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    ready_to_leave(paint_run(dataset))
    folder = shared_project(dataset)
    told = files.read_json(folder / home.SHARED_FACTS)
    del told["tried"]
    for run in told["runs"]:
        del run["frozen"], run["created"]
    files.write_json(folder / home.SHARED_FACTS, told)
    answer = get(link_of(folder))
    assert answer.status == 200
    assert "EfficientNet-Lite0" in answer.text


def test_words_of_people_are_text_on_it(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset(AWKWARD, {AWKWARD: 2, "<script>x": 2})
    text = get(link_of(shared_project(dataset))).text
    assert "&lt;b&gt;cats &amp; **dogs**" in text
    assert "<b>" not in text
    assert "<script" not in text
    assert "\u202e" not in text


def test_the_file_opens_elsewhere_and_comes_in_parts_too(
    get: Get, thaw_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    folder = shared_project(dataset)
    path = f"{link_of(folder)}/file"
    answer = get(path)
    assert answer.headers["content-disposition"].endswith("pets.thaw")
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == sharing.file(folder).read_bytes()
    part = asked(get, path, "bytes=100-299")
    assert (part.status, part.content) == (206, answer.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(answer.content)}"
    (tmp_path / "came.thaw").write_bytes(answer.content)
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "elsewhere"))
    found = opening.open_project(home.HOME, tmp_path / "came.thaw", "came.thaw", lambda *_: None)
    assert len(store.load(home.HOME.dataset(found.dataset)).records) == 6


def asked(get: Get, path: str, wanted: str) -> "Part":
    line = http.client.HTTPConnection("localhost", get.args[0], timeout=60)  # type: ignore[attr-defined]
    line.request("GET", path, headers={"Range": wanted})
    return Part(line.getresponse())


class Part:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.content = answer.status, answer.headers, answer.read()


def test_without_the_tick_no_picture_leaves(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    folder = shared_project(dataset, pictures=False)
    link = link_of(folder)
    assert "2 classes, no pictures" in get(link).text
    with zipfile.ZipFile(io.BytesIO(get(f"{link}/file").content)) as archive:
        names = archive.namelist()
        held = b"".join(map(archive.read, names))
    assert not [name for name in names if name.startswith("pictures/")]
    records = store.load(home.HOME.dataset(dataset)).records
    assert not [each for each in records if each.digest.encode() in held]
    assert not [each for each in records if each.file.encode() in held]


def test_an_empty_project_is_not_another_one_with_the_same_classes(
    thaw_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    path = sharing.file(shared_project(dataset, pictures=False))
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "elsewhere"))
    found = [opening.open_project(home.HOME, path, "came.thaw", lambda *_: None) for _ in range(2)]
    assert [each.there for each in found] == [False, False]
    assert [each.name for each in found] == ["pets", "pets 2"]
    came = store.load(home.HOME.dataset(found[0].dataset))
    assert (came.classes, came.records) == (("cat", "dog"), ())


def test_a_link_ends_is_taken_back_and_leaves_nothing(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    folder = shared_project(dataset)
    link = link_of(folder)
    token = link.rpartition("/")[2]
    files.write_json(folder / home.SHARE, {"token": token, "until": time.time() - 1})
    for path in (link, f"{link}/file"):
        over = get(path)
        assert over.status == 404
        assert "This link is over, or" in over.text
    assert folder.is_dir()
    leftovers.sweep()
    assert not folder.exists()
    again = shared_project(dataset)
    link = link_of(again)
    assert get(link).status == 200
    assert sharing.folders(home.HOME.dataset(dataset)) == [again]
    sharing.stop(again)
    assert get(link).status == 404
    assert not again.exists()
    assert image_files.stored(home.HOME.dataset(dataset)), "the data set is as it was"


def test_who_comes_too_late_reads_it_on_a_page_in_their_language(get: Get, thaw_home: Path) -> None:
    line = http.client.HTTPConnection("localhost", get.args[0], timeout=60)  # type: ignore[attr-defined]
    line.request(
        "GET", "/shares/projects/x", headers={"Accept": "text/html", "Accept-Language": "de"}
    )
    answer = Part(line.getresponse())
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    text = answer.content.decode()
    assert '<html lang="de">' in text
    assert "Dieser Link gilt nicht mehr" in text
    assert 'content="width=device-width' in text


def test_nothing_else_is_let_in_by_a_link(get: Get, thaw_home: Path) -> None:
    one, other = (store_dataset(name, {"cat": 2, "dog": 2}) for name in ("one", "other"))
    mine, theirs = shared_project(one), shared_project(other)
    link = link_of(mine)
    token = link.rpartition("/")[2]
    for path in (
        link[:-1],
        link[: link.rindex("/")],
        link[: link.index("/projects/") + 1],
        link.replace(one, other),
        link.replace(mine.name, theirs.name),
        link.replace(mine.name, ".."),
        link.replace(token, "x"),
        f"{link}/other",
    ):
        assert get(path).status == 404, path
    assert mount._own_token(link)
    assert not mount._own_token(f"/downloads/{one}/project")


@pytest.mark.parametrize("content", ["{", "{}", '{"token": 1, "until": 2}', "[1]"])
@pytest.mark.parametrize("file", [home.SHARE, home.SHARED_FACTS])
def test_a_damaged_link_lets_nobody_in(get: Get, thaw_home: Path, content: str, file: str) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    folder = shared_project(dataset)
    link = link_of(folder)
    (folder / file).write_text(content)
    answer = get(link)
    assert answer.status == 404
    assert str(thaw_home) not in answer.text


def test_a_deleted_data_set_takes_its_links_along(get: Get, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    link = link_of(shared_project(dataset))
    store.delete(home.HOME.dataset(dataset))
    assert get(link).status == 404


def test_a_link_lies_below_the_base_path(thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    folder = shared_project(dataset)
    addresses.use(addresses.Site(base="/thaw"))
    link = link_of(folder)
    assert urlsplit(link).path.startswith("/thaw/shares/projects/")
    assert mount._own_token(link)
    assert not mount._own_token(link.removeprefix("/thaw"))
