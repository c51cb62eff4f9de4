"""Every page and state, with classes that are called anything people or attackers may write."""

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import store
from core.doctor.finding import (
    Action,
    Case,
    Checkup,
    Finding,
    Fix,
    Point,
    Problem,
)
from core.jobs import checkup
from core.storage import files, home
from pages.parts.data import gather
from pages.parts.shared import state
from tests.pages.painting import (
    HOSTILE,
    Open,
    button,
    keys,
    paint_run,
    store_dataset,
    tick,
)

LONG = "x" * 199
NAMES = {
    "digits": ("0", "1", "2"),
    "signs": ("-", "_", "--"),
    "words of ours": ("new", "All", "Train"),
    "labels of widgets": ("Undo", "Rename", "Class", "Merge"),
    "keys of widgets": ("rename-0", "new-class-0", "lead-on", "merge-0", "gallery-class", "undo-1"),
    "keys of the visit": ("data", "run", "turns", "picked"),
    "emoji": ("🐈", "🐈‍⬛", "👩🏽‍🚀"),
    "right to left": ("חתולים", "כלבים 5", "قطط"),
    "unseen": ("cat", "cat\u200b", "c\u00adat", "\u202etac"),
    "long": (LONG + "a", LONG + "b"),
    "Markdown and HTML": (HOSTILE, "<b>x<b>", "# a", "](", "`"),
}


# Each of these is unlike any other; what is left for `make test-all` is like one of them.
DAILY = ("keys of widgets", "right to left", "unseen", "Markdown and HTML")


@pytest.fixture(
    params=[
        pytest.param(names, id=name, marks=() if name in DAILY else pytest.mark.exhaustive)
        for name, names in NAMES.items()
    ]
)
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


@pytest.fixture
def chosen(names: tuple[str, ...]) -> str:
    return store_dataset(names[0], dict.fromkeys(names, 4))


def fine(app: AppTest) -> None:
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value


def test_each_class_is_looked_at_mended_and_filled(
    open_page: Open, chosen: str, names: tuple[str, ...]
) -> None:
    app = open_page("data", data=chosen)
    switch = next(each for each in app.get("button_group") if each.key == "gallery-class")
    told = {f"{each.content_icon}{each.content}" for each in switch.proto.options}
    assert len(told) == len(names), "each class can be told from the others"
    for name in names:
        app.session_state["gallery-class"] = name
        app.session_state["gather"] = True
        app.run()
        fine(app)
        assert app.text_input(key=state.key("rename", name)).value == name[:80]
        tick(app, ".png")
        fine(app)
        assert not app.selectbox(key=state.key("move-from", name)).value
        button(app, "pick-none").click().run()
        fine(app)
    last = names[-1]
    app.text_input(key=state.key("rename", last)).set_value("another")
    app.button(key="rename-class").click().run()
    fine(app)
    app.selectbox(key=state.key("merge-into", "another")).set_value(names[0]).run()
    app.button(key="merge-class").click().run()
    fine(app)
    app.session_state["gallery-class"] = names[0]
    app.run()
    app.button(key="delete-class-really").click().run()
    fine(app)
    for _ in range(3):
        button(app, "undo").click().run()
        fine(app)
    assert store.load(home.HOME.datasets() / chosen).counts == dict.fromkeys(names, 4)


def test_each_tab_and_finding_is_drawn(
    open_page: Open, chosen: str, names: tuple[str, ...]
) -> None:
    dataset = store.load(home.HOME.datasets() / chosen)
    first = {name: next(r.file for r in dataset.records if r.label == name) for name in names}
    findings = [
        Finding(
            kind,
            False,
            f"Something about “{names[0]}”",
            f"“{names[0]}” and “{names[-1]}” have 4 pictures each.",
            tuple(
                Case(
                    (file,),
                    f"is called {name}, looks like {names[0]}",
                    (
                        Fix(Action.MOVE, (file,), f"Move to {names[0]}", names[0]),
                        Fix(Action.BRING, (), f"Bring more of {name}", name),
                    ),
                )
                for name, file in first.items()
            ),
        )
        for kind in Problem
    ]
    points = tuple(Point(record.file, 0.1, 0.2) for record in dataset.records)
    found = Checkup(1, len(dataset.records), tuple(findings), points, {})
    files.write_json(checkup.place(home.HOME.dataset(chosen)), found.to_dict())
    app = open_page("data", data=chosen)
    for tab in ("Check-up", "Pictures per class"):
        app.session_state[gather.VIEWS] = tab
        app.run()
        fine(app)
        assert app.get("plotly_chart")
    every = next(each for each in app.button if each.key == state.key("all", Problem.BLANK))
    every.click().run()
    fine(app)


def test_it_is_trained_evaluated_and_tried(
    open_page: Open, chosen: str, names: tuple[str, ...]
) -> None:
    fine(open_page("train", data=chosen))
    running = paint_run(chosen, names, ending=None, data=names[0])
    fine(open_page("train", run=running.id))
    paint_run(chosen, names, data=names[-1])
    run = paint_run(chosen, names, data=names[0])
    app = open_page("evaluate", run=run.id)
    fine(app)
    assert app.get("plotly_chart")
    for page in ("predict", "runs"):
        app = open_page(page, run=run.id)
        fine(app)
    assert "open" in keys(app)
