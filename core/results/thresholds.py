"""From where on a model's answers count: how familiar a picture has to look, how sure it must be.

Both are in `model.json`. The model itself stays as it was saved.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.results.answers import cut_off
from core.results.evaluation import wilson
from core.storage import files, home
from core.storage.runs import damaged, read_facts


@dataclass(frozen=True)
class Thresholds:
    """Where answers begin to count.

    Attributes:
        familiar: A picture that looks less familiar does not look like anything the model was
            taught; from 0 to 1, None where the model cannot tell.
        cut_off: An answer that is less sure does not count; None where every one does.
    """

    familiar: float | None = None
    cut_off: float | None = None

    def known(self, familiar: float | None) -> bool | None:
        """Whether a picture looks like something the model was taught; None where it can't tell."""
        if self.familiar is None or familiar is None:
            return None
        return familiar >= self.familiar

    def accepted(self, familiar: npt.NDArray[np.floating]) -> dict[str, Any] | None:
        """How many pictures look like something the model was taught.

        Args:
            familiar: How familiar each looks, in any shape.

        Returns:
            threshold, images, accepted, share and its interval; None where it can't tell.
        """
        if self.familiar is None or not familiar.size:
            return None
        count = int((familiar >= self.familiar).sum())
        return {
            "threshold": self.familiar,
            "images": familiar.size,
            "accepted": count,
            "share": count / familiar.size,
            "interval": wilson(count, familiar.size),
        }

    def sure(self, confidence: float) -> bool | None:
        """Whether an answer is sure enough; None where there is no cut-off."""
        return None if self.cut_off is None else confidence >= self.cut_off


def of(run: Path) -> Thresholds:
    """Those that hold for a run.

    Raises:
        UserError: The run is damaged.
    """
    facts = read_facts(run, home.MODEL_FACTS, "classes").get("familiar")
    if facts is None:  # too few pictures, nothing untouched, or an earlier Thaw
        return Thresholds(None, cut_off.of(run))
    if not isinstance(facts, dict) or not _is_share(facts.get("threshold")):
        raise damaged(run, home.MODEL_FACTS)
    return Thresholds(facts["threshold"], cut_off.of(run))


def keep_familiar(run: Path, threshold: float) -> None:
    """Set how familiar a picture has to look.

    Args:
        run: One whose model can tell.
        threshold: From 0 to 1: the share of its own pictures that is refused.

    Raises:
        UserError: The run is damaged.
        OSError: It can't be written.
    """
    assert _is_share(threshold)
    facts = read_facts(run, home.MODEL_FACTS)
    files.write_json(run / home.MODEL_FACTS, facts | {"familiar": {"threshold": threshold}})


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
