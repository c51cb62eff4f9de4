"""Many pictures for a run: one upload at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import UserError
from core.jobs import queue
from core.jobs.bulk import answering
from core.jobs.cluster import connection
from core.storage import home
from core.storage.job import Job, JobState
from tests.pages.painting import paint_run


def test_of_two_tabs_at_once_one_is_refused_and_leaves_nothing(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paint_run(None)
    uploads = [home.HOME.uploads() / home.new_id() for _ in range(2)]
    for each in uploads:
        each.mkdir(parents=True)
        (each / "all.zip").write_bytes(b"pictures")
    checked, both, sent = queue.checked, threading.Barrier(2), list[Path]()

    def at_the_same_time(job: Job, known: JobState | None = None) -> JobState:
        found = checked(job, known)
        with suppress(threading.BrokenBarrierError):  # only one is here at a time
            both.wait(0.5)
        return found

    def send(job: Job, work: Any, path: Path, name: str) -> None:
        sent.append(path)

    monkeypatch.setattr(queue, "checked", at_the_same_time)
    monkeypatch.setattr(queue, "submit", send)
    monkeypatch.setattr(connection, "line", lambda: SimpleNamespace(owner={}))
    with ThreadPoolExecutor(2) as tabs:
        asked = [tabs.submit(answering.submit, each / "all.zip", "all", run) for each in uploads]
        errors = [each.exception() for each in asked]
    refused = [isinstance(each, UserError) for each in errors]
    assert sorted(refused) == [False, True], errors
    taken = uploads[refused.index(False)]
    assert sent == [taken / "all.zip"]
    assert [each for each in uploads if each.exists()] == [taken]
    assert answering.job_of(run).state().upload == taken.name
