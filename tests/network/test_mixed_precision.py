"""What a GPU with bfloat16 does, done on this processor."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.backbones.catalogue.backbone import Backbone
from core.network import engine, gpu
from core.network.classifier import Network
from core.network.gpu import computing_in
from core.storage import home

Tiny = tuple[Backbone, Any]


def policies(model: Any) -> set[str]:
    return {layer.dtype_policy.name for layer in model._flatten_layers()}


def test_a_network_is_as_it_was_afterwards(tiny: Tiny) -> None:
    _, body = tiny
    with computing_in(engine.BFLOAT16, body):
        assert policies(body) == {"mixed_bfloat16"}
        assert {weight.dtype for weight in body.weights} == {"float32"}
    assert policies(body) == {"float32"}
    with pytest.raises(KeyError), computing_in(engine.BFLOAT16, body):
        raise KeyError
    assert policies(body) == {"float32"}
    with computing_in(engine.FLOAT32, body):
        assert policies(body) == {"float32"}


@pytest.mark.parametrize(("precision", "most"), [(engine.FLOAT32, 1e-5), (engine.BFLOAT16, 0.05)])
def test_features_are_nearly_the_same_and_float32(
    tiny: Tiny,
    pictures: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    most: float,
) -> None:
    """More of them than one batch, so that there is a rest as well."""
    monkeypatch.setattr(gpu, "is_here", lambda: False)
    elsewhere = Network(*tiny, "digest", frozen_layers=8, budget=1 << 40, images=9).prefix
    monkeypatch.setattr(gpu, "is_here", lambda: True)
    monkeypatch.setattr(gpu, "precision", lambda: precision)
    network = Network(*tiny, "digest", frozen_layers=8, budget=1 << 40, images=9)
    assert network.prefix.key != elsewhere.key
    model = network.prefix_model()
    images = pictures(70, 16)
    expected = np.asarray(model(images, training=False))
    answers: dict[str, np.ndarray] = {}
    compiled = network.prefix.compile(lambda: model, answers.__setitem__)
    for number, image in enumerate(images):
        compiled.submit(str(number), image)
    compiled.wait()
    got = np.stack([answers[str(number)] for number in range(len(images))])
    assert got.dtype == np.float32
    off = np.abs(got - expected).max() / np.abs(expected).max()
    assert off <= most
    assert (off > 1e-4) == (precision == engine.BFLOAT16), "it does compute in it"
    assert policies(model) == {"float32"}
    assert not home.graphs().exists(), "nothing is converted for it"
