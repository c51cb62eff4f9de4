"""The Train page: the controls, a run at work, and how a run ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import installation
from core.advice import advisor
from core.advice.likeness import Likeness
from core.backbones.catalogue.backbone import Backbone, Level
from core.backbones.catalogue.rows import BACKBONES
from core.datasets import store
from core.errors import UserError
from core.intake.pictures.preparation import Preparation
from core.jobs import foresight, queue
from core.results.prediction import Prediction
from core.settings import THAWED, Squaring, TrainingSettings, known
from core.storage import files, home
from core.storage.job import RunStatus
from core.storage.runs import Run
from core.training.racing.candidates import first_of
from pages.parts.shared import words
from tests.pages.painting import Open, beside, button, keys, labels, paint_run, shown, store_dataset


def test_without_pictures_it_leads_to_them(open_page: Open) -> None:
    app = open_page("train")
    assert "First it needs pictures" in shown(app)
    assert keys(app) == ["bring"]
    button(app, "bring").click().run()
    assert app.title[0].value == "Teach a network your own classes"


def test_one_press_trains_with_the_defaults(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    submitted: list[Any] = []

    def submit(folder: Path, settings: TrainingSettings) -> Run:
        submitted.append((folder.name, settings))
        return paint_run(folder.name, ending=None, epochs=1, settings=settings)

    monkeypatch.setattr(queue, "submit_training", submit)
    app = open_page("train", data=dataset)
    assert "2 classes of **pets**. There are 6 training pictures and 2 validation" in shown(app)
    button(app, "train").click().run()
    assert submitted == [(dataset, TrainingSettings())]
    assert "stop" in keys(app)
    assert app.query_params["run"]


def test_the_slider_tells_what_learns(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    assert "All 141 layers frozen" in shown(app)
    assert "4,194 parameters learn" in shown(app)
    last = next(each for each in app.segmented_control if "new layers look at" in each.label)
    last.set_value("last").run()
    assert "2,562 parameters learn" in shown(app)
    app.slider[0].set_value(0).run()
    assert "All 141 layers thawed" in shown(app)
    assert "3.4 million parameters learn" in shown(app)
    assert "42,016 are batch norm statistics" in shown(app)
    assert "stay frozen" not in badges(app)
    app.slider[0].set_value(100).run()
    assert "100 layers frozen, 41 thawed" in shown(app)
    assert "in part" in shown(app)


@pytest.mark.parametrize("name", ["vgg16", "mobilenet", "efficientnet_v2_b0", "alexnet"])
def test_each_backbone_has_a_slider_of_its_own_layers(open_page: Open, name: str) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    backbone_box(app).set_value(name).run()
    assert app.slider[0].max == len(BACKBONES[name].layers) == app.slider[0].value
    assert BACKBONES[name].description in shown(app)


def backbone_box(app: AppTest) -> Any:
    return next(box for box in app.selectbox if "pretrained backbone" in box.label)


def test_a_width_changes_the_parameters_and_not_the_slider(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    backbone_box(app).set_value("mobilenet").run()
    app.slider[0].set_value(40).run()
    assert "3.2 million in total" in badges(app)
    width = next(each for each in app.segmented_control if "alpha" in each.label)
    width.set_value(0.25).run()
    assert "219,058 in total" in badges(app)
    assert app.slider[0].value == 40


def badges(app: AppTest) -> str:
    return "\n".join(str(each.value) for each in app.markdown)


def test_a_sealed_module_is_frozen_whole(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    backbone_box(app).set_value("hub_mobilenet_v2").run()
    (slider,) = app.select_slider
    assert slider.label == "Frozen layers: one sealed block"
    assert slider.value == "all frozen" or slider.value == 2
    assert "**All frozen:**" in shown(app)
    assert "What it has seen before" not in str([c.label for c in app.segmented_control])


def test_from_scratch_nothing_is_frozen(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    submitted = submissions(monkeypatch)
    app = open_page("train", data=dataset)
    start = next(each for each in app.segmented_control if "seen before" in each.label)
    start.set_value("random").run()
    assert "All 141 layers thawed" in shown(app)
    assert app.slider[0].disabled
    button(app, "train").click().run()
    assert submitted == [TrainingSettings(weights="random", frozen_layers=0, **THAWED)]


def test_a_file_of_ones_own_has_to_be_brought_first(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    start = next(each for each in app.segmented_control if "seen before" in each.label)
    start.set_value("own").run()
    assert "Upload a weights file of EfficientNet-Lite0 (.h5 or .weights.h5)" in plainly(app)
    assert not app.error
    assert "train" not in keys(app)


def plainly(app: AppTest) -> str:
    """All words on the page, without what keeps them from being Markdown."""
    return shown(app).replace("\u2060", "").replace("\\", "")


def test_thawed_layers_have_settings_of_their_own(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    assert "Warm-up epochs" not in {each.label for each in app.number_input}
    app.slider[0].set_value(100).run()
    assert {"Warm-up epochs", "Thawed layers’ share of the learning rate"} <= {
        each.label for each in app.number_input
    }
    assert "Batch norm adapts too" in {toggle.label for toggle in app.toggle}


def test_every_control_is_as_the_table_of_settings_says(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))

    def labelled() -> dict[str, Any]:
        kinds = (app.number_input, app.toggle, app.selectbox, app.segmented_control, app.slider)
        return {each.label: each for kind in kinds for each in kind}

    shown = labelled()  # two only matter where all layers are frozen, others where some are not
    app.slider[0].set_value(100).run()
    next(each for each in app.segmented_control if "augment" in each.label).set_value("light")
    app.run()
    shown |= labelled()
    for name, setting in known(TrainingSettings).items():
        if name != "alpha":  # this backbone has one width
            assert setting.label in shown, name
        if name in ("alpha", "backbone", "weights", "frozen_layers", "dense"):
            continue
        control = shown[setting.label]
        assert control.help == setting.help
        if name in ("beside", "budget"):  # of what is here, and of a few
            continue
        if setting.options:
            if name != "head_sees":
                assert [str(each).lower() for each in control.options] == list(setting.options)
        elif not isinstance(getattr(TrainingSettings, name), bool):
            assert (control.min, control.max) == setting.bounds


def test_what_suits_thawed_layers_is_preset_with_them(open_page: Open) -> None:
    labels_of = {known(TrainingSettings)[name].label: name for name in THAWED}
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    for label, name in labels_of.items():
        assert numbers(app)[label] == getattr(TrainingSettings, name)
    app.slider[0].set_value(100).run()
    for label, name in labels_of.items():
        assert numbers(app)[label] == THAWED[name]


def test_the_layers_beside_the_slider_are_named(open_page: Open) -> None:
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    app.slider[0].set_value(95).run()
    told = plainly(app)
    assert "Last frozen layer: 95, block5c_add (Add, recognises parts)" in told
    assert (
        "First layer that learns: 96, block6a_expand_conv (Conv2D, recognises whole things" in told
    )
    assert "All parameters: orange ones learn, blue ones do not" in told
    app.slider[0].set_value(0).run()
    assert (
        "First layer that learns: 2, stem_conv (Conv2D, recognises edges, 864 parameters)"
        in plainly(app)
    )
    app.slider[0].set_value(140).run()
    assert "The thawed layers have no parameters to learn" in plainly(app)


@pytest.fixture(autouse=True)
def _six_pictures_are_enough_to_thaw(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a suggestion differs from the defaults; drawing many would take long."""
    monkeypatch.setattr(advisor, "SCARCE", 1)


