"""A network that programs ask over HTTP: `thaw serve` in this process, over a real line."""

import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.results import predictor
from core.results.prediction import ANSWER
from core.storage import incidents
from core.web.addresses import Site
from core.web.api import answering, document, limits, standalone
from core.web.api.limits import Limits
from core.web.guarded import Refused
from tests import answers
from tests.results.conftest import make_run as make_run
from tests.results.conftest import picture as picture
from tests.web.asking import running
from tests.web.served import ROOT, Reply

MakeRun = Callable[..., Path]
Picture = Callable[..., Path]
TOKEN = "0123456789abcdef"  # noqa: S105
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OPEN = {"per_second": 10_000.0, "at_once": 50, "threads": 8}


@pytest.fixture
def run(make_run: MakeRun) -> Path:
    rng = np.random.default_rng(0)
    colours = np.eye(3)[np.arange(60) % 3]
    taught = 0.29 + 0.45 * colours + rng.normal(0, 0.02, (60, 3))
    return make_run(taught=taught.astype(np.float32))


@contextmanager
def serving(run: Path, size: int = 1 << 20, **site: Any) -> Iterator[int]:
    """The port on which a run is served."""
    network = predictor.of_run(run)
    app = standalone.app(network, Site(**site), TOKEN, Limits(size=size, **OPEN))  # type: ignore[arg-type]
    with running(app) as port:
        yield port


def ask(
    port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], Any]:
    line = http.client.HTTPConnection("localhost", port, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    line.request(method, path, body, sent)
    answer = line.getresponse()
    content = answer.read()
    line.close()
    is_json = answer.headers.get_content_type() == "application/json"
    known = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status, known, json.loads(content) if is_json else content.decode()


def form(*files: bytes, fields: int = 0, boundary: str = "xyz") -> tuple[bytes, str]:
    """A form with these files, and its content type."""
    parts = [
        b'--xyz\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + data
        for data in files
    ]
    parts += [b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb'] * fields
    return b"\r\n".join([*parts, b"--xyz--\r\n"]), f"multipart/form-data; boundary={boundary}"


def predicted(run: Path, files: list[Path], top: int) -> list[dict[str, Any]]:
    """What `thaw predict --json` says of files."""
    command = ["predict", str(run), *map(str, files), "--top", str(top), "--json"]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "core", *command], cwd=ROOT, capture_output=True, check=True
    )
    return list(json.loads(done.stdout.splitlines()[-1])["predictions"])


def test_it_says_what_the_terminal_says(run: Path, picture: Picture) -> None:
    files = [picture(f"{colour}.png", colour) for colour in ("red", "green", "blue")]
    files.append(picture("grey.jpg", "red", size=(300, 20)))
    with serving(run) as port:
        for top in (2, 1000):
            for file, row in zip(files, predicted(run, files, top), strict=True):
                del row["file"]
                data = file.read_bytes()
                body, kind = form(data)
                raw = ask(port, "POST", f"/predict?top={top}", data, **BEARER)
                sent = ask(port, "POST", f"/predict?top={top}", body, **BEARER, Content_Type=kind)
                assert raw[0] == sent[0] == 200
                assert raw[2] == sent[2] == row
                answers.check(raw[2])


def test_many_at_once_each_get_their_own_answer(run: Path, picture: Picture) -> None:
    from concurrent.futures import ThreadPoolExecutor

    colours = ["red", "green", "blue"] * 20
    made = [picture(f"{n}.png", colour, n).read_bytes() for n, colour in enumerate(colours)]
    alone = [said.answer() for said in predictor.of_run(run).predict([("", m) for m in made], 5)]
    with serving(run) as port, ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, port, "POST", "/predict", data, **BEARER) for data in made]
        assert [each.result()[2] for each in asked] == alone


