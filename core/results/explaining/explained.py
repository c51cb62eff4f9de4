"""What speaks for each class in one picture, and which others it looks like.

Plain data: pages can hold it without OpenVINO.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.results.explaining.maps import Method
from core.saying import Sentence, say

_FELT = 0.05  # of the logarithm of a probability: a loss of about 5 % of the certainty


@dataclass(frozen=True)
class Why:
    """What speaks for each of the most probable classes in a picture.

    Attributes:
        method: How that was found out.
        pixels: The square that the network saw, uint8 [size, size, 3].
        classes: Names, the most probable first.
        confidence: Of each.
        heat: What each place adds to the score of each of these classes, beyond what it adds to the
            others on average, [classes, places, places].
    """

    method: Method
    pixels: npt.NDArray[np.uint8]
    classes: tuple[str, ...]
    confidence: tuple[float, ...]
    heat: npt.NDArray[np.float32]

    def refused(self, place: int) -> Sentence | None:
        """Why no map of a class should be shown, where that would mislead.

        Args:
            place: Which of the classes.
        """
        if len(self.classes) == 1:
            return say(
                "No map: with a single class there is no score that places add to. The network "
                "goes by how much the whole picture looks like the training pictures."
            )
        most = float(self.heat[place].max())
        if self.method is Method.OCCLUSION and most < _FELT:
            return say(
                "No map: whichever part of the picture is covered, the network stays as sure of "
                "this class as before. So no single place decides, and a map would only show noise."
            )
        if most <= 0:
            return say("No map: no place speaks for this class more than for the others.")
        return None


@dataclass(frozen=True)
class Neighbour:
    """A training picture that looks like another picture.

    Attributes:
        digest: Of its file, which lies in the run's data set.
        label: The class that it is in now.
        alike: The cosine between the features of both, at most 1.
    """

    digest: str
    label: str
    alike: float


def told(method: Method) -> Sentence:
    """What a map shows and how far it can be trusted."""
    match method:
        case Method.EXACT:
            return say(
                "Exact (class activation map): the score of a class is the sum of what each place "
                "adds to it. Bright places add the most, compared with what they add to the other "
                "classes."
            )
        case Method.HIRESCAM:
            return say(
                "Nearly exact (HiResCAM): bright places add the most to the score of this class, "
                "compared with the other classes. It counts the hidden layer as it was switched "
                "for this picture."
            )
    return say(
        "By trial (occlusion): parts of the picture were covered one by one, and the network lost "
        "the most certainty where it is bright. This network can't be taken apart into places. "
        "Take it as a hint, because a cover may itself look like something."
    )
