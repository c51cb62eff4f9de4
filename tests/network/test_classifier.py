"""A frozen and cut network says the same as a whole one, and learns only where it is thawed."""

import gc
import math
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import parameter_counts
from core.backbones.frameworks import keras
from core.network.classifier import Network, head_layers
from core.network.prefix import PIXELS, POOLED
from tests.families import each_network

Tiny = tuple[Backbone, Any]
Pictures = Callable[..., np.ndarray]
AMPLE = 1 << 40


def frozen_whole(made: Tiny) -> Network:
    return network(made, len(made[1].layers))


def network(made: Tiny, frozen: int, budget: int = AMPLE, *, sees_stages: bool = False) -> Network:
    return Network(
        *made, "digest", frozen_layers=frozen, budget=budget, images=10, sees_stages=sees_stages
    )


def features_of(cut: Network, images: np.ndarray) -> np.ndarray:
    if cut.prefix.cut == PIXELS:
        return images
    return np.asarray(cut.prefix_model()(images, training=False))


def seen_of(cut: Network, images: np.ndarray) -> np.ndarray:
    """What is trained on, as batches take it."""
    features = features_of(cut, images)
    return features[:, cut.seen] if cut.prefix.cut == POOLED else features


def test_names_that_keras_makes_up_are_not_in_the_key(tiny: Tiny) -> None:
    """The second network of a process has other names than the first."""

    def unnamed() -> Any:
        given = keras.layers.Input((16, 16, 3))
        x = keras.layers.Conv2D(4, 3)(given)
        x = keras.layers.Conv2D(4, 3)(x) + 1
        return keras.Model(given, keras.layers.Conv2D(4, 3)(x))

    first, second = (network((tiny[0], unnamed()), 3) for _ in range(2))
    assert first.body.layers[1].name != second.body.layers[1].name
    assert first.prefix.cut not in (POOLED, PIXELS)
    assert first.prefix == second.prefix
    assert first.trained_from == second.trained_from


def dense(classes: int = 3) -> list[Any]:
    """A head without softmax, whose numbers keep their scale."""
    return [keras.layers.Dense(classes, name="classes")]


def by_hand(made: Tiny, head: list[Any], pictures: np.ndarray) -> np.ndarray:
    """What the uncut network says, its pooling and dense layer worked out in NumPy."""
    backbone, body = made
    images = keras.layers.Input((backbone.input_size, backbone.input_size, 3), dtype="uint8")
    prepare = keras.Model(images, load.preprocess(backbone.preprocessing, images))
    maps = np.asarray(body(prepare(pictures), training=False), np.float64)
    kernel, bias = head[0].get_weights()
    return maps.mean(axis=(1, 2)) @ kernel + bias


