"""A TensorFlow Hub module in a Keras 3 model: what it is like, what it answers, how it learns."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.backbone import (
    Backbone,
    HubModule,
    Level,
    Table,
)
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import bring_in, keras, tf
from core.backbones.hub import hub
from core.errors import UserError
from core.intake.pictures import images
from core.network.inference_mode import InferenceMode

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FEATURES = 5
DAISY = 985  # among ImageNet's classes
IMAGES = tf.TensorSpec([None, 32, 32, 3], tf.float32)
PICTURES = np.random.default_rng(1).random((6, 32, 32, 3), np.float32)
LABELS = np.array([0, 1, 0, 1, 0, 1])


def reusable(
    folder: Path,
    *,
    kernel: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    images: Any = IMAGES,
    counts: bool = False,
    tells: bool = True,
) -> Path:
    """Save a small module as TensorFlow's "Reusable SavedModels" asks for it.

    Its features are those of the mean colour, less a moving average that moves in training.

    Args:
        folder: Where.
        kernel: [3, features]; random where None.
        bias: [features]; zeros where None.
        images: What it takes.
        counts: Whether it also counts its steps, in whole numbers.
        tells: Whether it says which variables it has, and which of them may be trained.
    """
    if kernel is None:
        kernel = np.random.default_rng(0).normal(size=(3, FEATURES)).astype(np.float32)
    if bias is None:
        bias = np.zeros(kernel.shape[1], np.float32)
    root = tf.train.Checkpoint()
    root.kernel = tf.Variable(kernel, name="dense/kernel")
    root.bias = tf.Variable(bias, name="dense/bias")
    root.mean = tf.Variable(np.zeros_like(bias), trainable=False, name="norm/mean")
    root.steps = tf.Variable(np.int64(0), trainable=False, name="steps")
    if tells:
        root.trainable_variables = [root.kernel, root.bias]
        root.variables = [root.kernel, root.bias, root.mean, *([root.steps] if counts else [])]
        root.regularization_losses = []

    @tf.function
    def call(inputs: Any, training: bool = False) -> Any:
        x = tf.reduce_mean(inputs, (1, 2)) @ root.kernel + root.bias
        if training:
            root.mean.assign(0.9 * root.mean + 0.1 * tf.reduce_mean(x, 0))
            if counts:
                root.steps.assign_add(1)
        return x - root.mean

    root.__call__ = call
    for training in (False, True):
        call.get_concrete_function(images, training=training)
    tf.saved_model.save(root, str(folder))
    return folder


def row(folder: Path) -> Backbone:
    """The module as the catalogue would have it."""
    table = hub.described(folder)
    return dataclasses.replace(
        BACKBONES["hub_mobilenet_v2"],
        weights=HubModule(str(folder)),
        input_size=table["input_size"],
        described=Table.from_dict(table),
    )


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return reusable(tmp_path / "module")


@pytest.fixture
def sealed(module: Path) -> keras.Model:
    return hub.sealed(module, row(module))


def classifier(body: keras.Model) -> keras.Model:
    """With a head for two classes, as Thaw puts one on."""
    head = keras.layers.Dense(2, activation="softmax", kernel_initializer="ones", name="head")
    model = keras.Model(body.input, head(body.output))
    head.set_weights([np.arange(2 * FEATURES).reshape(FEATURES, 2) / FEATURES, np.zeros(2)])
    return model


def block(model: keras.Model) -> Any:
    return model.get_layer("module")


def values(model: keras.Model) -> dict[str, np.ndarray]:
    """All that the module holds, by name."""
    return {variable.name: variable.numpy() for variable in block(model).variables}


def fitted(model: keras.Model) -> keras.Model:
    """After a few steps, at a rate that leaves traces."""
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    model.fit(PICTURES, LABELS, batch_size=2, epochs=2, shuffle=False, verbose=0)
    return model


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if not np.array_equal(before[name], after[name])}


# What it is like


def test_a_module_is_described(module: Path) -> None:
    facts = hub.described(module)
    assert facts.pop("input_size") == 32
    table = Table.from_dict(json.loads(json.dumps(facts)))
    assert table.features == FEATURES
    assert [layer.type for layer in table.layers] == ["InputLayer", "SealedModule"]
    assert [layer.size for layer in table.layers] == [32 * 32 * 3, FEATURES]
    (block,) = table.blocks
    assert (block.first, block.last, block.level) == (0, 1, Level.WHOLES)
    assert table.layers[1].trainable == 3 * FEATURES + FEATURES
    assert table.layers[1].parameters == 3 * FEATURES + FEATURES + FEATURES


def test_a_module_that_takes_pictures_of_any_size_is_given_the_usual(tmp_path: Path) -> None:
    any_size = tf.TensorSpec([None, None, None, 3], tf.float32)
    facts = hub.described(reusable(tmp_path / "module", images=any_size))
    assert facts["input_size"] == 224


def test_a_module_that_tells_no_variables_cannot_thaw(tmp_path: Path) -> None:
    backbone = row(reusable(tmp_path / "module", tells=False))
    assert not backbone.can_thaw
    assert backbone.parameters == 3 * FEATURES + FEATURES + FEATURES


def test_the_table_is_that_of_the_keras_model(module: Path) -> None:
    backbone = row(module)
    model = load.load(backbone, module)
    assert [type(layer).__name__ for layer in model.layers] == [x.type for x in backbone.layers]
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, backbone.features)
    assert model.count_params() == backbone.parameters
    trained = sum(np.prod(variable.shape) for variable in model.trainable_variables)
    assert trained == backbone.layers[1].trainable


# What is no module for images


def spec(*shape: int | None, kind: Any = None) -> Any:
    return tf.TensorSpec(shape, kind or tf.float32)


def mean(inputs: Any) -> Any:
    return tf.reduce_mean(tf.cast(inputs, tf.float32), (1, 2))


ODD: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "grey pictures": (mean, (spec(None, 32, 32, 1),)),
    "vectors": (lambda x: x, (spec(None, 10),)),
    "text": (tf.strings.length, (spec(None, kind=tf.string),)),
    "whole numbers": (mean, (spec(None, 32, 32, 3, kind=tf.uint8),)),
    "pictures that are not square": (mean, (spec(None, 32, 48, 3),)),
    "eight pictures at a time": (mean, (spec(8, 32, 32, 3),)),
    "anything": (mean, (tf.TensorSpec(None, tf.float32),)),
    "nothing": (lambda: tf.constant(1.0), ()),
    "a dictionary": (lambda x: mean(x["image"]), ({"image": spec(None, 32, 32, 3)},)),
    "two pictures": (lambda x, y: mean(x) + mean(y), (spec(None, 32, 32, 3),) * 2),
    "gives a map": (lambda x: x, (spec(None, 32, 32, 3),)),
    "gives a number": (lambda x: tf.reduce_mean(x, (1, 2, 3)), (spec(None, 32, 32, 3),)),
    "gives a dictionary": (lambda x: {"default": mean(x)}, (spec(None, 32, 32, 3),)),
    "gives several": (lambda x: [mean(x), mean(x)], (spec(None, 32, 32, 3),)),
    "fails": (lambda x: tf.ensure_shape(mean(x), (7, 3)), (spec(None, 32, 32, 3),)),
}


def refusal(folder: Path) -> str:
    """What is told about a folder, in a line and without a path of the server."""
    with pytest.raises(UserError) as told:
        hub.described(folder)
    message = str(told.value)
    assert folder.name in message
    assert str(folder.parent) not in message
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("kind", ODD)
def test_a_module_for_something_else_is_refused_plainly(tmp_path: Path, kind: str) -> None:
    function, takes = ODD[kind]
    root = tf.train.Checkpoint()
    root.__call__ = tf.function(function)
    root.__call__.get_concrete_function(*takes)
    tf.saved_model.save(root, str(tmp_path / "module"))
    assert "module" in refusal(tmp_path / "module")


def test_a_module_whose_picture_has_a_name_is_refused_plainly(tmp_path: Path) -> None:
    root = tf.train.Checkpoint()
    root.__call__ = tf.function(lambda *, image: mean(image))
    root.__call__.get_concrete_function(image=IMAGES)
    tf.saved_model.save(root, str(tmp_path / "module"))
    refusal(tmp_path / "module")


def test_a_saved_model_that_cannot_be_called_is_refused_plainly(tmp_path: Path) -> None:
    root = tf.train.Checkpoint()
    root.kernel = tf.Variable(np.zeros(3))
    tf.saved_model.save(root, str(tmp_path / "module"))
    assert "holds nothing to call" in refusal(tmp_path / "module")


def no_program(folder: Path) -> None:
    (folder / "saved_model.pb").unlink()


def an_empty_program(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"")


def another_program(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"<html>log in</html>")


def half_a_program(folder: Path) -> None:
    program = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(program[: len(program) // 2])


def no_numbers(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def half_the_numbers(folder: Path) -> None:
    (numbers,) = (folder / "variables").glob("variables.data*")
    numbers.write_bytes(numbers.read_bytes()[:10])


def other_numbers(folder: Path) -> None:
    (numbers,) = (folder / "variables").glob("variables.data*")
    content = bytearray(numbers.read_bytes())
    content[0] ^= 255
    numbers.write_bytes(content)


def nothing_at_all(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "damage",
    [no_program, an_empty_program, another_program, half_a_program, no_numbers, half_the_numbers,
     other_numbers, nothing_at_all],
)  # fmt: skip
def test_a_damaged_module_is_told_plainly(module: Path, damage: Callable[[Path], None]) -> None:
    damage(module)
    assert refusal(module).startswith("Expected a TensorFlow Hub module (a SavedModel), but ")


# What it answers


def test_a_sealed_model_answers_as_the_module_does(module: Path, sealed: keras.Model) -> None:
    kernel = values(sealed)["dense_kernel"]
    expected = PICTURES.mean((1, 2)) @ kernel
    assert np.abs(expected).max() > 0.1
    alone = bring_in("tensorflow_hub").load(str(module))(tf.constant(PICTURES))
    np.testing.assert_array_equal(np.asarray(sealed(PICTURES)), np.asarray(alone))
    np.testing.assert_allclose(sealed.predict(PICTURES, verbose=0), expected, atol=1e-5)


def test_it_is_given_pictures_from_0_to_1(module: Path) -> None:
    backbone = row(module)
    given = keras.layers.Input((32, 32, 3), dtype="uint8")
    body = load.load(backbone, module)
    model = keras.Model(given, body(load.preprocess(backbone.preprocessing, given)))
    shown = (PICTURES * 255).round().astype(np.uint8)
    expected = (shown / 255).mean((1, 2)) @ values(body)["dense_kernel"]
    np.testing.assert_allclose(np.asarray(model(shown)), expected, atol=1e-5)


def logits(classes: int, likeliest: dict[int, float]) -> dict[str, Any]:
    bias = np.zeros(classes, np.float32)
    for number, value in likeliest.items():
        bias[number] = value
    return {"kernel": np.zeros((3, classes), np.float32), "bias": bias}


def test_the_background_is_no_class(tmp_path: Path, module: Path) -> None:
    """Modules with 1001 classes begin with a background that is none of ImageNet's."""
    whole = reusable(tmp_path / "classes", **logits(1001, {0: 100.0, 1 + DAISY: 5.0, 1: 4.0}))
    named = hub.sealed(whole, row(module), top=True)
    answers = np.asarray(named(PICTURES))
    assert answers.shape == (len(PICTURES), 1000)
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-5)
    assert set(answers.argmax(1)) == {DAISY}
    assert set(np.argsort(answers)[:, -2]) == {0}


