"""Familiarity on painted features: what is like the training pictures, and what is not."""

import numpy as np
import pytest

from core.backbones.frameworks import keras
from core.network import familiarity
from core.network.familiarity import FEWEST, THRESHOLD, Memory
from core.network.ridge import softmax

CHANNELS = 40


def clustered(pictures: int, seed: int, clusters: int = 3, spread: float = 0.6) -> np.ndarray:
    """Features around the same few points for any seed."""
    points = np.random.default_rng(0).normal(size=(clusters, CHANNELS))
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0.5, 2, (pictures, 1))  # a brighter picture is no stranger
    return lengths * (points[rng.integers(clusters, size=pictures)] + spread * rng.normal(
        size=(pictures, CHANNELS)
    ))  # fmt: skip


def memory_of(features: np.ndarray, sure: np.ndarray | None = None) -> Memory:
    memory = Memory.of(features, sure)
    assert memory is not None
    return memory


def of_two(
    pictures: int, seed: int, apart: float = 0.7, doubt: float = 0.1, spread: float = 0.25
) -> tuple[np.ndarray, np.ndarray]:
    """Features of two classes that have much in common, and what a network says of them.

    Nothing is apart in pictures of something between the two.
    """
    rng = np.random.default_rng(seed)
    features = spread * rng.normal(size=(pictures, CHANNELS))
    features[:, 0] += 4
    features[:, 1] = apart * rng.choice([-1, 1], pictures) + doubt * rng.normal(size=pictures)
    return features, softmax(features[:, 1:2] * [-6, 6])


def of_its_own(pictures: int, seed: int = 0, **more: float) -> Memory:
    features, said = of_two(pictures, seed, **more)
    return memory_of(features, said.max(axis=1))


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


@pytest.mark.parametrize("doubt", [0.1, 0.5])
@pytest.mark.parametrize("pictures", [30, 60, 400])
def test_as_many_are_accepted_if_the_answer_counts(pictures: int, doubt: float) -> None:
    told = np.concatenate(
        [
            of_its_own(pictures, seed, doubt=doubt).familiar(*of_two(500, 1000 + seed, doubt=doubt))
            for seed in range(20)
        ]
    )
    assert (told >= THRESHOLD).mean() == pytest.approx(0.95, abs=0.02)
    for share in (0.25, 0.5, 0.75):
        assert (told < share).mean() == pytest.approx(share, abs=0.05)


def test_a_stranger_between_two_classes_is_near_and_yet_refused() -> None:
    features, said = of_two(200, 0)
    near, both = memory_of(features), memory_of(features, said.max(axis=1))
    between, split = of_two(300, 1, apart=0, doubt=0.05)
    assert (near.familiar(between) >= THRESHOLD).mean() > 0.7
    assert (both.familiar(between, split) >= THRESHOLD).mean() < 0.05


def test_a_sure_answer_is_no_excuse_for_looking_like_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doubtful = {"apart": 0.1, "doubt": 0.1}
    stranger, _ = of_two(300, 1, **doubtful, spread=0.4)
    certain = np.repeat([[0.0, 1.0]], len(stranger), axis=0)
    told = of_its_own(200, **doubtful).familiar(stranger, certain)
    assert (told < THRESHOLD).mean() > 0.9
    monkeypatch.setattr(familiarity, "_GATE", 0.0)
    told = of_its_own(200, **doubtful).familiar(stranger, certain)
    assert (told < THRESHOLD).mean() < 0.5


def test_answers_count_for_those_pictures_alone_that_were_left_out() -> None:
    features, said = of_two(400, 0, doubt=0.5)
    some = np.where(np.arange(400) < 150, said.max(axis=1), np.nan)
    told = memory_of(features, some).familiar(*of_two(2000, 1, doubt=0.5))
    assert (told >= THRESHOLD).mean() == pytest.approx(0.95, abs=0.03)
    few = np.where(np.arange(400) < FEWEST - 1, some, np.nan)
    for sure in (few, np.full(400, np.nan), np.ones(400)):  # too few, none, a single class
        memory = memory_of(features, sure)
        assert memory.weight == 0
        np.testing.assert_array_equal(
            memory.familiar(features), memory_of(features).familiar(features)
        )


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
    assert "missing" not in {layer.name for layer in model.layers}
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(np.asarray(again(asked)), np.asarray(model(asked)), atol=1e-6)


@pytest.mark.parametrize("pictures", [FEWEST, 60, 400])
def test_the_layers_count_the_answer_as_well(pictures: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    memory = of_its_own(pictures, doubt=0.4)
    features, answers = keras.layers.Input((CHANNELS,)), keras.layers.Input((2,))
    model = keras.Model([features, answers], memory.layers(features, "familiar", answers))
    of_each = [
        of_two(100, 1, doubt=0.4), of_two(100, 2, apart=0), of_two(100, 3, spread=0.4),
        of_two(100, 4, spread=3),
    ]  # fmt: skip
    asked, said = (np.concatenate(each).astype(np.float32) for each in zip(*of_each, strict=True))
    told = np.asarray(model([asked, said]))[:, 0]
    np.testing.assert_allclose(told, memory.familiar(asked, said), atol=2e-3)
    assert 0.1 < (told < THRESHOLD).mean() < 0.9
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(np.asarray(again([asked, said]))[:, 0], told, atol=1e-6)
