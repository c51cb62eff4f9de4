"""What a worker runs, without a worker."""

import os
import pickle
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from core.datasets import store
from core.errors import StopRequested, UserError
from core.intake.layouts.labelling import Reading, Unclear
from core.intake.limits import Limits
from core.jobs import queue, tasks, worker
from core.jobs.cluster import address, leftovers
from core.jobs.worker import JobFailed
from core.results import predictor
from core.results.prediction import Prediction
from core.settings import SplitSettings, TrainingSettings
from core.storage import files, home, incidents
from core.storage.events import EventLog
from core.storage.job import DIED, INTERRUPTED, Job, JobState, Kind, RunStatus, discard_upload
from core.storage.progress import Pace, StageReporter
from core.storage.runs import Run, RunState, job_of
from tests.pages.painting import painted

DEAD = {"pid": 2**22 + 1, "created": 1.0, "id": "dead"}


@pytest.fixture
def run(thaw_home: Path) -> Run:
    return Run.create(home.HOME.runs() / "one", TrainingSettings(), data_name="none", cluster=DEAD)


@pytest.fixture
def reading(thaw_home: Path) -> Job:
    """A data set that is about to be read from an upload."""
    (home.HOME.uploads() / "up").mkdir(parents=True)
    (home.HOME.uploads() / "up" / "pictures.zip").write_bytes(b"zip")
    job = Job(Kind.READING, home.HOME.datasets() / "two")
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=DEAD, name="Two", upload="up")
    return job


def raiser(error: BaseException):
    def work(job: Job) -> None:
        raise error

    return work


def test_a_job_that_works_starts_and_finishes(run: Run) -> None:
    worker.perform(run, lambda _: None)
    assert [event["event"] for event in run.log.read()[0]] == [
        "queued",
        "started",
        "finished",
        "released",
    ]


def test_the_work_may_tell_its_end_itself(run: Run) -> None:
    worker.perform(run, lambda _: run.log.append("stopped", best_epoch=3))
    assert [event["event"] for event in run.log.read()[0]] == [
        "queued",
        "started",
        "stopped",
        "released",
    ]


def test_a_users_mistake_is_told_as_it_is(run: Run) -> None:
    worker.perform(run, raiser(UserError("Expected pictures.")))
    state = run.state()
    assert (state.status, state.message) == (RunStatus.FAILED, "Expected pictures.")
    assert state.incident is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("secret"), "Something went wrong"),
        (MemoryError(), "not enough memory"),
        (OSError(28, "No space left"), "disk is full"),
    ],
)
def test_what_nobody_expected_is_one_sentence_and_in_the_log(
    run: Run, error: Exception, words: str
) -> None:
    worker.perform(run, raiser(error))
    state = run.state()
    assert state.status == RunStatus.FAILED
    assert words in str(state.message)
    assert "secret" not in str(state.message)
    assert f"incident {state.incident}" in incidents.log_path().read_text()


def test_a_stopped_job_is_stopped(run: Run) -> None:
    worker.perform(run, raiser(StopRequested()))
    assert run.state().status == RunStatus.STOPPED


def test_a_job_that_began_in_a_dead_process_is_not_run_again(run: Run) -> None:
    run.log.append("started", host="here", pid=1)
    worker.perform(run, lambda _: pytest.fail("it was run again"))
    assert run.state().message == DIED[Kind.TRAINING]


@pytest.mark.parametrize("final", ["finished", "stopped", "failed"])
def test_a_job_that_is_over_is_not_run(run: Run, final: str) -> None:
    run.log.append(final)
    worker.perform(run, lambda _: pytest.fail("it was run"))
    assert run.state().status == RunStatus(final)


def test_what_ends_an_earlier_turn_does_not_end_a_resumed_one(run: Run) -> None:
    """A worker still compiles the model of a stopped training when that is resumed."""

    def work(job: Job) -> None:
        run.log.append("stopped", best_epoch=1)
        run.resume()

    worker.perform(run, work)
    assert run.state().status == RunStatus.QUEUED


def test_a_job_that_was_stopped_or_deleted_while_it_waited_is_not_run(run: Run) -> None:
    run.request_stop()
    worker.perform(run, lambda _: pytest.fail("it was run"))
    assert run.state().status == RunStatus.STOPPED
    run.delete()
    worker.perform(run, lambda _: pytest.fail("it was run"))
    assert not run.folder.exists()


