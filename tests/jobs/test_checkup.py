"""A check-up: what its log says of it, and, on a real cluster, from the press to what it found."""

import json
import shutil

import pytest

from core.datasets import changes, store
from core.doctor.finding import Case, Problem
from core.errors import UserError
from core.jobs import checkup, worker
from core.jobs.bulk import alike
from core.settings import SplitSettings
from core.storage import home
from core.storage.job import Job, RunStatus
from core.storage.runs import job_of


@pytest.fixture
def job() -> Job:
    made = Job.of_checkup(home.HOME.datasets() / "20260101-000000-abcdef")
    made.folder.mkdir(parents=True)
    return made


def test_a_check_up_that_was_stopped_can_begin_again(job):
    job.log.append("queued", cluster=None)
    first = job.key(job.state().turn)
    job.log.append("started")
    job.log.append("stage", stage="looking", done=3, total=9, seconds_left=2.0)
    state = job.state()
    assert (state.stage, state.done, state.total) == ("looking", 3, 9)
    job.log.append("stopped")
    job.log.append("queued", cluster=None)
    again = job.state(state)
    assert again.status is RunStatus.QUEUED
    assert (again.done, again.started, again.turn) == (0, None, 1)
    assert job.key(again.turn) != first
    assert job_of(first) == job_of(job.key(again.turn)) == job


def test_no_check_up_yet_was_never_submitted(thaw_home):
    assert checkup.state(home.HOME.dataset("20260101-000000-abcdef")).submitted == 0
    assert not checkup.place(home.HOME.dataset("20260101-000000-abcdef")).exists()


def test_a_failure_is_told_in_its_log_and_keeps_what_was_found(job):
    found = job.folder.parent / "checkup.json"
    found.write_text("{}")
    job.log.append("queued", cluster=None)
    worker.perform(job, lambda _: (_ for _ in ()).throw(UserError("No pictures.")))
    state = checkup.state(home.HOME.dataset(job.folder.parent.name))
    assert (state.status, state.message) == (RunStatus.FAILED, "No pictures.")
    assert found.exists()
    with pytest.raises(UserError, match="checked again"):
        checkup.read(found)


def test_what_is_no_problem_stays_so(job):
    chosen = job.folder.parent.name
    case = Case(("cat/1.png",), "unlike the others")
    checkup.dismiss(home.HOME.dataset(chosen), Problem.OUTLIER, (case,))
    assert checkup.dismissed(home.HOME.dataset(chosen)) == set(), (
        "of a data set that is gone nothing comes back"
    )
    store.create(job.folder.parent, changes.empty("pets", ["cat"], SplitSettings()))
    checkup.dismiss(home.HOME.dataset(chosen), Problem.OUTLIER, (case,))
    checkup.dismiss(home.HOME.dataset(chosen), Problem.TINY, (case,))
    assert checkup.dismissed(home.HOME.dataset(chosen)) == {
        case.key(Problem.OUTLIER),
        case.key(Problem.TINY),
    }
    (job.folder.parent / "no-problem.json").write_text("{")
    assert checkup.dismissed(home.HOME.dataset(chosen)) == set()


def test_there_is_nothing_to_check_where_there_is_no_data_set(thaw_home):
    with pytest.raises(UserError):
        checkup.begin(home.HOME.dataset("20260101-000000-abcdef"))
    with pytest.raises(UserError):
        checkup.begin(home.HOME.dataset("../etc"))


@pytest.mark.cluster
def test_from_the_press_to_what_it_found(sketches, wait):
    folder = home.HOME.datasets() / sketches
    dataset = store.load(folder)
    checkup.begin(home.HOME.dataset(sketches))
    checkup.begin(home.HOME.dataset(sketches))  # somebody else presses as well
    wait(lambda: checkup.state(home.HOME.dataset(sketches)).done > 3)
    checkup.stop(home.HOME.dataset(sketches))
    wait(lambda: checkup.state(home.HOME.dataset(sketches)).status is RunStatus.STOPPED)
    assert not checkup.place(home.HOME.dataset(sketches)).exists()
    checkup.begin(home.HOME.dataset(sketches))
    wait(lambda: checkup.state(home.HOME.dataset(sketches)).status.final)
    state = checkup.state(home.HOME.dataset(sketches))
    assert state.status is RunStatus.FINISHED, state.message
    found = checkup.read(checkup.place(home.HOME.dataset(sketches)))
    assert found.images == len(dataset.records)
    assert found.version == dataset.version
    assert {point.file for point in found.map} == {record.file for record in dataset.records}
    assert store.load(folder) == dataset, "nobody has changed the data set"
    events = [json.loads(line) for line in job_log(sketches)]
    assert sum(event["event"] == "queued" for event in events) == 2


@pytest.mark.cluster
def test_pictures_that_are_alike_are_found_once_all_were_looked_at(sketches, wait):
    folder = home.HOME.datasets() / sketches
    records = store.load(folder).records
    assert alike.state(home.HOME.dataset(sketches)).submitted == 0
    shutil.rmtree(home.features(), ignore_errors=True)  # another test may have looked at them
    assert alike.nearest(folder, records[0].digest, 5) is None
    alike.begin(home.HOME.dataset(sketches))
    wait(lambda: alike.state(home.HOME.dataset(sketches)).status.final)
    assert alike.state(home.HOME.dataset(sketches)).status is RunStatus.FINISHED
    found = alike.nearest(folder, records[0].digest, 5)
    assert found is not None
    assert len(found) == 5
    assert {digest for digest, _ in found} <= {record.digest for record in records[1:]}


def job_log(dataset_id: str) -> list[str]:
    return Job.of_checkup(home.HOME.datasets() / dataset_id).log.path.read_text().splitlines()