def test_health_needs_no_token_and_tells_nothing_else(run: Path) -> None:
    with serving(run) as port:
        assert ask(port, "GET", "/health")[::2] == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "told",
    ["", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer", "Bearer ",
     "Bearer " + "9" * 5000, "Bearer \xe9", f"Bearer {TOKEN} {TOKEN}"],
)  # fmt: skip
def test_a_wrong_token_is_refused(run: Path, picture: Picture, told: str) -> None:
    data = picture("a.png", "red").read_bytes()
    with serving(run) as port:
        status, headers, said = ask(port, "POST", "/predict", data, Authorization=told)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert TOKEN not in json.dumps(said)


def test_hostile_requests_get_a_sentence_and_leave_nothing_in_the_log(
    run: Path, picture: Picture
) -> None:
    good = picture("a.png", "red").read_bytes()
    twice, kind = form(good, good)
    none, _ = form(fields=1)
    many, _ = form(good, fields=50)
    one, _ = form(good)
    bodies: list[tuple[int, bytes, str]] = [
        (422, b"no picture at all", "image/png"),
        (422, b"\x00" * 5000, ""),
        (422, good[:200], "image/png"),
        (422, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (400, b"", "image/png"),
        (400, twice, kind),
        (400, none, kind),
        (400, many, kind),
        (400, one, "multipart/form-data"),
        (400, one, "multipart/form-data; boundary=" + "x" * 5000),
        (400, one[:60], kind),
        (400, b"--xyz\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xyz--", kind),
        (422, form(b"no picture")[0], kind),
        (200, one, kind + "; charset=idna"),
        (200, one, kind + "; charset=undefined"),
        (413, b"x" * (1 << 20) + b"x", "image/png"),
        (413, form(b"x" * (1 << 20))[0], kind),
    ]
    with serving(run) as port:
        for expected, body, content in bodies:
            given = {"Content_Type": content} if content else {}
            status, _, said = ask(port, "POST", "/predict", body, **BEARER, **given)
            assert status == expected, (body[:50], content, said)
            if status != 200:
                assert re.search(r"[.:] ?[^:]*$", said["error"]), said
                assert str(run) not in said["error"]
        for top in ("0", "-1", "1.5", "x", "", "9" * 5000, "%C2%B2", "1001"):
            status, _, said = ask(port, "POST", f"/predict?top={top}", good, **BEARER)
            assert status in (400, 414, 431), top
        assert ask(port, "GET", "/predict", **BEARER)[0] == 405
        assert ask(port, "DELETE", "/predict", **BEARER)[0] == 405
        assert ask(port, "POST", "/health", b"x", **BEARER)[0] == 405
        assert ask(port, "GET", "/nowhere", **BEARER)[0] == 404
        huge = raw(port, f"GET /health HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 200_000}\r\n\r\n")
        assert huge.status in (0, 400, 431)
        assert ask(port, "POST", "/predict", good, **BEARER)[0] == 200, "it still answers"
    assert not incidents.log_path().exists(), incidents.log_path().read_text()


def test_a_body_without_end_is_cut_off(run: Path) -> None:
    head = (
        f"POST /predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with serving(run) as port, socket.create_connection(("localhost", port), timeout=60) as line:
        line.sendall(head.encode())
        sent = 0
        try:
            while sent < 200 << 20:
                line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
        except OSError:
            pass
        assert sent < 100 << 20, "nobody reads for ever"


def raw(port: int, request: str) -> Reply:
    with socket.create_connection(("localhost", port), timeout=60) as line:
        come = b""
        try:
            line.sendall(request.encode())
            while part := line.recv(1 << 16):
                come += part
        except OSError:  # closed before everything was sent
            pass
    return Reply(come)


def test_another_name_or_website_is_refused(run: Path, picture: Picture) -> None:
    data = picture("a.png", "red").read_bytes()
    with serving(run, hosts_are_set="--name") as port:
        status, _, said = ask(port, "POST", "/predict", data, **BEARER, Host="evil.example")
        assert status == 403
        assert "--name" in said
        for origin in ("https://evil.example", "null", "http://localhost:1"):
            for method in ("POST", "OPTIONS"):
                status, headers, _ = ask(port, method, "/predict", data, **BEARER, Origin=origin)
                assert status == 403
                assert "access-control-allow-origin" not in headers


def test_a_website_that_is_named_may_ask_from_its_pages(run: Path, picture: Picture) -> None:
    data = picture("a.png", "red").read_bytes()
    shop = "https://shop.example"
    with serving(run, origins=frozenset([shop])) as port:
        status, headers, _ = ask(
            port, "OPTIONS", "/predict", Origin=shop,
            Access_Control_Request_Method="POST", Access_Control_Request_Headers="authorization",
        )  # fmt: skip
        assert status == 200
        assert headers["access-control-allow-origin"] == shop
        assert "authorization" in headers["access-control-allow-headers"].lower()
        for told, expected in [(BEARER, 200), ({}, 401)]:
            status, headers, _ = ask(port, "POST", "/predict", data, **told, Origin=shop)
            assert status == expected
            assert headers["access-control-allow-origin"] == shop, "the page may read errors, too"
        assert (
            ask(port, "POST", "/predict", data, **BEARER, Origin="https://other.example")[0] == 403
        )


# How much


def test_a_burst_is_answered_and_then_so_many_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    few = Limits(size=1, per_second=4, at_once=50, threads=1)

    def granted() -> int:
        count = 0
        while True:
            try:
                with few.request():
                    count += 1
            except Refused:
                return count

    assert granted() == 4
    now = 0.5
    assert granted() == 2
    now = 100.0
    assert granted() == 4, "what was not used is not saved up"


def test_so_many_at_the_same_time() -> None:
    few = Limits(size=1, per_second=100, at_once=2, threads=1)
    with few.request(), few.request():
        with pytest.raises(Refused) as caught, few.request():
            pass
        assert caught.value.status == 429
    with few.request():
        pass


def test_who_asks_too_much_hears_when_to_ask_again(run: Path, picture: Picture) -> None:
    data = picture("a.png", "red").read_bytes()
    few = Limits(size=1 << 20, per_second=0.001, at_once=50, threads=8)
    with running(standalone.app(predictor.of_run(run), Site(), TOKEN, few)) as port:
        assert ask(port, "POST", "/predict", data, Authorization="Bearer wrong")[0] == 401
        assert ask(port, "POST", "/predict", data, **BEARER)[0] == 200, "the wrong one cost nothing"
        status, headers, _ = ask(port, "POST", "/predict", data, **BEARER)
    assert (status, headers["retry-after"]) == (429, "1")


def test_less_than_one_a_second_can_be_asked_for() -> None:
    few = Limits(size=1, per_second=0.1, at_once=2, threads=1)
    with few.request():
        pass
    with pytest.raises(Refused, match=r"at most 0\.1 pictures"), few.request():
        pass


# What it says of itself


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def test_the_document_describes_every_route_and_the_one_answer(run: Path) -> None:
    with serving(run) as port:
        status, _, told = ask(port, "GET", "/openapi.json")
        page = ask(port, "GET", "/")
    assert status == page[0] == 200
    routes = answering.routes("", lambda _: pytest.fail("not asked"))
    made = {(m, r.path) for r in routes for m in (r.methods or ()) if m in ("GET", "POST")}
    described = {(m.upper(), path) for path, ways in told["paths"].items() for m in ways}
    beside = {("GET", path) for path in ("/", "/openapi.json", "/thaw_client.py")}
    assert described == made - beside
    for reference in references(told):
        node = told
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    said = told["components"]["schemas"]["Answer"]
    assert said["required"] == ANSWER["required"]
    for name, schema in ANSWER["properties"].items():
        assert said["properties"][name].pop("description")
        assert said["properties"][name] == schema
    assert set(told["paths"]["/predict"]["post"]["responses"]) >= {"200", "401", "413", "422"}


def test_the_page_needs_nothing_from_elsewhere(run: Path) -> None:
    with serving(run) as port:
        status, headers, page = ask(port, "GET", "/")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "<script" not in page
    assert set(re.findall(r"(?:https?:)?//[^\s/&\"'<)]+", page)) == {f"http://localhost:{port}"}
    for name in ANSWER["properties"]:
        assert f"<th>{name}" in page
    assert str(document.MOST_TOP) in page
