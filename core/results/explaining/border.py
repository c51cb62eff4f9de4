"""How much of a network's accuracy rests on the border of the pictures: a test for shortcuts.

What is to be recognised mostly lies in the middle. A network that needs the border, or does well by
the border alone, may go by frames, backgrounds or marks in a corner.
"""

from collections.abc import Callable, Iterable
from contextlib import closing

import numpy as np
import numpy.typing as npt

from core.datasets import image_files, store
from core.datasets.dataset import labels_of
from core.errors import UserError
from core.intake.parallel import in_order, threads_for_pictures
from core.results import predictor as predicting
from core.results.answers import kept
from core.results.explaining.edges import WIDTH, Border
from core.storage.runs import Run

Pixels = npt.NDArray[np.uint8]

_MOST = 200  # pictures that are looked at, three times each


def of_run(run: Run) -> Border:
    """Find out for the pictures that a run was evaluated on.

    Args:
        run: It has a model.

    Raises:
        UserError: The model, the data set or all its held-out pictures are gone.
    """
    predictor, folder = predicting.of_run(run.folder), run.dataset_folder
    dataset, judged = store.load(folder), kept.read(run.folder)
    held_out = dataset.of("test") or dataset.of("validation")
    if judged is not None:  # pictures may have changed sides since
        known = set(judged.digests)
        held_out = [each for each in dataset.records if each.digest in known]
    records = [each for each in held_out if each.label in predictor.classes]
    if not records:
        raise UserError("None of the held-out pictures of this network is left.")
    records = records[:: -(-len(records) // _MOST)]  # they lie class by class
    read = image_files.reader(folder)
    with closing(
        in_order(lambda each: predictor.square(read(each)), records, threads_for_pictures())
    ) as squares:
        return judge(squares, labels_of(records, predictor.classes), predictor.probabilities)


def judge(
    squares: Iterable[Pixels],
    truth: npt.NDArray[np.intp],
    probabilities: Callable[[Iterable[Pixels]], npt.NDArray[np.floating]],
) -> Border:
    """Ask three times of each picture.

    Args:
        squares: The pictures, uint8 [size, size, 3].
        truth: The place of each one's class.
        probabilities: What the network says of pictures, [pictures, classes].
    """
    said = probabilities(each for pixels in squares for each in (pixels, *_apart(pixels)))
    right = said.argmax(axis=1).reshape(-1, 3) == truth[:, None]
    whole, middle, border = right.sum(axis=0).tolist()
    return Border(len(truth), whole, middle, border, int(np.bincount(truth).max()))


def _apart(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """A picture without its border, and its border alone."""
    size = len(pixels)
    wide = max(1, round(WIDTH * size))
    inside = np.zeros((size, size, 1), bool)
    inside[wide:-wide, wide:-wide] = True
    average = np.rint(pixels.reshape(-1, 3).mean(axis=0)).astype(np.uint8)
    return np.where(inside, pixels, average), np.where(inside, average, pixels)
