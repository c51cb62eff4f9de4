"""Familiarity on painted features: what is like the training pictures, and what is not."""

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.network import familiarity
from core.network.familiarity import FEWEST, THRESHOLD, Memory

CHANNELS = 40


def clustered(pictures: int, seed: int, clusters: int = 3, spread: float = 0.6) -> np.ndarray:
    """Features around the same few points for any seed."""
    points = np.random.default_rng(0).normal(size=(clusters, CHANNELS))
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0.5, 2, (pictures, 1))  # a brighter picture is no stranger
    return lengths * (points[rng.integers(clusters, size=pictures)] + spread * rng.normal(
        size=(pictures, CHANNELS)
    ))  # fmt: skip


def memory_of(features: np.ndarray) -> Memory:
    memory = Memory.of(features)
    assert memory is not None
    return memory


@pytest.mark.parametrize("pictures", [30, 60, 400])
def test_as_many_of_its_own_are_accepted_as_promised(pictures: int) -> None:
    accepted = [
        (memory_of(clustered(pictures, seed)).familiar(clustered(500, 1000 + seed)) >= THRESHOLD)
        .mean()
        for seed in range(20)
    ]  # fmt: skip
    assert np.mean(accepted) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("pictures", [30, 400])
def test_familiar_is_the_share_of_its_own_that_is_less_so(pictures: int) -> None:
    told = np.concatenate(
        [
            memory_of(clustered(pictures, seed)).familiar(clustered(500, 1000 + seed))
            for seed in range(20)
        ]
    )
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert (told < share).mean() == pytest.approx(share, abs=0.04)


def test_strangers_are_refused() -> None:
    memory = memory_of(clustered(60, 0))
    strangers = np.random.default_rng(9).normal(size=(300, CHANNELS))
    assert (memory.familiar(strangers) < THRESHOLD).mean() > 0.98
    assert (memory.familiar(np.zeros((1, CHANNELS))) < THRESHOLD).all()


def test_the_further_off_the_less_familiar_also_where_all_are_refused() -> None:
    memory = memory_of(clustered(60, 0))
    own = memory.features[0]
    away = np.random.default_rng(3).normal(size=CHANNELS)
    away -= own * (away @ own)
    angles = np.linspace(0.8, 1.6, 12)[:, None]
    told = memory.familiar(np.cos(angles) * own + np.sin(angles) * away / np.linalg.norm(away))
    assert (np.diff(told) <= 0).all()
    assert len(np.unique(told[told < THRESHOLD])) >= 3


def test_one_class_and_copies_are_no_trouble() -> None:
    alone = memory_of(clustered(40, 0, clusters=1))
    assert (alone.familiar(clustered(300, 1, clusters=1)) >= THRESHOLD).mean() > 0.85
    copies = memory_of(np.repeat(clustered(10, 0), 6, axis=0))  # each is its own neighbour
    assert np.isfinite(copies.familiar(clustered(20, 1))).all()
    same = memory_of(np.ones((20, CHANNELS)))
    assert (same.familiar(np.ones((1, CHANNELS))) >= THRESHOLD).all()
    assert (same.familiar(np.eye(CHANNELS)[:1]) < THRESHOLD).all()


def test_too_few_pictures_give_none() -> None:
    assert Memory.of(clustered(FEWEST - 1, 0)) is None
    assert Memory.of(clustered(FEWEST, 0)) is not None


def test_it_stays_within_its_bytes_and_judges_the_rest_by_what_it_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(familiarity, "_BYTES", 50 * 4 * CHANNELS)
    features = clustered(500, 0)
    memory = memory_of(features)
    assert memory.features.nbytes <= 50 * 4 * CHANNELS
    np.testing.assert_allclose(
        memory.features, features[:50] / np.linalg.norm(features[:50], axis=1, keepdims=True),
        rtol=1e-5,
    )  # fmt: skip
    accepted = memory.familiar(clustered(500, 1)) >= THRESHOLD
    assert accepted.mean() == pytest.approx(0.95, abs=0.03)


def test_a_real_memory_is_at_most_two_megabytes() -> None:
    features = np.random.default_rng(0).normal(size=(1000, 2048)).astype(np.float32)
    assert memory_of(features).features.nbytes <= 2 << 20


@pytest.mark.parametrize("pictures", [FEWEST, 60, 400])
def test_the_layers_say_the_same_and_survive_a_file(pictures: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    memory = memory_of(clustered(pictures, 0))
    features = keras.layers.Input((CHANNELS,))
    model = keras.Model(features, memory.layers(features, "familiar"))
    asked = np.concatenate(
        [clustered(50, 1), np.random.default_rng(2).normal(size=(50, CHANNELS)), clustered(20, 0)]
    ).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model(asked))[:, 0], memory.familiar(asked), atol=2e-3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(np.asarray(again(asked)), np.asarray(model(asked)), atol=1e-6)
