"""Runs that programs may ask while the app runs: those switched on, by their own token."""

import json
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette

from core.errors import UserError
from core.jobs import queue, tasks
from core.results import predictor
from core.results.prediction import Prediction
from core.settings import TrainingSettings
from core.storage import home
from core.storage.runs import Run
from core.web.api import published
from pages.routes import mount
from tests import answers
from tests.jobs.conftest import clusters as clusters
from tests.pages.painting import paint_run, painted
from tests.results.conftest import make_run as make_run
from tests.results.conftest import picture as picture
from tests.web.asking import running
from tests.web.test_api import ask

MakeRun = Callable[..., Path]
Picture = Callable[..., Path]


@contextmanager
def app() -> Iterator[int]:
    """The app's routes behind its door, which asks for the cookie of whoever opened the app."""
    with running(Starlette(routes=mount.routes(), middleware=mount.MIDDLEWARE)) as port:  # type: ignore[arg-type]
        yield port


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What a worker was asked, who is not there."""
    heard: list[tuple[object, ...]] = []

    def answer(work: object, run: Path, path: Path, top: int) -> Prediction:
        heard.append((work, run, path.read_bytes(), top))
        return Prediction("picture", "cat", 0.9, (("cat", 0.9),))

    monkeypatch.setattr(queue, "ask", answer)
    return heard


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_only_what_was_switched_on_answers(asked: list[tuple[object, ...]]) -> None:
    run, other = paint_run(None), paint_run(None)
    where = f"{published.address(run)}predict"
    with app() as port:
        assert ask(port, "POST", where, painted(0), **bearer("x"))[0] == 404
        token = published.publish(run)
        status, _, said = ask(port, "POST", f"{where}?top=2", painted(0), **bearer(token))
        assert (status, said["label"]) == (200, "cat")
        assert asked == [(tasks.predict_one, run.folder, painted(0), 2)]
        assert not list(home.HOME.uploads().iterdir()), "the picture is gone"
        elsewhere = f"{published.address(other)}predict"
        assert ask(port, "POST", elsewhere, painted(0), **bearer(token))[0] == 404
        published.publish(other)
        assert ask(port, "POST", elsewhere, painted(0), **bearer(token))[0] == 401
        renewed = published.publish(run)
        assert ask(port, "POST", where, painted(0), **bearer(token))[0] == 401
        published.withdraw(run)
        assert ask(port, "POST", where, painted(0), **bearer(renewed))[0] == 404
        assert ask(port, "GET", f"{published.address(run)}health")[0] == 404
        run_gone = published.publish(other)
        other.delete()
        assert ask(port, "POST", elsewhere, painted(0), **bearer(run_gone))[0] == 404
    assert len(asked) == 1


def test_the_door_lets_programs_to_these_routes_alone(asked: list[tuple[object, ...]]) -> None:
    run = paint_run(None)
    token = published.publish(run)
    with app() as port:
        assert ask(port, "GET", f"{published.address(run)}health")[0] == 200
        assert ask(port, "GET", f"{published.address(run)}openapi.json")[0] == 200
        assert ask(port, "GET", f"{published.address(run)}thaw_client.py")[0] == 200
        assert ask(port, "GET", published.address(run))[0] == 200
        closed = (
            *("/pictures/a/b", "/uploads/a", "/apis", "/x/api/", "//api/", "/API/a/health"),
            *("/api/", "/api/a", "/api/a/b", "/api/a/health/", "/api/a/../health", "/api/A/health"),
        )
        for path in closed:
            assert ask(port, "GET", path, **bearer(token))[0] == 403, path
        where = f"{published.address(run)}predict"
        status, _, _ = ask(port, "POST", where, b"x", **bearer(token), Host="evil.example")
        assert status == 403
        status, _, _ = ask(port, "POST", where, b"x", **bearer(token), Origin="http://evil.example")
        assert status == 403
    assert not asked


def test_a_picture_that_a_worker_refuses_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UserError("The background process does not start.")

    monkeypatch.setattr(queue, "ask", refuse)
    run = paint_run(None)
    token = published.publish(run)
    with app() as port:
        where = f"{published.address(run)}predict"
        status, _, said = ask(port, "POST", where, painted(0), **bearer(token))
    assert (status, said) == (400, {"error": "The background process does not start."})
    assert not list(home.HOME.uploads().iterdir())


def test_a_copy_of_a_run_takes_no_permission_with_it(tmp_path: Path) -> None:
    run = paint_run(None)
    token = published.publish(run)
    shutil.copytree(run.folder, tmp_path / "copy")
    inside = [path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert inside
    assert not any(token.encode() in each for each in inside)


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_nobody_else_can_read_the_token() -> None:
    run = paint_run(None)
    published.publish(run)
    assert stat.S_IMODE(home.HOME.published(run.id).stat().st_mode) == 0o600


@pytest.mark.cluster
def test_the_warm_worker_says_what_the_terminal_says(
    clusters: Path, make_run: MakeRun, picture: Picture
) -> None:
    made = make_run()
    run = Run.create(home.HOME.runs() / home.new_id(), TrainingSettings(), data_name="colours")
    for file in ("model.keras", "model.json"):
        shutil.copyfile(made / file, run.folder / file)
    token = published.publish(run)
    data = picture("a.png", "green").read_bytes()
    (alone,) = predictor.of_run(run.folder).predict([("a", data)], 5)
    with app() as port:
        where = f"{published.address(run)}predict"
        status, _, said = ask(port, "POST", where, data, **bearer(token))
        assert status == 200
        answers.check(said)
        assert said == json.loads(json.dumps(alone.answer()))
        status, _, said = ask(port, "POST", where, b"no picture", **bearer(token))
        assert status == 422
