"""On a disk that fills up during an import or a change, nothing is lost and nothing half stays."""

from pathlib import Path

import small_disk

SCRIPT = """
import shutil, sys
from pathlib import Path

from core.storage import home
from core.datasets import additions, changes, store
from core.intake.archives import archive
from core.intake.pictures import images
from core.intake import room
from core.datasets.image_files import reader, stored
from core.errors import UserError
from core.storage.events import EventLog
from core.jobs import tasks, worker
from core.storage.job import Job, Kind
from core.settings import SplitSettings
from tests.pages.painting import painted, store_dataset
from tests.small_disk import LARGE, leave, mount, tell
from dataclasses import asdict

disk = Path(sys.argv[1])
mount(disk)
kept = disk.with_name("kept")
chosen = store_dataset("pets", {"cat": 15, "dog": 15})
shutil.copytree(home.root(), kept)
more = disk.with_name("more")
more.mkdir()
for number in range(5):
    (more / f"{number}.png").write_bytes(painted(500 + number))


def add(folder):
    aside = folder.parent / "20260101-000000-aaaaaa" / "aside"
    with_more = archive.open_source(more)
    try:
        additions.add_images(with_more, folder, "cat", aside=aside, report=lambda *_: None)
    finally:
        shutil.rmtree(aside.parent, ignore_errors=True)  # as the job does


def removed(dataset):
    return changes.remove(dataset, [record.file for record in dataset.records[:3]])


ACTIONS = {
    "rename": lambda folder: store.keep(
        folder, changes.rename(store.load(folder), "cat", "kitten"), "renamed"),
    "remove": lambda folder: store.keep(folder, removed(store.load(folder)), "removed"),
    "add": add,
    "undo": store.undo,
    "forget": store.forget,
    "delete": lambda folder: store.delete(folder),
}


def lies(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if path.is_file() and path.name != ".lock"}


def act(action, folder):
    try:
        action(folder)
    except Exception as error:
        return str(error) if isinstance(error, UserError) else room.told(error) or repr(error)
    return None


def whole(folder):
    dataset = store.load(folder)
    for record in dataset.records:
        reader(folder)(record)  # checks the digest
    return dataset.version, len(dataset.records)


decode = images.picture


def fills(at, kilobytes):
    # the disk fills up while pictures are read
    seen = []
    def picture(*given):
        seen.append(1)
        if len(seen) == at:
            leave(disk, kilobytes)
        return decode(*given)
    images.picture = picture


for name, action in ACTIONS.items():
    for kilobytes in (0, 8, 16, 24, 60):
        shutil.rmtree(home.root())
        shutil.copytree(kept, home.root())
        folder = home.HOME.datasets() / chosen
        if name in ("undo", "forget"):
            store.keep(folder, removed(store.load(folder)), "removed")
        before, files = whole(folder), lies(folder)
        if name == "add":
            fills(3, kilobytes)
        else:
            leave(disk, kilobytes)
        said = act(action, folder)
        images.picture = decode
        after = whole(folder) if folder.exists() else None
        left = sorted(lies(folder) ^ files) if said else []
        leave(disk, LARGE)
        tell(name, kilobytes, said, before, after, left, act(action, folder) if said else None)

for kilobytes in (0, 60, 200):
    shutil.rmtree(home.root())
    fills(12, kilobytes)
    ends = []
    for attempt in ("full", "again"):
        upload = home.HOME.uploads() / "up"
        for label in ("cat", "dog"):
            (upload / label).mkdir(parents=True)
            for number in range(20):
                (upload / label / f"{number}.png").write_bytes(painted(number + 50 * len(label)
                    + 100 * (label == "dog")) + bytes(9000))
        job = Job(Kind.READING, home.HOME.datasets() / f"20260101-00000{len(ends)}-aaaaaa")
        job.folder.mkdir(parents=True)
        job.log.append("queued", name="pets", upload="up")
        worker.perform(job, tasks.import_dataset, upload, "pets", SplitSettings())
        state = job.state()
        ends.append([state.status, state.message, sorted(lies(job.folder)) if state.message else
                     len(stored(job.folder)), upload.exists()])
        images.picture = decode
        leave(disk, LARGE)
    tell("import", kilobytes, ends)

log = EventLog(disk / "log")
log.append("first", padding="x" * 4000)
leave(disk, 0)
try:
    log.append("second", padding="y" * 4000)
except OSError as error:
    told = room.told(error)
leave(disk, LARGE)
log.append("third")
tell("log", told, [event["event"] for event in log.read()[0]])
"""


def test_nothing_is_lost_on_a_disk_that_fills(tmp_path: Path) -> None:
    lines, said_wrong = small_disk.told(SCRIPT, tmp_path)
    assert len(lines) == 34, said_wrong[-3000:]
    changed, imported, (logged,) = lines[:30], lines[30:33], lines[33:]
    filled = set()
    for name, kilobytes, said, before, after, left, again in changed:
        if said is None:
            expected = {"delete": None, "forget": before, "undo": [1, 30], "add": [2, 35]}
            done = expected.get(name, [2, 30 if name == "rename" else 27])
            assert after == done, (name, kilobytes)
            continue
        filled.add(name)
        assert "disk" in said, (name, kilobytes, said)
        assert str(tmp_path) not in said
        assert after == before, (name, kilobytes)
        assert set(left) <= {f"versions/{before[0]:06}.json"}, (name, kilobytes)
        assert again is None, (name, kilobytes)
    assert filled >= {"rename", "remove", "add", "undo", "forget"}
    for _, kilobytes, (full, again) in imported:
        assert full[:2] == ["failed", full[1]], kilobytes
        assert "disk" in full[1], full
        assert full[2:] == [["progress.jsonl"], False], kilobytes
        assert again == ["finished", None, 40, False], kilobytes
    assert "disk is full" in logged[1], "half an event is none"
    assert logged[2] == ["first", "third"]
