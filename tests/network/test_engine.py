"""The engine says what Keras says, and keeps its converted graph whole or not at all."""

import dataclasses
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.backbones.weights import weights
from core.network import engine, gpu
from core.network.classifier import Network
from core.network.engine import feature_precision
from core.storage import home

ROOT = Path(__file__).parents[2]
Tiny = tuple[Backbone, Any]
Pictures = Callable[..., np.ndarray]


def network(made: Tiny, frozen: int | None = None) -> Network:
    frozen = len(made[1].layers) if frozen is None else frozen
    return Network(*made, "digest", frozen_layers=frozen, budget=1 << 40, images=10)


def run(compiled: engine.Engine, answers: dict[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    for number, pixels in enumerate(images):
        compiled.submit(str(number), pixels)
    compiled.wait()
    return np.stack([answers[str(number)] for number in range(len(images))])


def through(key: str, build: Callable[[], Any], images: np.ndarray) -> np.ndarray:
    answers: dict[str, np.ndarray] = {}
    return run(engine.compile_model(key, build, answers.__setitem__), answers, images)


def never() -> Any:
    raise AssertionError("the network is built although its graph is there")


def assert_close(got: np.ndarray, model: Any, images: np.ndarray) -> None:
    expected = np.asarray(model(images, training=False))
    assert got.shape == expected.shape
    assert got.dtype == np.float32
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("frozen", [3, 8, None])
def test_equals_keras(tiny: Tiny, pictures: Pictures, frozen: int | None) -> None:
    model = network(tiny, frozen).prefix_model()
    images = pictures(40, 16)
    assert_close(through("key", lambda: model, images), model, images)


def test_nothing_is_read_from_the_memory_of_a_network_that_is_gone(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A converted graph shares its weights: wrong answers come of it once they are freed.

    That shows only where something else is put there in time, so this looks at the cause.
    """
    convert, save = engine._convert, engine.ov.save_model
    kept: list[weakref.ref[Any]] = []
    converted: list[Any] = []

    def build() -> Any:
        made = keras.models.clone_model(network(tiny).prefix_model())
        kept.append(weakref.ref(made))
        return made

    def convert_and_note(model: Any) -> Any:
        graph = convert(model)
        converted.append(graph)
        return graph

    def save_while_it_is_there(*given: Any, **more: Any) -> None:
        gc.collect()
        assert kept[0]() is not None
        save(*given, **more)

    monkeypatch.setattr(engine, "_convert", convert_and_note)
    monkeypatch.setattr(engine.ov, "save_model", save_while_it_is_there)
    graph = engine._graph("key", build)
    assert graph is not converted[0], "what is run was read from the file"


@pytest.mark.slow
@pytest.mark.parametrize("frozen", ["all", "two thirds"])
@pytest.mark.parametrize("size", [pytest.param(224, marks=pytest.mark.exhaustive), 96])
def test_equals_keras_on_real_weights(pictures: Pictures, size: int, frozen: str) -> None:
    backbone = dataclasses.replace(BACKBONES["efficientnet_lite0"], input_size=size)
    body = load.build(backbone, input_size=size)
    file = weights.find(backbone)
    assert file is not None
    body.set_weights(load.load(BACKBONES["efficientnet_lite0"], file).get_weights())
    count = None if frozen == "all" else 2 * len(body.layers) // 3
    model = network((backbone, body), count).prefix_model()
    images = pictures(8, size)
    assert_close(through("key", lambda: model, images), model, images)


@pytest.mark.exhaustive
def test_equals_keras_on_real_mobilenet_v2(
    material: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
    backbone = BACKBONES["mobilenet_v2"]
    file = weights.find(backbone)
    assert file is not None
    model = network((backbone, load.load(backbone, file))).prefix_model()
    images = pictures(4, 224)
    assert_close(through("key", lambda: model, images), model, images)


def test_features_are_computed_in_bfloat16_where_that_is_faster() -> None:
    facts = Path("/proc/cpuinfo")
    if not facts.is_file():
        pytest.skip("this system does not say what its processor can")
    words = facts.read_text().split()
    can = "amx_bf16" in words or ("AuthenticAMD" in words and "avx512_bf16" in words)
    assert feature_precision() == (engine.BFLOAT16 if can else engine.FLOAT32)


def test_bfloat16_is_another_key_and_nearly_the_same(
    tiny: Tiny, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "is_here", lambda: False)
    exact = network(tiny).prefix
    monkeypatch.setattr(engine, "feature_precision", lambda: engine.BFLOAT16)
    made = network(tiny)
    assert made.prefix.key != exact.key
    images = pictures(10, 16)
    answers: dict[str, np.ndarray] = {}
    compiled = made.prefix.compile(made.prefix_model, answers.__setitem__)
    expected = np.asarray(made.prefix_model()(images, training=False))
    got = run(compiled, answers, images)
    assert got.dtype == np.float32
    assert np.abs(got - expected).max() <= 0.05 * np.abs(expected).max()


def test_a_network_is_built_once(tiny: Tiny, pictures: Pictures) -> None:
    model = network(tiny).prefix_model()
    images = pictures(3, 16)
    first = through("key", lambda: model, images)
    np.testing.assert_array_equal(through("key", never, images), first)
    with pytest.raises(AssertionError, match="is built"):
        through("other key", never, images)
    assert [folder.name for folder in home.graphs().iterdir()] == ["key"]


def cut_short(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def turn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["graph.xml", "graph.bin"])
@pytest.mark.parametrize(
    "damage",
    [Path.unlink, cut_short, turn, lambda path: path.write_bytes(b"")],
    ids=["gone", "cut", "one bit", "empty"],
)
def test_a_damaged_graph_is_made_anew(
    tiny: Tiny, pictures: Pictures, file: str, damage: Callable[[Path], None]
) -> None:
    model = network(tiny).prefix_model()
    images = pictures(3, 16)
    expected = through("key", lambda: model, images)
    damage(home.graphs() / "key" / file)
    built = []

    def build() -> Any:
        built.append(1)
        return model

    np.testing.assert_allclose(through("key", build, images), expected, atol=1e-6)
    assert built == [1]
    np.testing.assert_allclose(through("key", never, images), expected, atol=1e-6)


def test_what_goes_wrong_in_the_answer_is_raised(tiny: Tiny, pictures: Pictures) -> None:
    def answer(key: str, features: np.ndarray) -> None:
        raise OSError("no space left")

    compiled = engine.compile_model("key", network(tiny).prefix_model, answer)
    compiled.submit("a", pictures(1, 16)[0])
    with pytest.raises(OSError, match="no space left"):
        compiled.wait()


def test_many_threads_ask_one_network_and_each_gets_its_own_answer(
    tiny: Tiny, pictures: Pictures
) -> None:
    model = network(tiny).prefix_model()
    images = pictures(40, 16)
    compiled = engine.compiled("key", lambda: model)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(compiled.answer, images))
        asked = list(pool.map(compiled.ask, images))
    assert_close(np.stack(answers), model, images)
    assert_close(np.stack([each.result() for each in asked]), model, images)


def test_what_goes_wrong_with_one_image_reaches_who_asked_and_nobody_else(
    tiny: Tiny, pictures: Pictures
) -> None:
    (good,), (too_large,) = pictures(1, 16), pictures(1, 17)
    compiled = engine.compiled("key", network(tiny).prefix_model)
    expected = compiled.answer(good)
    for _ in range(2 * compiled._idle.qsize()):  # none of the requests is lost
        with pytest.raises(RuntimeError):
            compiled.answer(too_large)
        failed, asked = compiled.ask(too_large), compiled.ask(good)
        with pytest.raises(RuntimeError):
            failed.result()
        np.testing.assert_array_equal(asked.result(), expected)


def test_an_engine_that_nobody_needs_is_freed_with_its_network(
    tiny: Tiny, pictures: Pictures
) -> None:
    class Owner:
        """Told the answers by a method, as most are: engine and owner refer to each other."""

        def __init__(self) -> None:
            self.answers: dict[str, np.ndarray] = {}
            self.engine = engine.compile_model("key", network(tiny).prefix_model, self.answer)

        def answer(self, key: str, features: np.ndarray) -> None:
            self.answers[key] = features

    owner = Owner()
    run(owner.engine, owner.answers, pictures(8, 16))
    freed = weakref.ref(owner.engine._network)
    del owner
    gc.collect()
    assert freed() is None


def test_an_engine_may_go_while_it_is_at_work(tiny: Tiny, pictures: Pictures) -> None:
    """OpenVINO's own queue crashes or waits forever then. The last answers come all the same."""
    images = pictures(8, 16)
    model = network(tiny).prefix_model()
    for _ in range(20):
        answered: SimpleQueue[str] = SimpleQueue()
        compiled = engine.compile_model(
            "key", lambda: model, lambda key, _, to=answered: to.put(key)
        )
        for number, pixels in enumerate(images):
            compiled.submit(str(number), pixels)
        del compiled
        keys = {answered.get(timeout=30) for _ in images}
        assert keys == {str(number) for number in range(len(images))}


def test_the_first_pictures_of_a_process_may_come_at_once(tiny: Tiny, pictures: Pictures) -> None:
    """OpenVINO's first look at an array, in two threads at once, makes both wait forever."""
    through("key", network(tiny).prefix_model, pictures(1, 16))  # converted
    code = """
import sys
from threading import Barrier, Thread
import numpy as np
from core.network import engine
from core.storage import home
began = Barrier(4)
def use():
    compiled = engine.compile_model("key", None, lambda *_: None)
    began.wait()
    for number in range(8):
        compiled.submit(str(number), np.zeros((16, 16, 3), np.uint8))
    compiled.wait()
threads = [Thread(target=use) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60)  # noqa: S603
    assert done.returncode == 0


def test_the_oldest_graphs_are_dropped(
    tiny: Tiny, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_GRAPHS_KEPT", 2)
    model = network(tiny, 3).prefix_model()
    images = pictures(1, 16)
    for age, key in enumerate(("a", "b")):
        through(key, lambda: model, images)
        os.utime(home.graphs() / key, (1000 + age, 1000 + age))
    through("a", never, images)  # used again, so no longer the oldest
    through("c", lambda: model, images)
    assert sorted(folder.name for folder in home.graphs().iterdir()) == ["a", "c"]


def test_pixels_are_their_own_features(pictures: Pictures) -> None:
    answers: dict[str, np.ndarray] = {}
    images = pictures(3, 4)
    got = run(engine.Pixels(answers.__setitem__), answers, images)
    np.testing.assert_array_equal(got, images)