def survey(dataset: str, value: float = 0.21) -> None:
    """What looking at its pictures would leave behind."""
    folder = home.HOME.datasets() / dataset
    found = Likeness(value, 8, {"cat": ("<b>tabby", 0.3), "dog": ("hook", 0.1)})
    files.write_json(folder / "likeness.json", found.to_dict() | {"of": store.stamp(folder)})


def numbers(app: AppTest) -> dict[str, Any]:
    return {each.label: each.value for each in app.number_input}


def thaws_its_last_blocks(app: AppTest) -> bool:
    chosen = BACKBONES[backbone_box(app).value]
    learning = (numbers(app)["Epochs"], numbers(app)["Learning rate"])
    return app.slider[0].value == first_of(chosen, Level.WHOLES) and learning == (15, 0.003)


def test_the_suggestion_is_asked_for_and_becomes_the_preset(
    open_page: Open, no_cluster: list[tuple[str, Any]]
) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    assert f"survey-home/datasets/{dataset}" in [name for name, _ in no_cluster]
    assert "Until then, you see the defaults" in shown(app)
    assert "uggested" not in shown(app)
    survey(dataset)
    no_cluster.clear()
    app.run()
    assert "Set as suggested: 6 pictures to learn from, unlike photos" in shown(app)
    assert thaws_its_last_blocks(app)
    (told,) = [each.value for each in app.caption if "15 epochs" in each.value]
    assert r"layers frozen · 15 epochs · adam\, learning rate 0.003" in told
    assert told.endswith("thawed layers at 10% of the learning rate")
    assert "most frequent answer" in shown(app)
    assert "right for" not in shown(app)
    assert "use-suggestion" not in keys(app)
    measured = [name for name, _ in no_cluster if dataset in name and name.startswith("probe-")]
    assert len(measured) == 1, "of what is set, not of the defaults that were there before"


