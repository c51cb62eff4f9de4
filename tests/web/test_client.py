"""The client in Python that the server gives to programs: fetched from it, and asking it."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.results import predictor
from core.web.api.answering import CLIENT
from tests.results.conftest import make_run as make_run
from tests.results.conftest import picture as picture
from tests.web.asking import running
from tests.web.test_api import TOKEN, ask, serving


@pytest.fixture
def client() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("thaw_client", CLIENT)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules["thaw_client"] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules["thaw_client"]


def test_what_the_server_gives_away_names_pictures_alone(
    make_run: Callable[..., Path], picture: Callable[..., Path], tmp_path: Path
) -> None:
    """By itself, in a Python that finds no package at all."""
    run, file = make_run(), picture("a.png", "red")
    with serving(run) as port:
        address = f"http://localhost:{port}/"
        status, _, given = ask(port, "GET", "/thaw_client.py")
        assert status == 200
        (tmp_path / "thaw_client.py").write_text(given)
        made = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", tmp_path / "thaw_client.py", address, file, file],
            env={"API_TOKEN": TOKEN},
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        first, second = map(json.loads, made.stdout.splitlines())
    (ours,) = predictor.of_run(run).predict([(file.name, file.read_bytes())], top=5)
    assert first == second
    assert first.pop("file") == str(file)
    assert first == json.loads(json.dumps(ours.answer()))


def test_a_program_hears_why_it_was_refused(
    client: ModuleType, make_run: Callable[..., Path], picture: Callable[..., Path]
) -> None:
    file = picture("a.png", "red")
    with serving(make_run()) as port:
        address = f"http://localhost:{port}/predict"  # as the Export page shows it
        assert len(client.Network(address, TOKEN).predict(file.read_bytes(), top=2)["top"]) == 2
        with pytest.raises(client.Refused, match="token") as told:
            client.Network(address, "wrong").predict(file)
        assert told.value.status == 401
        with pytest.raises(client.Refused, match="cannot be read") as told:
            client.Network(address, TOKEN).predict(b"no picture")
        assert told.value.status == 422
    with pytest.raises(client.Refused, match="No server answers") as told:
        client.Network(address, TOKEN).predict(file)
    assert told.value.status == 0
    with pytest.raises(ValueError, match="begins with http"):
        client.Network("file:///etc/passwd", TOKEN)


def test_it_waits_where_there_is_too_much_to_do_and_takes_its_token_nowhere_else(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    asked: list[str] = []

    async def busy(request: Request) -> Response:
        asked.append(request.headers["authorization"])
        if len(asked) < 3:
            return JSONResponse({"error": "Too many."}, 429, {"Retry-After": "2"})
        return JSONResponse({"label": "cat"})

    async def elsewhere(_: Request) -> Response:
        return RedirectResponse("/busy/predict", 307)

    async def always(_: Request) -> Response:
        return JSONResponse({"error": "Too many."}, 429, {"Retry-After": "86400"})

    async def page(_: Request) -> Response:
        return Response("<html>")

    answers = {"busy": busy, "elsewhere": elsewhere, "always": always, "page": page}
    routes = [Route(f"/{name}/predict", each, methods=["POST"]) for name, each in answers.items()]
    with running(Starlette(routes=routes)) as port:
        address = f"http://localhost:{port}"
        assert client.Network(f"{address}/busy", TOKEN).predict(b"x") == {"label": "cat"}
        assert (waited, asked) == ([2.0, 2.0], [f"Bearer {TOKEN}"] * 3)
        with pytest.raises(client.Refused) as told:
            client.Network(f"{address}/elsewhere", TOKEN).predict(b"x")
        assert (told.value.status, len(asked)) == (307, 3)
        waited.clear()
        with pytest.raises(client.Refused, match="Too many"):
            client.Network(f"{address}/always", TOKEN).predict(b"x")
        assert waited == [client._LONGEST_WAIT] * (client._TRIES - 1)
        with pytest.raises(client.Refused, match="not a network of Thaw"):
            client.Network(f"{address}/page", TOKEN).predict(b"x")
