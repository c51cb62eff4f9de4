"""Pictures are ticked, walked and looked at in a real browser; what was made can be renamed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from core.datasets import store
from core.storage import home
from tests.browser.app import TRAINED, Served, bring_sketches, new_context, press, settled
from tests.browser.test_accessibility import NOT_FADED, violations
from tests.pages.painting import paint_run, store_dataset

pytestmark = pytest.mark.browser
MANY = 120
LABELS = "buttons => buttons.map((button) => button.ariaLabel)"
FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.title || at?.ariaLabel || at?.textContent || "";
}"""


@pytest.fixture(
    params=[
        pytest.param((1440, 900), id="desk", marks=pytest.mark.exhaustive),
        pytest.param((390, 844), id="phone"),
    ]
)
def gallery(
    served: Served, browser: Browser, sketches: str, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """The boats, at the size of a desk and of a phone."""
    context = new_context(browser, *request.param)
    page = context.new_page()
    page.goto(f"{served.url}/?data={sketches}")
    settled(page)
    picture(page, 1).wait_for()
    yield page
    context.close()


@pytest.fixture
def painted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is painted is painted for the server."""
    monkeypatch.setenv("THAW_HOME", str(served.home))
    assert home.root() == served.home


def picture(page: Page, number: int, label: str = "boat") -> Locator:
    return page.get_by_role("button", name=f"{label}: {label}-{number:03}.png", exact=True)


def top_of(located: Locator) -> float:
    box = located.bounding_box()
    assert box
    return box["y"]


def test_a_click_ticks_and_moves_no_picture(gallery: Page) -> None:
    page = gallery
    picture(page, 2).click()
    expect(picture(page, 2)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowLeft")  # so that nothing scrolls from here on
    before = [top_of(picture(page, number)) for number in (1, 4, 9)]
    picture(page, 2).click()
    expect(page.get_by_text("1 picture selected")).to_have_count(0)
    assert [top_of(picture(page, number)) for number in (1, 4, 9)] == before
    picture(page, 2).click()
    expect(page.get_by_text("1 picture selected")).to_be_in_viewport()
    assert [top_of(picture(page, number)) for number in (1, 4, 9)] == before
    picture(page, 1).click()
    expect(page.get_by_text("2 pictures selected")).to_be_in_viewport()
    press(page, "Select none")
    expect(picture(page, 2)).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Select none")).to_have_count(0)


def test_quick_clicks_are_all_heard(gallery: Page) -> None:
    page = gallery
    for number in range(1, 7):
        picture(page, number).click()
    expect(page.get_by_text("6 pictures selected")).to_be_visible()
    for number in range(1, 7):
        expect(picture(page, number)).to_have_attribute("aria-pressed", "true")


def test_arrow_keys_walk_and_the_grid_is_one_stop(gallery: Page) -> None:
    page = gallery
    page.get_by_text("Add pictures to").click(trial=True)
    picture(page, 1).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == "boat: boat-003.png"
    page.keyboard.press("ArrowDown")
    assert top_of(picture(page, 1)) < top_of(page.locator(".picture:focus"))
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUSED) == "boat: boat-003.png"
    page.keyboard.press(" ")
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    assert page.evaluate(FOCUSED) == "boat: boat-003.png", "drawing anew leaves it where it was"
    page.keyboard.press("Tab")
    assert "boat-" not in page.evaluate(FOCUSED)
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == "boat: boat-003.png"
    page.keyboard.press("End")
    assert page.evaluate(FOCUSED) == "boat: boat-048.png"
    expect(page.locator(".picture:focus")).to_be_in_viewport()


def test_the_large_view_fills_most_of_the_window(gallery: Page) -> None:
    page = gallery
    size = page.viewport_size
    assert size
    picture(page, 2).dblclick()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    box = dialog.bounding_box()
    assert box
    assert box["width"] * box["height"] > 0.85 * size["width"] * size["height"]
    image = dialog.get_by_role("img")
    seen = image.bounding_box()
    assert seen
    assert seen["width"] > 0.85 * min(size["width"], seen["height"])
    assert seen["width"] * seen["height"] > 0.6 * size["width"] * size["height"]
    page.keyboard.press("ArrowRight")
    expect(image).to_have_attribute("alt", "boat: boat-003.png")
    page.wait_for_function("image => image.naturalWidth", arg=image.element_handle())
    page.keyboard.press("Space")
    expect(dialog.get_by_role("button", name="Deselect")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate(FOCUSED) == "boat: boat-003.png"
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    page.locator(".cell").first.hover()
    page.get_by_role("button", name="Enlarge boat: boat-001.png").click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    for each in page.locator(".cell").first.get_by_role("button").all():
        box = each.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44


def test_pictures_like_one_are_found_by_keyboard(gallery: Page) -> None:
    page = gallery
    picture(page, 3).focus()
    page.keyboard.press("Space")
    find = page.get_by_role("button", name="Find pictures like this one")
    find.focus()
    page.keyboard.press("Enter")
    own = page.get_by_role("button", name="this one: boat · boat-003.png", exact=True)
    expect(own).to_be_visible(timeout=TRAINED)
    likes = page.get_by_role("button", name=re.compile(r"^\d+% .*\.png$"))
    shares = [int(each.split("%")[0]) for each in likes.evaluate_all(LABELS)]
    assert len(shares) == 47
    assert shares == sorted(shares, reverse=True)
    page.add_style_tag(content=NOT_FADED)
    page.mouse.move(0, 0)  # what is hovered over is tinted by Streamlit
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        assert not violations(page)
    press(page, "Back to “boat”")
    picture(page, 3).wait_for()


def test_classes_are_switched_fast_and_every_picture_is_found(
    served: Served, page: Page, sketches: str
) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{served.url}/?data={sketches}")
    settled(page)
    for _ in range(4):
        for label in ("cat", "fish", "house", "boat"):
            page.get_by_role("radio", name=f"{label} (60)").click(force=True)
    settled(page)
    page.get_by_role("radio", name="boat (60)").check()  # on a busy machine a click may be lost
    picture(page, 1).wait_for()
    settled(page)
    page.wait_for_load_state("networkidle")
    pictures = [each for each in answers if each.request.resource_type == "image"]
    assert len(pictures) >= 20
    assert not [each.url for each in pictures if each.status not in (200, 304)]


def test_only_what_is_in_sight_is_fetched(served: Served, page: Page, painted: None) -> None:
    chosen = store_dataset("many", {"ape": MANY, "emu": 2})
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if "/pictures/" in each.url else None)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served.url}/?data={chosen}")
    settled(page)
    page.get_by_role("button", name="ape: 0.png", exact=True).click()
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    assert 1 < len(asked) < 48
    press(page, "Select all in this class")
    expect(page.get_by_text(f"{MANY} pictures selected")).to_be_visible()
    press(page, "Delete")
    expect(page.get_by_text("2 pictures, 2 classes")).to_be_visible()
    assert len(asked) < MANY


def test_no_full_screen_button_stands_before_another(served: Served, page: Page) -> None:
    page.goto(served.url)
    settled(page)
    page.get_by_test_id("stImage").nth(7).wait_for()
    page.get_by_label("Name of the data set").focus()
    stops = []
    while "Handwritten digits" not in (stop := page.evaluate(FOCUSED)):
        assert len(stops) < 12, stops
        stops.append(stop)
        page.keyboard.press("Tab")
    assert not [each for each in stops if "ullscreen" in each], stops


def test_names_outlive_a_reload(served: Served, page: Page, painted: None) -> None:
    run = paint_run(store_dataset("pets", {"cat": 5, "dog": 6}))
    page.goto(f"{served.url}/runs?run={run.id}")
    settled(page)
    _rename(page, "x\u200by")
    expect(page.get_by_role("alert")).to_contain_text("visible letters")
    page.get_by_role("textbox", name="New name").fill("Tom & “Rex”")
    page.get_by_role("textbox", name="New name").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("tab", name="Data sets").click()
    expect(page.get_by_text("11 pictures, 2 classes")).to_be_visible()
    _rename(page, "Summer *cats*")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Summer *cats*")).to_be_visible()
    page.goto(f"{served.url}/runs?run={run.id}")
    settled(page)
    expect(page.locator("strong", has_text="Tom & “Rex”")).to_be_visible()
    expect(
        page.get_by_alt_text("A picture of class cat").filter(visible=True).first
    ).to_be_visible()
    assert run.dataset_id
    assert store.load(home.HOME.dataset(run.dataset_id)).name == "Summer *cats*"


def _rename(page: Page, name: str) -> None:
    """Give the newest card that is shown another name."""
    page.get_by_role("button", name="Rename", exact=True).filter(visible=True).first.click()
    page.get_by_role("textbox", name="New name").fill(name)
    page.get_by_role("textbox", name="New name").press("Enter")


def test_a_starter_set_pressed_twice_is_one_data_set(
    served: Served, page: Page, sketches: str, painted: None
) -> None:
    before = set(store.all_ids(home.HOME))
    assert bring_sketches(page, served) == sketches
    assert set(store.all_ids(home.HOME)) == before
