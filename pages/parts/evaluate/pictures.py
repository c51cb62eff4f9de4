"""The pictures behind a number, and what can be done with each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.datasets.dataset import Dataset, Record
from core.results import evaluations
from core.results.answers import choosing, hard
from core.results.answers.choosing import Wanted
from core.results.answers.kept import Answers, Places
from core.results.prediction import Prediction
from core.storage import home
from core.storage.runs import Run
from pages.components import picture_grid
from pages.parts.evaluate import answered, chosen, mending
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import say, several

_PAGE = 48
_WIDTH = 130  # pixels of a picture, at least
_NAME = 12  # letters of a class's name below one


@dataclass(frozen=True)
class Behind:
    """An evaluation and where its pictures lie.

    Attributes:
        run: The run.
        folder: Of an evaluation on other pictures; None for the run's own.
        answers: What the run said of each picture, by the names that classes have now.
        dataset: The data set that the run learned from, as it is now, if it is still there.
    """

    run: Run
    folder: Path | None
    answers: Answers
    dataset: Dataset | None

    @property
    def of(self) -> chosen.Of:
        """What sets it apart from others."""
        return self.run.id, self.folder

    @property
    def can_be_mended(self) -> bool:
        """Whether the pictures lie in the data set."""
        return self.folder is None and self.dataset is not None


def draw(behind: Behind, cut_off: float) -> None:
    """The controls that say which pictures to show, and these.

    Args:
        behind: The evaluation.
        cut_off: What the slider of the cut-off is set to.
    """
    answers = behind.answers
    heading = st.container()
    wanted = chosen.controls(behind.of, answers.classes, cut_off)
    usual = wanted == Wanted()
    heading.header(
        say("Most confident mistakes") if usual else say("The pictures behind it"), anchor=False
    )
    places = choosing.places(answers, wanted)
    if not answers.whole:
        st.caption(
            say(
                "This evaluation was made by an earlier version of Thaw, which kept the most "
                "confident mistakes alone. Train again to see all pictures."
            )
        )
    if not len(places):
        if usual:
            st.success(say("None: it got every picture right."), icon=":material/check_circle:")
        else:
            st.write(say("There are no such pictures."))
    if behind.can_be_mended:
        _with_records(behind, places)
    elif len(places):
        _without(behind, places)


def _with_records(behind: Behind, places: Places) -> None:
    """Pictures that lie in the data set: they can be looked at and mended.

    What is selected may be among those of another chart, so it can be mended where none are here.
    """
    dataset, run = behind.dataset, behind.run
    assert dataset is not None
    called_hard = hard.marked(run.dataset_folder, dataset)
    picked = state.picked(run.id)
    picked &= {record.file for record in dataset.records}
    there = _there(behind, places)
    if len(places):
        _told_and_drawn(behind, places, there, called_hard, picked)
    if picked:
        files = [record.file for _, record in there]
        mending.draw(run, dataset, picked, files, called_hard)


def _told_and_drawn(
    behind: Behind,
    places: Places,
    there: list[tuple[int, Record]],
    called_hard: set[str],
    picked: set[str],
) -> None:
    """How many there are, and a page of them; those that were called hard come last."""
    there.sort(key=lambda pair: pair[1].file in called_hard)  # which was dealt with
    gone = len(places) - len(there)
    told = several("{count} picture", "{count} pictures", len(there))
    if gone:
        told += ", " + several(
            "{count} more was removed since", "{count} more were removed since", gone
        )
    st.caption(
        f"{told}. "
        + say(
            "Click one to select it, then ask why, or mend it. Double-click it or press Enter to "
            "enlarge it."
        )
    )
    _grid(behind, there, called_hard, picked)


def only_shown(behind: Behind, places: Places, kind: str) -> None:
    """Pictures of the data set that can be looked at here, and mended elsewhere.

    Args:
        behind: The evaluation; its data set is there.
        places: Which of its answers.
        kind: Sets this grid apart from others on the page.
    """
    _grid(behind, _there(behind, places), set(), None, kind)


def _there(behind: Behind, places: Places) -> list[tuple[int, Record]]:
    """The answers whose pictures are still in the data set, each with its record there."""
    assert behind.dataset is not None
    by_file = {record.file: record for record in behind.dataset.records}
    by_digest = {record.digest: record for record in behind.dataset.records}
    found = []
    for place in places:
        record = by_file.get(behind.answers.files[place])
        if record is None or record.digest != behind.answers.digests[place]:
            record = by_digest.get(behind.answers.digests[place])
        if record is not None:
            found.append((int(place), record))
    return found


def _grid(
    behind: Behind,
    there: Sequence[tuple[int, Record]],
    called_hard: set[str],
    picked: set[str] | None,
    kind: str = "answers",
) -> None:
    """A page of pictures, with what was said of each below it."""
    if not there:
        return
    assert behind.dataset is not None
    assert behind.run.dataset_id is not None
    area = st.container()
    places = [place for place, _ in there]
    shown = thumbnails.page_of(there, state.key(kind, *behind.of, *_ends(places)), _PAGE)
    short = words.apart(behind.answers.classes, _NAME)
    captions = [
        _caption(behind.answers, short, place, record, called_hard) for place, record in shown
    ]
    with area:
        picture_grid.draw(
            state.key(kind, *behind.of),
            behind.run.dataset_id,
            behind.dataset,
            [record for _, record in shown],
            picked,
            captions,
            _WIDTH,
            # What is read out begins with what is seen, so that it can be said to be pressed.
            [
                f"{caption} · {_told(behind.answers, place)}"
                for caption, (place, _) in zip(captions, shown, strict=True)
            ],
            behind.run.id,
        )


def _ends(places: Sequence[int]) -> tuple[int, ...]:
    """What tells one list of pictures from another, for its page number."""
    return (len(places), places[0], places[-1]) if places else ()


def _caption(
    answers: Answers, short: Mapping[str, str], place: int, record: Record, called_hard: set[str]
) -> str:
    true, predicted = (
        short[answers.classes[number]]
        for number in (answers.labels[place], answers.predicted[place])
    )
    sure = words.sure(float(answers.confidence[place]))
    told = f"{sure} {true} ✓" if answers.right[place] else f"{sure} {true} ✗ {predicted}"
    if record.label != answers.classes[answers.labels[place]]:
        now = say("now {name}", name=words.bare(words.shortened(record.label, _NAME)))
        return f"{now} · {told}"
    return f"◆ {told}" if record.file in called_hard else told


def _told(answers: Answers, place: int) -> str:
    return say(
        "{file}: really {true}, predicted {predicted}, {share} sure",
        file=words.bare(Path(answers.files[place]).name),
        true=words.bare(answers.classes[answers.labels[place]]),
        predicted=words.bare(answers.classes[answers.predicted[place]]),
        share=words.sure(float(answers.confidence[place])),
    )


def _without(behind: Behind, places: Places) -> None:
    """Pictures that are in no data set: those of an evaluation on others are kept with it."""
    answers, folder = behind.answers, behind.folder
    if folder is None:
        st.caption(say("The data set was deleted, so the pictures are no longer here."))
    elif not all(_is_kept(folder, answers.digests[place]) for place in places):
        st.caption(
            say(
                "There was no room to keep all of your pictures here; those that it got wrong came "
                "first. The others are listed by name."
            )
        )
    dataset = behind.dataset
    there = {record.digest: record.label for record in dataset.records} if dataset else {}

    def draw_one(place: int) -> None:
        digest = answers.digests[place]
        said = Prediction(
            answers.files[place],
            answers.classes[answers.predicted[place]],
            float(answers.confidence[place]),
        )
        label = answers.classes[answers.labels[place]]
        if folder is None or not home.is_digest(digest):
            answered.draw(said, label)
            return
        kept = _is_kept(folder, digest) or not answers.right[place]
        said = replace(
            said,
            thumbnail=evaluations.picture_of(folder, digest) if kept else None,
            original=evaluations.original_of(folder, digest),
        )
        answered.draw(said, label)
        answered.buttons(behind.run, said, label, dataset, there)

    numbers = [int(place) for place in places]
    page = state.key("mistakes", *behind.of, *_ends(numbers))
    thumbnails.paged(numbers, page, draw_one, width=170)


def _is_kept(folder: Path, digest: str) -> bool:
    return home.is_digest(digest) and evaluations.picture_of(folder, digest).is_file()
