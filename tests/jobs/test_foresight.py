"""What is found out before a training, and what an untouched network says, on a real cluster."""

from dataclasses import replace

import pytest

from core import config
from core.advice.likeness import LIKE
from core.backbones.catalogue.rows import BACKBONES
from core.datasets import changes, image_files, store
from core.errors import UserError
from core.intake.pictures.preparation import Preparation
from core.jobs import foresight, queue, tasks
from core.jobs.cluster import connection
from core.settings import Squaring, TrainingSettings
from core.storage import home
from core.storage.job import RunStatus, Stage

pytestmark = pytest.mark.cluster
LITE0 = BACKBONES["efficientnet_lite0"]
SETTINGS = TrainingSettings(frozen_layers=130)


def test_what_to_choose_and_what_it_will_take_are_found_out_once(sketches, wait):
    assert foresight.known_likeness(home.HOME.dataset(sketches)) is None
    wait(lambda: foresight.likeness(home.HOME.dataset(sketches)))
    found = foresight.known_likeness(home.HOME.dataset(sketches))
    assert found is not None
    assert 0.1 < found.value < LIKE
    assert set(found.named) == set(store.load(home.HOME.datasets() / sketches).classes)

    assert foresight.known_probe(home.HOME.dataset(sketches), SETTINGS) is None
    wait(lambda: foresight.probe(home.HOME.dataset(sketches), SETTINGS))
    probe = foresight.known_probe(home.HOME.dataset(sketches), SETTINGS)
    assert probe is not None
    assert probe.step > probe.head_step > 0
    more = TrainingSettings(frozen_layers=130, epochs=90, learning_rate=0.1)
    assert (
        foresight.known_probe(home.HOME.dataset(sketches), more) == probe
    )  # epochs and rates are arithmetic
    assert foresight.known_probe(home.HOME.dataset(sketches), TrainingSettings()) is None

    folder = home.HOME.datasets() / sketches
    store.keep(folder, changes.merge(store.load(folder), "boat", "fish"), "merged")
    assert foresight.known_likeness(home.HOME.dataset(sketches)) is None, (
        "these are other pictures now"
    )
    assert foresight.known_probe(home.HOME.dataset(sketches), SETTINGS) is None


@pytest.mark.exhaustive
def test_a_run_leaves_nothing_new_for_the_next_one(sketches, wait):
    settings = TrainingSettings(epochs=1, square=Squaring.CROP)  # as no other test here
    wait(lambda: foresight.probe(home.HOME.dataset(sketches), settings))
    before = foresight.known_probe(home.HOME.dataset(sketches), settings)
    assert before is not None
    assert before.new_images == len(store.load(home.HOME.datasets() / sketches).records)
    run = queue.submit_training(home.HOME.dataset(sketches), settings)
    wait(lambda: queue.status(run).status.final)
    longer = replace(settings, epochs=7)
    assert foresight.known_probe(home.HOME.dataset(sketches), longer) == replace(
        before, new_images=0
    )


def test_a_training_finds_the_features_of_its_pictures_there(sketches, wait, monkeypatch):
    monkeypatch.setattr(config, "WARM_UP", replace(config.WARM_UP, name="THAW_NOT_SET"))
    for segment in home.features().glob("*/*.npy"):
        segment.unlink()  # other tests have trained on the same drawings
    folder, settings = home.HOME.dataset(sketches), TrainingSettings(epochs=1)
    wait(lambda: foresight.probe(folder, settings))
    images = len(store.load(folder).records)
    probed = foresight.known_probe(folder, settings)
    assert probed is not None
    assert 0 < probed.new_images <= images

    def made() -> bool:
        foresight.look_ahead(folder, 300)
        return foresight.known_probe(folder, settings) == replace(probed, new_images=0)

    wait(made)
    before = len(foresight._futures)
    foresight.look_ahead(folder, 300)
    assert len(foresight._futures) == before, "it is made once more"
    cropped = replace(settings, square=Squaring.CROP)  # which are other features
    assert foresight.known_probe(folder, cropped) is None
    run = queue.submit_training(folder, settings)
    wait(lambda: queue.status(run).status.final)
    state = queue.status(run)
    assert state.status is RunStatus.FINISHED
    assert state.stages[Stage.FEATURES][:2] == (0, 0), "they were made once more"


@pytest.mark.parametrize("images", [299, 300])
def test_few_pictures_or_no_cluster_are_no_reason_to_begin_ahead(sketches, monkeypatch, images):
    monkeypatch.setattr(config, "WARM_UP", replace(config.WARM_UP, name="THAW_NOT_SET"))
    connection.line()
    asked = []
    monkeypatch.setattr(foresight, "_ask_once", lambda *given: asked.append(given))
    foresight.look_ahead(home.HOME.dataset(sketches), images)
    assert len(asked) == (images >= 300)
    connection.disconnect()
    foresight.look_ahead(home.HOME.dataset(sketches), images)
    assert len(asked) == (images >= 300), "a page would wait for a cluster"
    connection.line()
    monkeypatch.setattr(config, "WARM_UP", replace(config.WARM_UP, name="THAW_WARM_UP"))
    foresight.look_ahead(home.HOME.dataset(sketches), images)
    assert len(asked) == (images >= 300), "THAW_WARM_UP=0"


def test_what_cannot_be_found_out_is_told(shared, wait):
    def told() -> bool:
        try:
            foresight.likeness(home.HOME.dataset("20200101-000000-abcdef"))
        except UserError as error:
            return "data set" in str(error)
        return False

    wait(told)


def test_an_untouched_network_names_a_picture(sketches, tmp_path):
    records = store.load(home.HOME.datasets() / sketches).records
    picture = image_files.original(home.HOME.datasets() / sketches, records[0].digest)
    (seen,) = queue.ask(tasks.look, LITE0, [picture], top=5, preparation=Preparation())
    assert seen.error is None
    assert len(seen.top) == 5
    assert seen.label not in store.load(home.HOME.datasets() / sketches).classes
    (tmp_path / "text.jpg").write_text("no picture")
    (unseen,) = queue.ask(
        tasks.look,
        LITE0,
        [tmp_path / "text.jpg"],
        top=5,
        preparation=Preparation(square=Squaring.CROP),
    )
    assert unseen.error


def test_a_network_without_its_classes_here_is_not_downloaded_unasked(shared, tmp_path):
    (tmp_path / "any.jpg").write_text("not even looked at")
    with pytest.raises(UserError, match="Download it first"):
        queue.ask(
            tasks.look, BACKBONES["vgg19"], [tmp_path / "any.jpg"], top=5, preparation=Preparation()
        )