def test_a_run_whose_data_set_is_gone_fails_plainly(run: Run) -> None:
    worker.perform(run, tasks.train, home.HOME.datasets() / "gone")
    assert "data set of this run has been deleted" in str(run.state().message)


def test_a_reading_that_fails_leaves_its_log_only(reading: Job) -> None:
    (reading.folder / "images").mkdir()
    (reading.folder / "images" / "half").write_bytes(b"")
    upload = home.HOME.uploads() / "up" / "pictures.zip"
    worker.perform(reading, tasks.import_dataset, upload, "Two", SplitSettings())
    assert reading.state().status == RunStatus.FAILED
    assert [path.name for path in reading.folder.iterdir()] == ["progress.jsonl"]
    assert not (home.HOME.uploads() / "up").exists()


def ask(job: Job, **given: object) -> JobState:
    """Read an upload whose folders are sides, and the classes are in its files' names."""
    upload = home.HOME.uploads() / "up" / "pictures"
    for number in range(8):
        picture = upload / "train" / f"{('cat', 'dog')[number % 2]}.{number}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(painted(number))
    (upload / "test").mkdir(exist_ok=True)
    (upload / "test" / "1.png").write_bytes(painted(9))
    worker.perform(job, tasks.import_dataset, upload, "Two", SplitSettings(), **given)
    return job.state()


def test_a_reading_that_cannot_tell_asks_and_keeps_the_upload(reading: Job) -> None:
    state = ask(reading)
    assert state.question is not None
    question = Unclear.from_dict(state.question)
    first, last = question.choices
    assert [name for name, _, _ in first.classes] == ["cat", "dog"]
    assert [name for name, _, _ in last.classes] == ["test", "train"]
    assert not store.is_complete(reading.folder)
    leftovers.sweep(time.time() + 23 * 3600)  # a question waits for a day
    assert (home.HOME.uploads() / "up").is_dir()
    assert reading.state().question == state.question

    reading.log.append("queued", name="Two", upload="up")
    assert reading.state().status == RunStatus.QUEUED
    state = ask(reading, reading=first.reading)
    assert state.status == RunStatus.FINISHED
    assert state.question is None
    assert state.turn == 1
    found = store.load(reading.folder)
    assert found.counts == {"cat": 4, "dog": 4}
    assert found.reading == first.reading
    assert state.read_as == found.read_as
    assert "2 classes (cat, dog)" in found.read_as
    assert found.lost == ("test",)
    assert not (home.HOME.uploads() / "up").exists()


def test_an_answer_after_the_upload_is_gone_says_so_and_the_question_stays(reading: Job) -> None:
    question = ask(reading).question
    files.remove(home.HOME.uploads() / "up")
    with pytest.raises(UserError, match="“Two” is no longer there"):
        queue.answer(home.HOME.dataset("two"), Reading(pattern="^([a-z]+)"))
    assert reading.state().question == question
    queue.give_up(home.HOME.dataset("two"))
    assert not reading.folder.exists()


def test_a_pattern_is_tried_before_anything_is_read(reading: Job) -> None:
    ask(reading)
    for pattern, problem, classes in (
        ("(", "Expected a regular expression", ["cat", "dog"]),
        (r"\.(\d)", "", [str(number) for number in range(8)]),
    ):
        reading.log.append("queued", name="Two", upload="up")
        state = ask(reading, reading=Reading(pattern=pattern), preview=True)
        assert state.question is not None
        question = Unclear.from_dict(state.question)
        assert question.problem.startswith(problem)
        assert bool(question.problem) == bool(problem)
        assert [name for name, _, _ in question.choices[0].classes] == classes
        assert len(question.choices) == (2 if problem else 3)


def test_a_question_that_nobody_answers_goes_with_its_upload(reading: Job) -> None:
    ask(reading)
    now = time.time() + 25 * 3600
    leftovers.sweep(now)
    leftovers.sweep(now)
    assert not reading.folder.exists()
    assert not (home.HOME.uploads() / "up").exists()


