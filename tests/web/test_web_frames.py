"""Frames of a camera: each gets one answer, or a sentence; viewers take turns."""

import http.client
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.jobs import queue, tasks
from core.storage.runs import Run
from core.web import frames
from tests.pages.painting import paint_run, painted
from tests.web.asking import Answer
from tests.web.test_hostile_requests import up

ANSWER = {"label": "cat", "confidence": 0.9, "top": [["cat", 0.9], ["dog", 0.1]],
          "familiar": None, "known": None, "model": None}  # fmt: skip
PATIENCE = 60


class Worker:
    """Lets frames through, in their order; stands for the cluster, which needs a process."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.most = 0  # frames that were answered at the same time
        self._now: list[object] = []
        self._changed = threading.Condition()
        self._let = 0

    def ask(self, work: object, run: Path, frame: bytes, top: int) -> dict[str, Any]:
        assert work is tasks.predict_frame
        mine = object()
        with self._changed:
            self._now.append(mine)
            self.most = max(self.most, len(self._now))
            self.begun.append(frame)
            self._changed.notify_all()
            turn = lambda: self._let > 0 and self._now[0] is mine  # noqa: E731
            assert self._changed.wait_for(turn, PATIENCE)
            self._let -= 1
            self._now.remove(mine)
            self._changed.notify_all()
        return ANSWER | {"label": frame.decode()}

    def let(self, count: int) -> None:
        """Answer so many frames, now or when they come."""
        with self._changed:
            self._let += count
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """Until so many frames have been begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, PATIENCE), self.begun


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker()
    monkeypatch.setattr(queue, "ask", made.ask)
    return made


@pytest.fixture
def run(thaw_home: Path) -> Run:
    return paint_run(None)


Post = Callable[..., Answer]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """Send a body to an address of a served app."""
    monkeypatch.setenv("THAW_TOKEN", "0")
    with up(*frames.routes()) as port:

        def send(address: str, body: bytes, *, timeout: float = PATIENCE, **headers: str) -> Answer:
            line = http.client.HTTPConnection("localhost", port, timeout=timeout)
            line.request("POST", address, body, headers)
            answer = line.getresponse()
            heard = Answer(answer.status, answer.headers, answer.read())
            line.close()
            return heard

        yield send


def picture(width: int, height: int, kind: str = "JPEG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(made, kind)
    return made.getvalue()


def waiting() -> int:
    """How many viewers have a frame here."""
    return len(frames._here)


def in_line() -> int:
    """How many frames have come whole and wait for their turn."""
    return frames._AT_ONCE.statistics().tasks_waiting


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no event tells of."""
    passed = threading.Event()
    for _ in range(PATIENCE * 100):
        if condition():
            return
        passed.wait(0.01)
    raise AssertionError("it did not come about")


# What is answered


def test_a_frame_gets_the_answer_of_the_worker(post: Post, worker: Worker, run: Run) -> None:
    worker.let(1)
    answer = post(frames.address(run, "anna"), b"frame")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert b'"label":"frame"' in answer.content


def test_only_a_page_of_this_server_may_ask_and_of_its_own_run(post: Post, run: Run) -> None:
    good = frames.address(run, "anna")
    other = paint_run(None)
    for bad in (
        good.partition("?")[0],
        good.replace("anna", "bert"),
        good.replace(run.id, other.id),
        good.replace(run.id, "nothing"),
        good[:-1] + ("0" if good[-1] != "0" else "1"),
    ):
        answer = post(bad, b"frame")
        assert (answer.status, "Reload it" in answer.text) == (403, True), bad


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:1", "null", "https://localhost"]
)
def test_another_website_is_refused(post: Post, run: Run, origin: str) -> None:
    answer = post(frames.address(run, "anna"), b"frame", Origin=origin)
    assert (answer.status, "another website" in answer.text) == (403, True)


def test_a_run_that_was_deleted_is_told(post: Post, worker: Worker, run: Run) -> None:
    address = frames.address(run, "anna")
    run.delete()
    answer = post(address, b"frame")
    assert answer.status == 404
    assert "deleted" in answer.text


def test_a_body_that_is_too_large_is_not_read_to_its_end(
    post: Post, worker: Worker, run: Run
) -> None:
    answer = post(frames.address(run, "anna"), bytes(2 << 20))
    assert answer.status == 413
    assert not worker.begun


# Hostile frames, as the worker meets them


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker would do is done here."""
    monkeypatch.setattr(queue, "ask", lambda work, *given: work(*given))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b"", "empty file"),
        (b"\0" * 1000, "zeros"),
        (b"GIF89a" + bytes(20), "could not read"),
        (b"<svg onload='alert(1)'/>", "could not read"),
        (b"PK\x03\x04" + bytes(100), "could not read"),
        (painted(1)[:20], "could not read"),
        (picture(3000, 2000), "at most 4,000,000 pixels, but it has 3,000 × 2,000"),
        (picture(9000, 9000, "PNG"), "at most 4,000,000 pixels"),
        (picture(20_000, 9000, "PNG"), "could not read"),
    ],
)
def test_what_is_no_frame_gets_a_sentence(post: Post, run: Run, frame: bytes, said: str) -> None:
    answer = post(frames.address(run, "anna"), frame)
    assert (answer.status, said in answer.text) == (400, True), answer.text


