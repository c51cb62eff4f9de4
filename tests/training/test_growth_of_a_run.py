"""“Would more pictures help?” of a real run, as a worker finds it out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.datasets import store
from core.datasets.feed import StoredFeed
from core.intake.archives import archive
from core.jobs import growing, tasks, worker
from core.network import features
from core.settings import SplitSettings, TrainingSettings
from core.storage import home
from core.storage.job import Job, RunStatus
from core.storage.runs import Run, job_of
from core.training import fit
from core.training.setup import Setup

pytestmark = pytest.mark.usefixtures("tiny")

Painted = Callable[..., Path]


def trained(folder: Path, **settings: object) -> Run:
    chosen = home.new_id()
    dataset = home.HOME.dataset(chosen)
    source = archive.open_source(folder, "painted")
    store.import_dataset(source, dataset, split=SplitSettings(), name="painted")
    run = Run.create(
        home.HOME.runs() / home.new_id(),
        TrainingSettings("tiny", epochs=1, **settings),  # type: ignore[arg-type]
        data_name="painted",
        dataset_id=chosen,
        version=1,
    )
    fit.train(run, StoredFeed(dataset, 1))
    return run


def grown(run: Run) -> Job:
    job = Job.of_growth(run.folder)
    job.folder.mkdir(exist_ok=True)
    job.log.append("queued", cluster=None)
    worker.perform(job, tasks.grow)
    return job


def test_it_is_found_from_the_features_that_the_run_has_left(
    painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(painted(20))
    with monkeypatch.context() as no_network:
        no_network.setattr(Setup, "build", lambda *_: pytest.fail("a network is built"))
        assert grown(run).state().status is RunStatus.FINISHED
    found = growing.read(run)
    assert found is not None
    assert found.sizes == (6, 12, 24, 48)
    assert found.judged == 12
    assert [each.name for each in found.classes] == ["circle", "cross", "stripes"]
    assert found.all_frozen
    dataset = store.load(home.HOME.datasets() / str(run.dataset_id))
    held_out = dataset.of("test") or dataset.of("validation")
    assert found.pictures == tuple(record.digest for record in held_out)
    features.empty_cache()
    (run.folder / home.GROWN).unlink()
    assert grown(run).state().status is RunStatus.FINISHED
    assert growing.read(run) == found, "computed anew, it is the same"
    assert job_of(Job.of_growth(run.folder).key(0)) == Job.of_growth(run.folder)


def test_of_a_thawed_run_it_says_that_all_was_frozen(painted: Painted) -> None:
    run = trained(painted(20), frozen_layers=10)
    assert grown(run).state().status is RunStatus.FINISHED
    found = growing.read(run)
    assert found is not None
    assert not found.all_frozen


def test_too_few_pictures_and_a_run_from_scratch_are_refused_in_plain_words(
    painted: Painted,
) -> None:
    few = grown(trained(painted(6))).state()
    assert few.status is RunStatus.FAILED
    assert "too few training pictures" in (few.message or "")
    run = trained(painted(6, folder="again"), weights="random", frozen_layers=0)
    refused = grown(run).state()
    assert "learned from scratch" in (refused.message or "")


@pytest.mark.parametrize("damage", ["{", "[]", '{"sizes": [1]}', "null"])
def test_a_damaged_result_counts_as_none(tmp_path: Path, damage: str) -> None:
    run = Run(tmp_path)
    (tmp_path / home.GROWN).write_text(damage)
    assert growing.read(run) is None
