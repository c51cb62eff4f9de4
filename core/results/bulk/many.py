"""Names all pictures of an archive and keeps the answers, some at a time.

Each part is kept while the next is named. So memory does not grow with the archive, and whoever
stops it keeps what is done.
"""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import tee

from core.intake.archives.archive import Source, UnreadableMember
from core.intake.archives.refusals import refuse_many
from core.results import names, predictions
from core.results.prediction import Prediction
from core.results.predictor import THUMBNAIL, File, of_run
from core.storage.runs import Run

# Pictures and bytes of a part. To keep one, the list of all that are kept is written anew.
_PART, _BYTES = 200, 64 << 20
_TOP = 5  # classes that are kept of an answer


def answer(run: Run, source: Source, report: Callable[[int, int], None]) -> None:
    """Name them.

    Args:
        run: It has a model.
        source: The archive.
        report: Told files done and in total; what it raises ends the work.

    Raises:
        UserError: There are too many, or the run has no model.
        OSError: Answers can't be written.
    """
    total = len(source.members) + len(source.left_out)
    refuse_many(source.name, total)
    predictions.refuse_many(total)
    trained = names.trained(run)  # first: somebody may rename a class meanwhile
    predictor, batch = of_run(run.folder), secrets.token_hex(8)
    left_out = [Prediction(file, error=reason) for file, reason in source.left_out]
    done = len(left_out)
    part: list[Prediction] = []

    def readable() -> Iterator[File]:
        nonlocal done
        for member in source.members:
            try:
                data = source.read(member)
            except UnreadableMember as error:
                part.append(Prediction(member.name, error=error.said))
                done += 1
            else:
                yield member.name, data

    report(done, total)
    files, ahead = tee(readable())
    with ThreadPoolExecutor(1, "keeping") as keeper:
        kept = keeper.submit(predictions.keep, run, left_out, trained, batch)
        size = 0
        try:
            with closing(predictor.each(ahead, _TOP, THUMBNAIL)) as answers:
                for (_, data), said in zip(files, answers, strict=True):
                    part.append(said if said.error else replace(said, original=data))
                    size, done = size + len(data), done + 1
                    if len(part) >= _PART or size > _BYTES:
                        kept.result()
                        kept = keeper.submit(predictions.keep, run, part, trained, batch)
                        part, size = [], 0
                    report(done, total)
        finally:
            kept.result()
            predictions.keep(run, part, trained, batch)
    report(total, total)