def test_without_a_background_no_class_is_lost(tmp_path: Path, module: Path) -> None:
    whole = reusable(tmp_path / "classes", **logits(1000, {DAISY: 5.0, 0: 4.0}))
    answers = np.asarray(hub.sealed(whole, row(module), top=True)(PICTURES))
    assert answers.shape == (len(PICTURES), 1000)
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-5)
    assert set(answers.argmax(1)) == {DAISY}
    assert set(np.argsort(answers)[:, -2]) == {0}


# How it learns


def test_gradients_reach_a_thawed_module(sealed: keras.Model) -> None:
    kernel, bias = sealed.trainable_variables
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(sealed(PICTURES, training=False))
    of_kernel, of_bias = tape.gradient(total, [kernel.value, bias.value])
    expected = np.repeat(PICTURES.mean((1, 2)).sum(0)[:, None], FEATURES, 1)
    np.testing.assert_allclose(of_kernel, expected, rtol=1e-5)
    np.testing.assert_allclose(of_bias, np.full(FEATURES, len(PICTURES)), rtol=1e-5)


def test_a_frozen_module_has_nothing_to_train(sealed: keras.Model) -> None:
    model = classifier(sealed)
    assert len(model.trainable_variables) == 4
    block(model).trainable = False
    assert [variable.path for variable in model.trainable_variables] == [
        "head/kernel", "head/bias"
    ]  # fmt: skip


