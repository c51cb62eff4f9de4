"""Models that Thaw has not written are refused before Keras, or anybody, does what they say."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.rows import BACKBONES
from core.errors import UserError
from core.network.classifier import Network, head_layers
from core.network.familiarity import Memory
from core.projects import models, opening
from core.storage import home
from tests.projects.rewriting import Members, rewritten
from tests.results.conftest import SIZE

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


@pytest.fixture
def model(make_run: Callable[..., Path]) -> Path:
    """A model of three classes that can tell strangers, as training leaves it."""
    colours = np.random.default_rng(0).random((30, 3)).astype("float32")
    return make_run(taught=colours) / "model.keras"


def changed(model: Path, **files: bytes | None) -> Path:
    """A model's file with other files in it, by name with underscores for dots; None takes one."""
    with zipfile.ZipFile(model) as archive:
        inside = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(model, "w") as archive:
        for name, data in (inside | {n.replace("_", "."): d for n, d in files.items()}).items():
            if data is not None:
                archive.writestr(name, data)
    return model


def config_of(model: Path) -> Any:
    with zipfile.ZipFile(model) as archive:
        return json.loads(archive.read(CONFIG))


def reconfigured(model: Path, change: Callable[[Any], Any]) -> Path:
    config = config_of(model)
    change(config)
    return changed(model, config_json=json.dumps(config).encode())


def with_weights(model: Path, change: Callable[[h5py.File], Any]) -> Path:
    with zipfile.ZipFile(model) as archive:
        held = io.BytesIO(archive.read(WEIGHTS))
    with h5py.File(held, "r+") as file:
        change(file)
    return changed(model, model_weights_h5=held.getvalue())


def assert_unfit(model: Path, expected: str) -> None:
    with pytest.raises(models.Unfit) as caught:
        models.check_file(model)
    assert expected in str(caught.value.args[0])


def test_what_training_leaves_is_fit(model: Path) -> None:
    models.check(model, 3, SIZE)


def test_a_head_with_dropout_is_fit(tmp_path: Path) -> None:
    """Keras keeps no state of its random numbers, and has one all the same."""
    from core.backbones.frameworks import keras

    images = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(images))
    for each in head_layers((16,), 0.2, 3, 0):
        x = each(x)
    keras.Model(images, x).save(tmp_path / "model.keras")
    models.check(tmp_path / "model.keras", 3, SIZE)


def layer(config: Any, name: str) -> Any:
    return next(e for e in config["config"]["layers"] if e["class_name"] == name)


def kernel(file: h5py.File) -> str:
    """The path of one array."""
    found: list[str] = []
    file.visititems(
        lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
    )
    return found[0]


def relink(file: h5py.File, link: Any) -> None:
    name = kernel(file)
    del file[name]
    file[name] = link


def replaced(file: h5py.File, **options: Any) -> None:
    name = kernel(file)
    data = file[name][()]
    del file[name]
    file.create_dataset(name, **({"data": data} | options))


def spoiled(file: h5py.File) -> None:
    name = kernel(file)
    file[name][...] = np.full(file[name].shape, np.nan)


EVIL = {"module": "builtins", "class_name": "function", "config": "print", "registered_name": "x"}
CONFIGS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a Lambda layer": (
        lambda c: layer(c, "Rescaling").update(class_name="Lambda"), "a part that Thaw does not"
    ),
    "a layer of nobody's": (
        lambda c: layer(c, "Rescaling").update(class_name="Evil", module="os"), "“Evil”"
    ),
    "a class that is a path": (
        lambda c: layer(c, "Rescaling").update(class_name="os.system"), "“?”"
    ),
    "another module of the same class": (
        lambda c: layer(c, "Dense").update(module="subprocess"), "“Dense”"
    ),
    "a registered name in place of a layer": (
        lambda c: layer(c, "Dense").update(registered_name="thaw>SealedModule"), "“Dense”"
    ),
    "a program from TensorFlow Hub": (
        lambda c: layer(c, "Dense").update(
            class_name="SealedModule", module=None, registered_name="thaw>SealedModule"
        ),
        "“SealedModule”",
    ),
    "a function as an activation": (
        lambda c: layer(c, "Dense")["config"].update(activation=EVIL), "does not write"
    ),
    "an activation of another name": (
        lambda c: layer(c, "Dense")["config"].update(activation="thaw>evil"), "an activation"
    ),
    "a function deep in an initializer": (
        lambda c: layer(c, "Dense")["config"].update(kernel_initializer={"config": {"x": [EVIL]}}),
        "“function”",
    ),
    "a list in place of a class": (
        lambda c: layer(c, "Dense").update(class_name=["Dense"]), "does not write"
    ),
    "no network": (lambda c: c.update(class_name="Sequential"), "is no network"),
    "a part of every kind": (
        lambda c: c.update(more=[{}] * 300_000), "at too great a length"
    ),
    "code in text": (
        lambda c: layer(c, "Dense")["config"].update(
            kernel_constraint={"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
        ),
        "does not write",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", list(CONFIGS))
def test_a_description_that_names_something_else(what: str, model: Path) -> None:
    change, expected = CONFIGS[what]
    assert_unfit(reconfigured(model, change), expected)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"config_json": b"{"}, "is damaged"),
        ({"config_json": b'{"a":' * 100_000}, "is damaged"),
        ({"config_json": b'{"class_name": NaN}'}, "is damaged"),
        ({"config_json": b"[]"}, "is no network"),
        ({"config_json": b" " * (17 << 20)}, "at too great a length"),
        ({"model_weights_h5": b"no HDF5"}, "is damaged"),
        ({"model_weights_h5": None}, "other files than"),
        ({"evil_py": b"import os"}, "other files than"),
    ],
)
def test_a_file_in_it_that_is_another(
    files: dict[str, bytes | None], expected: str, model: Path
) -> None:
    assert_unfit(changed(model, **files), expected)


