"""Images unlike all the rest: far from whatever is most like them, by the frozen network's eye."""

from collections.abc import Collection, Iterator

import numpy as np

from core.doctor.finding import (
    Action,
    Case,
    Finding,
    Fix,
    Problem,
)
from core.doctor.findings.duplicates import Neighbours
from core.doctor.looking import Sight
from core.saying import say, several

UNLIKE = 3.0  # robust deviations beyond the middle
_LEAST = 30  # images: among fewer nothing stands out
_MOST = 0.01  # of all images


def findings(
    sight: Sight, neighbours: Neighbours, spoken_for: Collection[str]
) -> Iterator[Finding]:
    """What belongs to nothing, the strangest first.

    Args:
        sight: The look at the data set.
        neighbours: Of its images.
        spoken_for: Files with nothing on them: no wonder that they are unlike the rest.
    """
    strange = (sight.records[place].file for place in outliers(neighbours))
    most = max(1, int(_MOST * len(sight.records)))  # of thousands, some are always a little strange
    files = [file for file in strange if file not in spoken_for][:most]
    if files:
        yield Finding(
            Problem.OUTLIER,
            serious=False,
            title=several(
                "{count} picture is unlike all others",
                "{count} pictures are unlike all others",
                len(files),
            ),
            sentence=say(
                "Perhaps a logo, a screenshot or a picture of something else was added by mistake. "
                "If it belongs here, more pictures like it would help."
            ),
            cases=tuple(
                Case(
                    (file,),
                    say("unlike the others"),
                    (Fix(Action.REMOVE, (file,), say("Remove it")),),
                )
                for file in files
            ),
        )


def outliers(neighbours: Neighbours) -> list[int]:
    """Places of the images whose nearest are much further away than others' are, farthest first."""
    if len(neighbours.places) < _LEAST:
        return []
    away = 1 - neighbours.alike.mean(axis=1)
    middle = np.median(away)
    spread = 1.4826 * np.median(np.abs(away - middle))
    strange = np.flatnonzero(away > middle + UNLIKE * max(spread, 1e-6))
    return [int(place) for place in strange[np.argsort(-away[strange])]]
