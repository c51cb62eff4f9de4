"""Pictures like one picture, across classes, before anything is trained."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.datasets.feed import StoredFeed
from core.datasets.samples import samples
from core.doctor import alike, looking
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.settings import SplitSettings
from core.storage import files, home
from tests.pages.painting import store_dataset


@pytest.fixture
def folder(thaw_home: Path) -> Path:
    return home.HOME.datasets() / store_dataset("pets", {"cat": 4, "dog": 4})


def see(dataset: Dataset, directions: dict[str, tuple[float, float]]) -> None:
    """Have the cache hold what was seen in pictures: their last features point that way."""
    cache = looking.cached(dataset.preparation)
    digests = {record.file: record.digest for record in dataset.records}
    for file, (x, y) in directions.items():
        row = np.zeros(cache.shape, np.float32)
        row[0] = 100.0  # of an early stage, which must not count
        row[-2:] = 3 * x, 3 * y
        cache.add(digests[file], row)
    cache.flush()


ALL = {
    "cat/0.png": (1.0, 0.0),
    "cat/1.png": (0.9, 0.1),
    "cat/2.png": (-1.0, 0.0),
    "cat/3.png": (0.0, 1.0),
    "dog/0.png": (1.0, 0.01),
    "dog/1.png": (0.5, 0.5),
    "dog/2.png": (0.0, -1.0),
    "dog/3.png": (-0.5, -0.5),
}


def test_the_most_alike_come_first_whatever_their_class(folder: Path) -> None:
    dataset = store.load(folder)
    files_of = {record.digest: record.file for record in dataset.records}
    digest = next(record.digest for record in dataset.records if record.file == "cat/0.png")
    see(dataset, dict(list(ALL.items())[:7]))
    assert alike.nearest(folder, digest, 3) is None, "one was not looked at"
    see(dataset, ALL)
    found = alike.nearest(folder, digest, 3)
    assert found is not None
    assert [files_of[each] for each, _ in found] == ["dog/0.png", "cat/1.png", "dog/1.png"]
    expected = [1 / np.hypot(1, 0.01), 0.9 / np.hypot(0.9, 0.1), np.sqrt(0.5)]
    assert [cosine for _, cosine in found] == pytest.approx(expected, abs=1e-6)
    every = alike.nearest(folder, digest, 100)
    assert every is not None
    assert digest not in dict(every)
    assert len(every) == 7


def test_it_follows_the_data_set(folder: Path) -> None:
    dataset = store.load(folder)
    see(dataset, ALL)
    by_file = {record.file: record.digest for record in dataset.records}
    assert alike.nearest(folder, by_file["cat/0.png"], 1) is not None
    store.keep(folder, changes.remove(dataset, {"dog/0.png"}), "deleted")
    found = alike.nearest(folder, by_file["cat/0.png"], 1)
    assert found is not None
    assert [each for each, _ in found] == [by_file["cat/1.png"]]
    with pytest.raises(UserError, match="can't be read any more"):
        alike.nearest(folder, by_file["dog/0.png"], 1)


def test_nobody_waits_for_a_picture_that_can_not_be_read(folder: Path) -> None:
    dataset = store.load(folder)
    see(dataset, dict(list(ALL.items())[:7]))
    *_, lost = dataset.records
    digest = dataset.records[0].digest
    assert alike.nearest(folder, digest, 9) is None
    alike.keep_lost(folder, [lost.digest])
    found = alike.nearest(folder, digest, 9)
    assert found is not None
    assert len(found) == 6
    with pytest.raises(UserError, match="can't be read any more"):
        alike.nearest(folder, lost.digest, 9)
    (folder / home.ALIKE / home.LOST).write_text("{")
    assert alike.nearest(folder, digest, 9) is None, "damaged: they are looked at again"


def test_a_data_set_that_is_gone_is_told(thaw_home: Path) -> None:
    with pytest.raises(UserError):
        alike.nearest(home.HOME.datasets() / home.new_id(), "0" * 64, 3)


@pytest.mark.slow
def test_a_near_copy_in_another_class_is_found_first(thaw_home: Path, tmp_path: Path) -> None:
    """Real pictures through the real network: all but what is in the cache are looked at."""
    drawn = tmp_path / "drawn"
    samples.write("sketches", drawn)
    original = sorted((drawn / "cat").iterdir())[0]
    with Image.open(original) as picture:
        smaller = picture.convert("RGB").resize((picture.width * 3 // 4, picture.height * 3 // 4))
        smaller.save(drawn / "boat" / "copy.jpg", quality=70)
    folder = home.HOME.datasets() / home.new_id()
    store.import_dataset(open_source(drawn), folder, split=SplitSettings(), name="drawn")
    dataset = store.load(folder)
    *_, gone = [each for each in dataset.records if each.label == "fish"]
    (folder / home.IMAGES / gone.digest).unlink()
    told: list[tuple[int, int]] = []
    lost = alike.look(StoredFeed(folder), lambda *done: told.append(done))
    assert lost == [gone.digest]
    assert told[-1] == (len(dataset.records), len(dataset.records))
    alike.keep_lost(folder, lost)
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    found = alike.nearest(folder, digest, 5)
    assert found is not None
    copy = next(each for each in dataset.records if each.file.endswith("copy.jpg"))
    assert found[0][0] == copy.digest
    assert found[0][1] > found[1][1]
    told.clear()
    alike.look(StoredFeed(folder), lambda *done: told.append(done))
    assert told[-1] == (1, 1), "the rest is known"
    assert files.read_json(folder / home.ALIKE / home.LOST) == {"lost": lost}
