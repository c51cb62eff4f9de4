"""Pictures on their way into a data set: on a real cluster, and what an order leaves behind."""

import zipfile
from pathlib import Path

import pytest

from core.datasets import changes, store
from core.datasets.additions import Added
from core.errors import UserError
from core.jobs import adding, queue, tasks, worker
from core.jobs.cluster import leftovers
from core.settings import SplitSettings
from core.storage import home
from core.storage.job import Job, Kind
from tests.intake.painted import classes, png, zip_of
from tests.jobs.conftest import Wait

DEAD = {"pid": 2**22 + 1, "created": 1.0, "id": "dead"}


@pytest.fixture
def pets(thaw_home: Path) -> Path:
    folder = home.HOME.datasets() / "pets"
    store.create(folder, changes.empty("pets", ["cat", "dog"], SplitSettings()))
    return folder


def upload(files: dict[str, bytes]) -> Path:
    (home.HOME.uploads() / "up").mkdir(parents=True)
    return zip_of(home.HOME.uploads() / "up" / "content", files)


def order() -> Job:
    """One that waits."""
    job = Job(Kind.READING, home.HOME.datasets() / "order")
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=None, name="cat", upload="up")
    return job


def become(job: str, wait: Wait) -> Added:
    found: list[Added] = []

    def looked() -> bool:
        if (added := adding.result(home.HOME.dataset(job))) is not None:
            found.append(added)
            queue.give_up(home.HOME.dataset(job))
        return bool(found)

    wait(looked)
    return found[0]


@pytest.mark.cluster
def test_a_worker_adds_pictures_and_leaves_nothing(pets: Path, clusters: Path, wait: Wait) -> None:
    job = adding.submit_images(upload({"a.png": png(1), "b.txt": b"text"}), pets, "cat")
    added = become(job, wait)
    assert added.told == "1 picture added to “cat”. 1 file was left out."
    assert [each.file for each in added.skipped] == ["b.txt"]
    assert store.load(pets).counts == {"cat": 1, "dog": 0}
    assert [path.name for path in home.HOME.datasets().iterdir()] == ["pets"]
    assert not list(home.HOME.uploads().iterdir())
    with zipfile.ZipFile(home.HOME.folder / "zoo.zip", "w") as archive:
        for name, data in classes({"cat": 2, "emu": 2}, start=10).items():
            archive.writestr(name, data)
    (home.HOME.uploads() / "zoo").mkdir(parents=True)
    path = (home.HOME.folder / "zoo.zip").rename(home.HOME.uploads() / "zoo" / "content")
    other = queue.submit_import(path, "zoo", SplitSettings())
    wait(lambda: queue.import_state(home.HOME.dataset(other)).status.final)
    job = adding.submit_dataset(home.HOME.dataset(other), pets)
    assert become(job, wait).told == "4 pictures added from “zoo”."
    assert store.load(pets).counts == {"cat": 3, "dog": 0, "emu": 2}


def test_an_order_that_was_cancelled_or_fails_leaves_nothing(pets: Path) -> None:
    path = upload({"a.png": png(1)})
    job = order()
    job.request_stop()
    worker.perform(job, tasks.add_images, path, pets, "cat")
    with pytest.raises(UserError, match="You cancelled"):
        adding.result(home.HOME.dataset("order"))
    queue.give_up(home.HOME.dataset("order"))
    assert not job.folder.exists()
    assert not path.exists()
    job = order()
    worker.perform(job, tasks.add_images, upload({"a.png": b"no"}), pets, "cat")
    with pytest.raises(UserError, match="cannot be read"):
        adding.result(home.HOME.dataset("order"))
    queue.give_up(home.HOME.dataset("order"))
    assert [each.name for each in home.HOME.datasets().iterdir()] == ["pets"]
    assert not list((pets / "images").glob("*"))
    assert not list(home.HOME.uploads().iterdir())


def test_what_nobody_looked_at_is_swept(pets: Path) -> None:
    job = order()
    worker.perform(job, tasks.add_images, upload({"a.png": png(1)}), pets, "cat")
    assert sorted(each.name for each in job.folder.iterdir()) == ["added.json", "progress.jsonl"]
    ended = job.state().ended
    assert ended is not None
    leftovers.sweep(ended + 25 * 3600)
    assert not job.folder.exists()
    assert store.load(pets).counts == {"cat": 1, "dog": 0}


def test_a_data_set_is_never_taken_for_an_order(pets: Path) -> None:
    Job(Kind.READING, pets).log.append("queued", cluster=None, name="pets", upload=None)
    with pytest.raises(UserError, match="No import is running"):
        adding.result(home.HOME.dataset("pets"))
    queue.give_up(home.HOME.dataset("pets"))
    assert store.load(pets).classes == ("cat", "dog")


def test_what_is_sent_to_no_data_set_is_discarded(thaw_home: Path) -> None:
    path = upload({"a.png": png(1)})
    with pytest.raises(UserError, match="no such data set"):
        adding.submit_images(path, home.HOME.dataset("gone"), "cat")
    assert not path.exists()


@pytest.mark.cluster
def test_one_picture_is_added_under_its_own_name_and_stays_where_it_was(
    pets: Path, clusters: Path, wait: Wait, tmp_path: Path
) -> None:
    picture = tmp_path / "0123"
    picture.write_bytes(png(1))
    for name, file in (("../rex.png", "rex.png"), ("what.txt", "what_txt")):
        assert become(adding.submit_picture(picture, name, pets, "dog"), wait)
        assert [each.file for each in store.load(pets).records] == [file]
        store.undo(pets)
    assert picture.is_file()
    assert not list(home.HOME.uploads().iterdir())


def test_a_picture_that_is_gone_leaves_no_order(pets: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no longer on the server"):
        adding.submit_picture(tmp_path / "gone", "a.png", pets, "cat")
    picture = tmp_path / "a"
    picture.write_bytes(png(1))
    with pytest.raises(UserError, match="no longer there"):
        adding.submit_picture(picture, "a.png", pets, "emu")
    assert not list(home.HOME.uploads().iterdir())
    assert [path.name for path in home.HOME.datasets().iterdir()] == ["pets"]