@pytest.mark.parametrize("stopped", [False, True])
def test_a_packed_tar_is_read_and_leaves_nothing(reading: Job, stopped: bool) -> None:
    upload = home.HOME.uploads() / "up" / "upload"
    with tarfile.open(upload, "w:gz") as tar:
        for number in range(8):
            picture = painted(number)
            info = tarfile.TarInfo(f"{'ab'[number % 2]}/{number}.png")
            info.size = len(picture)
            tar.addfile(info, BytesIO(picture))

    def read(job: Job) -> None:
        if stopped:
            reading.request_stop()  # while it is at work, not before
        tasks._read(reading, upload, "Two", SplitSettings())

    worker.perform(reading, read)
    assert not list(home.HOME.uploads().glob("*"))
    if stopped:
        assert reading.state().status is RunStatus.STOPPED
    else:
        assert store.load(reading.folder).counts == {"a": 4, "b": 4}


def test_what_was_read_stays_when_somebody_calls_it_failed_later(reading: Job) -> None:
    def work(job: Job) -> None:
        (reading.folder / "manifest.json").write_text("{}")

    worker.perform(reading, work)
    reading.fail("late")
    assert (reading.folder / "manifest.json").exists()
    assert reading.state().status == RunStatus.FINISHED
    assert not (home.HOME.uploads() / "up").exists()


def test_a_stop_of_a_waiting_job_takes_effect_at_once(
    run: Run, reading: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "is_alive", lambda owner: True)
    queue.stop(run)
    assert run.state().status == RunStatus.STOPPED
    queue.stop_import(home.HOME.dataset("two"))
    assert queue.import_state(home.HOME.dataset("two")).status == RunStatus.STOPPED
    assert not (home.HOME.uploads() / "up").exists()


def test_a_job_of_a_dead_cluster_is_failed_by_whoever_looks(run: Run, reading: Job) -> None:
    assert queue.status(run).message == INTERRUPTED[Kind.TRAINING]
    assert queue.import_state(home.HOME.dataset("two")).message == INTERRUPTED[Kind.READING]
    assert not (home.HOME.uploads() / "up").exists()


