"""The Predict page."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core import home
from core.data import samples
from core.errors import UserError
from core.jobs import ask
from core.runs import Run
from pages.parts import naming
from tests.pages.painting import HOSTILE, Open, button, labels, paint_run, painted, shown


def answer(
    label: str = "cat", error: str | None = None, seen: bytes | None = None
) -> SimpleNamespace:
    return SimpleNamespace(
        file="0000.png",
        label=label,
        confidence=0.75,
        top=((label, 0.75), ("dog", 0.25)),
        thumbnail=painted(3),
        seen=seen,
        error=error,
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """Lets prediction answer "cat", and keeps what it was asked."""
    kept: list[list[bytes]] = []

    def predict(run: Run, paths: list[Path], top: int) -> list[Any]:
        kept.append([path.read_bytes() for path in paths])
        assert all(home.uploads() in path.parents for path in paths)
        return [answer() for _ in paths]

    monkeypatch.setattr(ask, "predict", predict)
    return kept


def test_without_a_run_it_leads_to_training(open_page: Open) -> None:
    assert labels(open_page("predict")) == ["Train a network first"]


def test_dropped_pictures_are_named_and_leave_nothing_behind(
    open_page: Open, asked: list[list[bytes]]
) -> None:
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert asked == [[painted(1)]]
    assert "**cat**, 75 % sure" in shown(app)
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == ["cat · 75 %", "dog · 25 %"]
    assert not app.file_uploader[0].value, "the uploader is empty again"
    assert not list(home.uploads().iterdir())
    app.run()
    assert len(asked) == 1, "a rerun asks nothing again"


def test_what_it_saw_of_a_picture_is_shown_where_that_is_not_all(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes | None] = [None, painted(4)]
    monkeypatch.setattr(ask, "predict", lambda *_: [answer(seen=seen.pop(0))])
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert "What it saw of it" not in shown(app)
    app.file_uploader[0].upload("b.png", painted(2), "image/png").run()
    assert shown(app).count("What it saw of it") == 1


def test_the_newest_answer_comes_first(open_page: Open, asked: list[list[bytes]]) -> None:
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("first.png", painted(1), "image/png").run()
    app.file_uploader[0].upload("second.png", painted(2), "image/png").run()
    files = [each.value for each in app.caption if "png" in each.value]
    assert files == ["second.png", "first.png"]
    button(app, "Clear").click().run()
    assert "What it thinks" not in shown(app)


def test_a_starter_set_offers_pictures_to_try(open_page: Open, asked: list[list[bytes]]) -> None:
    classes = samples.SAMPLES["sketches"].classes
    app = open_page("predict", run=paint_run(None, classes, data="sketches").id)
    button(app, "Try 1").click().run()
    assert len(asked) == 1
    assert "**cat**, 75 % sure" in shown(app)


def test_a_data_set_that_is_called_like_a_starter_set_is_none(open_page: Open) -> None:
    assert not labels(open_page("predict", run=paint_run(None, data="sketches").id))


def test_all_pictures_of_one_drop_are_kept(
    open_page: Open, asked: list[list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "_KEPT", 2)
    app = open_page("predict", run=paint_run(None).id)
    picture = painted(1)
    app.file_uploader[0].set_value([(f"{n}.png", picture, "image/png") for n in range(3)]).run()
    assert sum("png" in each.value for each in app.caption) == 3


def test_a_file_that_is_no_picture_gets_a_sentence(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "predict", lambda *_: [answer("", "not an image")])
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", b"text", "image/png").run()
    assert "It could not be looked at: not an image." in shown(app)


def test_a_failure_is_told_and_nothing_is_left_behind(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predict(*_: Any) -> list[Any]:
        raise UserError("The process ended. Try *again*.")

    monkeypatch.setattr(ask, "predict", predict)
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload("a.png", painted(1), "image/png").run()
    assert app.error[0].value == r"The process ended\. Try \*again\*\."
    assert not list(home.uploads().iterdir())


def test_hostile_names(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "predict", lambda *_: [answer(HOSTILE)])
    app = open_page("predict", run=paint_run(None).id)
    app.file_uploader[0].upload(f"{HOSTILE}.png", painted(1), "image/png").run()
    texts = [each.value for each in (*app.markdown, *app.caption)]
    texts += [bar.proto.text for bar in app.get("progress")]
    assert not [text for text in texts if ":red[" in text or "<b>" in text]
