"""How the learning rate changes during a training, as a share of the one that was chosen."""

import math
from collections.abc import Sequence

_RAMP = 0.1  # of a stretch, at most an epoch: from a tenth of the rate up to all of it
_LEAST = 0.01
_AGAIN = 1 / 3  # where training continues after its end: the network has settled
_PLATEAU = 3  # epochs without a lower validation loss that halve the rate


def share(
    schedule: str, at: float, begin: int, end: int, val_losses: Sequence[float], *, again: bool
) -> float:
    """What to take of the learning rate.

    It depends on nothing else, so a resumed training continues as if it had never stopped.

    Args:
        schedule: "cosine": a short rise, then down to almost nothing along half a cosine (SGDR,
            Loshchilov and Hutter 2017). "plateau": half as much each time the validation loss has
            not fallen for 3 epochs. "constant": all of it.
        at: Epochs done, with the fraction of the one under way.
        begin: The epoch after which this stretch of epochs began.
        end: The epoch that it ends with.
        val_losses: Of the epochs of this stretch that are over.
        again: Whether an earlier stretch has come to its end with the same layers.
    """
    peak = _AGAIN if again else 1.0
    if schedule == "constant":
        return peak
    if schedule == "plateau":
        return float(peak * 0.5 ** _plateaus(val_losses))
    length = end - begin
    ramp = min(1.0, _RAMP * length)
    done = at - begin
    if done < ramp:
        return peak * (0.1 + 0.9 * done / ramp)
    fallen = (done - ramp) / max(length - ramp, 1e-9)
    return peak * max(_LEAST, 0.5 * (1 + math.cos(math.pi * min(fallen, 1.0))))


def _plateaus(losses: Sequence[float]) -> int:
    """How often the loss has gone some epochs without falling."""
    found, lowest, since = 0, math.inf, 0
    for loss in losses:
        if loss < lowest:
            lowest, since = loss, 0
        else:
            since += 1
        if since == _PLATEAU:
            found, since = found + 1, 0
    return found
