"""Keras weights files read without Keras: every number in its place, and nothing else believed."""

import os
import pickle
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue import describe
from core.backbones.catalogue.backbone import Backbone, Layer, Table
from core.backbones.catalogue.rows import BACKBONES, backbone_named
from core.backbones.frameworks import bring_in, keras
from core.backbones.weights import weights_file
from core.errors import UserError
from tests import official_weights
from tests.families import one_network

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NARROW = backbone_named("mobilenet_v2", 0.35)
layers = keras.layers

Layers = tuple[Layer, ...]
posix = pytest.mark.skipif(os.name != "posix", reason="needs pipes and alarms")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def small(width: int = 4, depth: int = 2, classes: int = 0) -> keras.Model:
    """A network with most kinds of layers that have weights, all of them random."""
    x = images = layers.Input((8, 8, 3), name="images")
    for number in range(depth):
        x = layers.Conv2D(width, 3, padding="same", name=f"conv_{number}")(x)
        x = layers.BatchNormalization(name=f"norm_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
    x = layers.DepthwiseConv2D(3, use_bias=False, name="depthwise")(x)
    x = layers.SeparableConv2D(width, 3, name="separable")(x)
    x = layers.LayerNormalization(name="last_norm")(x)
    if classes:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(classes, activation="softmax", name="classes")(x)
    return randomised(keras.Model(images, x, name="small"))


def randomised(model: keras.Model) -> keras.Model:
    """With other numbers in each array: a fresh batch norm is like any other."""
    numbers = np.random.default_rng(0)
    model.set_weights([numbers.random(array.shape, np.float32) for array in model.get_weights()])
    return model


def layers_of(model: keras.Model) -> Layers:
    """What a table says about a model."""
    rows = [describe.row(layer) for layer in model.layers]
    facts = {"features": 1, "layers": rows, "blocks": [], "shared": len(rows), "head": []}
    return Table.from_dict(facts).layers


def official(model: keras.Model, path: Path) -> None:
    """As Keras 1 and 2 wrote the files that `keras.applications` downloads."""
    official_weights.write(path, [(layer.name, layer.get_weights()) for layer in model.layers])


def whole(model: keras.Model, path: Path) -> None:
    model.save(path)


def today(model: keras.Model, path: Path) -> None:
    model.save_weights(path)


Writer = Callable[[keras.Model, Path], None]
WRITERS = {"official.h5": official, "whole.h5": whole, "today.weights.h5": today}
each_format = pytest.mark.parametrize(("name", "write"), WRITERS.items(), ids=list(WRITERS))


def assert_read(path: Path, expected: Layers, model: keras.Model) -> None:
    """Layer by layer what the model holds, as far as it is expected."""
    read = weights_file.read(path, expected, "SmallNet")
    assert len(read) == len(expected)
    for arrays, layer in zip(read, model.layers, strict=False):
        assert all(array.dtype == np.float32 for array in arrays)
        pairs = zip(arrays, layer.get_weights(), strict=True)
        assert all(np.array_equal(mine, theirs) for mine, theirs in pairs), layer.name


def refusal(path: Path, expected: Layers) -> str:
    """What a user is told about a file, which is never a path of the server."""
    with pytest.raises(UserError) as told:
        weights_file.read(path, expected, "SmallNet")
    message = str(told.value)
    assert path.name in message
    assert str(path.parent) not in message
    assert len(message.splitlines()) == 1
    return message


# What Keras wrote


@each_format
def test_a_small_network_is_read_as_it_was_written(
    tmp_path: Path, name: str, write: Writer
) -> None:
    model = small()
    write(model, tmp_path / name)
    assert_read(tmp_path / name, layers_of(model), model)


@pytest.fixture(scope="module")
def narrow() -> keras.Model:
    return randomised(load.build(NARROW, input_size=32))


@each_format
def test_a_network_of_the_catalogue_is_read_as_it_was_written(
    tmp_path: Path, narrow: keras.Model, name: str, write: Writer
) -> None:
    write(narrow, tmp_path / name)
    assert_read(tmp_path / name, NARROW.layers, narrow)


@one_network
def test_every_network_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    backbone = BACKBONES[name]
    model = randomised(load.build(backbone))
    for file, write in (("official.h5", official), ("today.weights.h5", today)):
        write(model, tmp_path / file)
        assert_read(tmp_path / file, backbone.layers, model)
        (tmp_path / file).unlink()


@pytest.mark.parametrize("file", ["x.h5", "x.weights.h5"])
def test_what_keras_2_wrote_is_read(tmp_path: Path, file: str) -> None:
    """`tf_keras` is Keras 2 as it was; it still writes the official format."""
    keras_2 = bring_in("tf_keras")
    model = randomised(
        keras_2.applications.MobileNetV2(
            input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None
        )
    )
    model.save_weights(tmp_path / file)
    assert_read(tmp_path / file, NARROW.layers, model)


def test_what_tensorflow_2_12_wrote_is_read(tmp_path: Path) -> None:
    """The first files of this kind called the group of layers by another name."""
    model = small()
    today(model, tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5", "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
    assert_read(tmp_path / "x.weights.h5", layers_of(model), model)


def test_names_of_layers_may_be_spread_over_several_attributes(tmp_path: Path) -> None:
    model = small()
    official(model, tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        names = list(file.attrs["layer_names"])
        del file.attrs["layer_names"]
        file.attrs["layer_names0"] = names[:3]
        file.attrs["layer_names1"] = names[3:]
        group = file["norm_1"]
        names = list(group.attrs["weight_names"])
        del group.attrs["weight_names"]
        for number, name in enumerate(names):
            group.attrs[f"weight_names{number}"] = [name]
    assert_read(tmp_path / "x.h5", layers_of(model), model)


@pytest.mark.parametrize("kind", ["<f2", "<f8", ">f4"])
def test_numbers_of_another_precision_are_taken(tmp_path: Path, kind: str) -> None:
    model = small()
    halves = [np.round(array * 64) / 64 for array in model.get_weights()]
    model.set_weights(halves)  # exact in each precision
    official(model, tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        kernel = file["conv_0/conv_0/0:0"][()]
        del file["conv_0/conv_0/0:0"]
        file["conv_0/conv_0/0:0"] = kernel.astype(kind)
    assert_read(tmp_path / "x.h5", layers_of(model), model)


def test_numbers_may_be_compressed(tmp_path: Path) -> None:
    model = small()
    official(model, tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        kernel = file["conv_1/conv_1/0:0"][()]
        del file["conv_1/conv_1/0:0"]
        file.create_dataset("conv_1/conv_1/0:0", data=kernel, compression="gzip", shuffle=True)
    assert_read(tmp_path / "x.h5", layers_of(model), model)


# A backbone within something larger


@each_format
def test_classes_that_follow_are_left_out(tmp_path: Path, name: str, write: Writer) -> None:
    model = small(classes=1000)
    write(model, tmp_path / name)
    assert_read(tmp_path / name, layers_of(small()), model)


@each_format
def test_a_network_of_the_catalogue_with_its_1000_classes(
    tmp_path: Path, name: str, write: Writer
) -> None:
    model = randomised(load.build(NARROW, top=True))
    write(model, tmp_path / name)
    assert_read(tmp_path / name, NARROW.layers, model)
    assert_read(tmp_path / name, NARROW.table.whole, model)


def in_sequence(body: keras.Model) -> keras.Model:
    return keras.Sequential(
        [layers.Input((8, 8, 3)), layers.Rescaling(1 / 255), body,
         layers.GlobalAveragePooling2D(), layers.Dense(3)]
    )  # fmt: skip


def as_a_function(body: keras.Model) -> keras.Model:
    images = layers.Input((8, 8, 3))
    x = layers.RandomFlip("horizontal")(images)  # has a state of its own
    x = layers.GlobalAveragePooling2D()(body(x, training=False))
    return keras.Model(images, layers.Dense(3)(layers.Dense(5)(x)))


def grown_onto_it(body: keras.Model) -> keras.Model:
    x = layers.GlobalAveragePooling2D()(body.output)
    return keras.Model(body.input, layers.Dense(3)(x))


@pytest.mark.parametrize(
    "grown",
    [
        as_a_function,
        pytest.param(in_sequence, marks=pytest.mark.exhaustive),
        pytest.param(grown_onto_it, marks=pytest.mark.exhaustive),
    ],
)
def test_the_backbone_is_found_within_a_classifier(
    tmp_path: Path, grown: Callable[[keras.Model], keras.Model]
) -> None:
    body = small()
    classifier = grown(body)
    classifier.compile("adam", "mse")
    classifier.fit(np.zeros((2, 8, 8, 3)), np.zeros((2, 3)), verbose=0)  # now Adam has a state
    classifier.save_weights(tmp_path / "x.weights.h5")
    assert_read(tmp_path / "x.weights.h5", layers_of(body), body)


def test_a_backbone_folded_into_one_layer_is_never_taken_for_another(tmp_path: Path) -> None:
    """The old format of a whole classifier runs the arrays of a backbone together."""
    body = small()
    in_sequence(body).save(tmp_path / "x.h5")
    assert "2 layers with weights instead of" in refusal(tmp_path / "x.h5", layers_of(body))


# Other networks


@each_format
def test_another_width_is_told_with_layer_and_shapes(
    tmp_path: Path, name: str, write: Writer
) -> None:
    write(small(width=8), tmp_path / name)
    told = refusal(tmp_path / name, layers_of(small(width=4)))
    assert told.startswith(f"Expected the weights of SmallNet, but {name} has ")
    assert "has 3 × 3 × 3 × 8 numbers for layer conv_0 (Conv2D), not 3 × 3 × 3 × 4" in told
    assert "Choose the network and width that the file was made with" in told


@each_format
def test_fewer_layers_are_told(tmp_path: Path, name: str, write: Writer) -> None:
    write(small(depth=1), tmp_path / name)
    told = refusal(tmp_path / name, layers_of(small(depth=2)))
    if write is today:
        assert "has no arrays for layer conv_1 (Conv2D), not 2" in told
    else:
        assert "holds 5 layers with weights instead of 7" in told


@each_format
def test_another_network_of_the_catalogue_is_refused(
    tmp_path: Path, narrow: keras.Model, name: str, write: Writer
) -> None:
    write(narrow, tmp_path / name)
    other = BACKBONES["mobilenet"].of_width(0.25)
    assert " (Conv2D), not 3 × 3 × 3 × 8" in refusal(tmp_path / name, other.layers)
    # Deeper ones of the same family differ in some layer, if not in the first.
    assert "Expected the weights of" in refusal(tmp_path / name, backbone_named("xception").layers)


def test_a_layer_with_more_arrays_is_refused(tmp_path: Path) -> None:
    model = small()
    today(model, tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5", "r+") as file:
        file["layers/conv2d/vars/2"] = np.zeros(4, np.float32)
    told = refusal(tmp_path / "x.weights.h5", layers_of(model))
    assert "has 3 arrays for layer conv_0 (Conv2D), not 2" in told


# No weights at all


@pytest.mark.parametrize(
    "content",
    [b"", b"no weights", b"<html>log in</html>", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" * 200],
    ids=["empty", "text", "login page", "a signature alone", "signatures"],
)
def test_what_is_no_hdf5_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    told = refusal(tmp_path / "x.h5", layers_of(small()))
    assert told.startswith("Expected a Keras weights file (.h5 or .weights.h5), but x.h5 is none")


def test_a_keras_archive_by_another_name_is_told(tmp_path: Path) -> None:
    small().save(tmp_path / "x.keras")
    (tmp_path / "x.keras").rename(tmp_path / "x.h5")
    assert "x.h5 is none or is damaged" in refusal(tmp_path / "x.h5", layers_of(small()))


def test_an_hdf5_file_of_something_else_is_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["measurements"] = np.zeros((3, 4))
    assert "x.h5 holds no layers" in refusal(tmp_path / "x.h5", layers_of(small()))


@each_format
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, name: str, write: Writer) -> None:
    model = small()
    write(model, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    cut = tmp_path / f"cut-{name}"
    for length in range(0, len(content), 61):
        cut.write_bytes(content[:length])
        refusal(cut, layers_of(model))


# Files made by hand: one layer of 16 numbers

ONE: Layers = (Layer("conv", "Conv2D", ((16,),), 16, 0, 0),)
NUMBERS = np.arange(16, dtype=np.float32)


def by_hand(path: Path, put: Callable[[Any, str], object], libver: str = "earliest") -> Path:
    """The official format, with something in place of the numbers."""
    with h5py.File(path, "w", libver=libver) as file:
        file.attrs["layer_names"] = [b"conv"]
        group = file.create_group("conv")
        group.attrs["weight_names"] = [b"kernel"]
        put(group, "kernel")
    return path


def holding(value: Any) -> Callable[[Any, str], object]:
    def put(group: Any, name: str) -> None:
        group[name] = value

    return put


def test_a_file_made_by_hand_is_read(tmp_path: Path) -> None:
    ((array,),) = weights_file.read(by_hand(tmp_path / "x.h5", holding(NUMBERS)), ONE, "SmallNet")
    np.testing.assert_array_equal(array, NUMBERS)


@pytest.mark.parametrize(
    "value",
    [
        NUMBERS.astype(np.int32),
        NUMBERS.astype(np.uint8),
        NUMBERS.astype(bool),
        NUMBERS.astype(np.complex64),
        np.full(16, b"text"),
        np.array(["text"] * 16, dtype=h5py.string_dtype()),
        np.zeros(16, np.dtype([("a", "<f4"), ("b", "<f4")])),
    ],
    ids=["int", "byte", "bool", "complex", "bytes", "text", "compound"],
)
def test_what_is_no_number_is_refused(tmp_path: Path, value: np.ndarray) -> None:
    told = refusal(by_hand(tmp_path / "x.h5", holding(value)), ONE)
    assert "x.h5 holds no numbers for layer conv (Conv2D)" in told


def test_many_numbers_in_place_of_each_are_refused(tmp_path: Path) -> None:
    def put(group: Any, name: str) -> None:
        group.create_dataset(name, (16,), np.dtype(("<f4", (1000,))))

    assert "holds no numbers for layer conv" in refusal(by_hand(tmp_path / "x.h5", put), ONE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 15])
def test_a_number_that_is_none_is_refused(tmp_path: Path, value: float, place: int) -> None:
    numbers = NUMBERS.copy()
    numbers[place] = value
    told = refusal(by_hand(tmp_path / "x.h5", holding(numbers)), ONE)
    assert "holds something else than numbers for layer conv (Conv2D)" in told


@pytest.mark.filterwarnings("error")
def test_a_number_too_large_is_refused_and_nothing_else_said(tmp_path: Path) -> None:
    told = refusal(by_hand(tmp_path / "x.h5", holding(np.full(16, 1e300))), ONE)
    assert "holds something else than numbers" in told


def test_a_group_in_place_of_numbers_is_refused(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "x.h5", lambda group, name: group.create_group(name))
    assert "holds no numbers for layer conv (Conv2D)" in refusal(path, ONE)


@pytest.mark.parametrize("inner", ["conv", "model_weights", "layers", "layers/conv2d/vars"])
def test_more_numbers_than_anybody_could_read_in_place_of_a_group_are_not_looked_at(
    tmp_path: Path, inner: str
) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        chunks = {"chunks": (1 << 20,), "compression": "gzip"}  # none is written: they are zeros
        file.create_dataset(inner, (10**13,), np.float32, **chunks)
        file[inner].attrs["weight_names"] = [b"kernel"]
        if inner == "conv":
            file.attrs["layer_names"] = [b"conv"]
    assert (tmp_path / "x.h5").stat().st_size < 100_000
    assert "laid out in an unknown way" in refusal(tmp_path / "x.h5", ONE)


@pytest.mark.parametrize("inner", ["conv", "model_weights", "layers", "layers/conv2d/vars"])
def test_numbers_in_place_of_a_group_are_refused(tmp_path: Path, inner: str) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file[inner] = NUMBERS
        file[inner].attrs["weight_names"] = [b"kernel"]
        if inner == "conv":
            file.attrs["layer_names"] = [b"conv"]
    refusal(tmp_path / "x.h5", ONE)


@pytest.mark.parametrize(
    "names",
    [5, 1.5, "conv", [1, 2], [[b"conv"]], h5py.Empty("S4"), [b""], [b"/"], [b"../conv"], [b"."]],
    ids=str,
)
@pytest.mark.parametrize("where", ["layer_names", "weight_names"])
def test_names_that_are_none_are_refused(tmp_path: Path, where: str, names: Any) -> None:
    path = by_hand(tmp_path / "x.h5", holding(NUMBERS))
    with h5py.File(path, "r+") as file:
        (file if where == "layer_names" else file["conv"]).attrs[where] = names
    refusal(path, ONE)


@pytest.mark.parametrize("where", ["layer_names", "weight_names"])
def test_a_list_of_more_names_than_any_network_has_is_refused(tmp_path: Path, where: str) -> None:
    path = by_hand(tmp_path / "x.h5", holding(NUMBERS), "latest")  # a long list needs that layout
    with h5py.File(path, "r+", libver="latest") as file:
        (file if where == "layer_names" else file["conv"]).attrs[where] = [b"conv"] * 20_000
    assert "laid out in an unknown way" in refusal(path, ONE)


def test_groups_that_hold_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        layer = file.create_group("layers/conv2d")
        layer.create_group("vars")
        for number in range(4):
            layer.create_group("layers", track_order=True) if number == 0 else None
            layer["layers"][str(number)] = layer
    refusal(tmp_path / "x.h5", ONE)


def test_a_name_without_anything_behind_it_is_told_as_such(tmp_path: Path) -> None:
    told = refusal(by_hand(tmp_path / "x.h5", lambda group, name: None), ONE)
    assert "points to other places" not in told  # it points nowhere


# Files made to harm


def at_each_level(link: Callable[[str], Any]) -> dict[str, Callable[[Path], None]]:
    """Files that have a link at one of the places where a reader goes on."""

    def in_place_of(name: str, path: Path, inside: str) -> None:
        with h5py.File(path, "w") as file:
            if name.startswith("conv"):
                file.attrs["layer_names"] = [b"conv"]
                file.create_group("real").attrs["weight_names"] = [b"kernel"]
                file["real/kernel"] = NUMBERS
            if name == "conv/kernel":
                file.create_group("conv").attrs["weight_names"] = [b"kernel"]
            file[name] = link(inside)

    places = {
        "conv": "/real",
        "conv/kernel": "/real/kernel",
        "model_weights": "/",
        "layers": "/layers",
        "layers/conv2d": "/layers/conv2d",
        "layers/conv2d/vars": "/layers/conv2d/vars",
        "layers/conv2d/vars/0": "/layers/conv2d/vars/0",
        "layers/model": "/layers",
    }
    return {
        name: lambda path, name=name, inside=inside: in_place_of(name, path, inside)
        for name, inside in places.items()
    }


PLACES = list(at_each_level(h5py.SoftLink))


@pytest.mark.parametrize("place", PLACES)
def test_links_within_the_file_are_refused(tmp_path: Path, place: str) -> None:
    at_each_level(h5py.SoftLink)[place](tmp_path / "x.h5")
    told = refusal(tmp_path / "x.h5", ONE)
    assert "points to other places instead of holding its numbers" in told


@pytest.mark.parametrize("place", PLACES)
def test_links_to_other_files_are_refused(tmp_path: Path, place: str) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:  # has all that the links ask for
        file.create_group("real").attrs["weight_names"] = [b"kernel"]
        file["real/kernel"] = NUMBERS
        file.attrs["layer_names"] = [b"real"]
        file["layers/conv2d/vars/0"] = NUMBERS
    at_each_level(lambda inside: h5py.ExternalLink(str(secret), inside))[place](tmp_path / "x.h5")
    told = refusal(tmp_path / "x.h5", ONE)
    assert "points to other places instead of holding its numbers" in told


def external(secret: Path) -> Callable[[Any, str], object]:
    """Numbers that lie in another file, byte by byte."""

    def put(group: Any, name: str) -> None:
        group.create_dataset(name, (16,), "<f4", external=[(str(secret), 0, 64)])

    return put


def virtual(secret: Path) -> Callable[[Any, str], object]:
    """Numbers that lie in another HDF5 file."""

    def put(group: Any, name: str) -> None:
        layout = h5py.VirtualLayout((16,), "<f4")
        layout[:] = h5py.VirtualSource(str(secret), "numbers", (16,))
        group.create_virtual_dataset(name, layout)

    return put


def test_numbers_in_another_file_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(NUMBERS.tobytes())
    path = by_hand(tmp_path / "x.h5", external(secret))
    with h5py.File(path) as file:  # the trap works
        np.testing.assert_array_equal(file["conv/kernel"][()], NUMBERS)
    assert "points to other files instead of holding its numbers" in refusal(path, ONE)


def test_numbers_in_another_hdf5_file_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["numbers"] = NUMBERS
    path = by_hand(tmp_path / "x.h5", virtual(secret))
    with h5py.File(path) as file:  # the trap works
        np.testing.assert_array_equal(file["conv/kernel"][()], NUMBERS)
    assert "points to other files instead of holding its numbers" in refusal(path, ONE)


TRAPS: dict[str, Callable[[Path, Path], object]] = {
    **{
        f"link {place}": lambda pipe, path, place=place: at_each_level(
            lambda inside: h5py.ExternalLink(str(pipe), inside)
        )[place](path)
        for place in PLACES
    },
    "external": lambda pipe, path: by_hand(path, external(pipe)),
    "virtual": lambda pipe, path: by_hand(path, virtual(pipe)),
}


@posix
@pytest.mark.parametrize("trap", TRAPS)
def test_another_file_is_not_even_opened(tmp_path: Path, trap: str) -> None:
    """Whoever opens a pipe that nobody writes to waits for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    TRAPS[trap](pipe, tmp_path / "x.h5")
    reading = threading.Thread(target=refusal, args=(tmp_path / "x.h5", ONE), daemon=True)
    reading.start()
    reading.join(30)
    stuck = reading.is_alive()
    if stuck:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # lets it go
    assert not stuck


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 62,), (16, 1 << 40), (1 << 20,) * 3, ()])
def test_a_declared_shape_is_not_believed(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Numbers that were never written cost nothing in the file."""

    def put(group: Any, name: str) -> None:
        group.create_dataset(name, shape, "<f4", chunks=(1,) * len(shape) or None)

    told = refusal(by_hand(tmp_path / "x.h5", put), ONE)
    assert "numbers for layer conv (Conv2D), not 16" in told


def grown_by(path: Path) -> int:
    """Megabytes that reading a file takes, in a process that may take one gigabyte."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from core.backbones.weights.weights import weights_file\n"
        "from core.backbones.catalogue.backbone import Layer\n"
        "from core.errors import UserError\n"
        "def taken():  # by getrusage, a child has taken what its parent had\n"
        "    peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2]\n"
        "    return int(peak.split()[0]) >> 10\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "before = taken()\n"
        "layer = Layer('conv', 'Conv2D', ((16,),), 16, 0, 0)\n"
        "try:\n"
        "    weights_file.read(Path(sys.argv[1]), [layer], 'SmallNet')\n"
        "except (UserError, MemoryError):\n"
        "    pass\n"
        "print(taken() - before)\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@linux
def test_a_chunk_larger_than_its_numbers_takes_no_memory(tmp_path: Path) -> None:
    """Deflated twice, a chunk of 256 MiB that 16 numbers lie in is a file of a few kilobytes."""

    def put(group: Any, name: str) -> None:
        options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        options.set_chunk((1 << 26,))
        options.set_deflate(9)
        options.set_deflate(9)
        space = h5py.h5s.create_simple((16,), (h5py.h5s.UNLIMITED,))
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, options)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, NUMBERS)

    path = by_hand(tmp_path / "x.h5", put)
    assert path.stat().st_size < 100_000
    assert grown_by(path) < 64


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Some bytes are others, or lie where they did not."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        place, other = chance.randrange(len(changed)), chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                changed[place] ^= 1 << chance.randrange(8)
            case 2:
                number = chance.choice((0, 1 << chance.randrange(64), (1 << 64) - 1))
                changed[place : place + 8] = number.to_bytes(8, "little")
            case 3:
                length = chance.randrange(1, 64)
                changed[place : place + length] = changed[other : other + length]
    return bytes(changed)


READ_EACH = """
import pickle, resource, signal, sys
import numpy as np
from core.backbones.weights import weights_file
from core.errors import UserError
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
paths, expected = pickle.load(sys.stdin.buffer)
for path in paths:
    signal.alarm(2)  # ends this process where a file is read without end
    try:
        read = weights_file.read(path, expected, "SmallNet")
    except UserError:
        print("refused", flush=True)
        continue
    assert [tuple(a.shape for a in arrays) for arrays in read] == [x.shapes for x in expected]
    assert all(np.isfinite(array).all() for arrays in read for array in arrays)
    print("read", flush=True)
"""


def read_each(paths: list[Path], expected: Layers) -> list[str]:
    """What comes of each file: read, refused, or stuck, which HDF5 itself knows no way out of."""
    outcomes: list[str] = []
    while len(outcomes) < len(paths):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-W", "ignore", "-c", READ_EACH],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            input=pickle.dumps((paths[len(outcomes) :], expected)),
            capture_output=True,
        )
        outcomes += done.stdout.decode().split()
        if done.returncode == -signal.SIGALRM:
            outcomes.append("stuck")
        else:
            assert done.returncode == 0, done.stderr.decode()
    return outcomes


@posix
@each_format
def test_a_damaged_file_gives_numbers_in_their_shapes_or_is_refused(
    tmp_path: Path, name: str, write: Writer
) -> None:
    model = small()
    write(model, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    chance = random.Random(0)
    paths = [tmp_path / f"{number}-{name}" for number in range(100)]
    for path in paths:
        path.write_bytes(mutated(content, chance))
    outcomes = read_each(paths, layers_of(model))
    assert outcomes.count("read") > 10  # both happen, so both were looked at
    assert outcomes.count("refused") > 10
    assert outcomes.count("stuck") < 10  # `own_weights.keep` sees to those


def test_the_real_files_hold_what_the_catalogue_says(material: Path) -> None:
    folder = material / "keras_home/models"
    rows: list[tuple[Backbone, str]] = [
        (backbone_named("mobilenet", 0.25), "mobilenet_2_5_224_tf"),
        (backbone_named("mobilenet", 0.75), "mobilenet_7_5_224_tf"),
    ]
    for backbone, file in rows:
        without = weights_file.read(folder / f"{file}_no_top.h5", backbone.layers, "MobileNet")
        classes = weights_file.read(folder / f"{file}.h5", backbone.table.whole, "MobileNet")
        assert len(classes) > len(without)
        pairs = zip(without, classes, strict=False)
        assert all(np.array_equal(a, b) for x, y in pairs for a, b in zip(x, y, strict=True))
