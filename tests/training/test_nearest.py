"""“It looks like these”: the training pictures nearest to a picture, of a real run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import changes, image_files, store
from core.errors import UserError
from core.jobs import tasks
from core.network import features
from core.results import learned
from core.storage import home
from core.storage.runs import Run
from core.training.trust import nearest
from tests.training.test_growth_of_a_run import trained

pytestmark = pytest.mark.usefixtures("tiny")

Painted = Callable[..., Path]


def a_little_brighter(picture: Path, into: Path) -> Path:
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int) + 2
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(into, "PNG")
    return into


def dataset_of(run: Run) -> Path:
    return home.HOME.dataset(run.dataset_id or "")


def test_a_picture_is_most_like_the_one_that_it_was_made_of(
    painted: Painted, tmp_path: Path
) -> None:
    run = trained(painted(8))
    folder = dataset_of(run)
    dataset = store.load(folder)
    known = learned.digests(run)
    assert known is not None
    for record in [each for each in dataset.records if each.digest in known][::7]:
        original = image_files.original(folder, record.digest)
        asked = a_little_brighter(original, tmp_path / "asked.png")
        first, *others = tasks.nearest(run.folder, asked, 4)
        assert (first.digest, first.label) == (record.digest, record.label)
        assert 0.99 < first.alike <= 1.0001
        assert len(others) == 3
        assert {each.digest for each in others} <= known
        assert others[0].alike >= others[1].alike >= others[2].alike
        itself = tasks.nearest(run.folder, original, 4)
        assert record.digest not in {each.digest for each in itself}, "never the picture itself"
    features.empty_cache()
    nearest._warm.cache_clear()
    anew = tasks.nearest(run.folder, asked, 4)
    assert [each.digest for each in anew] == [first.digest, *(each.digest for each in others)]


def test_classes_are_called_as_they_are_now_and_deleted_pictures_are_not_shown(
    painted: Painted, tmp_path: Path
) -> None:
    run = trained(painted(8))
    folder = dataset_of(run)
    (record,) = [each for each in store.load(folder).records if each.file == "circle/0.png"]
    asked = a_little_brighter(image_files.original(folder, record.digest), tmp_path / "asked.png")
    store.keep(folder, changes.rename(store.load(folder), "circle", "ring"), "renamed")
    found = tasks.nearest(run.folder, asked, 30)
    assert "ring" in {each.label for each in found}
    assert "circle" not in {each.label for each in found}
    gone = found[0]
    files = {each.file for each in store.load(folder).records if each.digest == gone.digest}
    store.keep(folder, changes.remove(store.load(folder), files), "removed")
    store.forget(folder)
    assert gone.digest not in {each.digest for each in tasks.nearest(run.folder, asked, 30)}


def test_what_cannot_be_compared_is_said(
    painted: Painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked.png"
    Image.new("RGB", (40, 40)).save(asked)
    scratch = trained(painted(8, folder="scratch"), weights="random", frozen_layers=0)
    with pytest.raises(UserError, match="learned from scratch"):
        tasks.nearest(scratch.folder, asked, 4)
    run = trained(painted(8, seed=1, folder="other"))
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="Expected a picture"):
        tasks.nearest(run.folder, tmp_path / "no.png", 4)
    with pytest.raises(UserError, match="no longer on the server"):
        tasks.nearest(run.folder, tmp_path / "gone.png", 4)
    monkeypatch.setattr(nearest, "_ANEW", 3)
    features.empty_cache()
    nearest._warm.cache_clear()
    with pytest.raises(UserError, match="no longer in the cache"):
        tasks.nearest(run.folder, asked, 4)
    store.delete(run.dataset_folder)
    with pytest.raises(UserError, match="data set"):
        tasks.nearest(run.folder, asked, 4)
