"""Projects that others download by a link: a snapshot, written when somebody shares it.

`shared/<id>/` in the data set's folder holds the job's log, the file, its description and the link.
It is deleted when the link expires or is withdrawn, or with the data set.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core import sharing
from core.datasets import store
from core.errors import UserError
from core.intake import room
from core.projects import saving
from core.projects.leaving import Pictures, Report
from core.results.overview import rows
from core.results.overview.rows import Row
from core.storage import files, home
from core.storage.runs import Run, read_facts


@dataclass(frozen=True)
class SharedRun:
    """What tells a run in a shared project apart from others, which may have the same name.

    Attributes:
        name: What a person calls it.
        backbone: What its network is called.
        accuracy: On the held-out images.
        network: Whether its network is there.
        frozen: How much of its network was frozen. An earlier Thaw did not say this.
        created: When its training began, in seconds since 1970. Neither did it say this.
    """

    name: str
    backbone: str
    accuracy: float | None
    network: bool = True
    frozen: str = ""
    created: float | None = None


@dataclass(frozen=True)
class Shared:
    """What the link leads to.

    Attributes:
        name: Of the data set.
        classes: Pictures in each class; all 0 if pictures were left out.
        pictures: How many it holds.
        runs: The runs it holds.
        bytes: Of the file.
        file_name: What to call it.
        tried: The number of the run that a page lets others try in their browser, if one does.
    """

    name: str
    classes: dict[str, int]
    pictures: int
    runs: tuple[SharedRun, ...]
    bytes: int
    file_name: str
    tried: int | None = None


def new(dataset: Path) -> Path:
    """A folder for a new share of a data set; it isn't created yet."""
    return dataset / home.SHARED / home.new_id()


def folders(dataset: Path) -> list[Path]:
    """The folder of each share, latest first. Expired ones are deleted and left out."""
    found = dataset / home.SHARED
    every = found.iterdir() if found.is_dir() else ()
    kept = [each for each in every if home.is_id(each.name) and not _is_over(each)]
    return sorted(kept, reverse=True)


def to_try(runs: Sequence[Run]) -> Run | None:
    """The run that others are to try: the most accurate one whose network goes along."""
    known = [row for row in rows.of(runs) if not saving.is_sealed(row.run)]
    return max(known, key=lambda row: row.accuracy or 0).run if known else None


def make(
    folder: Path,
    dataset: Path,
    runs: Sequence[Run],
    *,
    pictures: bool,
    seconds: float,
    tried: Run | None,
    looking: Report,
    writing: Report,
) -> None:
    """Write the file, then create the link to it.

    Args:
        folder: Where to; it is there.
        dataset: The folder of a stored data set.
        runs: Some of `saving.runs_of`.
        pictures: Whether to include the pictures of the current version, stripped.
        seconds: How long the link is good, starting when the file is ready.
        tried: The run that others can try on the page in the folder, if there is one.
        looking: Called with pictures examined and in total; what it raises ends the work.
        writing: The same for bytes written.

    Raises:
        UserError: As `saving.project`, or there is no room.
    """
    kind = Pictures.STRIPPED if pictures else Pictures.NONE
    project = saving.project(dataset, runs, versions=False, pictures=kind, report=looking)
    room.check(project.size)
    size = 0
    with (
        room.in_words(),
        files.replacing(folder / home.SHARED_FILE) as aside,
        aside.open("wb") as file,
    ):
        for piece in project.pieces:
            file.write(piece)
            size += len(piece)
            writing(min(size, project.size), project.size)
    current = store.load(dataset)
    told = Shared(
        current.name,
        current.counts if pictures else dict.fromkeys(current.classes, 0),
        project.pictures,
        tuple(map(_described, rows.of(runs))),
        size,
        project.file_name,
        [*runs].index(tried) + 1 if tried else None,
    )
    with room.in_words():
        files.write_json(folder / home.SHARED_FACTS, asdict(told))
        sharing.begin(folder, seconds)


def shared(folder: Path) -> Shared | None:
    """What a link leads to; None if it isn't ready.

    Raises:
        UserError: It is damaged.
    """
    if not (folder / home.SHARED_FACTS).is_file():
        return None
    told = read_facts(folder, home.SHARED_FACTS)
    told.pop("format", None)
    try:
        runs = tuple(SharedRun(**each) for each in told.pop("runs"))
        return Shared(**told, runs=runs)
    except (KeyError, TypeError) as error:
        raise UserError("This link is damaged. Share it again.") from error


def file(folder: Path) -> Path:
    """The project."""
    return folder / home.SHARED_FILE


def page(folder: Path) -> Path:
    """The page on which a run of the project can be tried."""
    return folder / home.SHARED_PAGE


def stop(folder: Path) -> None:
    """Withdraw the link and delete the file."""
    files.remove(folder)


def sweep(space: home.Space) -> None:
    """Delete the expired shares of a space."""
    for folder in space.datasets().glob(f"*/{home.SHARED}/*"):
        _is_over(folder)


def _is_over(folder: Path) -> bool:
    """Whether a share has expired; if so, it is deleted."""
    try:
        over = (folder / home.SHARE).is_file() and sharing.at(folder) is None
    except UserError:
        over = True
    if over:
        files.remove(folder)
    return over


def _described(row: Row) -> SharedRun:
    network = not saving.is_sealed(row.run)
    return SharedRun(row.name, row.backbone, row.accuracy, network, row.frozen, row.created)
