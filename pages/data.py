"""The Data page: add pictures, watch the import, and look at the data set."""

import streamlit as st

from core.datasets import enough
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import foresight, queue
from core.projects import opening
from pages.parts.data import (
    bring,
    doctor,
    gallery,
    gather,
    joining,
    mend,
    read_choice,
)
from pages.parts.data.leaving import download, sharing
from pages.parts.shared import (
    figures,
    problem,
    state,
    words,
)
from pages.parts.shared.words import say, several

_COUNTS = "counts"


def main() -> None:
    state.adopt_address()
    place, chosen, lost = st.container(), None, None
    try:
        chosen = _there_already(state.dataset_id())
        dataset = bring.imported(chosen) if chosen else None
    except UserError as error:
        if chosen:
            # If it came to nothing, what is left is why, and that is shown.
            queue.give_up(state.folder_of(chosen))
        chosen, dataset, lost = None, None, error.said
        state.choose_dataset(None)
    if chosen is None:
        bring.draw(lost)
    elif dataset is None:
        bring.under_way(chosen)
    else:
        show(chosen, dataset)
    with place:  # what belongs beside a control that is no longer there
        problem.draw()


def _there_already(chosen: str | None) -> str | None:
    """The data set at hand; where a project was opened whose data set was here before, that one."""
    found = opening.opened(state.folder_of(chosen)) if chosen else None
    if chosen is None or found is None or not found.there:
        return chosen
    queue.give_up(state.folder_of(chosen))
    state.choose_dataset(found.dataset)
    st.toast(download.told_of_opening(found), icon=":material/check_circle:")
    return found.dataset


def show(chosen: str, dataset: Dataset) -> None:
    enough_to_learn = can_be_learned(dataset)
    with st.container():  # of one place, so that the tabs stay what they are, the camera among them
        _above(chosen, dataset, enough_to_learn)
    first = say(gather.TITLE)
    state.granted(gather.VIEWS, (first,))
    pictures, check, numbers = st.tabs(
        [first, say("Check-up"), say("Pictures per class")],
        key=gather.VIEWS,
        on_change="rerun",  # charts wait until they are looked at: they take the browser a second
    )
    with check:
        doctor.draw(chosen, dataset, looked_at=bool(check.open))
    with pictures:
        mend.pictures(chosen, dataset)
    with numbers:
        if numbers.open:
            _counts(dataset)
        mend.divided_anew(chosen, dataset)
        mend.forget(chosen)
    if enough_to_learn:
        foresight.look_ahead(state.folder_of(chosen), len(dataset.records))


def _above(chosen: str, dataset: Dataset, enough_to_learn: bool) -> None:
    """What the data set is, and the next step."""
    st.title(words.plain(dataset.name), anchor=False)
    st.header(
        say(
            "{pictures}, {classes}",
            pictures=several("{count} picture", "{count} pictures", len(dataset.records)),
            classes=several("{count} class", "{count} classes", len(dataset.classes)),
        ),
        anchor=False,
    )
    if dataset.records:
        st.write(divided(dataset))
        read_choice.draw(chosen, dataset)
    if dataset.lost and dataset.version == 1:
        st.warning(words.plain(dataset.read_as), icon=":material/warning:")
    elif dataset.read_as and dataset.version == 1:
        st.caption(words.plain(dataset.read_as))
    with st.container(horizontal=True):
        if st.button(
            say("Choose how to train"),
            type="primary" if enough_to_learn else "secondary",
            icon=":material/arrow_forward:",
            key="lead-on",
        ):
            state.choose_run(None)
            state.go("train", data=chosen)
        if st.button(
            say("Use other pictures"), icon=":material/add_photo_alternate:", key="others"
        ):
            state.choose_run(None)  # which would bring its data set back
            state.choose_dataset(None)
            st.rerun()
        joining.draw(chosen, dataset)
        download.draw(chosen, dataset)
    sharing.draw(chosen)
    download.brought(chosen, dataset)
    mend.last_change(chosen, dataset)
    gather.under_way(chosen, dataset)
    if dataset.skipped:
        gather.left_out(dataset)


def _counts(dataset: Dataset) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in dataset.counts.items())
    st.plotly_chart(
        figures.counts(dataset),
        key=_COUNTS,
        on_select=lambda: _bar_clicked(dataset),
        selection_mode="points",
        config=figures.CONFIG,
        alt=say("Pictures per class: {counts}.", counts=words.bare(words.shortened(counts, 400))),
    )


def _bar_clicked(dataset: Dataset) -> None:
    """Show the pictures of the class whose bar was clicked."""
    match st.session_state[_COUNTS]["selection"]["points"]:
        case [{"point_index": int(place)}, *_] if 0 <= place < len(dataset.classes):
            gallery.open_class(dataset.classes[place])
            state.wish(gather.VIEWS, say(gather.TITLE))


def can_be_learned(dataset: Dataset) -> bool:
    """Whether training is the next step, or filling classes."""
    try:
        enough.check(dataset)
    except UserError:
        return False
    return True


def divided(dataset: Dataset) -> str:
    """The split in a sentence."""
    counts = dataset.split_counts
    sides = [
        say("{count} for training", count=counts["train"]),
        say("{count} for validation", count=counts["validation"]),
        say("{count} for the final test (test set)", count=counts["test"]),
    ]
    shown = [side for side, count in zip(sides, counts.values(), strict=True) if count]
    size = words.size(dataset.total_bytes)
    if dataset.split_came_with_data:
        return say("Split as in your upload: {sides}. {size} in total.",
                   sides=words.comma(shown), size=size)  # fmt: skip
    return say("Split at random within each class: {sides}. {size} in total.",
               sides=words.comma(shown), size=size)  # fmt: skip


main()