def test_what_another_machine_runs_is_neither_dead_nor_swept_nor_used(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = address.Address("tls://127.0.0.1:1", **DEAD, version="1", host="there")
    for one in (there, address.Address("tls://127.0.0.1:1", **DEAD | {"id": "here"}, version="1")):
        address.folder(one.id).mkdir(parents=True)
        files.write_json(address.folder(one.id) / "owner.json", one.owner)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(address.socket, "gethostname", lambda: "there")
        address.write(there)
        assert address.read() == there
    assert address.read() is None
    address.sweep()
    assert [path.name for path in home.cluster().iterdir() if path.is_dir()] == ["dead"]
    run.log.append("queued", cluster=there.owner)
    assert queue.status(run).status == RunStatus.QUEUED
    silent = time.time() - 3600
    os.utime(address.folder("dead") / "owner.json", (silent, silent))
    assert queue.status(run).status == RunStatus.INTERRUPTED
    address.sweep()
    assert not [path for path in home.cluster().iterdir() if path.is_dir()]


def test_a_sign_of_life_is_one() -> None:
    there = address.Address("tls://127.0.0.1:1", **DEAD, version="1", host="there")
    assert not address.is_alive(there.owner)
    path = address.folder("dead") / "owner.json"
    path.parent.mkdir(parents=True)
    files.write_json(path, there.owner)
    os.utime(path, (1, 1))
    assert not address.is_alive(there.owner)
    address.give_a_sign("dead")
    assert address.is_alive(there.owner)
    address.give_a_sign("gone")  # no error: its folder may have been swept


@pytest.mark.parametrize("seconds", [-1e8, -7200, 7200, 1e8])
def test_a_cluster_elsewhere_lives_on_when_the_clock_is_set(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    there = address.Address("tls://127.0.0.1:1", **DEAD | {"id": "far"}, version="1", host="there")
    path = address.folder("far") / "owner.json"
    path.parent.mkdir(parents=True)
    files.write_json(path, there.owner)
    assert address.is_alive(there.owner)
    clock, stopwatch = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: clock() + seconds)
    assert address.is_alive(there.owner)
    monkeypatch.setattr(time, "monotonic", lambda: stopwatch() + 700)
    assert not address.is_alive(there.owner), "it gave no other sign"
    os.utime(path, (clock() + 700, clock() + 700))
    assert address.is_alive(there.owner)


def test_what_nobody_finished_is_swept(run: Run, reading: Job) -> None:
    now = time.time()
    mine = psutil.Process().create_time()
    waiting = Job(Kind.READING, home.HOME.datasets() / "waiting")
    waiting.folder.mkdir()
    waiting.log.append(
        "queued", cluster={"pid": os.getpid(), "created": mine, "id": "x"}, name="W", upload="w"
    )
    failed = Job(Kind.READING, home.HOME.datasets() / "failed")
    failed.folder.mkdir()
    failed.log.append("queued", cluster=DEAD, name="F", upload="f")
    failed.fail("No pictures.")
    whole = home.HOME.datasets() / "whole"
    whole.mkdir()
    (whole / "manifest.json").write_text("{}")
    left = [
        home.HOME.uploads() / "left",
        home.HOME.runs() / ".deleted-1",
        home.cache() / "graphs" / ".new-1",
        run.folder / "evaluations" / ".deleted-1",  # an evaluation
        whole / ".deleted-1",  # its other versions
        whole / "images" / ".new-1",
        run.folder / "evaluations" / "one" / ".new-1",
        home.cache() / "weights" / "models" / ".download-1",  # as earlier versions called them
    ]
    for folder in (*left, home.HOME.uploads() / "w"):
        (folder / "inside").mkdir(parents=True)
    kept = [run.folder, waiting.folder, whole, home.HOME.uploads() / "w"]

    leftovers.sweep(now)
    assert all(path.exists() for path in (*left, *kept, failed.folder, home.HOME.uploads() / "up"))
    leftovers.sweep(now + 2 * 3600)
    assert not any(path.exists() for path in (*left, home.HOME.uploads() / "up"))
    assert all(path.exists() for path in (*kept, failed.folder))
    assert reading.state().message == INTERRUPTED[Kind.READING]
    leftovers.sweep(now + 25 * 3600)
    assert not failed.folder.exists()
    assert all(path.exists() for path in kept)


def test_no_leftovers_in_a_new_home(thaw_home: Path) -> None:
    leftovers.sweep()
    assert not thaw_home.exists()


def test_too_large_a_picture_is_told_and_each_is_read_when_its_turn_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "member_bytes", 1 << 20)
    paths = [tmp_path / f"{number}.jpg" for number in range(20)]

    class Network:
        def predict(self, files: Iterable[tuple[str, bytes]], top: int) -> list[Prediction]:
            paths[-1].write_bytes(b"later")
            read = dict(files)
            assert read["19.jpg"] == b"later"
            return [Prediction(name, label="seen") for name in read]

    monkeypatch.setattr(predictor, "warm", lambda run: Network())
    for number, path in enumerate(paths):
        path.write_bytes(bytes(2 << 20 if number == 3 else 1))
    answers = tasks.predict(tmp_path, paths, 3)
    assert [each.file for each in answers] == [path.name for path in paths]
    assert [each.file for each in answers if not each.label] == ["3.jpg"]
    assert answers[3].error == "too large: 2 MB, at most 1 MB"


def test_no_cluster_is_started_where_others_run_the_scheduler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THAW_SCHEDULER", "tcp://127.0.0.1:1")
    assert queue.ensure_started() is None
    assert not home.cluster().exists()