@pytest.mark.usefixtures("at_once")
def test_a_run_without_a_model_gets_a_sentence(post: Post, run: Run) -> None:
    (run.folder / "model.keras").unlink()
    answer = post(frames.address(run, "anna"), picture(64, 48))
    assert answer.status == 400
    assert "Train first" in answer.text
    assert str(run.folder.parent) not in answer.text


# Turns


@pytest.fixture
def senders() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(100) as pool:
        yield pool


def test_few_frames_are_answered_at_a_time_and_all_in_their_turn(
    post: Post, worker: Worker, run: Run, senders: ThreadPoolExecutor
) -> None:
    """Twelve people, each of whom sends the next frame as soon as the last one is answered."""
    names = [f"viewer{n}" for n in range(12)]

    def watch(name: str) -> list[int]:
        return [post(frames.address(run, name), name.encode()).status for _ in range(5)]

    heard = [senders.submit(watch, name) for name in names]
    for answered in range(12 * 4):
        worker.wait(answered + 2)
        until(lambda: in_line() == 10)  # whoever was answered has sent the next one
        worker.let(1)
    worker.let(12)
    assert [each.result(PATIENCE) for each in heard] == [[200] * 5] * 12
    assert worker.most == 2
    for turn in range(5):
        asked = [frame.decode() for frame in worker.begun[12 * turn : 12 * (turn + 1)]]
        assert sorted(asked) == sorted(names), "everybody once, before anybody again"
    assert not waiting()


def test_who_sends_many_at_once_takes_nobody_elses_turn(
    post: Post, worker: Worker, run: Run, senders: ThreadPoolExecutor
) -> None:
    greedy: list[Future[Answer]] = []
    for n in range(2):
        greedy.append(senders.submit(post, frames.address(run, "greedy"), b"greedy"))
        worker.wait(n + 1)  # both places are taken
    patient = senders.submit(post, frames.address(run, "patient"), b"patient")
    until(lambda: in_line() == 1)
    greedy += [senders.submit(post, frames.address(run, "greedy"), b"greedy") for _ in range(30)]
    until(lambda: sum(each.done() for each in greedy) >= 29)  # superseded while they waited
    worker.let(1)
    worker.wait(3)
    assert worker.begun[2] == b"patient"
    worker.let(40)
    assert patient.result(PATIENCE).status == 200
    statuses = [each.result(PATIENCE).status for each in greedy]
    assert statuses.count(409) == 29
    assert statuses.count(200) == 3, "the two that were being answered, and the newest"


def test_a_frame_is_answered_though_a_newer_one_has_come_and_gone(
    post: Post, worker: Worker, run: Run, senders: ThreadPoolExecutor
) -> None:
    older = senders.submit(post, frames.address(run, "anna"), b"frame")
    worker.wait(1)
    assert post(frames.address(run, "anna"), bytes(2 << 20)).status == 413
    worker.let(1)
    assert older.result(PATIENCE).status == 200
    assert not waiting()


def test_a_frame_whose_sender_has_left_is_not_answered(
    post: Post, worker: Worker, run: Run, senders: ThreadPoolExecutor
) -> None:
    stay = [
        senders.submit(post, frames.address(run, name), name.encode()) for name in ("one", "two")
    ]
    worker.wait(2)
    with pytest.raises(TimeoutError):
        post(frames.address(run, "gone"), b"gone", timeout=0.5)
    worker.let(3)
    assert [each.result(PATIENCE).status for each in stay] == [200, 200]
    until(lambda: not waiting())
    assert b"gone" not in worker.begun


def test_no_more_viewers_than_the_server_can_hold(
    post: Post,
    worker: Worker,
    run: Run,
    senders: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frames, "_MOST", 5)
    inside = [senders.submit(post, frames.address(run, f"viewer{n}"), b"inside") for n in range(5)]
    until(lambda: waiting() == 5)
    answer = post(frames.address(run, "one more"), b"outside")
    assert (answer.status, "Too many people" in answer.text) == (503, True)
    worker.let(5)
    assert [each.result(PATIENCE).status for each in inside] == [200] * 5
    worker.let(1)
    assert post(frames.address(run, "one more"), b"outside").status == 200
