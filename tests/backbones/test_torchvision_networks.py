"""ResNet-18, ResNet-34 and AlexNet against forward passes written again, in NumPy."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.backbones import load
from core.backbones.builders import alexnet, resnet
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.errors import UserError
from tests.backbones.test_torch_weights import zipped

pytestmark = pytest.mark.slow

State = dict[str, np.ndarray]
Shape = tuple[int, ...]

# He et al. 2015, table 1: blocks of two convolutions in each of four stages, and their widths.
RESNETS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}
WIDTHS = (64, 128, 256, 512)
# torchvision.models.alexnet: places in `features`, kernels [out, in, side, side], stride, padding.
ALEXNET_CONVOLUTIONS = (
    (0, (64, 3, 11, 11), 4, 2),
    (3, (192, 64, 5, 5), 1, 2),
    (6, (384, 192, 3, 3), 1, 1),
    (8, (256, 384, 3, 3), 1, 1),
    (10, (256, 256, 3, 3), 1, 1),
)
ALEXNET_DENSE = ((1, (4096, 256 * 6 * 6)), (4, (4096, 4096)), (6, (1000, 4096)))
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
# As the documentation of torchvision.models states them, with the 1000 classes.
PARAMETERS = {"resnet18": 11_689_512, "resnet34": 21_797_672, "alexnet": 61_100_840}


def resnet_blocks(name: str) -> Iterator[tuple[str, int, int, int]]:
    """Name, channels that come in and go out, and stride of each block."""
    before = 64
    for stage, (width, count) in enumerate(zip(WIDTHS, RESNETS[name], strict=True), 1):
        for index in range(count):
            yield f"layer{stage}.{index}", before, width, 2 if stage > 1 and index == 0 else 1
            before = width


def resnet_convolutions(name: str) -> Iterator[tuple[str, str, Shape]]:
    """Each convolution's name, that of the batch norm behind it, and its kernel's shape."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    for block, before, width, stride in resnet_blocks(name):
        yield f"{block}.conv1", f"{block}.bn1", (width, before, 3, 3)
        yield f"{block}.conv2", f"{block}.bn2", (width, width, 3, 3)
        if stride == 2:
            yield f"{block}.downsample.0", f"{block}.downsample.1", (width, before, 1, 1)


def kernel_of(random: np.random.Generator, shape: Shape) -> np.ndarray:
    """He et al. 2015 (arXiv:1502.01852): nothing fades or swells on the way through ReLUs."""
    spread = np.float32(np.sqrt(2 / np.prod(shape[1:])))
    return random.standard_normal(shape, np.float32) * spread


def batch_norm_of(random: np.random.Generator, name: str, channels: int) -> State:
    mild = 0.4 if name.endswith("bn2") else 1.0  # else each block adds more than the one before
    return {
        f"{name}.weight": random.uniform(0.5, 1.5, channels).astype("f4") * np.float32(mild),
        f"{name}.bias": random.normal(0, 0.3, channels).astype("f4"),
        f"{name}.running_mean": random.normal(0, 0.3, channels).astype("f4"),
        f"{name}.running_var": random.uniform(0.5, 2, channels).astype("f4"),
        f"{name}.num_batches_tracked": np.array(5, "i8"),
    }


@cache
def resnet_state(name: str) -> State:
    """Random weights under torchvision's names."""
    random = np.random.default_rng(18)
    state: State = {}
    for convolution, norm, shape in resnet_convolutions(name):
        state[f"{convolution}.weight"] = kernel_of(random, shape)
        state |= batch_norm_of(random, norm, shape[0])
    state["fc.weight"] = kernel_of(random, (1000, 512)) / 4  # else one class takes all
    state["fc.bias"] = random.normal(0, 0.3, 1000).astype("f4")
    return state


@pytest.fixture(scope="module")
def alexnet_weights() -> State:
    """Random weights under torchvision's names; 244 MB of them."""
    random = np.random.default_rng(12)
    layers = [(f"features.{place}", shape) for place, shape, _, _ in ALEXNET_CONVOLUTIONS]
    layers += [(f"classifier.{place}", shape) for place, shape in ALEXNET_DENSE]
    state: State = {}
    for name, shape in layers:
        state[f"{name}.weight"] = kernel_of(random, shape)
        state[f"{name}.bias"] = random.normal(0, 0.3, shape[0]).astype("f4")
    return state