@each_network
def test_prefix_and_rest_are_the_whole(
    small: Callable[[str], Tiny], pictures: Pictures, name: str
) -> None:
    made = small(name)
    head, images = dense(), pictures(2, made[0].input_size)
    head[0].build((None, made[0].features))
    expected = by_hand(made, head, images)
    scale = np.abs(expected).max()
    assert scale > 0.01
    count = len(made[1].layers)
    cuts = []
    for frozen in (0, count // 3, 2 * count // 3, count):
        cut = network(made, frozen)
        cuts.append(cut.prefix.cut)
        total, trainable = parameter_counts(made[0], frozen, (), 3, made[0].features)
        assert cut.parameters(head) == {"total": total, "trainable": trainable}
        features = features_of(cut, images)
        assert features.shape == (2, *cut.prefix.shape)
        assert features.dtype == cut.prefix.dtype
        got = np.asarray(cut.trainee(head)(seen_of(cut, images), training=False))
        assert np.abs(got - expected).max() <= 5e-5 * scale  # a fold rounds once more, deep down
    assert cuts[0] == PIXELS
    assert cuts[-1] == POOLED
    order = [operation.name for operation in made[1].operations]
    places = [order.index(made[1].layers[n].name) for n in (count // 3, 2 * count // 3)]
    assert 0 < int(cuts[1]) < places[0]
    assert int(cuts[1]) < int(cuts[2]) < places[1]
    got = np.asarray(network(made, count).whole(head)(images, training=False))
    assert np.abs(got - expected).max() <= 5e-5 * scale  # a fold rounds once more, deep down


@each_network
def test_a_head_on_every_stage_sees_their_means(
    small: Callable[[str], Tiny], pictures: Pictures, name: str
) -> None:
    made = small(name)
    backbone, body = made
    whole = network(made, len(body.layers), sees_stages=True)
    images, head = pictures(2, backbone.input_size), dense()
    features = features_of(whole, images)
    assert features.shape == (2, sum(backbone.stages))
    prepared = keras.layers.Input((backbone.input_size, backbone.input_size, 3), dtype="uint8")
    prepare = keras.Model(prepared, load.preprocess(backbone.preprocessing, prepared))
    first = 0
    for channels, block in zip(backbone.stages, stage_blocks(backbone, body), strict=True):
        maps = keras.Model(body.inputs[0], block)(prepare(images), training=False)
        means = np.asarray(maps, np.float64).mean(axis=(1, 2))
        part = features[:, first : first + channels]
        np.testing.assert_allclose(part, means, rtol=1e-3, atol=1e-4 * np.abs(means).max())
        first += channels
    total, trainable = parameter_counts(backbone, len(body.layers), (), 3, sum(backbone.stages))
    kept = whole.whole(head)
    assert whole.parameters(head) == {"total": total, "trainable": trainable}
    got = np.asarray(whole.trainee(head)(features, training=False))
    np.testing.assert_allclose(np.asarray(kept(images, training=False)), got, rtol=1e-3, atol=1e-4)


def stage_blocks(backbone: Backbone, body: Any) -> list[Any]:
    """By the names of blocks: the last tensor of each shape that a block hands on."""
    ends = [body.layers[block.first].input for block in backbone.blocks[1:]] + [body.output]
    shapes = [each.shape for each in ends]
    return [
        end
        for place, end in enumerate(ends)
        if end.shape[1] < backbone.input_size and end.shape not in shapes[place + 1 :]
    ]


def test_no_room_for_features_means_no_cut(tiny: Tiny) -> None:
    add = str([operation.name for operation in tiny[1].operations].index("add"))
    assert network(tiny, 8).prefix.cut == add
    tight = network(tiny, 8, budget=10 * 4 * 8 * 8 * 8 - 1)
    assert tight.prefix.cut == PIXELS
    assert tight.prefix.shape == (16, 16, 3)
    assert tight.prefix.dtype == "uint8"
    assert network(tiny, 8, budget=10 * 4 * 8 * 8 * 8).prefix.cut == add


def test_all_layers_by_number_is_all(tiny: Tiny) -> None:
    assert network(tiny, 11).prefix.cut == POOLED


@pytest.mark.parametrize("dense_units", [(), (5, 4)])
def test_parameters_are_those_of_plain_keras(tiny: Tiny, dense_units: tuple[int, ...]) -> None:
    body = tiny[1]
    for frozen in (0, 3, 7, 11):
        cut = network(tiny, frozen)
        head = head_layers(dense_units, 0.2, 3, seed=0)
        cut.trainee(head)
        x = keras.layers.GlobalAveragePooling2D()(body.output)
        for units in dense_units:
            x = keras.layers.Dense(units)(x)
        plain = keras.Model(body.input, keras.layers.Dense(3)(x))
        for index, layer in enumerate(body.layers):
            layer.trainable = index >= frozen
        trainable = sum(math.prod(v.shape) for v in plain.trainable_variables)
        assert cut.parameters(head) == {"total": plain.count_params(), "trainable": trainable}


def by_layer(model: Any) -> dict[str, list[np.ndarray]]:
    return {layer.name: layer.get_weights() for layer in model.layers}


def fit(cut: Network, head: list[Any], images: np.ndarray, rate: float = 0.5, **mode: Any) -> Any:
    """One epoch over features that the prefix made, as the training does it but eagerly."""
    features = features_of(cut, images)
    trainee = cut.trainee(head, **mode)
    trainee.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", run_eagerly=True)
    trainee.fit(features, np.arange(len(images)) % 3, batch_size=4, verbose=0)
    return trainee


def assert_only_thawed_layers_learn(
    made: Tiny, frozen: int, images: np.ndarray, budget: int
) -> None:
    cut = network(made, frozen, budget)
    before = by_layer(made[1])
    head = head_layers((), 0.0, 3, seed=0)
    fit(cut, head, images)
    after = by_layer(made[1])
    for index, layer in enumerate(made[1].layers):
        pairs = list(zip(before[layer.name], after[layer.name], strict=True))
        same = [np.array_equal(old, new) for old, new in pairs]
        if index < frozen:
            assert all(same), f"{layer.name} is frozen and has changed"
        elif isinstance(layer, keras.layers.BatchNormalization):
            assert same[-2:] == [True, True], f"{layer.name}: gamma and beta only"
            assert not any(same[:-2]), layer.name
        elif pairs:
            assert not same[0], f"{layer.name} is thawed and has not changed"


@pytest.mark.parametrize("frozen", [0, 2, 3, 6, 8, 9])
@pytest.mark.parametrize("budget", [0, AMPLE], ids=["uncut", "cut"])
def test_only_thawed_layers_learn(tiny: Tiny, pictures: Pictures, frozen: int, budget: int) -> None:
    assert_only_thawed_layers_learn(tiny, frozen, pictures(8, 16), budget)


@each_network
def test_only_thawed_layers_learn_in_real_networks(
    small: Callable[[str], Tiny], pictures: Pictures, name: str
) -> None:
    made = small(name)
    images = pictures(4, made[0].input_size)
    assert_only_thawed_layers_learn(made, 2 * len(made[1].layers) // 3, images, AMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [0, 2, 5, 6, 8])
def test_batch_norm_of_thawed_layers_adapts_only_where_it_is_asked_to(
    tiny: Tiny, pictures: Pictures, frozen: int
) -> None:
    """With 5 frozen, layers on both sides of the slider lie within one block with a short cut."""
    for learns in (False, True):
        cut = network(tiny, frozen, budget=0)
        before = by_layer(tiny[1])
        fit(cut, head_layers((), 0.0, 3, seed=0), pictures(8, 16), batch_norm_learns=learns)
        after = by_layer(tiny[1])
        for index, layer in enumerate(tiny[1].layers):
            if isinstance(layer, keras.layers.BatchNormalization):
                moved = not np.array_equal(before[layer.name][2], after[layer.name][2])
                assert moved == (learns and index >= frozen), layer.name


@pytest.mark.parametrize("frozen", [0, 2, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("budget", [0, AMPLE], ids=["uncut", "cut"])
def test_both_modes_say_the_same_of_a_picture(
    tiny: Tiny, pictures: Pictures, frozen: int, budget: int
) -> None:
    cut = network(tiny, frozen, budget)
    head = dense()
    features = features_of(cut, pictures(3, 16))
    still = np.asarray(cut.trainee(head)(features, training=False))
    learning = np.asarray(cut.trainee(head, batch_norm_learns=True)(features, training=False))
    np.testing.assert_allclose(learning, still, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("frozen", "drops"), [(6, False), (3, True)])
def test_dropout_drops_only_where_thawed_layers_run_as_in_training(
    tiny: Tiny, pictures: Pictures, frozen: int, drops: bool
) -> None:
    """The dropout is layer 5: the last frozen one of 6."""
    assert isinstance(tiny[1].layers[5], keras.layers.Dropout)
    cut = network(tiny, frozen, budget=0)
    trainee = cut.trainee(dense(), batch_norm_learns=True)
    images = pictures(6, 16)
    for layer in tiny[1].layers[frozen:]:  # but for dropout, as it is without training
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    first = np.asarray(trainee(images, training=True))
    second = np.asarray(trainee(images, training=True))
    assert np.allclose(first, second) != drops


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [6, 0])
def test_dropout_of_the_backbone_does_not_drop_in_training(
    tiny: Tiny, pictures: Pictures, frozen: int
) -> None:
    """Nor do batch-norm layers look at the batch: the loss in `fit` is that in `evaluate`."""
    images, labels = pictures(6, 16), np.arange(6) % 3
    trainee = network(tiny, frozen, budget=0).trainee(head_layers((), 0.0, 3, seed=0))
    trainee.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    ours = trainee.fit(images, labels, batch_size=6, epochs=2, verbose=0).history["loss"]
    assert ours == pytest.approx([trainee.evaluate(images, labels, verbose=0)] * 2, rel=1e-5)

    # What plain Keras does with the very same layers, frozen: its dropout still drops.
    backbone, body = tiny
    given = keras.layers.Input((16, 16, 3), dtype="uint8")
    x = body(load.preprocess(backbone.preprocessing, given), training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    plain = keras.Model(given, keras.layers.Dense(3, activation="softmax")(x))
    body.trainable = False
    plain.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    theirs = plain.fit(images, labels, batch_size=6, epochs=5, verbose=0).history["loss"]
    assert theirs != pytest.approx([plain.evaluate(images, labels, verbose=0)] * 5, rel=1e-3)


def test_dropout_of_the_head_does_drop(tiny: Tiny, pictures: Pictures) -> None:
    images, labels = pictures(6, 16), np.arange(6) % 3
    trainee = network(tiny, 0).trainee(head_layers((64,), 0.5, 3, seed=0))
    trainee.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    (loss,) = trainee.fit(images, labels, batch_size=6, epochs=1, verbose=0).history["loss"]
    assert loss != pytest.approx(trainee.evaluate(images, labels, verbose=0), rel=1e-3)


def test_heads() -> None:
    def shape(*given: Any) -> list[str]:
        return [layer.name for layer in head_layers(*given, seed=0)]

    assert shape((), 0.0, 3) == ["classes"]
    assert shape((), 0.5, 3) == ["dropout", "classes"]
    assert shape((8, 4), 0.0, 3) == ["dense_1", "dense_2", "classes"]
    assert shape((8, 4), 0.5, 3) == ["dense_1", "dropout_1", "dense_2", "dropout_2", "classes"]
    last = head_layers((8,), 0.5, 3, seed=0)[-1]
    assert last.units == 3
    assert last.activation is keras.activations.softmax


def test_the_same_seed_gives_the_same_head() -> None:
    def start(seed: int) -> list[np.ndarray]:
        model = keras.Sequential([keras.layers.Input((4,)), *head_layers((4,), 0.0, 4, seed)])
        return [array for array in model.get_weights() if array.any()]

    one, again, other = start(1), start(1), start(2)
    assert len(one) == 2
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(*one)  # two layers of one size do not start alike


def test_the_kept_model_holds_what_was_learnt(tiny: Tiny, pictures: Pictures) -> None:
    images = pictures(6, 16)
    cut = network(tiny, 6)
    head = head_layers((), 0.0, 3, seed=0)
    trainee = fit(cut, head, images)
    features = np.asarray(cut.prefix_model()(images, training=False))
    expected = np.asarray(trainee(features, training=False))
    got = np.asarray(cut.whole(head)(images, training=False))
    np.testing.assert_allclose(got, expected, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_keras_alone_loads_the_kept_model(
    small: Callable[[str], Tiny], pictures: Pictures, tmp_path: Path
) -> None:
    """One network of each preprocessing."""
    images, expected = pictures(3, 64), {}
    np.save(tmp_path / "images.npy", images)
    for name in ("efficientnet_lite0", "mobilenet", "resnet18"):
        model = frozen_whole(small(name)).whole(head_layers((8,), 0.5, 3, seed=0))
        model.save(tmp_path / f"{name}.keras")
        expected[name] = np.asarray(model(images, training=False))
    code = (
        "import keras, numpy as np, sys\n"
        f"for name in {list(expected)}:\n"
        "    model = keras.models.load_model(name + '.keras')\n"
        "    np.save(name + '.npy', model(np.load('images.npy'), training=False))\n"
        "assert not [name for name in sys.modules if name.startswith('core')]\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name, answers in expected.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), answers, atol=1e-5)


def test_a_body_that_is_used_again_lets_go_of_earlier_heads(tiny: Tiny) -> None:
    first = network(tiny, 11)
    head = head_layers((4,), 0.0, 3, seed=0)
    first.whole(head)
    forgotten = weakref.ref(head[0])
    del first, head

    network(tiny, 11)

    gc.collect()
    assert forgotten() is None
