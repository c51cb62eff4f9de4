"""The door of the app as it is served, knocked at with raw bytes."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.served import App, served

PATHS = (
    "/",
    "/train?data=x",
    "/_stcore/host-config",
    "/static/js/x.js",
    "/media/x.png",
    "/component/x/y.html",
    "/_stcore/upload_file/a/b",
    "/uploads/x",
    "/downloads/x?permit=1",
    "/pictures/x/y?permit=1",
)


@pytest.fixture(scope="module")
def home_of_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "thaw"


@pytest.fixture(scope="module")
def app(home_of_app: Path) -> Iterator[App]:
    with served(home_of_app) as up:
        yield up


@pytest.mark.parametrize("path", [*PATHS, "/_stcore/health"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example:80",
     "192.168.1.5", "[::2]", "0.0.0.1", "127.0.0.1.evil.example", ""],
)  # fmt: skip
def test_another_name_gets_nothing(app: App, path: str, host: str) -> None:
    assert app.get(path, app.cookie, host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:8501",
                                  "localhost."])  # fmt: skip
def test_this_computer_is_answered(app: App, host: str) -> None:
    assert app.get("/", app.cookie, host=host).status == 200
    assert app.line(app.cookie, host=host).status == 101


def test_nobody_else_says_what_the_host_is(app: App) -> None:
    forwarded = ("X-Forwarded-Host: localhost", "Forwarded: host=localhost")
    assert app.get("/", app.cookie, *forwarded, host="evil.example").status == 403
    forwarded = ("X-Forwarded-Host: evil.example",)
    assert app.get("/", app.cookie, *forwarded).status == 200


def test_a_request_without_a_host_or_with_two_is_refused(app: App) -> None:
    assert app.get("/", app.cookie, host=None).status == 400
    assert app.get("/", app.cookie, "Host: localhost").status in (400, 403)
    old = f"GET / HTTP/1.0\r\n{app.cookie}\r\n\r\n".encode()
    assert app.raw(old).status == 403
    named = f"GET / HTTP/1.0\r\nHost: localhost\r\n{app.cookie}\r\n\r\n".encode()
    assert app.raw(named).status == 200


@pytest.mark.parametrize("target", ["http://evil.example/", "http://localhost/", "*", "evil:80"])
def test_the_address_is_a_path(app: App, target: str) -> None:
    assert app.get(target, app.cookie).status in (400, 403, 404)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:9999", "null", "", "http://localhost.evil.example",
     "ftp://localhost", "localhost", "http://localhost/", "http://[", "http://user@localhost"],
)  # fmt: skip
def test_another_website_or_app_gets_nothing(app: App, origin: str) -> None:
    for path in PATHS:
        assert app.get(path, app.cookie, f"Origin: {origin}").status == 403
    assert app.line(app.cookie, f"Origin: {origin}").status == 403


def test_a_website_that_points_its_own_name_here_gets_no_line(app: App) -> None:
    for host in ("evil.example", f"evil.example:{app.port}"):
        assert app.line(app.cookie, f"Origin: http://{host}", host=host).status == 403


def test_its_own_page_is_answered(app: App) -> None:
    for own in (f"localhost:{app.port}", f"127.0.0.1:{app.port}", f"[::1]:{app.port}"):
        origin = f"Origin: http://{own}"
        assert app.line(app.cookie, origin, host=own).status == 101
        assert app.get("/", app.cookie, origin, host=own).status == 200


# The token


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cookie", ["", "Cookie: thaw=1", "Cookie: {name}=guess",
                                    "Cookie: {name}=\xff"])  # fmt: skip
def test_without_the_token_nobody_is_let_in(app: App, path: str, cookie: str) -> None:
    name = app.cookie.partition(": ")[2].partition("=")[0]
    sent = [cookie.format(name=name)] if cookie else []
    answer = app.get(path, *sent)
    assert answer.status == 403
    assert app.token.encode() not in answer.body
    assert not answer.header("set-cookie")
    assert app.line(*sent).status == 403


def test_who_is_not_let_in_is_told_how(app: App) -> None:
    answer = app.get("/train?data=x", "Accept: text/html,*/*")
    assert answer.status == 403
    assert b"Open the address that Thaw printed" in answer.body
    assert b'name="token"' in answer.body


def test_the_printed_address_lets_in_and_is_forgotten(app: App) -> None:
    answer = app.get(f"/train?data=a%26b&token={app.token}&data=%C3%BC")
    assert answer.status == 303
    assert answer.header("location") == "/train?data=a%26b&data=%C3%BC"
    assert answer.header("referrer-policy") == "no-referrer"
    cookie = answer.header("set-cookie").lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie
    assert app.get("/", app.cookie).status == 200


def test_the_whole_address_may_be_pasted(app: App) -> None:
    pasted = f"http%3A%2F%2Flocalhost%3A8501%2F%3Ftoken%3D{app.token}+"
    assert app.get(f"/?token={pasted}").header("set-cookie")


@pytest.mark.parametrize("told", ["guess", "", "%00", "%FF", "x" * 3000])
def test_a_wrong_token_sets_nothing(app: App, told: str) -> None:
    answer = app.get(f"/?token={told}", "Accept: text/html")
    assert (answer.status, answer.header("set-cookie")) == (403, "")
    assert b"does not fit" in answer.body


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "///evil.example"])
def test_the_way_on_stays_here(app: App, path: str) -> None:
    answer = app.get(f"{path}?token={app.token}")
    assert not answer.header("location").startswith(("//", "/\\", "http"))


def test_a_line_cannot_be_opened_with_the_address(app: App) -> None:
    assert app.get(f"/_stcore/stream?token={app.token}", "Upgrade: websocket").status != 101


def test_the_health_of_the_server_is_no_secret(app: App) -> None:
    assert app.get("/_stcore/health").status == 200


# Behind a base path, for a class, without a token; one server for all of it


@pytest.fixture(scope="module")
def school(home_of_app: Path, app: App) -> Iterator[App]:
    options = ("--server.baseUrlPath=school/thaw", "--server.address=0.0.0.0",
               "--server.allowedHosts=localhost", "--server.allowedHosts=thaw.school.example",
               "--server.corsAllowedOrigins=https://portal.example",
               "--browser.serverAddress=localhost")  # fmt: skip
    with served(home_of_app, *options) as up:
        yield up


def test_a_restarted_server_knows_its_visitors(app: App, school: App) -> None:
    assert app.token == school.token
    assert app.cookie == school.cookie


def test_a_class_gets_in_by_the_name_that_the_owner_gave(school: App) -> None:
    for host, status in [("thaw.school.example", 200), ("thaw.school.example:8501", 200),
                         ("localhost", 200), ("other.school.example", 403)]:  # fmt: skip
        assert school.get("/school/thaw/", school.cookie, host=host).status == status
    behind = "Origin: https://thaw.school.example"
    assert (
        school.get("/school/thaw/", school.cookie, behind, host="thaw.school.example").status == 200
    )
    portal = "Origin: https://portal.example"
    assert school.get("/school/thaw/", school.cookie, portal).status == 200
    assert school.get("/school/thaw/_stcore/health").status == 200
    assert school.get("/school/thaw/").status == 403


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_what_the_server_writes_is_its_users_alone(home_of_app: Path, app: App) -> None:
    for path in (home_of_app, *home_of_app.rglob("*")):
        allowed = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(os.stat(path).st_mode) == allowed, path
