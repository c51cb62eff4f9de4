"""The live view of Predict, in a browser whose camera shows a film; and pasted pictures."""

import io
import json
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.datasets.samples import samples
from core.storage import home, own_names
from tests.browser.app import Served, new_context, press, settled, with_cameras
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.browser

SCENES = ("boat", "cat")  # of the starter set, one after the other
_LASTS = 60  # frames, of which a film has 30 a second
_SHOW = "Show mode"


def example(label: str) -> bytes:
    """A picture of a class that the network has never seen."""
    found = samples.examples("sketches")
    return next(picture for _, picture, of in found if of == label)


@pytest.fixture(scope="module")
def filming(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    film = tmp_path_factory.mktemp("film") / "scenes.mjpeg"
    with film.open("wb") as file:
        for label in SCENES:
            frame = io.BytesIO()
            opened = Image.open(io.BytesIO(example(label))).convert("RGB")
            opened.resize((480, 480)).save(frame, "JPEG", quality=90)
            file.write(frame.getvalue() * _LASTS)
    started = with_cameras(browser, 1, film)
    yield started
    started.close()


def visit(browser: Browser) -> BrowserContext:
    context = new_context(browser)
    context.grant_permissions(["camera"])
    return context


def opened(context: BrowserContext, served: Served, run: str) -> Page:
    page = context.new_page()
    page.goto(f"{served.url}/predict?run={run}")
    settled(page)
    return page


def watch(page: Page) -> None:
    press(page, "Watch live")
    expect(page.get_by_role("button", name=_SHOW, exact=True)).to_be_focused()


def expect_said(page: Page, label: str) -> None:
    """The answer is that it is of this class."""
    expect(page.locator(".live .name")).to_have_text(label)


def test_the_answer_follows_what_the_camera_sees_for_everybody_who_watches(
    served: Served, filming: Browser, trained: str
) -> None:
    contexts = [visit(filming) for _ in range(2)]
    pages = [opened(context, served, trained) for context in contexts]
    for page in pages:
        watch(page)
    for label in (*SCENES, SCENES[0]):
        for page in pages:
            expect_said(page, label)
    first, second = pages
    expect(first.get_by_role("list", name="How sure it is")).to_contain_text(
        re.compile("boat .*cat .*fish .*house")
    )
    expect(first.locator(".live .aloud")).to_have_text(re.compile("|".join(SCENES)))
    assert not violations(first)
    press(first, "Turn off")
    expect(first.get_by_role("button", name="Watch live")).to_be_focused()
    expect(first.locator("video")).to_be_hidden()
    expect_said(second, SCENES[0])
    press(second, "Take a picture")
    expect(second.get_by_text(re.compile("taken.jpg$")).first).to_be_visible()
    expect_said(second, SCENES[0])  # it goes on
    second.get_by_role("link", name="Runs").click()
    second.wait_for_url("**/runs**")
    for context in contexts:
        context.close()


@pytest.mark.exhaustive
def test_a_server_that_was_away_answers_again_and_a_deleted_run_is_told(
    served: Served, filming: Browser, trained: str
) -> None:
    runs = served.home / "home" / "runs"
    copy = home.new_id()
    shutil.copytree(runs / trained, runs / copy)
    own_names.give(runs / copy, "a copy")
    context = visit(filming)
    page = opened(context, served, copy)
    watch(page)
    expect_said(page, SCENES[1])
    served.stop()
    expect(page.locator(".live .state")).to_contain_text("The connection is lost")
    served.start()
    expect(page.locator(".live .state")).to_be_empty()
    expect_said(page, SCENES[0])
    shutil.rmtree(runs / copy)
    expect(page.get_by_role("alert").filter(has_text="deleted")).to_be_visible()
    expect(page.get_by_role("button", name="Watch live")).to_be_visible()
    context.close()


# When the camera took the first picture of each scene, and when each answer stood on the page.
LAGS = """(live) => {
    window.scenes = [];
    window.said = [];
    const video = live.querySelector("video");
    const small = Object.assign(document.createElement("canvas"), {width: 8, height: 8});
    const drawn = small.getContext("2d", {willReadFrequently: true});
    let before = null;
    const see = (now, frame) => {
        drawn.drawImage(video, 0, 0, 8, 8);
        const pixels = [...drawn.getImageData(0, 0, 8, 8).data];
        const change = pixels.reduce((sum, each, at) => sum + Math.abs(each - before?.[at]), 0);
        if (change / pixels.length > 10) scenes.push(frame.captureTime);
        before = pixels;
        video.requestVideoFrameCallback(see);
    };
    video.requestVideoFrameCallback(see);
    const name = live.querySelector(".name");
    let last = name.textContent;
    new MutationObserver(() => {
        if (name.textContent === last) return;
        last = name.textContent;
        said.push(performance.now());
    }).observe(name, {childList: true});
}"""


@pytest.mark.exhaustive
def test_the_answer_follows_within_half_a_second(
    served: Served, filming: Browser, trained: str
) -> None:
    """From when the camera takes the picture until the answer is drawn, the usual case."""
    context = visit(filming)
    page = opened(context, served, trained)
    watch(page)
    for label in SCENES:
        expect_said(page, label)
    page.locator(".live").evaluate(LAGS)
    page.wait_for_function("window.scenes.length > 10")
    scenes, said = page.evaluate("[scenes, said]")
    lags = [
        min((at for at in said if begun <= at < ended), default=ended) - begun
        for begun, ended in pairwise(scenes)
    ]
    assert median(lags) < 500, lags
    context.close()


HEARD = """() => {
    window.heard = [];
    window.asked = 0;
    const ask = window.fetch;
    window.fetch = (...given) => {
        window.asked += String(given[0]).includes("/frames/");
        return ask(...given);
    };
    const note = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
        window.heard.push("note");
        return note.call(this);
    };
    SpeechSynthesis.prototype.speak = ({text}) => { window.heard.push(text); };
}"""


def test_show_mode_does_for_each_class_what_was_chosen(
    served: Served, filming: Browser, trained: str, sketches: str
) -> None:
    context = visit(filming)
    page = opened(context, served, trained)
    watch(page)
    page.evaluate(HEARD)
    page.get_by_text("What show mode does when it sees a class").click()
    page.get_by_label("All classes").select_option("Nothing")
    page.get_by_label("When it sees boat").select_option("Its name, spoken")
    assert page.evaluate("window.heard") == ["boat"], "a choice is heard at once"
    page.get_by_label("When it sees cat").select_option("A colour")
    page.get_by_label("Colour of cat").fill("#ffcc00")
    press(page, _SHOW)
    page.wait_for_function("document.fullscreenElement")
    stage = page.locator(".live .stage")
    for _ in range(2):
        expect_said(page, "cat")
        expect(stage).to_have_class(re.compile("painted"))
        expect(stage).to_have_attribute("style", re.compile("--painted: #ffcc00"))
        expect_said(page, "boat")
        expect(stage).not_to_have_class(re.compile("painted"))
    expect(page.get_by_role("button", name="Leave show mode")).to_be_focused()
    heard = page.evaluate("window.heard")
    assert set(heard) == {"boat"}
    assert 2 <= len(heard) <= 1 + page.evaluate("window.asked") / 3, "not for every frame"
    press(page, "Leave show mode")
    page.wait_for_function("!document.fullscreenElement")
    expect(page.get_by_role("button", name=_SHOW, exact=True)).to_be_focused()
    page.evaluate("Element.prototype.requestFullscreen = undefined")  # as on an iPhone
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Leave show mode")).to_be_focused()
    box, size = stage.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    assert (box["width"], box["height"]) == (size["width"], size["height"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=_SHOW, exact=True)).to_be_focused()
    kept: dict[str, str] = page.evaluate("({...localStorage})")
    [mine] = [value for key, value in kept.items() if key == f"thaw-show-{sketches}"]
    assert json.loads(mine)["does"] == ["speech", "colour", "nothing", "nothing"]
    assert not [each for pair in kept.items() for each in pair if "boat" in each]
    page.get_by_label("When it sees boat").select_option("A sound")
    assert page.evaluate("window.heard").count("note") == 1
    page.reload()
    watch(page)
    page.get_by_text("What show mode does when it sees a class").click()
    expect(page.get_by_label("When it sees boat")).to_have_value("sound")
    context.close()


STILL = """(picture) => {
    navigator.mediaDevices.getUserMedia = async () => {
        const image = new Image();
        image.src = `data:image/png;base64,${picture}`;
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), {width: 480, height: 480});
        setInterval(() => canvas.getContext("2d").drawImage(image, 0, 0, 480, 480), 50);
        return canvas.captureStream(20);
    };
    Element.prototype.requestFullscreen = async () => {
        await new Promise((over) => setTimeout(over, 1000)); // frames are answered meanwhile
        throw new Error("there is no full screen here");
    };
}"""


def test_show_mode_acts_on_what_was_held_up_before_it_began(
    served: Served, browser: Browser, trained: str
) -> None:
    context = new_context(browser)
    context.add_init_script(f"({STILL})({json.dumps(b64encode(example('cat')).decode())})")
    page = opened(context, served, trained)
    watch(page)
    expect(page.locator(".live .aloud")).to_have_text("cat")
    press(page, _SHOW)
    expect(page.get_by_role("button", name="Leave show mode")).to_be_focused()
    expect(page.locator(".live .stage")).to_have_class(re.compile("painted"))
    context.close()


def test_without_a_camera_the_live_view_says_why(
    served: Served, browser: Browser, trained: str
) -> None:
    context = new_context(browser)
    page = opened(context, served, trained)
    press(page, "Watch live")
    expect(page.get_by_role("alert").filter(has_text="camera")).to_be_visible()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    press(page, "Watch live")  # as over http from another computer
    expect(page.get_by_role("alert").filter(has_text="over https")).to_be_visible()
    context.close()


COPY = """async (picture) => {
    const answer = await fetch(`data:image/png;base64,${picture}`);
    await navigator.clipboard.write([new ClipboardItem({"image/png": await answer.blob()})]);
}"""


def test_a_pasted_picture_is_predicted(served: Served, browser: Browser, trained: str) -> None:
    context = new_context(browser)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(context, served, trained)
    page.evaluate(COPY, b64encode(example("house")).decode())
    page.get_by_role("heading", name="Predict").click()
    page.keyboard.press("Control+V")
    expect(page.get_by_text(re.compile("pasted.png$")).first).to_be_visible()
    expect(page.get_by_text(re.compile("house, .*sure")).first).to_be_visible()
    context.close()


def test_a_picture_is_pasted_into_a_class(served: Served, browser: Browser) -> None:
    context = new_context(browser)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(served.url)
    for place, label in enumerate(("cat", "dog"), 1):
        page.get_by_label(f"Class {place}", exact=True).fill(label)
        page.keyboard.press("Tab")
    page.evaluate(COPY, b64encode(example("cat")).decode())
    page.get_by_label("Name of the data set").press("Control+V")  # a field for text takes none
    settled(page)
    press(page, "Create these classes")
    page.wait_for_url("**data=**")
    expect(page.get_by_text("You can also paste a picture.")).to_be_visible()
    settled(page)
    page.keyboard.press("Control+V")
    expect(page.get_by_text("1 picture added to “cat”.")).to_be_visible()
    context.close()
