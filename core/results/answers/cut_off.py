"""How sure a network has to be before it answers, as somebody has set it in `model.json`."""

from pathlib import Path

from core.errors import UserError
from core.storage import files, home
from core.storage.runs import read_facts


def of(run: Path) -> float | None:
    """The least confidence at which a run's network answers; None where it always does.

    Args:
        run: The run's folder.
    """
    try:
        found = read_facts(run, home.MODEL_FACTS).get("cut_off")
    except (UserError, OSError):
        return None  # no model yet, or damaged: what needs it says so
    return float(found) if isinstance(found, int | float) and 0 < found < 1 else None


def keep(run: Path, cut_off: float | None) -> None:
    """Set it.

    Args:
        run: The run's folder.
        cut_off: Between 0 and 1; None has the network always answer.

    Raises:
        UserError: A file beside the model is damaged.
        OSError: It can't be written.
    """
    facts = read_facts(run, home.MODEL_FACTS)
    files.write_json(run / home.MODEL_FACTS, facts | {"cut_off": cut_off})
