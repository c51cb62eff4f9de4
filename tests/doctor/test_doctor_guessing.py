"""Leaving out each image in turn, without doing so."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core.doctor import guessing
from core.network import ridge
from tests.doctor.sights import clustered


@pytest.mark.parametrize("counts", [(20, 20, 20), (40, 12, 3)])
def test_it_is_as_if_each_image_had_been_left_out(counts, monkeypatch):
    monkeypatch.setattr(guessing, "_PENALTIES", (1.0,))
    monkeypatch.setattr(ridge, "_SHARPNESS", (5,))
    labels = np.repeat(np.arange(3), counts)
    described = clustered(labels, noise=1.0)
    found = guessing.leave_one_out(described, labels, 3)
    weights = len(labels) / (3 * np.array(counts)[labels])  # every class counts alike
    for place in range(len(labels)):
        others = np.arange(len(labels)) != place
        plain = Ridge(alpha=len(labels) / 1000)
        plain.fit(described[others], np.eye(3)[labels[others]], sample_weight=weights[others])
        raised = np.exp(5 * plain.predict(described[[place]])[0])
        assert found.probabilities[place] == pytest.approx(raised / raised.sum(), abs=1e-6)


def test_noise_is_guessed_no_better_than_blindly():
    labels = np.repeat(np.arange(4), 30)
    noise = np.random.default_rng(0).normal(size=(120, 200)).astype(np.float32)
    assert guessing.leave_one_out(noise, labels, 4).accuracy < 0.4


def test_a_class_without_images_is_never_guessed():
    labels = np.repeat([0, 2], 20)
    found = guessing.leave_one_out(clustered(labels).astype(np.float32), labels, 4)
    assert set(found.guessed) == {0, 2}
    assert found.accuracy == 1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_few_images_are_no_error(count):
    labels = np.arange(count)
    found = guessing.leave_one_out(np.eye(count, 5, dtype=np.float32), labels, count)
    assert np.isfinite(found.probabilities).all()
