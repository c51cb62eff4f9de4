"""Whatever a request holds, every route of Thaw's own answers with a sentence and logs nothing.

The routes are the app's own list, so a new one is tried by itself: it only has to say what a good
request looks like.
"""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from starlette.applications import Starlette

import streamlit_app
from core import sharing as links
from core.datasets import store
from core.exports import kept, sharing
from core.intake import incoming
from core.jobs import queue, tasks
from core.results import predictions
from core.results.prediction import Prediction
from core.storage import files, home, incidents
from core.web import (
    addresses,
    answers,
    downloads,
    exports,
    frames,
    pace,
    pictures,
    uploads,
)
from core.web.api import published
from core.web.guarded import GuardedRoute
from pages.components import shell
from pages.routes import mount
from tests.pages.painting import paint_run, painted, store_dataset
from tests.web.asking import running
from tests.web.served import Reply
from tests.web.test_shared_projects import ready_to_leave, shared_project
from tests.web.test_web_exports import export_of

WORDS = [
    *("", "0", "-1", "+1", "1.5", "1e3", "NaN", "Infinity", "0x10", " 1", "1_000", "true", "null"),
    *("9" * 17, "9" * 5000, "x" * 201, "x" * 20_000, "²", "٣", "１", "\N{BENGALI DIGIT ONE}"),
    *("../../etc/passwd", "..", "/", "%2e%2e%2f", "%00", "%", "%zz", "a/b", "\\\\host\\share"),
    *("'; drop table", "{{7*7}}", "\x01", "\x7f", "\x80", "\xff\xfe", "猫", "é" * 100),
]
BODIES = [
    *(b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff", b"\x00", b"{}" * 3000, b"[" * 4000),
    *(b'{"a":' * 700, b'{"name": "a", "size": NaN}', b'{"name": "a", "size": Infinity}'),
    *(b'{"name": "a", "size": -1}', b'{"name": "a", "size": 1e999}', b'{"name": "a", "size": 0}'),
    *(b'{"name": "a", "size": ' + b"9" * 4000 + b"}", b'{"name": "a", "size": 1.0}'),
    *(b'{"name": 1, "size": 1}', b'{"name": {}, "size": [1]}', b'{"size": 1}'),
]


@dataclass(frozen=True)
class Ask:
    """A request, to be changed in one place at a time."""

    method: str
    template: str
    parts: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def raw(self, *more: str) -> bytes:
        path = self.template
        for name, value in self.parts.items():
            path = path.replace(f"{{{name}}}", _escaped(value))
        query = "?" + urlencode(self.query, errors="surrogatepass") if self.query else ""
        lines = [f"{self.method} {path}{query} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", *more]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body


def _escaped(part: str) -> str:
    """As it would have to be sent; what is escaped already stays."""
    return quote(part, safe="%")


@contextmanager
def up(*routes: GuardedRoute) -> Iterator[int]:
    """A real server on a port of its own, behind the app's door."""
    with running(Starlette(routes=list(routes), middleware=mount.MIDDLEWARE)) as port:
        yield port


def send(port: int, request: bytes) -> Reply:
    with socket.create_connection(("localhost", port), timeout=20) as line:
        line.sendall(request)
        come = b""
        while part := line.recv(1 << 16):
            come += part
    return Reply(come)


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_TOKEN", "0")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are what is tried here; `test_published` has a worker answer."""
    said = Prediction("picture", "cat", 0.9, (("cat", 0.9),))

    def ask(work: object, *_: object) -> object:
        return said.answer() if work is tasks.predict_frame else said

    monkeypatch.setattr(queue, "ask", ask)


def good_ones() -> dict[tuple[str, str], Ask]:
    """A request that each route grants."""
    dataset = store_dataset("pets", {"cat": 2, "dog": 2})
    digest = store.load(home.HOME.dataset(dataset)).records[0].digest
    begun = {
        method: incoming.begin(home.HOME, "a.zip", 3, method)
        for method in ("GET", "PATCH", "DELETE")
    }
    permit = {"permit": pictures.permit(home.HOME.dataset(dataset))}
    download = downloads.address(home.HOME.dataset(dataset), sides=False).partition("permit=")[2]
    run, exported = export_of("pets")
    export = exports.address(run, exported).partition("permit=")[2]
    made_export = kept.kept(exported)
    assert made_export is not None
    link = sharing.share(exported, made_export, 60)
    ready_to_leave(paint_run(dataset))
    project = shared_project(dataset, page="<!doctype html>")
    link_to_it = links.at(project)
    assert link_to_it is not None
    shared = addresses.path("shares/projects")
    of_project = {"dataset_id": dataset, "share_id": project.name, "token": link_to_it.token}
    place, asked = uploads.path(), published.address(run).replace(run.id, "{run_id}")
    bearer = {"Authorization": f"Bearer {published.publish(run)}"}
    predictions.keep(run, [Prediction("a.png", "cat", 0.9, (("cat", 0.9),), b"a picture")], {})
    named = answers.address(run).partition("permit=")[2]
    made = [
        Ask("POST", place, headers={"Upload-Permit": uploads.permit(home.HOME, "page")},
            body=json.dumps({"name": "a.zip", "size": 3}).encode()),
        *(Ask(method, f"{place}/{{upload_id}}", {"upload_id": upload.folder.name},
              headers={"Upload-Secret": secret, "Upload-Offset": "0"},
              body=b"abc" if method == "PATCH" else b"")
          for method, (upload, secret) in begun.items()),
        Ask("GET", f"{downloads.path()}/{{dataset_id}}", {"dataset_id": dataset},
            {"sides": "1", "permit": download}),
        Ask("GET", f"{downloads.path()}/{{dataset_id}}/project", {"dataset_id": dataset},
            {"versions": "1", "runs": "all", "permit": download}),
        Ask("GET", f"{pictures.path()}/{{dataset_id}}/{{digest}}",
            {"dataset_id": dataset, "digest": digest}, permit),
        Ask("GET", f"{exports.path()}/{{run_id}}/{{export_id}}",
            {"run_id": run.id, "export_id": exported.name}, {"permit": export}),
        Ask("GET", f"{addresses.path('shares')}/{{run_id}}/{{export_id}}/{{token}}",
            {"run_id": run.id, "export_id": exported.name, "token": link.token}),
        *(Ask("GET", f"{shared}/{{dataset_id}}/{{share_id}}/{{token}}{end}", of_project)
          for end in ("", "/file", "/try")),
        Ask("GET", f"{addresses.path('shares')}/{{rest:path}}", {"rest:path": "cut-off"}),
        Ask("POST", f"{asked}predict", {"run_id": run.id}, {"top": "3"}, bearer, painted(0)),
        *(Ask(method, f"{asked}{name}", {"run_id": run.id})
          for method, name in [("OPTIONS", "predict"), ("GET", "health"), ("GET", "openapi.json"),
                               ("GET", "thaw_client.py"), ("GET", "")]),
        Ask("POST", f"{frames.path()}/{{run_id}}", {"run_id": run.id},
            {"viewer": "page", "permit": frames.address(run, "page").partition("permit=")[2]},
            body=painted(1)),
        Ask("GET", f"{answers.path()}/{{run_id}}", {"run_id": run.id}, {"permit": named}),
        Ask("GET", addresses.path("data"), query={"data": dataset}),
        *(Ask("GET", addresses.path(page), query={"data": dataset}) for page in shell.PAGES),
    ]  # fmt: skip
    return {(each.method, each.template): each for each in made}


def changed(good: Ask) -> Iterator[bytes]:
    """The request with one thing in it that is not as it should be."""
    for word in WORDS:
        for name in good.parts:
            yield replace(good, parts=good.parts | {name: word}).raw()
        for name in good.query:
            yield replace(good, query=good.query | {name: word}).raw()
        for name in good.headers:
            yield replace(good, headers=good.headers | {name: word}).raw()
        yield replace(good, query=good.query | {"another": word}).raw()
        yield replace(good, headers=good.headers | {"Upload-Another": word}).raw()
    for body in BODIES:
        yield replace(good, body=body).raw()
    for name, value in good.headers.items():
        yield good.raw(f"{name}: {value}")
        yield replace(good, headers={n: v for n, v in good.headers.items() if n != name}).raw()
    for name, value in good.query.items():
        yield good.raw().replace(b"?", f"?{name}={quote(value)}&".encode(), 1)
    yield replace(good, body=b"x" * 100_000).raw()
    yield good.raw("Content-Length: 5")
    yield good.raw("Transfer-Encoding: chunked").replace(good.body or b"\0", b"") + b"0\r\n\r\n"
    yield replace(good, template=good.template + "/" + "x" * 3000).raw()
    yield replace(good, template=good.template + "%00").raw()


def test_every_route_of_the_app_is_guarded_and_has_a_good_request(thaw_home: Path) -> None:
    assert all(isinstance(route, GuardedRoute) for route in streamlit_app.ROUTES)
    asked = {(m, r.path) for r in streamlit_app.ROUTES for m in (r.methods or ()) if m != "HEAD"}
    good = good_ones()
    assert set(good) == asked, "a new route has to say what a good request looks like"
    with up(*streamlit_app.ROUTES) as port:
        for each in good.values():
            granted = (404,) if "{rest:path}" in each.template else (200, 201, 204, 307)
            assert send(port, each.raw()).status in granted, each


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_whatever_comes_gets_a_sentence_and_nothing_is_logged(every: int, thaw_home: Path) -> None:
    """Where not all is tried, each route gets another part of it."""
    with up(*streamlit_app.ROUTES) as port:
        for number, key in enumerate(good_ones()):
            files.remove(home.HOME.uploads())
            good = good_ones()[key]
            for request in islice(changed(good), number % every, None, every):
                answer = send(port, request)
                assert 200 <= answer.status < 500, (answer.body, request[:300])
                if answer.status >= 400:
                    assert b"Traceback" not in answer.body
                    assert answer.body.strip().endswith(
                        (b".", b'."}', b"Found", b"Allowed", b"d")
                    ), answer.body
    assert not incidents.log_path().exists(), incidents.log_path().read_text()


# Slow senders


def test_bodies_that_do_not_come_are_given_up(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_SILENCE", 0.3)
    with up(*streamlit_app.ROUTES) as port:
        halves = [
            ask.raw().replace(b"Content-Length: ", b"Content-Length: 9")
            for ask in good_ones().values()
        ]
        with ThreadPoolExecutor(len(halves)) as senders:  # each is closed, or would wait
            statuses = [each.status for each in senders.map(partial(send, port), halves)]
        assert set(statuses) == {408}
        half = halves[-1]
        lines = [socket.create_connection(("localhost", port), timeout=20) for _ in range(200)]
        for line in lines:
            line.sendall(half)
        for line in lines:
            assert b" 408 " in line.recv(100)
            line.close()


def test_what_comes_too_slowly_is_given_up(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_SILENCE", 0.4)
    begun, secret = incoming.begin(home.HOME, "a.zip", 1 << 20, "page")
    where = f"{uploads.path()}/{begun.folder.name}"
    head = Ask("PATCH", where, headers={"Upload-Secret": secret, "Upload-Offset": "0"}).raw()
    head = head.replace(b"Content-Length: 0", b"Content-Length: 99999")
    with up(*streamlit_app.ROUTES) as port, socket.create_connection(("localhost", port)) as line:
        line.sendall(head)
        line.settimeout(0.05)
        come, sent = b"", 0
        while not come:  # a byte at a time, never silent for long
            assert sent < 400
            line.sendall(b"x")
            sent += 1
            try:
                come = line.recv(100)
            except TimeoutError:
                continue
        assert b" 408 " in come
    assert begun.offset == sent or begun.offset == sent - 1, "what came is kept"
