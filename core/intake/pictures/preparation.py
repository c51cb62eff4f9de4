"""How the pictures of a data set become what a network sees: one description, as plain data."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from core.errors import UserError
from core.saying import Sentence, joined, later, say
from core.settings import Squaring

MOST_BANDS = 1000

# The average colour of ImageNet's photos. Networks begin by subtracting it, or a grey close to it,
# so it is as near to nothing as they can be shown.
AVERAGE_COLOUR = (124, 116, 104)


class Paper(StrEnum):
    """What lies behind the see-through parts of a picture."""

    WHITE = "white"
    BLACK = "black"
    AVERAGE = "average"

    @property
    def colour(self) -> tuple[int, int, int]:
        """In sRGB."""
        return _COLOURS[self]


_COLOURS = {
    Paper.WHITE: (255, 255, 255),
    Paper.BLACK: (0, 0, 0),
    Paper.AVERAGE: AVERAGE_COLOUR,
}
_CALLED = {
    Paper.WHITE: later("white"),
    Paper.BLACK: later("black"),
    Paper.AVERAGE: later("grey, the average colour of photos"),
}


@dataclass(frozen=True)
class Preparation:
    """How files become pixels. The default is how every picture was read before there was a choice.

    A data set has one, chosen when its pictures first come (see `preparing.py`). A run learns from
    it, with its own choice of `square`, and its predictions read pictures in the same way.

    Attributes:
        levels: The numbers that are black and white in pictures of more than 8 bits, in the units
            of the files. None where no such picture has come yet: each is then scaled by itself.
        bands: Which bands are red, green and blue, counted from 0, in pictures of more than three.
        paper: What lies behind see-through parts.
        square: How pictures become square. A run decides it; a data set has the default.
        fractions: Whether there are pictures of fractions from 0 to 1 beside those of whole numbers
            that the levels are for. Then 0 is black and 1 is white in the former.
    """

    levels: tuple[float, float] | None = None
    bands: tuple[int, int, int] = (0, 1, 2)
    paper: Paper = Paper.WHITE
    square: Squaring = Squaring.SQUASH
    fractions: bool = False

    def __post_init__(self) -> None:
        if self.levels is not None:
            black, white = map(float, self.levels)
            if not (math.isfinite(black) and math.isfinite(white) and black < white):
                raise UserError(
                    "Expected a black level below the white level, received {black:g} and "
                    "{white:g}. Choose others.",
                    black=black,
                    white=white,
                )
            object.__setattr__(self, "levels", (black, white))
        if len(self.bands) != 3 or not all(0 <= band < MOST_BANDS for band in self.bands):
            raise UserError(
                "Expected three bands, each a number from 1 on, received {value}. Choose others.",
                value=", ".join(str(band + 1) for band in self.bands),
            )
        object.__setattr__(self, "bands", tuple(self.bands))
        object.__setattr__(self, "paper", Paper(self.paper))
        object.__setattr__(self, "square", Squaring(self.square))

    @property
    def key(self) -> str:
        """Stands for what pixels depend on besides `square`, in the keys of caches.

        It is empty for the default, under which caches of earlier versions lie.
        """
        told = []
        if self.levels:
            told.append(f"levels {self.levels[0]!r} to {self.levels[1]!r}")
        if self.fractions:
            told.append("fractions apart")
        if self.bands != USUAL.bands:
            told.append(f"bands {self.bands}")
        if self.paper is not Paper.WHITE:
            told.append(f"on {self.paper}")
        return ", ".join(told)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "levels": list(self.levels) if self.levels else None,
            "bands": list(self.bands),
            "paper": str(self.paper),
            "square": str(self.square),
            **({"fractions": True} if self.fractions else {}),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; what is missing, as in older files, is the default.

        Raises:
            TypeError, ValueError: The values are not what `to_dict` wrote.
        """
        levels, bands = values.get("levels"), values.get("bands", USUAL.bands)
        if levels is not None:
            black, white = levels
            levels = (float(black), float(white))
        red, green, blue = (int(band) for band in bands)
        try:
            return cls(
                levels,
                (red, green, blue),
                Paper(values.get("paper", USUAL.paper)),
                Squaring(values.get("square", USUAL.square)),
                bool(values.get("fractions", False)),
            )
        except UserError as error:
            raise ValueError(str(error)) from error

    def in_words(self) -> Sentence:
        """What of it is not plain to see, in sentences; empty where nothing is."""
        told = []
        if self.levels:
            black, white = self.levels
            told.append(
                say(
                    "In pictures with more than 8 bits per colour, {black:g} is black and "
                    "{white:g} is white.",
                    black=black,
                    white=white,
                )
            )
        if self.fractions:
            told.append(say("In pictures of fractions, 0 is black and 1 is white."))
        if self.bands != USUAL.bands:
            red, green, blue = (band + 1 for band in self.bands)
            told.append(
                say(
                    "Bands {red}, {green} and {blue} are red, green and blue.",
                    red=red,
                    green=green,
                    blue=blue,
                )
            )
        if self.paper is not Paper.WHITE:
            told.append(say("Transparent parts are on {colour}.", colour=_CALLED[self.paper]))
        return joined(told)


USUAL = Preparation()
