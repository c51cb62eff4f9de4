"""The pictures that an export is proven on, those it is calibrated on, and those it carries."""

import io
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets import image_files, reading, store
from core.datasets.dataset import Dataset, Record
from core.datasets.samples import samples
from core.errors import UserError
from core.intake.archives.archive import Source, UnreadableMember
from core.intake.pictures import images
from core.intake.pictures.preparation import Preparation
from core.results import learned
from core.settings import SplitSettings
from core.storage.runs import Run

PROVING, CALIBRATING, CARRIED = 200, 200, 5
_CARRIED_SIDE = 1024  # pixels of the longer side of a picture that is carried

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Known:
    """Labelled pictures at hand.

    Attributes:
        dataset: What they are.
        read: Gives the bytes of one.
    """

    dataset: Dataset
    read: image_files.ReadBytes


@dataclass(frozen=True)
class Pictures:
    """What an export is made and proven with.

    Attributes:
        files: Bytes of the pictures that it is proven on, in files of a folder, in order.
        pixels: The same as the network sees them, uint8 [pictures, size, size, 3].
        labels: The class of each, as it was called in training; None where that is not known.
        held_out: Whether the run has learned from none of them.
        calibration: Pixels of training pictures, as `pixels`; none where there are none.
    """

    files: Path
    pixels: np.ndarray
    labels: tuple[str | None, ...]
    held_out: bool
    calibration: np.ndarray


def stored(run: Run) -> Known | None:
    """The pictures that a run was trained with, where they are still here."""
    try:
        dataset = store.load(run.dataset_folder, run.version)
    except UserError:
        return None
    return Known(dataset, image_files.reader(run.dataset_folder))


def of_source(source: Source, run: Run, report: Report) -> Known:
    """Labelled pictures that somebody names.

    Raises:
        UserError: There are none, or the run is damaged.
    """
    from core.results.predictor import read_description  # imports OpenVINO

    _, preparation = read_description(run.folder)
    dataset = reading.read(
        source, split=SplitSettings(), at_least=1, report=report, preparation=preparation
    )
    members = {member.name: member for member in source.members}
    return Known(dataset, lambda record: source.read(members[record.file]))


def gather(
    run: Run, known: Known | None, folder: Path, size: int, preparation: Preparation, report: Report
) -> Pictures:
    """Choose pictures and read them.

    Args:
        run: The run.
        known: Its pictures; None where they are gone, and drawn ones take their place.
        folder: Where their files are put; it is there.
        size: Side of the square that the network sees.
        preparation: How they are read.
        report: Told pictures done and in total.
    """
    learns = learned.digests(run)
    if known is None:
        drawn = [data for name in samples.SAMPLES for _, data, _ in samples.examples(name)]
        prove: list[tuple[bytes, str | None]] = [(data, None) for data in drawn]
        calibrate: list[Record] = []
        held_out = True
    else:
        chosen, held_out = _held_out(known.dataset, learns)
        calibrate = _few(
            [r for r in known.dataset.records if r.digest in learns]
            if learns
            else known.dataset.of("train"),
            CALIBRATING,
        )
        prove = [(data, r.label) for r in chosen if (data := _read(known, r)) is not None]
    total = len(prove) + len(calibrate)

    def square(data: bytes) -> np.ndarray | None:
        with suppress(images.UnreadableImage):  # it could be read once: it is left out
            picture = images.decode(data, size, preparation)
            return images.to_square(picture, size, preparation.square)
        return None

    folder.mkdir()
    pixels: list[np.ndarray] = []
    labels: list[str | None] = []
    for place, (data, label) in enumerate(prove):
        seen = square(data)
        if seen is not None:
            (folder / f"{len(pixels):04}").write_bytes(data)
            pixels.append(seen)
            labels.append(label)
        report(place + 1, total)
    calibration = []
    for place, record in enumerate(calibrate):
        data_or_none = _read(known, record) if known else None
        seen = None if data_or_none is None else square(data_or_none)
        if seen is not None:
            calibration.append(seen)
        report(len(prove) + place + 1, total)
    if not pixels:
        raise UserError(
            "None of the pictures that this network could be tested on can be read any more, so "
            "the export cannot be checked. Import the pictures again."
        )
    empty = np.empty((0, size, size, 3), np.uint8)
    return Pictures(
        folder,
        np.stack(pixels),
        tuple(labels),
        held_out,
        np.stack(calibration) if calibration else empty,
    )


def _read(known: Known, record: Record) -> bytes | None:
    try:
        return known.read(record)
    except (UserError, UnreadableMember):
        return None  # it has gone since


def _held_out(dataset: Dataset, learns: set[str] | None) -> tuple[list[Record], bool]:
    """Pictures to prove an export on, and whether it is known that the run has not seen them.

    Those of the test side where there is one, else of the validation side, else any.
    """
    sides = [dataset.of("test"), dataset.of("validation"), list(dataset.records)]
    if learns is not None:
        for side in sides:
            if new := [record for record in side if record.digest not in learns]:
                return _few(new, PROVING), True
    return _few(next(side for side in sides if side), PROVING), False


def _few(records: Iterable[Record], most: int) -> list[Record]:
    """Some of these, by chance and always the same: a digest is as good as a die."""
    different = {record.digest: record for record in records}
    return [different[digest] for digest in sorted(different)[:most]]


def carried(known: Known | None, preparation: Preparation) -> list[tuple[str, bytes]]:
    """The pictures that an export carries: a name and a JPEG of each, without any metadata.

    Args:
        known: Those that may leave; None where none may, and drawn ones take their place.
        preparation: How they are read.
    """
    if known is None:
        drawn = [data for name in samples.SAMPLES for _, data, _ in samples.examples(name)]
        chosen = [drawn[place * len(drawn) // CARRIED] for place in range(CARRIED)]
    else:
        held_out, _ = _held_out(known.dataset, None)
        records = _taking_turns(held_out) + _taking_turns(known.dataset.records)
        different = {record.digest: record for record in records}.values()
        found = (_read(known, record) for record in different)
        chosen = list(itertools.islice((data for data in found if data is not None), CARRIED))
    made = []
    for data in chosen:
        with suppress(images.UnreadableImage):
            made.append(_plain_jpeg(data, preparation))
    return [(f"{place}.jpg", data) for place, data in enumerate(made, 1)]


def _plain_jpeg(data: bytes, preparation: Preparation) -> bytes:
    """A picture painted anew: upright, in sRGB, and nothing in the file but its pixels."""
    image = images.decode(data, _CARRIED_SIDE, preparation)
    image.thumbnail((_CARRIED_SIDE, _CARRIED_SIDE))
    image.info = {}
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def _taking_turns(records: Sequence[Record]) -> list[Record]:
    """The classes take turns."""
    of: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        of[record.label].append(record)
    turns = itertools.zip_longest(*(of[label] for label in sorted(of)))
    return [record for turn in turns for record in turn if record is not None]
