"""What somebody has set on the Train page, kept with the data set: a reload finds it again."""

from pathlib import Path

from core.errors import UserError
from core.settings import TrainingSettings
from core.storage import files, home


def kept(dataset: Path) -> TrainingSettings | None:
    """What was chosen for a data set; None where nothing was, or the file is damaged.

    Args:
        dataset: The data set's folder.
    """
    try:
        return TrainingSettings.from_dict(dict(files.read_json(dataset / home.CHOICE)))
    except (OSError, ValueError, TypeError, UserError):
        return None


def keep(dataset: Path, settings: TrainingSettings | None) -> None:
    """Keep a choice; None forgets it. Nothing happens where the data set is gone.

    Raises:
        OSError: It can't be written.
    """
    if settings is None:
        (dataset / home.CHOICE).unlink(missing_ok=True)
    elif dataset.is_dir() and settings != kept(dataset):
        files.write_json(dataset / home.CHOICE, settings.to_dict())