def test_a_thawed_module_learns(sealed: keras.Model) -> None:
    model = classifier(sealed)
    before, guess = values(model), model.predict(PICTURES, verbose=0)
    fitted(model)
    assert {"dense_kernel", "dense_bias"} <= changed(before, values(model))
    learnt = model.predict(PICTURES, verbose=0)
    right = np.arange(len(LABELS)), LABELS
    assert -np.log(learnt[right]).mean() < -np.log(guess[right]).mean()


def test_a_frozen_module_stays_as_it_is(sealed: keras.Model) -> None:
    """Its moving average too, as Keras' own batch norm and `hub.KerasLayer` have it."""
    model = classifier(sealed)
    block(model).trainable = False
    before, head = values(model), model.get_layer("head").get_weights()
    fitted(model)
    assert changed(before, values(model)) == set()
    assert not np.array_equal(head[0], model.get_layer("head").get_weights()[0])


def test_a_moving_average_moves_in_training_only(sealed: keras.Model) -> None:
    before = values(sealed)
    first = np.asarray(sealed(PICTURES, training=False))
    sealed(PICTURES)
    sealed.predict(PICTURES, verbose=0)
    assert changed(before, values(sealed)) == set()
    sealed(PICTURES, training=True)
    assert changed(before, values(sealed)) == {"norm_mean"}
    np.testing.assert_allclose(values(sealed)["norm_mean"], 0.1 * first.mean(0), rtol=1e-5)