def test_a_run_that_is_half_made_can_be_opened_and_deleted(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.HOME.runs() / "half"
    with monkeypatch.context() as full:
        full.setattr(files, "write_json", raise_full)
        with pytest.raises(OSError, match="full"):
            Run.create(folder, TrainingSettings(), data_name="none")
    Run.create(folder, TrainingSettings(), data_name="none")
    (folder / "progress.jsonl").unlink()
    Run.open(folder).delete()
    assert not folder.exists()


def raise_full(path: Path, value: object) -> None:
    raise OSError("full")


def test_a_known_state_is_brought_up_to_date(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "is_alive", lambda owner: True)
    known = queue.status(run)
    run.log.append("started", host="here", pid=1)
    assert queue.status(run, known) == run.state()
    assert run.state().status == RunStatus.RUNNING
    assert known.status == RunStatus.QUEUED, "what somebody else may hold has changed"


def test_a_terminals_run_is_left_alone(thaw_home: Path) -> None:
    run = Run.create(home.HOME.runs() / "one", TrainingSettings(), data_name="none")
    assert queue.status(run) == RunState(submitted=run.state().submitted, offset=run.state().offset)


def test_an_unknown_data_set_is_the_users_mistake(reading: Job) -> None:
    for ask in (queue.import_state, queue.stop_import):
        with pytest.raises(UserError, match="no such data set"):
            ask(home.HOME.dataset("none"))


def test_keys_name_jobs_and_nothing_else(run: Run, reading: Job) -> None:
    assert job_of(run.key(0)) == run
    assert job_of(reading.key(0)) == reading
    checkup = Job.of_checkup(reading.folder)
    assert job_of(checkup.key(3)) == checkup
    first = run.key(run.turn)
    run.log.append("interrupted", message="its process ended")
    run.resume()
    assert run.key(run.turn) != first
    assert job_of(run.key(run.turn)) == run
    for key in ("predict-12ab", "training-home/runs/../up", "training", ("x", 1), "prediction-1"):
        assert job_of(key) is None


def test_only_uploads_are_ever_discarded(reading: Job) -> None:
    (home.HOME.folder / "keep").mkdir()
    assert isinstance(reading.state(), JobState)
    with pytest.raises(ValueError, match="below the uploads"):
        queue.submit_import(home.HOME.folder / "keep", "x", SplitSettings())
    for name in ("..", ".", "", "../keep", None):
        discard_upload(home.HOME, name)
    assert (home.HOME.folder / "keep").exists()
    assert (home.HOME.uploads() / "up").exists()


def test_errors_cross_processes_as_they_are() -> None:
    error = pickle.loads(pickle.dumps(JobFailed("One sentence.", "12ab")))  # noqa: S301
    assert (str(error), error.incident, type(error)) == ("One sentence.", "12ab", JobFailed)
    assert isinstance(error, UserError)


def test_the_queue_is_light() -> None:
    code = (
        "import sys; from core.jobs import queue; "
        "print({'distributed', 'tensorflow', 'keras', 'openvino'} & set(sys.modules))"
    )
    answer = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, check=True
    )
    assert answer.stdout.strip() == b"set()"


def test_the_version_follows_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("1")
    monkeypatch.setattr(address, "_CORE", tmp_path)
    first = address.version()
    assert address.version() == first
    (tmp_path / "a.py").write_text("2")
    second = address.version()
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    monkeypatch.setenv("THAW_WORKERS", "2")
    assert len({first, second, address.version()}) == 3


def test_a_reporter_tells_first_and_last_and_the_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 0.0
    monkeypatch.setattr("core.storage.progress.time.monotonic", lambda: clock)
    log = EventLog(tmp_path / "log")
    report = StageReporter(log, "reading")
    for clock, done in [(0.0, 0), (0.1, 1), (1.0, 50), (1.1, 60), (2.0, 100)]:  # noqa: B007
        report(done, 100)
    told = [(event["done"], event["seconds_left"]) for event in log.read()[0]]
    assert told == [(0, None), (50, 1.0), (100, 0.0)]


def test_the_time_left_goes_by_the_speed_of_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hundred seconds were slow: something else was at work."""
    clock = 0.0
    monkeypatch.setattr("core.storage.progress.time.monotonic", lambda: clock)
    pace = Pace()
    left: list[float | None] = []
    for done in range(401):
        left.append(pace.seconds_left(done, 1000))
        clock += 1.0 if done < 100 else 0.1
    assert left[:2] == [None, 999.0]
    assert left[100] == 900.0
    assert left[400] == pytest.approx(118, abs=2)  # by the last 65 of 130 seconds; by all, 195


def test_reports_in_between_cost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick stage reports thousands of times a second; looking for a stop asks the disk."""
    clock, asked = 0.0, 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return False

    monkeypatch.setattr("core.storage.progress.time.monotonic", lambda: clock)
    report = StageReporter(EventLog(tmp_path / "log"), "reading", should_stop)
    for done in range(1001):
        report(done, 1000)
        clock += 0.001
    assert asked == 5


def test_a_reporter_stops_when_asked(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log")
    with pytest.raises(StopRequested):
        StageReporter(log, "reading", lambda: True)(1, 2)
    assert len(log.read()[0]) == 1
