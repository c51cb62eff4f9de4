"""In German mode no page shows an English sentence, whatever state it is in."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from core.advice.likeness import Likeness
from core.datasets import store
from core.doctor.finding import Checkup, Point
from core.doctor.findings import balance, usual
from core.jobs import checkup, foresight
from core.storage import files, home
from pages.parts.data import gather
from pages.parts.shared import state
from tests.pages.painting import Open, paint_run, store_dataset

# Words of English sentences that German does not have.
ENGLISH = re.compile(
    r"\b(the|and|of|is|are|with|your|you|this|that|these|not|from|to|for|has|have|which|picture|"
    r"pictures|class|classes|file|files|how|what|it|its|on|by|or|be|no|layers?|learn\w*)\b",
    re.IGNORECASE,
)
# Fields of Streamlit's messages that nobody reads, and those that hold drawings and data.
UNREAD = {
    "id", "element_id", "form_id", "user_key", "url", "href", "icon", "page", "page_script_hash",
    "spec", "figure", "config", "json", "language", "arrow", "data", "component_name", "markup",
    "fragment_id", "type", "chart_id", "html_content", "css_content", "js_content", "body_html",
    "accept", "query_string", "file_name", "color", "width", "height", "align", "theme", "mime",
}  # fmt: skip
# Names, and terms that German classes use in English.
NAMES = re.compile(
    r"\([^()]*\)|:[a-z_/-]+(\[|:)|https?:\S+|\^\(\[a-z\]\+\)_|\w+\.(jpg|png|h5|csv)\b|"
    r"Weight Decay|Label Smoothing|train, validation|tom_\d|cats/tom|von Keras Applications|"
    r"scikit-learn|MobileNetV2 from TensorFlow Hub"
)


def strings(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.name in UNREAD:
            continue
        several = field.label == FieldDescriptor.LABEL_REPEATED if hasattr(field, "label") else (
            field.is_repeated
        )  # fmt: skip
        for each in value if several else [value]:
            if field.type == FieldDescriptor.TYPE_STRING:
                yield each
            elif field.type == FieldDescriptor.TYPE_MESSAGE and isinstance(each, Message):
                yield from strings(each)


def shown(app: AppTest) -> Iterator[str]:
    def walk(node: Any) -> Iterator[str]:
        if getattr(node, "type", "") not in ("code", "html", "plotly_chart"):
            proto = getattr(node, "proto", None)
            if isinstance(proto, Message):
                yield from strings(proto)
        for child in getattr(node, "children", {}).values():
            yield from walk(child)

    yield from walk(app._tree)


def english(app: AppTest) -> list[str]:
    found = []
    for text in shown(app):
        hits = ENGLISH.findall(NAMES.sub(" ", text))
        if hits and "<svg" not in text and "<style" not in text:
            found.append(f"{hits}: {text}")
    return found


def empty(open_page: Open) -> Iterator[AppTest]:
    for page in ("data", "train", "evaluate", "predict", "runs"):
        yield open_page(page, language="de")


def a_data_set(open_page: Open) -> Iterator[AppTest]:
    chosen = store_dataset("pets", {"cat": 12, "dog": 2, "emu": 0}, {"cat/x.jpg": b"no image"})
    dataset = store.load(home.HOME.datasets() / chosen)
    points = tuple(Point(record.file, 0.1, 0.2) for record in dataset.records)
    found = [usual.judged(each, dataset) for each in balance.findings(dataset)]
    files.write_json(
        checkup.place(home.HOME.dataset(chosen)),
        Checkup(1, len(dataset.records), tuple(found), points, {}).to_dict(),
    )
    app = open_page("data", data=chosen, language="de")
    yield app
    for tab in ("Prüfung", "Bilder je Klasse"):
        app.session_state[gather.VIEWS] = tab
        yield app.run()


def training(open_page: Open) -> Iterator[AppTest]:
    chosen = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=chosen, language="de")
    yield app
    app.toggle(key="train-balanced").set_value(True)
    app.slider(key=state.control("frozen_layers", "efficientnet_lite0")).set_value(95)
    app.segmented_control(key="train-augment").set_value("strong")
    yield app.run()
    app.selectbox(key="train-backbone").set_value("resnet50")
    yield app.run()
    app.segmented_control(key="train-start").set_value("random")
    yield app.run()
    likeness = Likeness(0.17, 8, {"cat": ("tabby", 0.4), "dog": ("toy", 0.1)})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(foresight, "known_likeness", lambda _: likeness)
        yield open_page("train", data=chosen, language="de")


def runs(open_page: Open) -> Iterator[AppTest]:
    chosen = store_dataset("pets", {"cat": 4, "dog": 4})
    finished = paint_run(chosen)
    stopped = paint_run(chosen, ending="stopped")
    silent = paint_run(chosen, ending="failed", epochs=0)
    for run in (finished, stopped, silent):
        yield open_page("train", run=run.id, language="de")
    for page in ("evaluate", "predict", "runs"):
        yield open_page(page, run=finished.id, language="de")
    app = open_page("runs", language="de")
    for tab in ("Datensätze", "Festplatte"):
        app.session_state["belongings"] = tab
        yield app.run()


@pytest.mark.parametrize("states", [empty, a_data_set, training, runs])
def test_no_page_shows_an_english_sentence(
    open_page: Open, states: Callable[[Open], Iterator[AppTest]]
) -> None:
    found = []
    for app in states(open_page):
        assert not app.exception
        found += english(app)
    assert not found


def test_an_english_sentence_would_be_found(open_page: Open) -> None:
    assert english(open_page("data", language="en"))


def test_the_choice_is_kept_on_every_page(open_page: Open) -> None:
    app = open_page("data")
    app.radio(key="choose-language").set_value("de").run()
    assert app.title[0].value == "Bring einem Netz deine eigenen Klassen bei"
    assert app.query_params["language"] in ("de", ["de"])
    app.switch_page("runs.py").run()
    assert app.title[0].value == "Läufe und Datensätze"
    app.radio(key="choose-language").set_value("en").run()
    assert app.title[0].value == "Runs and data sets"