def test_a_thawed_module_in_inference_mode_learns_all_but_its_average(
    sealed: keras.Model,
) -> None:
    """As Thaw trains, unless batch norm is to learn."""
    given = keras.layers.Input((32, 32, 3))
    x = keras.layers.Dense(2, activation="softmax")(InferenceMode(sealed)(given))
    before = values(sealed)
    fitted(keras.Model(given, x))
    assert changed(before, values(sealed)) == {"dense_kernel", "dense_bias"}


def test_a_module_may_count_in_whole_numbers(tmp_path: Path) -> None:
    folder = reusable(tmp_path / "module", counts=True)
    model = classifier(hub.sealed(folder, row(folder)))
    fitted(model)
    assert values(model)["steps"] == 6
    model.save(tmp_path / "x.keras")
    assert values(keras.models.load_model(tmp_path / "x.keras"))["steps"] == 6


def test_a_module_that_tells_no_variables_stays_as_it_is(tmp_path: Path) -> None:
    folder = reusable(tmp_path / "module", tells=False)
    model = classifier(hub.sealed(folder, row(folder)))
    assert len(model.trainable_variables) == 2  # the head's
    before = values(model)
    fitted(model)
    assert not {"dense_kernel", "dense_bias"} & changed(before, values(model))


# Kept and loaded again

ELSEWHERE = """
import sys
import numpy as np
from core.backbones.hub import hub
from core.backbones.frameworks import keras
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[3], model(np.load(sys.argv[2]), training=False))
"""


def answers_elsewhere(model: Path, folder: Path) -> np.ndarray:
    """What a saved model answers in a fresh process that knows `core.backbones.hub.hub` alone."""
    np.save(folder / "pictures.npy", PICTURES)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", ELSEWHERE, model, folder / "pictures.npy", folder / "answers.npy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "answers.npy")


@pytest.mark.parametrize("trained", [pytest.param(False, marks=pytest.mark.exhaustive), True])
def test_a_saved_model_needs_nothing_but_itself(
    tmp_path: Path, module: Path, sealed: keras.Model, trained: bool
) -> None:
    model = classifier(sealed)
    untrained = model.predict(PICTURES, verbose=0)
    if trained:
        fitted(model)
    expected = model.predict(PICTURES, verbose=0)
    assert np.array_equal(untrained, expected) is not trained
    model.save(tmp_path / "x.keras")
    shutil.rmtree(module)
    np.testing.assert_allclose(answers_elsewhere(tmp_path / "x.keras", tmp_path), expected)


