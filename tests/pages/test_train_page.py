"""The Train page: the controls, a run at work, and how a run ends."""

from typing import Any

import pytest

from core.backbones.catalog import BACKBONES
from core.jobs import queue
from core.runs import Run
from core.settings import TrainingSettings
from pages.parts import controls
from tests.pages.painting import Open, button, labels, paint_run, shown, store_dataset


def test_without_pictures_it_leads_to_them(open_page: Open) -> None:
    app = open_page("train")
    assert "First it needs pictures" in shown(app)
    assert labels(app) == ["Bring pictures"]
    button(app, "Bring pictures").click().run()
    assert app.title[0].value == "Teach a network your own classes"


def test_one_press_trains_with_the_defaults(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    submitted: list[Any] = []

    def submit(dataset_id: str, settings: TrainingSettings, *, data: str) -> Run:
        submitted.append((dataset_id, settings, data))
        return paint_run(dataset_id, ending=None, epochs=1, settings=settings)

    monkeypatch.setattr(queue, "submit_training", submit)
    app = open_page("train", data=dataset)
    assert "2 classes of **pets** from 6 images and is checked on 2 others" in shown(app)
    button(app, "Train").click().run()
    assert submitted == [(dataset, TrainingSettings(), "pets")]
    assert "Stop and keep the best so far" in labels(app)
    assert app.query_params["run"]


def test_the_slider_tells_what_learns(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    assert "All 141 layers frozen" in shown(app)
    assert "2,562 parameters learn" in shown(app)
    app.slider[0].set_value(0).run()
    assert "All 141 layers thawed" in shown(app)
    assert "3.4 million parameters learn" in shown(app)
    app.slider[0].set_value(100).run()
    assert "100 layers frozen, 41 thawed" in shown(app)
    assert "in part" in shown(app)


def test_each_backbone_has_a_slider_of_its_own_layers(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    for name, backbone in BACKBONES.items():
        app.radio[0].set_value(name).run()
        assert app.slider[0].max == len(backbone.layers) == app.slider[0].value


def test_settings_survive_a_visit_to_another_page(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    app.slider[0].set_value(77)
    epochs = next(each for each in app.number_input if each.label == "Epochs")
    epochs.set_value(42).run()
    app.switch_page("runs.py").run()
    app.switch_page("train.py").run()
    assert app.slider[0].value == 77
    assert next(each for each in app.number_input if each.label == "Epochs").value == 42


def test_a_run_that_is_done_leads_on(open_page: Open) -> None:
    run = paint_run(store_dataset("pets", {"cat": 4, "dog": 4}))
    app = open_page("train", run=run.id)
    assert "**90 %** right, 9 of 10 pictures" in app.success[0].value
    assert "still getting better at the end" in app.success[0].value
    assert labels(app) == ["Look at the results", "Train again"]
    button(app, "Look at the results").click().run()
    assert app.title[0].value == "Evaluate"
    assert app.query_params["run"] == run.id


def test_a_failed_run_says_why_and_trains_again_with_the_same_settings(open_page: Open) -> None:
    settings = TrainingSettings(
        backbone="mobilenet", frozen_layers=30, dense=(64, 32), dropout=0.25, epochs=9, seed=4
    )
    run = paint_run(
        store_dataset("pets", {"cat": 4, "dog": 4}),
        ending="failed",
        settings=settings,
        message="The process **ended**.",
        incident="abcd",
    )
    app = open_page("train", run=run.id)
    assert app.error[0].value.startswith(r"The process \*\*ended\*\*\.")
    assert "abcd" in app.error[0].value
    button(app, "Train again").click().run()
    assert app.radio[0].value == "mobilenet"
    assert [slider.value for slider in app.slider] == [30, 0.25]
    values = {each.label: each.value for each in app.number_input}
    assert values["Units of layer 1"] == 64
    assert values["Units of layer 2"] == 32
    assert (values["Epochs"], values["Seed"]) == (9, 4)


def test_a_run_stopped_before_the_first_epoch_keeps_nothing(open_page: Open) -> None:
    app = open_page("train", run=paint_run(None, ending="stopped", epochs=0).id)
    assert "nothing to keep" in app.info[0].value
    assert labels(app) == ["Train again"]


def test_a_waiting_run_tells_its_place(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(
        paint_run(None).folder.with_name("20300101-000000-abcdef"),
        TrainingSettings(),
        data="pets",
    )
    monkeypatch.setattr(queue, "place", lambda run: 2)
    app = open_page("train", run=run.id)
    assert "2 runs are waiting before this one" in app.info[0].value
    button(app, "Cancel")


def test_a_run_at_work_leaves_room_for_another(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset, ending=None, epochs=0)
    app = open_page("train", run=run.id)
    assert {"Cancel", "Set up another run"} <= set(labels(app))
    button(app, "Set up another run").click().run()
    assert "Train" in labels(app)
    assert "run" not in app.query_params
    assert app.query_params["data"] == dataset


def test_nothing_frozen_is_not_called_frozen(open_page: Open) -> None:
    run = paint_run(None, settings=TrainingSettings(frozen_layers=0, epochs=3))
    assert "Pictures prepared" in shown(open_page("train", run=run.id))


def test_a_download_is_said_before(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "ready_offline", lambda backbone: False)
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    app.radio[0].set_value("mobilenet").run()
    assert "MB); that needs the internet" in shown(app)


def test_stop_asks_the_run_to_stop(open_page: Open) -> None:
    run = paint_run(None, ending=None, epochs=2)
    app = open_page("train", run=run.id)
    assert "epoch 3 of" not in shown(app)
    button(app, "Stop and keep the best so far").click().run()
    assert run.stop_requested
    assert button(app, "Stopping after this step…").disabled


@pytest.mark.parametrize("address", ["../../etc", "nothing-here", "%00", "**x**"])
def test_an_address_that_is_no_run_is_said_plainly(open_page: Open, address: str) -> None:
    app = open_page("train", run=address)
    assert app.error
    assert "run" in app.error[0].value


def test_a_deleted_data_set_is_said_plainly(open_page: Open) -> None:
    app = open_page("train", data="20200101-000000-abcdef")
    assert app.error
    assert labels(app) == ["Bring pictures"]