def test_plain_defaults_and_the_suggestion_are_one_press_apart(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    survey(dataset)
    app = open_page("train", data=dataset)
    assert thaws_its_last_blocks(app)
    button(app, "plain-defaults").click().run()
    assert app.slider[0].value == 141
    assert numbers(app)["Epochs"] == 40
    assert "Suggestion: 6 pictures to learn from, unlike photos" in shown(app)
    assert "plain-defaults" not in keys(app)
    app.switch_page("runs.py").run()
    app.switch_page("train.py").run()
    assert app.slider[0].value == 141, "they were chosen"
    button(app, "use-suggestion").click().run()
    assert thaws_its_last_blocks(app)
    assert "Set as suggested" in shown(app)


def test_a_suggestion_changes_nothing_that_was_touched(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    survey(dataset)  # known by the time the page is drawn with the change
    app.slider[0].set_value(3).run()
    assert app.slider[0].value == 3
    assert "Suggestion: 6 pictures to learn from, unlike photos" in shown(app)
    assert {"use-suggestion", "plain-defaults"} <= set(keys(app))
    button(app, "use-suggestion").click().run()
    assert thaws_its_last_blocks(app)


def test_another_network_is_not_taken_back_by_a_suggestion(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    survey(dataset)
    app = open_page("train", data=dataset)
    backbone_box(app).set_value("hub_mobilenet_v2").run()
    assert backbone_box(app).value == "hub_mobilenet_v2"
    button(app, "use-suggestion").click().run()
    assert thaws_its_last_blocks(app)


def test_each_data_set_has_its_own_preset(open_page: Open) -> None:
    sketches, photos, unseen = (
        store_dataset(name, {"cat": 4, "dog": 4}) for name in ("sketches", "photos", "unseen")
    )
    survey(sketches)
    survey(photos, 0.8)
    app = open_page("train", data=sketches)
    assert thaws_its_last_blocks(app)
    app.query_params["data"] = photos
    app.run()
    assert "Set as suggested: 6 pictures to learn from, like photos" in shown(app)
    assert app.slider[0].value == app.slider[0].max
    app.query_params["data"] = sketches
    app.run()
    assert thaws_its_last_blocks(app)
    app.query_params["data"] = unseen
    app.run()
    assert app.slider[0].value == 141, "what suits other pictures is no preset for these"
    assert "Until then, you see the defaults" in shown(app)


def submissions(monkeypatch: pytest.MonkeyPatch) -> list[TrainingSettings]:
    """The settings of each run that is submitted; none is trained."""
    submitted: list[TrainingSettings] = []

    def submit(folder: Path, settings: TrainingSettings) -> Run:
        submitted.append(settings)
        return paint_run(folder.name, ending=None, epochs=1, settings=settings)

    monkeypatch.setattr(queue, "submit_training", submit)
    return submitted


def test_train_trains_what_was_on_the_page_when_it_was_pressed(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = submissions(monkeypatch)
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    survey(dataset)
    button(app, "train").click().run()
    assert submitted == [TrainingSettings()]


def test_train_again_keeps_the_settings_of_the_run(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    survey(dataset)
    app = open_page("train", run=paint_run(dataset, settings=TrainingSettings()).id)
    button(app, "again").click().run()
    assert app.slider[0].value == 141
    assert numbers(app)["Epochs"] == 40
    assert "use-suggestion" in keys(app)


def store_probe(dataset: str, settings: TrainingSettings, **changed: float) -> None:
    met = {"prepare": 1.0, "image": 0.01, "new_images": 8, "feature_bytes": 5120} | {
        "head_step": 0.001, "step": 0.001, "judge": 0.001, "frozen_image": 0.01,
        "trained_from": 141,
    }  # fmt: skip
    place = foresight._place(home.HOME.dataset(dataset), settings)
    place.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(place, met | changed)


def test_what_it_takes_is_told_before(open_page: Open, no_cluster: list[tuple[str, Any]]) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    assert "Estimating the time on a few of your pictures" in shown(app)
    assert any(dataset in name and name.startswith("probe-") for name, _ in no_cluster)
    store_probe(dataset, TrainingSettings())
    app.run()
    assert "About **2 s** on this computer" in shown(app)
    assert not app.warning


def test_what_takes_an_hour_is_warned_of_with_a_cheaper_choice(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    settings = TrainingSettings(frozen_layers=0, epochs=15)
    store_probe(dataset, settings, step=300.0, trained_from=0)
    store_probe(dataset, TrainingSettings())
    app = open_page("train", data=dataset)
    app.slider[0].set_value(0).run()
    assert "This takes about 70 min on this computer" in app.warning[0].value
    assert "**All layers frozen** takes about 2 s" in app.warning[0].value
    button(app, "cheaper").click().run()
    assert app.slider[0].value == 141
    assert not app.warning


def square_choice(app: AppTest) -> Any:
    return next(each for each in app.segmented_control if "become square" in each.label)


def test_how_pictures_become_square_is_chosen_by_looking_at_them(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = submissions(monkeypatch)
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    store_probe(dataset, TrainingSettings())
    app = open_page("train", data=dataset)
    assert "squashed into the square" in shown(app)
    ways = [
        each.value for each in app.markdown if each.value.strip("*") in ("Squash", "Crop", "Pad")
    ]
    assert ways == ["**Squash**", "Crop", "Pad"]
    assert "on this computer" in shown(app)
    square_choice(app).set_value(Squaring.PAD).run()
    assert "with grey bars" in shown(app)
    assert "Estimating the time on a few of your pictures" in shown(app), "features are made anew"
    button(app, "train").click().run()
    assert submitted == [TrainingSettings(square=Squaring.PAD)]
    assert "pictures padded" in shown(app)


def test_where_all_pictures_are_square_there_is_nothing_to_compare(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    manifest = home.HOME.datasets() / dataset / "manifest.json"
    told = files.read_json(manifest)
    for record in told["records"]:
        record["height"] = record["width"]
    files.write_json(manifest, told)
    app = open_page("train", data=dataset)
    assert "Your pictures are square already" in shown(app)
    assert "Pad" not in [each.value for each in app.markdown]


def test_a_suggestion_leaves_the_squares_alone(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    square_choice(app).set_value(Squaring.CROP).run()
    survey(dataset)
    app.run()
    button(app, "use-suggestion").click().run()
    assert square_choice(app).value == Squaring.CROP
    assert "Set as suggested" in shown(app)
    button(app, "plain-defaults").click().run()
    assert square_choice(app).value == Squaring.CROP


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
    assert "**90%** right: 9 of 10" in app.success[0].value
    assert keys(app) == ["lead-on", "again"]
    button(app, "lead-on").click().run()
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
    button(app, "again").click().run()
    assert backbone_box(app).value == "mobilenet"
    assert app.slider[0].value == 30
    assert numbers(app)["Dropout"] == 0.25
    values = {each.label: each.value for each in app.number_input}
    assert values["Units in layer 1"] == 64
    assert values["Units in layer 2"] == 32
    assert (values["Epochs"], values["Seed"]) == (9, 4)


def test_a_run_stopped_before_the_first_epoch_keeps_nothing(open_page: Open) -> None:
    app = open_page("train", run=paint_run(None, ending="stopped", epochs=0).id)
    assert "nothing to keep" in app.info[0].value
    assert keys(app) == ["again"]


def test_a_waiting_run_tells_its_place(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(
        paint_run(None).folder.with_name("20300101-000000-abcdef"),
        TrainingSettings(),
        data_name="pets",
    )
    before = [
        queue.UnderWay(Run(home.HOME.runs() / "a"), "*one* :tada:", RunStatus.RUNNING, None, 240.0),
        queue.UnderWay(Run(home.HOME.runs() / "b"), "two", RunStatus.QUEUED, None, None),
    ]
    monkeypatch.setattr(queue, "ahead", lambda of=None: before)
    app = open_page("train", run=run.id)
    told = app.info[0].value.replace(words.UNSEEN, "")
    assert r"It starts after “\*one\* \:tada\:”, in about 4 min" in told
    assert "1 other training is waiting" in told
    button(app, "stop")


def test_a_run_at_work_leaves_room_for_another(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset, ending=None, epochs=0)
    app = open_page("train", run=run.id)
    assert {"stop", "another"} <= set(keys(app))
    button(app, "another").click().run()
    assert "train" in keys(app)
    assert "run" not in app.query_params
    assert app.query_params["data"] == dataset


def test_nothing_frozen_is_not_called_frozen(open_page: Open) -> None:
    run = paint_run(None, settings=TrainingSettings(frozen_layers=0, epochs=3))
    assert "Pictures prepared" in shown(open_page("train", run=run.id))


def test_a_network_that_is_not_here_says_how_it_comes(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    backbone_box(app).set_value("resnet50").run()
    assert "Download it now (94 MB)" in labels(app)
    told = "\n".join([shown(app), *(code.value for code in app.code)])
    assert "once from Keras Applications" in told
    command = f"{installation.python()} -m core backbones --fetch resnet50 --to STICK"
    assert command in told
    assert f"THAW_WEIGHTS=STICK {installation.start()}" in told
    assert "STICK is the folder on the USB stick, such as E:thaw" in plainly(app)
    assert "**download it below**" in told
    assert button(app, "train").disabled
    backbone_box(app).set_value("efficientnet_lite0").run()
    assert not button(app, "train").disabled


def test_stop_ends_the_run_and_says_what_its_process_is_still_at(open_page: Open) -> None:
    run = paint_run(None, ending=None, epochs=2)
    app = open_page("train", run=run.id)
    assert "epoch 3 of" not in shown(app)
    button(app, "stop").click().run()
    assert run.stop_requested
    app.run()  # as the page does by itself
    assert "Stopped. The best epoch so far" in shown(app)
    assert "working in the background: Training." in shown(app)


@pytest.mark.parametrize("address", ["../../etc", "nothing-here", "%00", "**x**"])
def test_an_address_that_is_no_run_is_said_plainly(open_page: Open, address: str) -> None:
    app = open_page("train", run=address)
    assert app.error
    assert "run" in app.error[0].value


def test_a_deleted_data_set_is_said_plainly(open_page: Open) -> None:
    app = open_page("train", data="20200101-000000-abcdef")
    assert app.error
    assert keys(app) == ["bring"]


def test_a_picture_dropped_for_the_untouched_network_is_named(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[bytes]] = []
    squared: list[Squaring] = []

    def look(
        work: object, backbone: Backbone, paths: list[Path], top: int, preparation: Preparation
    ) -> list[Prediction]:
        asked.append([path.read_bytes() for path in paths])
        squared.append(preparation.square)
        return [Prediction("a.png", "goldfish", 0.75, [("goldfish", 0.75), ("cat", 0.25)])]

    monkeypatch.setattr(queue, "ask", look)
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    for picture in (b"first", b"second"):
        app.file_uploader[0].upload("a.png", picture, "image/png").run()
        assert not app.exception
        assert asked[-1] == [picture]
        assert "**goldfish**, 75% sure" in shown(app)
    square_choice(app).set_value(Squaring.CROP).run()
    assert "goldfish" not in shown(app), "that was another way to look at it"
    app.file_uploader[0].upload("a.png", b"third", "image/png").run()
    assert "goldfish" in shown(app)
    assert squared == [Squaring.SQUASH, Squaring.SQUASH, Squaring.CROP]


def test_what_is_wrong_with_a_dropped_file_is_said_where_it_was_dropped(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: Any) -> list[Prediction]:
        raise UserError("That is *no* picture.")

    monkeypatch.setattr(queue, "ask", look)
    app = open_page("train", data=store_dataset("pets", {"cat": 4, "dog": 4}))
    app.file_uploader[0].upload("a.png", b"text", "image/png").run()
    assert len(app.error) == 1
    assert r"That is \*no\* picture" in beside(app, app.file_uploader[0])
    start = next(each for each in app.segmented_control if "seen before" in each.label)
    start.set_value("own").run()
    weights = next(each for each in app.file_uploader if "weights file" in each.label)
    weights.upload("a.h5", b"text", "application/octet-stream").run()
    assert len(app.error) == 1
    weights = next(each for each in app.file_uploader if "weights file" in each.label)
    assert "weights" in beside(app, weights)


def test_an_interrupted_run_can_be_resumed(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "resume", lambda run, *, more: resumed.append((run.id, more)))
    run = paint_run(
        store_dataset("pets", {"cat": 4, "dog": 4}), ending="interrupted", message="It *ended*."
    )
    app = open_page("train", run=run.id)
    assert app.warning[0].value.startswith(r"It \*ended\*\.")
    assert not app.error
    assert keys(app) == ["resume", "again"]
    button(app, "resume").click().run()
    assert resumed == [(run.id, 0)]


def test_a_finished_run_can_be_trained_further(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resume(run: Run, *, more: int) -> None:
        raise UserError(f"{more} more of *{run.data_name}*: no room.")

    monkeypatch.setattr(queue, "resume", resume)
    run = paint_run(store_dataset("pets", {"cat": 4, "dog": 4}))
    run.checkpoint.touch()
    app = open_page("train", run=run.id)
    assert keys(app) == ["lead-on", "more", "again"]
    button(app, "more").click().run()
    assert app.error[0].value.startswith("5 more of")


@pytest.mark.parametrize("ending", ["interrupted", "stopped", "finished", "failed"])
def test_without_its_pictures_a_run_cannot_go_on(open_page: Open, ending: str) -> None:
    run = paint_run(None, ending=ending)
    run.checkpoint.touch()
    app = open_page("train", run=run.id)
    assert not {"resume", "more"} & set(keys(app))


@pytest.mark.parametrize("ending", [None, "finished", "stopped"])
def test_a_resumed_run_says_what_it_could_not_take_up(open_page: Open, ending: str | None) -> None:
    """While it runs and afterwards; a run without such a notice shows no warning."""
    run = paint_run(store_dataset("pets", {"cat": 4, "dog": 4}), ending=None)
    assert not open_page("train", run=run.id).warning
    run.log.append("notice", message="The *3* epochs of this run could not be taken up.")
    if ending:
        run.log.append(ending)
    (warning,) = open_page("train", run=run.id).warning
    assert "epochs of this run could not be taken up" in warning.value


def test_a_run_that_stopped_early_says_so(open_page: Open) -> None:
    settings = TrainingSettings(epochs=40, patience=2)
    app = open_page("train", run=paint_run(None, settings=settings, epochs=5).id)
    assert "Finished early: 2 epochs in a row" in app.success[0].value


def test_numbers_tell_what_they_rest_on_and_curves_what_they_mean(open_page: Open) -> None:
    app = open_page("train", run=paint_run(None, epochs=5).id)
    told = shown(app)
    assert "Best epoch: **9 of 10** right. On other pictures of this kind, expect between" in told
    assert "Only 10 pictures are held out, so each one counts 10 percentage points" in told


def test_a_run_of_a_network_that_is_gone_is_still_shown(open_page: Open) -> None:
    settings = TrainingSettings(backbone="a_hub_module", epochs=5)
    app = open_page("train", run=paint_run(None, settings=settings, epochs=5).id)
    assert "a_hub_module" in shown(app)
    assert not app.error


# What was set is kept


def test_a_new_visit_finds_what_was_set(open_page: Open) -> None:
    dataset, other = (store_dataset(name, {"cat": 4, "dog": 4}) for name in ("pets", "others"))
    survey(dataset)
    app = open_page("train", data=dataset)
    assert thaws_its_last_blocks(app)
    assert not (home.HOME.dataset(dataset) / "choice.json").exists(), "it was Thaw that set this"
    app.slider[0].set_value(120).run()
    next(each for each in app.number_input if each.label == "Epochs").set_value(7).run()
    again = open_page("train", data=dataset)
    assert again.slider[0].value == 120
    assert numbers(again)["Epochs"] == 7
    assert "Use the suggestion" in labels(again)
    again.query_params["data"] = other
    again.run()
    assert again.slider[0].value == 141, "it was chosen for other pictures"
    again.query_params["data"] = dataset
    again.run()
    assert again.slider[0].value == 120
    button(again, "use-suggestion").click().run()
    assert thaws_its_last_blocks(open_page("train", data=dataset))


def test_another_tab_that_has_set_nothing_takes_nothing_away(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    idle, busy = (open_page("train", data=dataset) for _ in range(2))
    busy.slider[0].set_value(120).run()
    idle.run()
    assert open_page("train", data=dataset).slider[0].value == 120


def test_what_was_set_can_be_set_back_by_hand(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    app = open_page("train", data=dataset)
    app.slider[0].set_value(120).run()
    app.slider[0].set_value(141).run()
    assert open_page("train", data=dataset).slider[0].value == 141


def test_a_choice_that_cannot_be_used_any_more_is_passed_over(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    path = home.HOME.dataset(dataset) / "choice.json"
    gone = TrainingSettings().to_dict() | {"backbone": "hub-gone"}
    for told in ("{", "[]", '{"epochs": 0}', '{"later": 1}', json.dumps(gone)):
        path.write_text(told)
        app = open_page("train", data=dataset)
        assert app.slider[0].value == 141
        app.slider[0].set_value(120).run()
        assert open_page("train", data=dataset).slider[0].value == 120
