"""Names all pictures of an archive and keeps the answers, some at a time.

Each part is kept while the next is named, so memory does not grow with the archive, and whoever
stops it keeps what is done.
"""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from core.intake.archives.archive import Source, UnreadableMember
from core.intake.archives.refusals import refuse_many
from core.results import names, predictions
from core.results.prediction import Prediction
from core.results.predictor import of_run
from core.storage.runs import Run

_PART, _BYTES = 64, 64 << 20  # pictures and bytes of one part
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
    predictions.keep(run, left_out, trained, batch)
    done = len(left_out)
    report(done, total)
    with ThreadPoolExecutor(1, "keeping") as keeper:  # while the next part is named
        kept: Future[None] | None = None
        for part in _parts(source):
            read = [(file, data) for file, data in part if isinstance(data, bytes)]
            answers = [
                said if said.error else replace(said, original=data)
                for said, (_, data) in zip(predictor.predict(read, _TOP), read, strict=True)
            ]
            answers += [Prediction(file, error=why) for file, why in part if isinstance(why, str)]
            if kept is not None:
                kept.result()
                report(done, total)
            kept = keeper.submit(predictions.keep, run, answers, trained, batch)
            done += len(part)
        if kept is not None:
            kept.result()
            report(done, total)


def _parts(source: Source) -> Iterator[list[tuple[str, bytes | str]]]:
    """Names and contents of the files, some at a time; of one that can't be read, why."""
    part: list[tuple[str, bytes | str]] = []
    size = 0
    for member in source.members:
        if part and (len(part) == _PART or size + member.size > _BYTES):
            yield part
            part, size = [], 0
        try:
            part.append((member.name, source.read(member)))
            size += member.size
        except UnreadableMember as error:
            part.append((member.name, error.said))
    if part:
        yield part
