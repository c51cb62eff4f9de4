"""Temperature scaling: one number that makes a network as sure as it is right.

Networks are often surer than they are right. Dividing the scores before the softmax by a
temperature changes how sure they are, and never which class is the most probable one (Guo et al.
2017, arXiv:1706.04599). Scores are the last layer's output, so the temperature disappears in that
layer's weights, and whatever runs the network answers with calibrated probabilities.
"""

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]

_PRIOR = 0.3  # standard deviation of the temperature's logarithm, before any answer is seen
_FURTHEST = 4.0  # of the logarithm
_STEPS = 30  # each leaves 0.62 of the range: a millionth of it is left
_GOLDEN = (5**0.5 - 1) / 2
_LEAST = 1e-12


def fit(probabilities: Probabilities, labels: Places) -> float:
    """The temperature at which answers have the lowest cross-entropy.

    It is drawn towards 1 as far as few answers leave it open: a network that is right about all of
    ten pictures would otherwise be made certain of everything.

    Args:
        probabilities: Answers to pictures that it has not learned from, [pictures, classes].
        labels: The place of each picture's class.
    """
    scores = _scores(probabilities)

    def loss(power: float) -> float:
        told = scores * np.exp(power)
        told -= told.max(axis=1, keepdims=True)
        told -= np.log(np.exp(told).sum(axis=1, keepdims=True))
        return float((power / _PRIOR) ** 2 / 2 - told[np.arange(len(labels)), labels].sum())

    low, high = -_FURTHEST, _FURTHEST
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return float(np.exp(-(low + high) / 2))


def apply(probabilities: Probabilities, temperature: float) -> npt.NDArray[np.float64]:
    """Answers as they are at another temperature, [pictures, classes]."""
    scores = _scores(probabilities) / temperature
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _scores(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    """Scores whose softmax these are."""
    scores: npt.NDArray[np.float64] = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    return scores
