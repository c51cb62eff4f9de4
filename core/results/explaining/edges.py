"""What was found out about the border of pictures: plain data, without OpenVINO."""

from dataclasses import dataclass

from core.results.evaluation import wilson
from core.saying import Sentence, say

WIDTH = 0.1  # of a picture's side is the border wide; so it is 36 % of the area
_MATTERS = 0.05  # of the pictures, by the lower end of the interval


@dataclass(frozen=True)
class Border:
    """How many pictures are right, whole and in parts.

    Attributes:
        images: How many were looked at.
        whole: How many of them are right as they are.
        middle: How many are right without the border, which is painted in the average colour.
        border: How many are right by the border alone.
        guessed: How many would be right if the most frequent class were always said.
    """

    images: int
    whole: int
    middle: int
    border: int
    guessed: int

    def in_words(self) -> Sentence:
        """What follows, carefully."""
        by_border, _ = wilson(self.border, self.images)
        lost, _ = wilson(max(self.whole - self.middle, 0), self.images)
        if by_border > self.guessed / self.images:
            return say(
                "The border alone tells more than guessing would. See whether the classes differ "
                "in their backgrounds, frames or marks at the edge: it may go by a shortcut."
            )
        if lost > _MATTERS:
            return say(
                "It needs the border, though that alone tells it nothing. Perhaps what it looks "
                "for often reaches the edge."
            )
        return say("Little of its accuracy rests on the border.")
