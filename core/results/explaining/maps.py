"""Why a network says what it says of a picture: which places speak for a class.

Three ways, of which the network's form decides. Where the score of a class is a sum over places,
that sum is shown, exactly. With hidden dense layers it is exact but for what biases add (HiResCAM).
Where neither holds, as with a sealed module or an average of networks, parts of the picture are
covered one by one and the loss of certainty is shown (occlusion, Zeiler and Fergus 2013,
arXiv:1311.2901).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float64]

GRID = 14  # places a side that contributions of all stages are brought to
_FACTS = 3  # numbers before the sides of the grids
_COVERS = 8  # covers a side
_WIDE = 2  # so many of them wide is each one
_GREY = np.array((124, 116, 104), np.uint8)  # the average of ImageNet's photos
_TOLERANCE = 1e-3  # of a score, relative: contributions must add up
_LEAST = 1e-6


class Method(StrEnum):
    """How a map came about."""

    EXACT = "exact"
    HIRESCAM = "hirescam"
    OCCLUSION = "occlusion"


@dataclass(frozen=True)
class Explanation:
    """What each place contributes to each class.

    Attributes:
        method: How that was found out.
        classes: The network's classes.
        scores: Of each class: its logit, or for occlusion the logarithm of its probability.
        rest: What of the scores no place contributes, of each class; zeros for occlusion.
        maps: The contributions, [places, places, classes]. But for occlusion they add up to the
            scores less the rest.
    """

    method: Method
    classes: tuple[str, ...]
    scores: Map
    rest: Map
    maps: Map

    def of(self, place: int) -> Map:
        """What speaks for a class rather than for the others on average, [places, places].

        Args:
            place: The class.
        """
        if len(self.classes) == 1:
            return self.maps[..., place]
        others = np.delete(self.maps, place, axis=-1).mean(axis=-1)
        found: Map = self.maps[..., place] - others
        return found


def read(vector: npt.NDArray[np.float32], classes: tuple[str, ...]) -> Explanation:
    """Take apart what `contributions.build`'s network gives for one picture.

    Raises:
        ValueError: Contributions do not add up to the scores: a fault of Thaw's.
    """
    grids, count, hidden = vector[:_FACTS].astype(int).tolist()
    sides = vector[_FACTS : _FACTS + 2 * grids].astype(int).reshape(grids, 2)
    numbers = vector[_FACTS + 2 * grids :].astype(np.float64)
    scores, rest, numbers = numbers[:count], numbers[count : 2 * count], numbers[2 * count :]
    maps: Map = np.zeros((GRID, GRID, count))
    for height, width in sides:
        part = numbers[: height * width * count].reshape(height, width, count)
        numbers = numbers[height * width * count :]
        rows, columns = spread(height), spread(width)
        maps += np.einsum("ai,ijc,bj->abc", rows, part, columns, optimize=True)
    missed = np.abs(maps.sum(axis=(0, 1)) + rest - scores).max()
    if len(numbers) or missed > _TOLERANCE * max(1.0, float(np.abs(scores).max())):
        raise ValueError("contributions do not add up to the scores")
    method = Method.HIRESCAM if hidden else Method.EXACT
    return Explanation(method, classes, scores, rest, maps)


def spread(side: int) -> Map:
    """How a row of so many places becomes GRID of them, each a little into its neighbours.

    Each column adds up to 1, so that nothing is lost. Single places of early stages are noisy: seen
    alone, the highest of them is no better a hint than its surroundings.
    """
    found: Map = np.zeros((GRID, side))
    edges = np.arange(GRID + 1) / GRID * side
    for row in range(GRID):
        first, last = edges[row], edges[row + 1]
        for column in range(int(first), min(int(np.ceil(last)), side)):
            found[row, column] = min(last, column + 1) - max(first, column)
    smooth = np.eye(GRID) / 2 + (np.eye(GRID, k=1) + np.eye(GRID, k=-1)) / 4
    smooth[0, 0] = smooth[-1, -1] = 3 / 4
    smoothed: Map = smooth @ found
    return smoothed


def occluded(
    pixels: npt.NDArray[np.uint8],
    probabilities: Callable[[Iterable[npt.NDArray[np.uint8]]], npt.NDArray[np.floating]],
    classes: tuple[str, ...],
) -> Explanation:
    """Cover parts of a picture one by one.

    Args:
        pixels: The square picture, uint8 [size, size, 3].
        probabilities: What the network says of pictures, [pictures, classes].
        classes: Its classes.
    """
    size = len(pixels)
    edges = np.linspace(0, size, _COVERS + 1).astype(int)
    spots = [
        (slice(edges[row], edges[row + _WIDE]), slice(edges[column], edges[column + _WIDE]))
        for row in range(_COVERS + 1 - _WIDE)
        for column in range(_COVERS + 1 - _WIDE)
    ]

    def covered() -> Iterable[npt.NDArray[np.uint8]]:
        yield pixels
        for rows, columns in spots:
            picture = pixels.copy()
            picture[rows, columns] = _GREY
            yield picture

    said = np.log(np.maximum(probabilities(covered()), _LEAST)).astype(np.float64)
    lost, times = np.zeros((size, size, len(classes))), np.zeros((size, size, 1))
    for (rows, columns), drop in zip(spots, said[0] - said[1:], strict=True):
        lost[rows, columns] += drop
        times[rows, columns] += 1
    shrink = spread(size)
    shrink = shrink / shrink.sum(axis=1, keepdims=True)
    maps = np.einsum("ai,ijc,bj->abc", shrink, lost / times, shrink, optimize=True)
    return Explanation(Method.OCCLUSION, classes, said[0], np.zeros(len(classes)), maps)