HDF5: dict[str, tuple[Callable[[h5py.File], Any], str]] = {
    "a link to another file": (
        lambda file: relink(file, h5py.ExternalLink("/etc/passwd", "/x")), "points to other files"
    ),
    "a link within the file": (lambda file: relink(file, h5py.SoftLink("/x")), "points to other"),
    "numbers in another file": (
        lambda file: replaced(file, data=None, shape=(3, 3), dtype="f4",
                              external=[("/etc/passwd", 0, 36)]),
        "points to other files",
    ),
    "numbers that are packed": (
        lambda file: replaced(file, compression="gzip", chunks=True), "in another way"
    ),
    "numbers that are not there": (
        lambda file: replaced(file, data=None, shape=(100_000, 100_000), dtype="f4"),
        "in another way",
    ),
    "numbers in pieces": (
        lambda file: replaced(file, data=None, shape=(10, 10**9), dtype="f4", chunks=(1, 10**6)),
        "in another way",
    ),
    "texts": (
        lambda file: replaced(file, data=np.array([b"import os"] * 9)), "in another way"
    ),
    "numbers that are none": (spoiled, "NaN"),
    "groups in a circle": (lambda file: file.__setitem__("layers/round", file["/"]), "in a circle"),
}  # fmt: skip


@pytest.mark.parametrize("what", list(HDF5))
def test_weights_that_are_stored_otherwise(what: str, model: Path) -> None:
    change, expected = HDF5[what]
    assert_unfit(with_weights(model, change), expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: layer(c, "Dense")["config"].update(units=4), "cannot be loaded|other weights"),
        (
            lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, 64, 64, 3]),
            "another size",
        ),
        (lambda c: c["config"].pop("output_layers"), "cannot be loaded"),
    ],
)
def test_a_network_that_does_not_fit_its_weights(
    change: Callable[[Any], Any], expected: str, model: Path
) -> None:
    with pytest.raises(models.Unfit, match=expected):
        models.check(reconfigured(model, change), 3, SIZE)


def test_a_network_of_other_classes(model: Path) -> None:
    with pytest.raises(models.Unfit, match="other answers"):
        models.check(model, 4, SIZE)


@pytest.mark.slow
def test_in_a_project_it_is_refused_and_nothing_is_left(
    project: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = reconfigured(model, lambda c: layer(c, "Rescaling").update(class_name="Lambda"))

    def change(inside: Members) -> None:
        inside["runs/1/model.keras"] = evil.read_bytes()

    there = tmp_path / "elsewhere"
    monkeypatch.setenv("THAW_HOME", str(there))
    with pytest.raises(UserError, match="a part that Thaw does not write, “Lambda”"):
        opening.open_project(home.HOME, rewritten(project, change), "evil", lambda *_: None)
    assert [each for each in there.rglob("*") if each.is_file() and each.suffix != ".json"] == []
    assert not [*there.glob("home/datasets/*"), *there.glob("home/runs/*")]

    def not_finite(inside: Members) -> None:
        held = io.BytesIO()
        np.savez(held, facts=np.array("{}"), now=np.array([np.nan]))
        inside["runs/1/checkpoint.npz"] = held.getvalue()

    with pytest.raises(UserError, match="numbers that are damaged"):
        opening.open_project(home.HOME, rewritten(project, not_finite), "evil", lambda *_: None)

    def pickled(inside: Members) -> None:
        held = io.BytesIO()
        np.savez(held, facts=np.array("{}"), now=np.array([print], dtype=object))
        inside["runs/1/checkpoint.npz"] = held.getvalue()

    with pytest.raises(UserError, match="numbers that are damaged"):
        opening.open_project(home.HOME, rewritten(project, pickled), "evil", lambda *_: None)


FAMILIES = [
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_lite0", "efficientnet_v2_b0"),
    *("inception_v3", "mobilenet", "mobilenet_v2", "mobilenet_v3_small", "resnet18", "resnet50"),
    *("resnet50v2", "vgg16", "xception"),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_the_catalogue_is_fit(name: str, tmp_path: Path) -> None:
    """With every stage, with layers that were thawed, and without a memory."""
    backbone = BACKBONES[name]
    rng = np.random.default_rng(0)
    memory = Memory.of(rng.random((30, backbone.features)).astype("float32"), rng.random(30))
    as_it_was, body = load.build(backbone), load.build(backbone)
    told = {"frozen_layers": len(body.layers), "budget": 10**9, "images": 10}
    frozen = Network(backbone, body, "0" * 64, sees_stages=True, **told)
    path = tmp_path / "model.keras"
    frozen.whole(head_layers((16,), 0.2, 3, 0), memory).save(path)
    models.check(path, 3, backbone.input_size)
    told |= {"frozen_layers": len(body.layers) // 2}
    thawed = Network(backbone, load.build(backbone), "0" * 64, **told)
    thawed.whole(head_layers((), 0.0, 3, 0), memory, as_it_was).save(path)
    models.check(path, 3, backbone.input_size)
