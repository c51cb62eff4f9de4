"""The web page, in a real browser: from a file and over http, with the network cut."""

import base64
import functools
import http.server
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from core.cli.main import main
from core.exports import making
from core.exports import pictures as choosing
from core.exports.formats import web_page
from core.intake.archives.archive import open_source
from core.intake.pictures import images
from core.intake.pictures.preparation import Preparation
from core.results import predictor
from core.settings import Squaring
from core.storage.runs import Run
from tests.browser.app import chromium
from tests.exports.conftest import whole
from tests.exports.test_real_exports import drawings as drawings
from tests.exports.test_real_exports import runs as runs
from tests.exports.test_real_exports import trained
from tests.exports.test_real_exports import weights as weights

pytestmark = pytest.mark.browser
WEB = Path(web_page.__file__).parents[1] / "carried" / "web"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(bypass_csp=True)  # or the test itself may not ask the page
    yield context.new_page()
    context.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A host of static files."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("localhost", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def opened(page: Page, address: str) -> list[str]:
    """Open the page and wait until it has checked itself; what it asked others for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("#checked:not(:empty)").wait_for(timeout=60_000)
    assert "5 of 5" in page.locator("#checked").inner_text()
    return [url for url in asked if not url.startswith((address, "data:", "blob:", "file:"))]


def test_it_names_pictures_from_a_file_and_over_http(
    run: Path, pictures: Path, tmp_path: Path, page: Page, browser: Browser
) -> None:
    whole(run, **Preparation(square=Squaring.PAD).to_dict())
    with closing(open_source(pictures)) as source:
        known = choosing.of_source(source, Run(run), lambda *_: None)
        making.export(
            Run(run), "web", tmp_path / "out.zip", lambda *_: None, known=known, own_samples=True
        )
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        archive.extractall(tmp_path / "there")
    (folder,) = (tmp_path / "there").iterdir()
    assert (folder / "index.html").stat().st_size < web_page.LARGEST
    assert {"onnxruntime-web.txt"} <= {each.name for each in (folder / "LICENSES").iterdir()}
    assert not (folder / "predict.py").exists()

    page.context.set_offline(True)
    assert not opened(page, (folder / "index.html").as_uri())
    file = next(pictures.rglob("*.jpg"))
    (ours,) = predictor.of_run(run).predict([(file.name, file.read_bytes())], top=3)
    page.set_input_files("#file", file)
    page.locator("#bars li").first.wait_for()
    assert page.locator("#label").inner_text() == ours.label
    page.context.set_offline(False)
    with served(folder / "site") as address:
        assert not opened(page, address)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#samples-shown button").first.click()
        page.locator("#bars li").first.wait_for()


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("network", ["all frozen", "partly thawed", "another family"])
def test_a_real_network_names_its_samples_from_a_file(
    network: str, runs: Path, drawings: Path, tmp_path: Path, page: Page
) -> None:
    run, out = trained(runs, drawings, network), tmp_path / "out.zip"
    asked = ["export", str(run), "--format", "web", "--out", str(out), "--with-pictures"]
    assert main([*asked, "--pictures", str(drawings)]) == 0
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "there")
    (folder,) = (tmp_path / "there").iterdir()
    page.context.set_offline(True)
    assert not opened(page, (folder / "index.html").as_uri())


@pytest.mark.parametrize("square", list(Squaring))
@pytest.mark.parametrize("size", [(61, 40), (32, 32), (640, 431), (1203, 640)])
def test_its_pixels_are_those_of_thaw(page: Page, square: Squaring, size: tuple[int, int]) -> None:
    small = np.random.default_rng(0).integers(0, 256, (size[1] // 8 + 1, size[0] // 8 + 1, 3))
    picture = np.kron(small, np.ones((8, 8, 1)))[: size[1], : size[0]].astype(np.uint8)
    ours = images.to_square(images.decode(_png(picture), 32), 32, square)
    code = (WEB / "prepare.js").read_text(encoding="utf-8").replace("export ", "")
    given = base64.b64encode(picture.tobytes()).decode()
    found = page.evaluate(
        f"""([given, width, height, how]) => {{ {code}
            const data = Uint8Array.from(atob(given), (each) => each.charCodeAt(0));
            return [...square({{data, width, height}}, how)]; }}""",
        [given, *size, {"size": 32, "square": str(square)}],
    )
    theirs = np.array(found).reshape(32, 32, 3)
    assert np.abs(theirs - ours.astype(int)).max() <= 1


@pytest.mark.parametrize(("size", "expected"), [((5712, 4284), None), ((640, 431), (640, 431))])
def test_a_large_photo_fits_the_canvas_of_a_phone(
    page: Page, size: tuple[int, int], expected: tuple[int, int] | None
) -> None:
    code = (WEB / "prepare.js").read_text(encoding="utf-8").replace("export ", "")
    width, height, left, right = page.evaluate(
        f"""([width, height]) => {{ {code}
            const photo = document.createElement("canvas");
            [photo.width, photo.height] = [width, height];
            const context = photo.getContext("2d");
            context.fillStyle = "rgb(200 40 30)";
            context.fillRect(0, 0, width / 2, height);
            const found = pixelsOf(photo, "white");
            const last = found.data.length - 3;
            return [found.width, found.height, [...found.data.slice(0, 3)],
                    [...found.data.slice(last)]]; }}""",
        list(size),
    )
    assert expected in (None, (width, height))
    assert width * height <= 4096 * 4096
    assert width / height == pytest.approx(size[0] / size[1], rel=1e-3)
    assert (left, right) == ([200, 40, 30], [255, 255, 255])


def _png(pixels: np.ndarray) -> bytes:
    import io

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
