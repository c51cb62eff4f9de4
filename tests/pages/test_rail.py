"""The rail says on every page which training is going on, in one line, with a link to it."""

import pytest

from core.jobs import queue
from core.jobs.queue import UnderWay
from core.storage import home
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run
from pages.parts.shared import words
from tests.pages.painting import Open

PAGES = ["data", "train", "evaluate", "predict", "export", "runs"]


def link(app: object) -> str:
    """The label of the rail's link to a training; empty where there is none."""
    links = [each.proto for each in app.get("page_link")]  # type: ignore[attr-defined]
    found = [each.label for each in links if each.icon == ":material/model_training:"]
    assert len(found) <= 1
    return found[0].replace(words.UNSEEN, "") if found else ""


def run(run_id: str, space: home.Space = home.HOME) -> Run:
    return Run(space.runs() / run_id)


def test_nobody_sees_the_trainings_of_another_space(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = UnderWay(run("one", home.Space("other")), "secret", RunStatus.RUNNING, None, 240.0)
    monkeypatch.setattr(queue, "under_way", lambda: [theirs])
    assert link(open_page("data")) == ""
    own = UnderWay(run("one"), "pets", RunStatus.QUEUED, None, None)
    monkeypatch.setattr(queue, "under_way", lambda: [theirs, own])
    assert link(open_page("data")) == "pets is about to start training"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_is_training(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    assert link(open_page(page)) == ""
    running = UnderWay(run("one"), "*fruits* from the market", RunStatus.RUNNING, None, 240.0)
    waiting = UnderWay(run("two"), "pets", RunStatus.QUEUED, None, None)
    monkeypatch.setattr(queue, "under_way", lambda: [running, waiting])
    assert (
        link(open_page(page)) == r"Training \*fruits\* from t… · about 4 min left · 1 run waiting"
    )


def test_a_training_that_waits_or_finishes_is_named_as_such(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status, finishing, told in [
        (RunStatus.QUEUED, None, "pets is about to start training"),
        (RunStatus.STOPPED, Stage.COMPILING, "Finishing pets"),
    ]:
        only = UnderWay(run("one"), "pets", status, finishing, None)
        monkeypatch.setattr(queue, "under_way", lambda only=only: [only])
        assert link(open_page("data")) == told
