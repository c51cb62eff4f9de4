"""Choosing what to train: the suggestion, the slider, and a network that is not here."""

import re

import pytest
from playwright.sync_api import Page, expect

from core import installation
from tests.browser.app import Served, plain_defaults, press, settled, suggested

pytestmark = pytest.mark.browser
LEARN = re.compile(r"([\d,.]+(?: million)?) parameters learn \(.+%\)")


def learning(page: Page) -> str:
    """What the page says of how many parameters learn."""
    found = LEARN.search(page.get_by_text(LEARN).inner_text())
    assert found
    return found[1]


def choose_backbone(page: Page, title: str) -> None:
    box = page.get_by_role("combobox", name=re.compile("pretrained backbone"))
    box.click()
    box.fill(title)
    box.press("Enter")
    settled(page)


def test_the_suggestion_is_the_preset(served: Served, page: Page, sketches: str) -> None:
    page.goto(f"{served.url}/train?data={sketches}")
    suggested(page)
    expect(
        page.get_by_text("Set as suggested: 192 pictures to learn from, unlike photos")
    ).to_be_visible()
    thawed = page.get_by_text(re.compile(r"layers frozen, \d+ thawed"))
    expect(thawed).to_be_visible()
    page.get_by_text("More settings").click()
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("15")
    expect(page.get_by_label("Warm-up epochs", exact=True)).to_have_value("1")
    expect(page.get_by_text(re.compile(r"About .* on this computer"))).to_be_visible()
    press(page, "Why?")
    expect(page.get_by_text("its last blocks should learn your shapes")).to_be_visible()
    expect(page.get_by_text("most frequent answer")).to_be_visible()
    page.keyboard.press("Escape")
    press(page, "Default settings")
    expect(page.get_by_text("All 141 layers frozen")).to_be_visible()
    settled(page)  # until then the number of epochs for thawed layers is there as well
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("40")
    press(page, "Use the suggestion")
    expect(thawed).to_be_visible()
    page.reload()
    expect(thawed).to_be_visible()


def test_the_slider_changes_what_learns(served: Served, page: Page, sketches: str) -> None:
    page.goto(f"{served.url}/train?data={sketches}")
    plain_defaults(page)
    expect(page.get_by_text("All 141 layers frozen")).to_be_visible()
    assert learning(page) == "8,388"  # of every stage, else of the last features
    slider = page.get_by_role("slider", name="Frozen layers")
    slider.focus()
    seen = [learning(page)]
    for frozen in (140, 139, 138, 137):  # by keyboard, a layer at a time
        slider.press("ArrowLeft")
        expect(page.get_by_text(f"{frozen} layers frozen, {141 - frozen} thawed")).to_be_visible()
        settled(page)
        seen.append(learning(page))
    # A ReLU has nothing to learn, its batch norm 2 × 1280 numbers, the convolution before it
    # 320 × 1280, and the batch norm before that 2 × 320.
    assert seen == ["8,388", "5,124", "7,684", "417,284", "417,924"]
    expect(page.get_by_text(re.compile("Last frozen layer: 137"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("137 of 141 layers frozen"))).to_be_visible()


def test_a_network_that_is_not_here_is_said_plainly(
    served: Served, page: Page, sketches: str
) -> None:
    page.goto(f"{served.url}/train?data={sketches}")
    plain_defaults(page)
    choose_backbone(page, "VGG16")
    expect(page.get_by_text("59 MB to download")).to_be_visible()
    page.get_by_text("No internet here?").first.click()
    command = f"{installation.python()} -m core backbones --fetch vgg16 --to STICK"
    expect(page.get_by_text(command)).to_be_visible()
    page.keyboard.press("Escape")
    press(page, "Download it now (59 MB)")
    message = page.get_by_role("alert").filter(has_text="could not be downloaded")
    expect(message).to_contain_text("Expected the weights of VGG16")
    expect(message).to_contain_text(re.compile("Ready here:.*EfficientNet.*Lite0"))
    expect(message).to_contain_text("THAW_WEIGHTS=STICK")
    assert not list((served.home / "cache" / "weights").rglob("*.h5"))
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    expect(page.get_by_text("This network is not here yet")).to_be_visible()
    choose_backbone(page, "EfficientNet-Lite0")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_the_untouched_network_names_a_picture(served: Served, page: Page, sketches: str) -> None:
    page.goto(f"{served.url}/train?data={sketches}")
    page.get_by_text("What does the network see before training?").click()
    press(page, "Show 2")
    expect(page.get_by_text(re.compile(r"\d% sure"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"cat-.*png"))).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(5)
