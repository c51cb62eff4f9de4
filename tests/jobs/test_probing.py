"""A training is tried out in a process that ends the moment somebody wants to train."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import apart
from core.advice.estimate import Probe
from core.datasets import store
from core.datasets.samples.samples import write
from core.errors import StopRequested, UserError
from core.intake.archives.archive import open_source
from core.jobs import foresight, tasks
from core.network.features import FeatureCache
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home
from core.training.setup import Setup

WHOLE = TrainingSettings(frozen_layers=0, batch_size=8)
AS_IT_COMES = TrainingSettings()


@pytest.fixture
def sketches(tmp_path: Path, thaw_home: Path) -> Path:
    write("sketches", tmp_path / "sketches")
    folder = home.HOME.datasets() / "one"
    store.import_dataset(
        open_source(tmp_path / "sketches"), folder, split=SplitSettings(), name="s"
    )
    return folder


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def loaded(process: psutil.Process) -> bool:
    """Whether it has come as far as TensorFlow."""
    try:
        return any("_pywrap_tensorflow" in each.path for each in process.memory_maps())
    except psutil.Error:
        return False


def at_once() -> bool:
    return True


def while_it_builds() -> bool:
    return any(loaded(child) for child in children())


@pytest.mark.parametrize("moment", [at_once, pytest.param(while_it_builds, marks=pytest.mark.slow)])
def test_it_ends_wherever_it_is(sketches: Path, moment: Callable[[], bool]) -> None:
    before = children()

    def go_on() -> None:
        if moment():
            raise StopRequested

    with pytest.raises(StopRequested):
        apart.run(partial(tasks.try_out, sketches, WHOLE), go_on)
    assert children() == before, "it goes on"


@pytest.mark.slow
def test_a_training_that_is_queued_ends_it_and_later_it_is_found_out(
    sketches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, run = tmp_path / "found.json", apart.run
    with monkeypatch.context() as meanwhile:

        def somebody_trains(*arguments: Any) -> object:
            foresight.make_way()
            return run(*arguments)

        meanwhile.setattr(apart, "run", somebody_trains)
        tasks.probe(sketches, WHOLE, result)
    assert not result.exists()
    tasks.probe(sketches, TrainingSettings(), result)
    assert Probe.from_dict(files.read_json(result)).head_step > 0


def test_features_that_are_made_ahead_are_kept_as_far_as_they_came(
    sketches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, done = len(store.load(sketches).records), home.probes() / "ahead"
    setup = Setup.of(home.HOME, AS_IT_COMES, store.load(sketches).preparation, lambda *_: None)
    (prefix,) = setup.wholes()

    def made() -> int:
        cache = FeatureCache(prefix.key, prefix.shape, prefix.dtype)
        return sum(record.digest in cache for record in store.load(sketches).records)

    asked, take, taken = files.stamp(home.ahead_end()), FeatureCache.add, 0

    def add(cache: FeatureCache, digest: str, features: Any) -> None:
        nonlocal taken
        taken += 1
        if taken == images // 4:
            foresight.make_way()
        take(cache, digest, features)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(FeatureCache, "add", add)
        meanwhile.setattr(psutil.Process, "nice", lambda *_: None)  # this process goes on
        assert not tasks.make_features(sketches, AS_IT_COMES, asked)
    assert images // 4 <= made() < images
    tasks.look_ahead(sketches, AS_IT_COMES, asked, done)
    assert not done.exists(), "somebody trains"
    tasks.look_ahead(sketches, AS_IT_COMES, files.stamp(home.ahead_end()), done)
    assert done.is_file()
    assert made() == images


def test_what_is_made_ahead_takes_only_what_others_leave(sketches: Path) -> None:
    seen = []

    def go_on() -> None:
        seen.extend(child.nice() for child in children() if child.status() != "zombie")

    asked = files.stamp(home.ahead_end())
    assert apart.run(partial(tasks.make_features, sketches, AS_IT_COMES, asked), go_on)
    assert max(seen) == 19


def test_what_cannot_be_tried_is_told(thaw_home: Path) -> None:
    with pytest.raises(UserError, match="data set"):
        apart.run(partial(tasks.try_out, home.HOME.datasets() / "gone", WHOLE), lambda: None)
