"""The main job in a real browser: pictures, training, results, a prediction."""

import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from core.storage.events import EventLog
from tests.browser.app import TRAINED, Served, press, settled, train

pytestmark = pytest.mark.browser
DONE = re.compile(r"^(\d+)/\d+$")


def epochs_done(page: Page) -> int:
    """What the page says of how many epochs have ended."""
    value = page.get_by_test_id("stMetricValue").filter(has_text=DONE).first
    found = DONE.match(value.inner_text())
    assert found
    return int(found[1])


def curve(page: Page) -> str:
    """The validation curve as it is drawn."""
    lines = page.locator(".st-key-chart-accuracy .scatterlayer .trace path.js-line")
    return lines.last.get_attribute("d") or ""


def watch_changes(page: Page, times: int) -> list[str]:
    """Wait until the curve has been redrawn so often."""
    page.locator(".st-key-chart-accuracy .js-line").first.wait_for(timeout=TRAINED)
    drawn = [curve(page)]
    while len(drawn) <= times:
        page.wait_for_function(
            """last => { const all = document.querySelectorAll(
                '.st-key-chart-accuracy .scatterlayer .trace path.js-line');
                return all.length && all[all.length - 1].getAttribute('d') !== last }""",
            arg=drawn[-1],
            timeout=TRAINED,  # whoever resumes waits for the model of the stopped run first
        )
        drawn.append(curve(page))
    return drawn


def test_from_pictures_to_a_prediction(served: Served, page: Page, sketches: str) -> None:
    """One training is watched by two, outlives the server, is stopped, resumed and stopped again.

    Waiting for another to begin would take longer than all of it.
    """
    page.goto(f"{served.url}/?data={sketches}")
    expect(page.get_by_text("240 pictures, 4 classes")).to_be_visible()
    expect(page.get_by_role("button", name="boat: boat-001.png", exact=True)).to_be_visible()
    press(page, "Choose how to train")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    train(page, served, sketches, epochs=1000)

    assert len(set(watch_changes(page, 3))) == 4
    expect(
        page.get_by_text(re.compile(r"Best epoch: .* right\. On other pictures"))
    ).to_be_visible()
    address = page.url
    before = epochs_done(page)
    page.reload()
    watch_changes(page, 1)
    expect(page.get_by_role("button", name="Stop and keep the best so far")).to_be_visible()
    assert epochs_done(page) >= before
    second = page.context.new_page()
    second.goto(address)
    watch_changes(second, 1)
    second.close()

    before = epochs_done(page)
    served.stop()
    served.start()
    watch_changes(page, 2)  # it reconnects by itself
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert epochs_done(page) > before

    kept = page.get_by_text(re.compile(r"the best epoch so far is kept\. It gets"))
    press(page, "Stop and keep the best so far")
    expect(kept).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Stop"))).to_have_count(0)
    before = epochs_done(page)
    assert before < 1000
    press(page, "Resume")
    watch_changes(page, 2)
    assert epochs_done(page) > before
    press(page, "Stop and keep the best so far")
    expect(kept).to_be_visible()
    press(page, "See the results")
    expect(page.get_by_text("of 48 right")).to_be_visible()
    expect(page.locator(".st-key-confusion .heatmaplayer")).to_be_visible()
    press(page, "Try it on new pictures")
    press(page, "Try 1")
    expect(page.get_by_text(re.compile(r"boat, .*sure"))).to_be_visible()
    press(page, "Try 2")  # a stopped training of steps of one picture may be wrong about it
    expect(page.get_by_text(re.compile(r"(boat|cat|fish|house), .*sure"))).to_have_count(2)
    assert not list((served.home / "home" / "uploads").iterdir())


def test_a_dropped_picture_is_named_and_a_text_is_not(
    served: Served, page: Page, trained: str, tmp_path: Path
) -> None:
    from core.datasets.samples import samples

    picture, text = tmp_path / "a [b] **c**.png", tmp_path / "notes.txt"
    picture.write_bytes(samples.examples("sketches")[3][1])
    text.write_bytes(b"no picture")
    page.goto(f"{served.url}/predict?run={trained}")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([picture, text])
    expect(page.get_by_text(re.compile(r"house, .*sure"))).to_be_visible()
    caption = page.get_by_test_id("stCaptionContainer")  # the uploader shows the name as well
    expect(caption.get_by_text("a [b] **c**.png")).to_be_visible()
    expect(page.get_by_text("Thaw could not read it")).to_be_visible()
    assert not list((served.home / "home" / "uploads").iterdir())


def test_the_web_process_carries_no_network(served: Served, page: Page, trained: str) -> None:
    page.goto(f"{served.url}/predict?run={trained}")
    press(page, "Try 1")
    expect(page.get_by_text(re.compile("sure")).first).to_be_visible()
    loaded = {Path(each.path).name for each in psutil.Process(served.pid).memory_maps()}
    assert not [name for name in loaded if re.search("tensorflow|openvino|keras", name)]


@pytest.mark.exhaustive
def test_a_killed_worker_is_said_plainly_and_the_next_run_is_well(
    served: Served, page: Page, sketches: str
) -> None:
    train(page, served, sketches, epochs=1000)
    watch_changes(page, 1)
    run = page.url.partition("run=")[2]
    events, _ = EventLog(served.home / "home" / "runs" / run / "progress.jsonl").read()
    psutil.Process(next(e["pid"] for e in events if e["event"] == "started")).kill()
    expect(page.get_by_text(re.compile("ended unexpectedly"))).to_be_visible()
    press(page, "Train again")
    settled(page)
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("1000")
    train(page, served, sketches, epochs=3)
    expect(page.get_by_text(re.compile("Finished. It gets"))).to_be_visible(timeout=TRAINED)