def windows(x: np.ndarray, size: int, stride: int) -> np.ndarray:
    """All that fit whole into [N, C, H, W]."""
    every = np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))
    return every[:, :, ::stride, ::stride]


def padded(x: np.ndarray, by: int, value: float = 0) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (by, by), (by, by)), constant_values=value)


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    seen = windows(padded(x, padding), kernel.shape[-1], stride)
    return np.einsum("nchwij,ocij->nohw", seen, kernel.astype(np.float64), optimize=True)


def max_pool(x: np.ndarray, padding: int) -> np.ndarray:
    """Of 3 × 3, every second."""
    return windows(padded(x, padding, -np.inf), 3, 2).max((4, 5))


def normalise(x: np.ndarray, state: State, name: str) -> np.ndarray:
    def channel(part: str) -> np.ndarray:
        return state[f"{name}.{part}"].astype(np.float64)[:, None, None]

    spread = np.sqrt(channel("running_var") + 1e-5)
    return (x - channel("running_mean")) / spread * channel("weight") + channel("bias")


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def dense(x: np.ndarray, state: State, name: str) -> np.ndarray:
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def softmax(x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def resnet_pass(name: str, state: State, pictures: np.ndarray) -> State:
    """Every layer's output, in float64, by the names of torchvision's modules.

    A block's ReLU works twice and counts twice, and its addition has a name here.
    """
    seen: State = {}

    def step(name: str, x: np.ndarray) -> np.ndarray:
        seen[name] = x
        return x

    def convolution(x: np.ndarray, name: str, norm: str, stride: int) -> np.ndarray:
        kernel = state[f"{name}.weight"]
        x = step(name, convolve(x, kernel, stride, kernel.shape[-1] // 2))
        return step(norm, normalise(x, state, norm))

    x = pictures.astype(np.float64).transpose(0, 3, 1, 2)
    x = step("relu", relu(convolution(x, "conv1", "bn1", 2)))
    x = step("maxpool", max_pool(x, 1))
    for block, _, _, stride in resnet_blocks(name):
        short = x
        x = convolution(x, f"{block}.conv1", f"{block}.bn1", stride)
        x = step(f"{block}.relu1", relu(x))
        x = convolution(x, f"{block}.conv2", f"{block}.bn2", 1)
        if stride == 2:
            short = convolution(short, f"{block}.downsample.0", f"{block}.downsample.1", 2)
        x = step(f"{block}.add", x + short)
        x = step(f"{block}.relu2", relu(x))
    x = step("avgpool", x.mean((2, 3)))
    step("fc", softmax(dense(x, state, "fc")))
    return seen


def alexnet_pass(state: State, pictures: np.ndarray, top: bool) -> State:
    """Every layer's output, in float64, by the numbers that layers have in the paper of 2012."""
    seen: State = {}
    x = pictures.astype(np.float64).transpose(0, 3, 1, 2)
    for number, (place, _, stride, padding) in enumerate(ALEXNET_CONVOLUTIONS, 1):
        x = convolve(x, state[f"features.{place}.weight"], stride, padding)
        x = seen[f"conv{number}"] = x + state[f"features.{place}.bias"][:, None, None]
        x = seen[f"conv{number}_relu"] = relu(x)
        if number in (1, 2, 5):
            x = seen[f"conv{number}_pool"] = max_pool(x, 0)
    if top:
        x = x.reshape(len(x), -1)  # channel by channel
        x = seen["fc6"] = relu(dense(x, state, "classifier.1"))
        x = seen["fc7"] = relu(dense(x, state, "classifier.4"))
        seen["fc8"] = softmax(dense(x, state, "classifier.6"))
    return seen


def random_pictures(size: int, count: int = 2) -> np.ndarray:
    random = np.random.default_rng(size)
    return random.standard_normal((count, size, size, 3), np.float32)


def assert_layer_by_layer(model: keras.Model, pictures: np.ndarray, expected: State) -> None:
    """None is left out but those that only move numbers."""
    moving = keras.layers.ZeroPadding2D | keras.layers.Flatten | keras.layers.Dropout
    layers = [layer for layer in model.layers[1:] if not isinstance(layer, moving)]
    assert {layer.name for layer in layers} == set(expected)
    outputs = keras.Model(model.input, [layer.output for layer in layers])(pictures, training=False)
    for layer, output in zip(layers, outputs, strict=True):
        theirs = np.moveaxis(expected[layer.name], 1, -1)
        ours = np.asarray(output)
        assert ours.shape == theirs.shape, layer.name
        scale = np.abs(theirs).max()
        assert np.abs(ours - theirs).max() <= 1e-4 * scale, layer.name
        assert np.abs(theirs).mean() > scale / 1000, f"{layer.name} is all but silent"


@pytest.fixture(scope="module")
def resnet18_with_classes() -> keras.Model:
    return load.build(BACKBONES["resnet18"], input_size=75, top=True)


each_resnet = pytest.mark.parametrize(
    "name", ["resnet18", pytest.param("resnet34", marks=pytest.mark.exhaustive)]
)


@each_resnet
def test_each_layer_of_a_resnet_is_that_of_the_paper(name: str) -> None:
    state, pictures = resnet_state(name), random_pictures(64)
    expected = {n.replace(".", "_"): x for n, x in resnet_pass(name, state, pictures).items()}
    del expected["avgpool"], expected["fc"]
    model = load.build(BACKBONES[name], input_size=64)
    resnet.load_torch_weights(model, state)
    assert_layer_by_layer(model, pictures, expected)


@each_resnet
def test_the_classes_of_a_resnet_are_those_of_torchvision(name: str) -> None:
    """At 75 pixels all sides are odd on the way down: 75, 38, 19, 10, 5, 3."""
    state, pictures = resnet_state(name), random_pictures(75)
    expected = {n.replace(".", "_"): x for n, x in resnet_pass(name, state, pictures).items()}
    model = load.build(BACKBONES[name], input_size=75, top=True)
    resnet.load_torch_weights(model, state)
    assert_layer_by_layer(model, pictures, expected)
    assert expected["fc"].max() < 0.5  # the classes compete


@pytest.mark.parametrize("size", [96, pytest.param(131, marks=pytest.mark.exhaustive)])
def test_each_layer_of_alexnet_is_that_of_torchvision(alexnet_weights: State, size: int) -> None:
    """At neither size do strides come out even; only features may be of any size."""
    pictures = random_pictures(size)
    model = load.build(BACKBONES["alexnet"], input_size=size)
    alexnet.load_torch_weights(model, alexnet_weights)
    assert_layer_by_layer(model, pictures, alexnet_pass(alexnet_weights, pictures, top=False))


@pytest.mark.exhaustive
def test_the_classes_of_alexnet_are_those_of_torchvision(alexnet_weights: State) -> None:
    pictures = random_pictures(224, count=1)
    model = load.build(BACKBONES["alexnet"], top=True)
    alexnet.load_torch_weights(model, alexnet_weights)
    expected = alexnet_pass(alexnet_weights, pictures, top=True)
    assert_layer_by_layer(model, pictures, expected)
    assert expected["fc8"].max() < 0.5  # the classes compete


def parameters_of(model: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


@pytest.mark.parametrize(
    "name", ["resnet18", pytest.param("resnet34", marks=pytest.mark.exhaustive), "alexnet"]
)
def test_has_as_many_parameters_as_torchvision_says(name: str) -> None:
    model = load.build(BACKBONES[name], top=True)
    assert parameters_of(model) == PARAMETERS[name]


def test_the_references_have_as_many_parameters(alexnet_weights: State) -> None:
    states = {name: resnet_state(name) for name in RESNETS} | {"alexnet": alexnet_weights}
    for name, state in states.items():
        learned = [array.size for n, array in state.items() if not n.endswith(STATISTICS)]
        assert sum(learned) == PARAMETERS[name]


def test_a_file_of_pytorch_gives_its_network(tmp_path: Path) -> None:
    state = resnet_state("resnet18")
    loaded = load.load(BACKBONES["resnet18"], zipped(tmp_path / "w.pth", state), top=True)
    filled = resnet.resnet18(32, top=True)
    resnet.load_torch_weights(filled, state)
    pairs = list(zip(loaded.get_weights(), filled.get_weights(), strict=True))
    assert len(pairs) == len([name for name in state if "tracked" not in name])
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_a_file_of_another_network_is_told_plainly(tmp_path: Path, name: str) -> None:
    of_vgg16 = {"features.0.weight": np.zeros((64, 3, 3, 3), "f4")}
    file = zipped(tmp_path / "brought.pth", of_vgg16)
    title = BACKBONES[name].title
    with pytest.raises(
        UserError, match=rf"weights of {title}, but brought\.pth .* another network"
    ):
        load.load(BACKBONES[name], file)


def test_a_file_of_another_shape_is_told_plainly(tmp_path: Path) -> None:
    file = zipped(tmp_path / "brought.pth", {"conv1.weight": np.zeros((64, 3, 3, 3), "f4")})
    with pytest.raises(UserError, match=r"weights of ResNet-18, but brought\.pth"):
        load.load(BACKBONES["resnet18"], file)


@pytest.mark.parametrize(
    "missing",
    ["conv1.weight", "bn1.running_var", "layer2.0.downsample.1.bias", "layer4.1.bn2.weight",
     "fc.bias"],
)  # fmt: skip
def test_a_resnet_without_one_of_its_names_is_refused(
    resnet18_with_classes: keras.Model, missing: str
) -> None:
    whole = resnet_state("resnet18")
    state = {name: array for name, array in whole.items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        resnet.load_torch_weights(resnet18_with_classes, state)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conv1.weight", (64, 3, 3, 3)),
        ("bn1.running_mean", (32,)),
        ("layer2.0.conv1.weight", (64, 128, 3, 3)),
        ("layer1.0.conv1.weight", (64, 64, 1, 1)),  # as in ResNet-50
        ("fc.weight", (10, 512)),
        ("fc.bias", (10,)),
    ],
)
def test_a_resnet_of_another_shape_is_refused(
    resnet18_with_classes: keras.Model, name: str, shape: Shape
) -> None:
    state = resnet_state("resnet18") | {name: np.zeros(shape, "f4")}
    with pytest.raises(ValueError, match="shape"):
        resnet.load_torch_weights(resnet18_with_classes, state)


def test_the_weights_of_the_larger_resnet_are_refused(resnet18_with_classes: keras.Model) -> None:
    """They hold every name of the smaller one, in its shape, and others besides."""
    with pytest.raises((KeyError, ValueError)):
        resnet.load_torch_weights(resnet18_with_classes, resnet_state("resnet34"))


def test_the_weights_of_the_smaller_resnet_are_refused() -> None:
    with pytest.raises(KeyError, match=r"layer1\.2"):
        resnet.load_torch_weights(resnet.resnet34(32), resnet_state("resnet18"))


def test_an_alexnet_without_one_of_its_names_is_refused(alexnet_weights: State) -> None:
    state = {name: array for name, array in alexnet_weights.items() if name != "features.6.bias"}
    with pytest.raises(KeyError, match=r"features\.6\.bias"):
        alexnet.load_torch_weights(alexnet.alexnet(96), state)


def test_an_alexnet_of_another_shape_is_refused(alexnet_weights: State) -> None:
    """The kernel of the network of 2012, whose halves lay on two cards."""
    state = alexnet_weights | {"features.3.weight": np.zeros((256, 48, 5, 5), "f4")}
    with pytest.raises(ValueError, match="shape"):
        alexnet.load_torch_weights(alexnet.alexnet(96), state)


def test_an_alexnet_of_other_classes_is_refused(alexnet_weights: State) -> None:
    state = alexnet_weights | {"classifier.6.weight": np.zeros((10, 4096), "f4")}
    with pytest.raises(ValueError, match="shape"):
        alexnet.load_torch_weights(alexnet.alexnet(top=True), state)
