"""Every format, converted from networks of all shapes, answers as Keras does."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.errors import UserError
from core.exports import table
from core.exports.order import Order
from core.exports.table import Precision
from core.intake.pictures.preparation import Preparation
from core.network.familiarity import Memory
from core.settings import Squaring
from tests.exports.carried import CARRIED, imported

SIZE = 16
layers = keras.layers
PIXELS = np.random.default_rng(1).integers(0, 256, (12, SIZE, SIZE, 3), dtype=np.uint8)
CLOSE = {Precision.FLOAT32: 1e-4, Precision.FLOAT16: 2e-2, Precision.INT8: 0.15}

CONVERTED = [
    name for name, each in table.FORMATS.items() if each.lesson is None and name != "arduino"
]
# The smallest of each, for the exhaustive tests.
FAMILIES = {
    each.family: each
    for each in sorted(BACKBONES.values(), key=lambda each: -each.multiply_adds)
    if not each.sealed
}

pytestmark = pytest.mark.slow  # several seconds to import TensorFlow and its converters


def _branch(x: Any, units: int) -> Any:
    x = layers.Conv2D(units, 3, 2, padding="same", activation="relu6")(x)
    return layers.GlobalAveragePooling2D()(layers.DepthwiseConv2D(3, padding="same")(x))


def chain() -> Any:
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = layers.Rescaling(1 / 127.5, -1)(images)
    return keras.Model(images, layers.Dense(3, activation="softmax")(_branch(x, 8)))


def two_outputs() -> Any:
    """With a score for "none of these"."""
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = _branch(layers.Rescaling(1 / 255)(images), 8)
    familiar = layers.Dense(1, activation="sigmoid", name="familiar")(x)
    classes = layers.Dense(3, activation="softmax", name="classes")(x)
    return keras.Model(images, {"classes": classes, "familiar": familiar})


def averaged() -> Any:
    """Two networks that want pictures of different sizes, one of them with blue first; and a score.

    If anything of the others fails, this most likely does, too.
    """
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    whole = _branch(layers.Rescaling(1 / 255)(images), 8)
    small = layers.Resizing(SIZE // 2, SIZE // 2)(layers.Rescaling(1 / 255)(images))
    nested = layers.Input((SIZE // 2, SIZE // 2, 3))
    body = keras.Model(nested, _branch(keras.ops.flip(nested, axis=-1), 4))
    heads = [layers.Dense(3, activation="softmax")(x) for x in (whole, body(small))]
    familiar = layers.Dense(1, activation="sigmoid", name="familiar")(whole)
    classes = layers.Average(name="classes")(heads)
    return keras.Model(images, {"classes": classes, "familiar": familiar})


NETWORKS: dict[str, Callable[[], Any]] = {
    "chain": chain,
    "two outputs": two_outputs,
    "averaged": averaged,
}


def converted(
    model: Any, name: str, tmp_path: Path, pictures: np.ndarray = PIXELS, **more: Any
) -> Path:
    """The folder of an export with the scripts that run it."""
    keras.utils.set_random_seed(3)
    folder = tmp_path / "export"
    folder.mkdir()
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "calibration.npy", pictures)
    Order(
        **{
            "format": name,
            "model": tmp_path / "model.keras",
            "folder": folder,
            "classes": ("a", "b", "ü"),
            "size": SIZE,
            "preparation": Preparation(),
            "calibration": tmp_path / "calibration.npy",
        }
        | more
    ).carry_out()
    shutil.copyfile(CARRIED / "runtimes" / f"{table.find(name).runtime}.py", folder / "runtime.py")
    return folder


@pytest.mark.parametrize(
    ("name", "network"),
    [
        *(
            pytest.param(name, network, marks=pytest.mark.exhaustive)
            for name in (*CONVERTED, "arduino")
            for network in ("chain", "two outputs")
            if (name, network) != ("arduino", "two outputs")
        ),
        *((name, "averaged") for name in CONVERTED),
        ("arduino", "two outputs"),
    ],
)
def test_it_answers_as_keras_does(name: str, network: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = NETWORKS[network]()
    found = model.predict(PIXELS, verbose=0)
    expected = found if isinstance(found, dict) else {"classes": found}
    folder = converted(model, name, tmp_path)
    with imported(folder, "runtime") as (runtime,):
        run = runtime.Network(folder)
        answers = [run(pixels) for pixels in PIXELS]
    apart = max(
        np.abs(answer["probabilities"] - row).max()
        for answer, row in zip(answers, expected["classes"], strict=True)
    )
    assert apart < CLOSE[table.find(name).precision]
    assert all(
        set(answer) == {"probabilities", *(expected.keys() - {"classes"})} for answer in answers
    )
    for answer, row in zip(answers, expected.get("familiar", ()), strict=False):
        assert np.shape(answer["familiar"]) == ()
        assert answer["familiar"] == pytest.approx(row[0], abs=CLOSE[table.find(name).precision])


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CONVERTED)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_converted(family: str, name: str, tmp_path: Path) -> None:
    """With random weights, which a converter does not mind."""
    backbone = FAMILIES[family]
    keras.utils.set_random_seed(3)
    images = layers.Input((backbone.input_size, backbone.input_size, 3), dtype="uint8")
    body = load.build(backbone)
    pooled = layers.GlobalAveragePooling2D()(body(load.preprocess(backbone.preprocessing, images)))
    head = layers.Dense(3, activation="softmax", name="classes")
    model = keras.Model(images, head(pooled))
    shape = (4, backbone.input_size, backbone.input_size, 3)
    mix = np.random.default_rng(1)
    light = np.array([1, 0.7, 0.5, 0.3]).reshape(4, 1, 1, 1)
    pictures = (mix.integers(0, 256, shape) * light).astype(np.uint8)
    for layer in body.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0  # knows what comes at once; else it fades, beyond float16's smallest
    keras.Model(images, pooled)(pictures, training=True)
    if table.find(name).precision is not Precision.INT8:  # which has no room for such numbers
        # What such a network says of a picture is tiny or huge: all classes would be as likely.
        features = keras.Model(images, pooled).predict(pictures, verbose=0)
        kernel = mix.normal(size=(features.shape[1], 3))
        head.set_weights([kernel * 2 / (features.mean(axis=0) @ kernel).std(), np.zeros(3)])
        assert np.ptp(model.predict(pictures, verbose=0)[0]) > 0.1
    expected = model.predict(pictures, verbose=0)
    size = {"size": backbone.input_size}
    folder = converted(model, name, tmp_path, pictures=pictures, **size)
    with imported(folder, "runtime") as (runtime,):
        run = runtime.Network(folder)
        answers = np.stack([run(pixels)["probabilities"] for pixels in pictures])
    assert np.abs(answers - expected).max() < CLOSE[table.find(name).precision]


def test_onnx_and_openvino_take_any_number_of_pictures(tmp_path: Path) -> None:
    import onnxruntime

    model = chain()
    folder = converted(model, "onnx", tmp_path)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (found,) = session.run(["probabilities"], {"images": PIXELS})
    np.testing.assert_allclose(found, model.predict(PIXELS, verbose=0), atol=1e-5)


@pytest.mark.parametrize("name", [*(n for n in CONVERTED if "int8" not in n), "arduino"])
def test_a_score_that_rests_on_the_answer_comes_out_as_in_keras(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 216, (60, 1, 1, 3)) + rng.integers(0, 40, (60, SIZE, SIZE, 3))
    pictures = colours.astype(np.uint8)
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = layers.Conv2D(12, 3, 2, activation="relu6")(layers.Rescaling(1 / 127.5, -1)(images))
    x = layers.GlobalAveragePooling2D()(x)
    classes = layers.Dense(3, activation="softmax", kernel_initializer="random_normal")
    answers = classes(x)
    classes.set_weights([100 * classes.get_weights()[0], np.zeros(3)])
    features, said = keras.Model(images, [x, answers]).predict(pictures, verbose=0)
    memory = Memory.of(features, said.max(axis=1))
    assert memory is not None
    assert memory.weight > 0
    scored = {"probabilities": answers, "familiar": memory.layers(x, "familiar", answers)}
    folder = converted(keras.Model(images, scored), name, tmp_path, pictures=pictures)
    with imported(folder, "runtime") as (runtime,):
        run = runtime.Network(folder)
        told = [run(pixels) for pixels in pictures]
    close = CLOSE[table.find(name).precision]
    np.testing.assert_allclose([each["probabilities"] for each in told], said, atol=close)
    expected = memory.familiar(features, said)
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose([each["familiar"] for each in told], expected, atol=max(close, 2e-3))
    if name == "arduino":  # a board is given whole numbers alone
        from ai_edge_litert.interpreter import Interpreter

        made = Interpreter(str(folder / "model.tflite"))
        assert {each["dtype"] for each in made.get_output_details()} == {np.int8}


@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_what_tf2onnx_cannot_read_is_spelled_out_for_it(name: str, tmp_path: Path) -> None:
    """As in ConvNeXt: constants from outside, convolutions in groups, and GELU."""
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = layers.Normalization(mean=[100.0, 120.0, 130.0], variance=[900.0, 400.0, 600.0])(images)
    x = layers.Conv2D(8, 3, groups=8, activation="gelu")(layers.Conv2D(8, 3)(x))
    head = layers.Dense(3, activation="softmax", kernel_initializer="random_normal")
    model = keras.Model(images, head(layers.Flatten()(x)))
    expected = model.predict(PIXELS, verbose=0)
    assert np.ptp(expected, axis=0).max() > 0.01
    folder = converted(model, name, tmp_path)
    with imported(folder, "runtime") as (runtime,):
        run = runtime.Network(folder)
        answers = np.stack([run(pixels)["probabilities"] for pixels in PIXELS])
    assert np.abs(answers - expected).max() < 1e-4


def test_int8_takes_and_gives_whole_numbers_alone(tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    folder = converted(chain(), "litert-int8", tmp_path)
    interpreter = Interpreter(str(folder / "model.tflite"))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (taken["dtype"], given["dtype"]) == (np.int8, np.int8)
    scale, zero = taken["quantization"]
    assert (round(scale, 6), zero) == (1, -128)  # a pixel is its value less 128
    kinds = {each["dtype"] for each in interpreter.get_tensor_details()}
    assert kinds <= {np.int8, np.int32}


def test_a_head_that_rests_on_what_hardly_varies_is_left_in_float(tmp_path: Path) -> None:
    """As on line drawings: in 256 steps these numbers are all the same."""
    drawings = np.random.default_rng(0).integers(127, 130, (60, SIZE, SIZE, 3), dtype=np.uint8)
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    same = layers.Conv2D(3, 1, use_bias=False, activation="relu")
    head = layers.Dense(2, activation="softmax")
    x = layers.GlobalAveragePooling2D()(same(layers.Rescaling(1 / 255)(images)))
    model = keras.Model(images, head(x))
    same.set_weights([np.eye(3)[None, None]])
    means = drawings.mean(axis=(1, 2, 3)) / 255
    weights = np.array([[10_000.0, -10_000.0]] * 3)
    head.set_weights([weights, -3 * np.median(means) * weights[0]])
    expected = model.predict(drawings, verbose=0)
    assert 20 < expected.argmax(axis=1).sum() < 40
    folder = converted(model, "litert-int8", tmp_path, pictures=drawings)
    with imported(folder, "runtime") as (runtime,):
        run = runtime.Network(folder)
        answers = np.stack([run(pixels)["probabilities"] for pixels in drawings])
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95


def test_int8_without_pictures_to_calibrate_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="calibrated"):
        converted(chain(), "litert-int8", tmp_path, calibration=None)


def test_what_cannot_be_converted_is_told_in_words(tmp_path: Path) -> None:
    """LiteRT alone has no such operation; with more of TensorFlow it would have, elsewhere not."""
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = keras.ops.cast(images, "float32")[..., 0]
    x = keras.ops.real(keras.ops.fft2((x, keras.ops.zeros_like(x)))[0])
    model = keras.Model(images, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))
    with pytest.raises(UserError, match="cannot be converted to LiteRT") as told:
        converted(model, "litert", tmp_path)
    assert str(tmp_path) not in str(told.value)


def test_what_tensorflow_lite_micro_lacks_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TensorFlow Lite Micro lacks .*REVERSE_V2"):
        converted(averaged(), "arduino", tmp_path)
    assert not list((tmp_path / "export").iterdir())


def test_what_no_board_has_room_for_is_refused_before_it_is_converted(tmp_path: Path) -> None:
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = layers.Dense(3000)(layers.Flatten()(layers.Rescaling(1 / 255)(images)))
    model = keras.Model(images, layers.Dense(3, activation="softmax")(x))
    with pytest.raises(UserError, match=r"2\.3 MB of flash.*MobileNet 0\.25, 96 px"):
        converted(model, "arduino", tmp_path, calibration=None)  # it would object to this later


@pytest.mark.parametrize("square", list(Squaring))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_savedmodel_prepares_jpegs_as_thaw_does(square: Squaring, orientation: int) -> None:
    import io

    from PIL import Image

    from core.exports.formats import saved_model
    from core.intake.pictures import images

    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x011A] = "a camera", orientation, 72.0
    ramp = np.linspace(0, 255, 96 * 64).reshape(64, 96)
    picture = np.stack([ramp, ramp.T.reshape(64, 96), 255 - ramp], -1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, exif=exif)
    ours = images.to_square(images.decode(buffer.getvalue(), 24), 24, square)
    theirs = saved_model.prepared(buffer.getvalue(), 24, square).numpy()
    assert np.abs(ours.astype(int) - theirs).max() <= 6
    assert np.abs(ours.astype(int) - theirs).mean() < 1


@pytest.mark.parametrize(
    "head",
    [b"", b"\xff\xd8\xff\xe1\x00\x10Exif\0\0", b"\xff\xd8" + b"Exif\0\0II*\0\xff\xff\xff\xff"],
)
def test_a_broken_exif_turns_nothing(head: bytes) -> None:
    from core.exports.formats import saved_model

    assert int(saved_model.orientation_of(head)) == 1