def test_what_was_loaded_learns_as_before(tmp_path: Path, sealed: keras.Model) -> None:
    model = classifier(sealed)
    model.save(tmp_path / "x.keras")
    again = fitted(keras.models.load_model(tmp_path / "x.keras"))
    fitted(model)
    assert changed(values(model), values(again)) == set()


def test_what_was_loaded_can_be_saved_again(tmp_path: Path, sealed: keras.Model) -> None:
    model = fitted(classifier(sealed))
    model.save(tmp_path / "x.keras")
    keras.models.load_model(tmp_path / "x.keras").save(tmp_path / "y.keras")
    again = keras.models.load_model(tmp_path / "y.keras")
    assert changed(values(model), values(again)) == set()


def test_weights_alone_can_be_saved_and_loaded(tmp_path: Path, sealed: keras.Model) -> None:
    model = fitted(classifier(sealed))
    expected = values(model)
    model.save_weights(tmp_path / "x.weights.h5")
    fitted(model)
    assert changed(expected, values(model))
    model.load_weights(tmp_path / "x.weights.h5")
    assert changed(expected, values(model)) == set()


def test_each_of_two_modules_is_loaded_as_itself(tmp_path: Path, module: Path) -> None:
    other = reusable(tmp_path / "other", bias=np.ones(FEATURES, np.float32))
    given = keras.layers.Input((32, 32, 3))
    both = [hub.SealedModule(FEATURES, str(f), name=f.name) for f in (module, other)]
    model = keras.Model(given, keras.layers.Concatenate()([layer(given) for layer in both]))
    expected = np.asarray(model(PICTURES))
    assert not np.allclose(expected[:, :FEATURES], expected[:, FEATURES:])
    model.save(tmp_path / "x.keras")
    again = keras.models.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(np.asarray(again(PICTURES)), expected)


def test_a_network_with_its_classes_can_be_saved(tmp_path: Path, module: Path) -> None:
    whole = reusable(tmp_path / "classes", **logits(1001, {1 + DAISY: 5.0}))
    named = hub.sealed(whole, row(module), top=True)
    named.save(tmp_path / "x.keras")
    again = keras.models.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(np.asarray(again(PICTURES)), np.asarray(named(PICTURES)))


# Real modules


@pytest.mark.exhaustive
def test_real_features_are_those_of_mobilenet(
    material: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = material / "hub_style/mobilenet_v1_025_224_feature_vector"
    facts = hub.described(folder)
    assert (facts["input_size"], facts["features"]) == (224, 256)
    assert facts["layers"][1][3] == 0  # nothing that training can change
    module = hub.SealedModule(256, str(folder))
    assert module.trainable_variables == []
    pictures = daisies(material)[:2] / np.float32(255)
    mobilenet = keras.applications.MobileNet(
        include_top=False,
        alpha=0.25,
        pooling="avg",
        weights=str(material / "keras_home/models/mobilenet_2_5_224_tf_no_top.h5"),
    )
    expected = mobilenet.predict(pictures * 2 - 1, verbose=0)
    assert expected.max() > 1
    np.testing.assert_allclose(np.asarray(module(pictures)), expected, atol=1e-3)


def daisies(material: Path) -> np.ndarray:
    photos = sorted((material / "datasets/flowers5/daisy").iterdir())[::12]
    return np.stack([images.to_square(images.decode(p.read_bytes()), 224) for p in photos])


@pytest.mark.exhaustive
def test_a_real_module_knows_a_daisy(material: Path) -> None:
    folder = material / "hub_style/mobilenet_v1_025_224_classification"
    backbone = dataclasses.replace(
        BACKBONES["hub_mobilenet_v2"], weights=HubModule(str(folder)), head=HubModule(str(folder))
    )
    answers = load.load(backbone, folder, top=True).predict(daisies(material) / 255, verbose=0)
    assert answers.shape[1] == 1000
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-4)
    top5 = np.argsort(answers)[:, -5:]
    assert np.mean([DAISY in five for five in top5]) >= 0.7
