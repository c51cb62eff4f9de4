"""The real app and a real browser: served on a free port below a THAW_HOME of its own."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core.jobs.cluster import address
from core.storage import files

ROOT = Path(__file__).parents[2]
PATIENCE = 60_000  # milliseconds that a page may take on a busy machine
TRAINED = 180_000  # that a first training may take: its network is converted and traced
_UNUSED = (
    # Two pages that each window makes ready for its address bar, in a second of the processor.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    # Playwright's list, in whose place this one comes.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "AimEnabled"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
)
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    f"--disable-features={','.join(_UNUSED)}",
)


# Nothing is to be fetched from anywhere, wherever the tests run: a proxy that nobody listens at.
_OFFLINE = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}


class Served:
    """The web server and the cluster that it starts."""

    def __init__(self, thaw_home: Path, base: str, warm: bool, token: bool) -> None:
        self.home = thaw_home
        self._base = base
        self._warm = warm
        self._token = token
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        self._log = thaw_home / "server.log"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/{self._base}".rstrip("/")

    @property
    def printed(self) -> str:
        """The address that whoever starts Thaw is shown."""
        return next(word for word in self._log.read_text().split() if word.startswith(self.url))

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Serve, and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py")]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603
                [*command, f"--server.port={self.port}", f"--server.baseUrlPath={self._base}"],
                cwd=ROOT,
                env={
                    **os.environ,
                    **_OFFLINE,
                    "THAW_HOME": str(self.home),
                    "THAW_WARM_UP": str(int(self._warm)),
                    "THAW_TOKEN": str(int(self._token)),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + PATIENCE / 1000
        while not self._answers():
            assert time.monotonic() < end, self._log.read_text()
            assert self._server.poll() is None, self._log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """The web server is gone from one moment to the next."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(PATIENCE / 1000)

    def stop(self) -> None:
        """End the web server; the cluster goes on."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(PATIENCE / 1000)

    def end_cluster(self) -> None:
        """End what the web server started, by its own record of it."""
        for record in (self.home / "cluster").glob("*/owner.json"):
            owner = files.read_json(record)
            if not address.is_alive(owner):
                continue
            program = psutil.Process(owner["pid"])
            family = [program, *program.children(recursive=True)]
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(family, timeout=PATIENCE / 1000)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:  # noqa: S310
                return answer.status == 200
        except OSError:
            return False


@contextlib.contextmanager
def serve(
    thaw_home: Path, base: str = "", warm: bool = True, token: bool = False
) -> Iterator[Served]:
    """The app, up, below a base path; gone with all that it started at the end.

    Where nothing is trained its workers need not warm up. Without a token every context gets in.
    """
    served = Served(thaw_home, base, warm, token)
    try:
        served.start()
        yield served
    finally:
        served.stop()
        served.end_cluster()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser, without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_path(), args=[*_QUIET])
        yield browser
        browser.close()


def with_cameras(browser: Browser, count: int, film: Path | None = None) -> Browser:
    """Another one beside it, with cameras that film a test picture, or show a film (MJPEG)."""
    cameras = [f"--use-fake-device-for-media-stream=device-count={count}"]
    if film:
        cameras.append(f"--use-file-for-fake-video-capture={film}")
    return browser.browser_type.launch(executable_path=_path(), args=[*_QUIET, *cameras])


def _path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def new_context(
    browser: Browser, width: int = 1280, height: int = 900, scheme: str = "light"
) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE)
    return context


def settled(page: Page) -> None:
    """Wait until the page is drawn: no script runs any more, and no placeholder is left.

    None runs before it begins, either. The page of a link has no script.
    """
    expect(page.get_by_role("heading").first).to_be_visible(timeout=PATIENCE)
    if "/shares/" in page.url:
        return
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def bring_sketches(page: Page, served: Served) -> str:
    """Data set by one press; its id."""
    page.goto(served.url)
    press(page, "Use Hand sketches")
    page.get_by_role("button", name="Choose how to train").wait_for()
    return page.url.partition("data=")[2].partition("&")[0]


def suggested(page: Page) -> None:
    """Wait for the suggestion, and have the controls set to it, whatever was kept from before."""
    there = page.get_by_text("Set as suggested")
    button = page.get_by_role("button", name="Use the suggestion")
    there.or_(button).first.wait_for(timeout=TRAINED)
    if button.count():  # never together with the words
        button.click()
        there.wait_for()
    settled(page)


def plain_defaults(page: Page) -> None:
    """Wait for the suggestion, and take plain defaults, which train in seconds."""
    suggested(page)
    press(page, "Default settings")
    page.get_by_role("button", name="Use the suggestion").wait_for()
    settled(page)


def race(page: Page, served: Served, data: str) -> str:
    """Have the best of several trained, and wait for it; the run's id."""
    page.goto(f"{served.url}/train?data={data}")
    suggested(page)
    page.get_by_role("radio", name=re.compile("^Best: 2")).click()
    press(page, "Train")
    expect(page.get_by_text("being tried; up to 2")).to_be_visible(timeout=TRAINED)
    expect(page.get_by_role("button", name="See the results")).to_be_visible(timeout=3 * TRAINED)
    return page.url.partition("run=")[2]


def train(page: Page, served: Served, dataset: str, epochs: int) -> None:
    """Press Train, from an address without a run, with plain defaults but for the epochs."""
    page.goto(f"{served.url}/train?data={dataset}")
    plain_defaults(page)
    page.get_by_text("More settings").click()
    _fill(page, "Epochs", epochs)
    if epochs >= 1000:  # to be watched and stopped: it must not end before, on a busy machine
        _fill(page, "Batch size", 1)
    press(page, "Train")
    page.wait_for_url("**run=**")


def _fill(page: Page, label: str, value: int) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Tab")
    settled(page)
