"""The Data page: bring pictures in, see them come, and look at what came."""

import streamlit as st

from core.datasets import enough
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import queue
from pages.parts.data import (
    bring,
    doctor,
    download,
    gather,
    joining,
    mend,
    read_choice,
)
from pages.parts.shared import (
    figures,
    problem,
    state,
    words,
)

_SIDES = {
    "train": "to learn from",
    "validation": "kept back to check what it learned (validation)",
    "test": "for a last test",
}


def main() -> None:
    state.adopt_address()
    place, chosen, lost = st.container(), None, None
    try:
        chosen = state.dataset_id()
        dataset = bring.imported(chosen) if chosen else None
    except UserError as error:
        if chosen:
            queue.give_up(chosen)  # if it came to nothing, what is left is why, and that is shown
        chosen, dataset, lost = None, None, str(error)
        state.choose_dataset(None)
    if chosen is None:
        bring.draw(lost)
    elif dataset is None:
        bring.under_way(chosen)
    else:
        show(chosen, dataset)
    with place:  # what belongs beside a control that is no longer there
        problem.draw()


def show(chosen: str, dataset: Dataset) -> None:
    with st.container():  # of one place, so that the tabs stay what they are, the camera among them
        _above(chosen, dataset)
    state.granted(gather.VIEWS, (gather.TITLE,))
    pictures, check, numbers = st.tabs(
        [gather.TITLE, "Check-up", "How many of each"],
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


def _above(chosen: str, dataset: Dataset) -> None:
    """What is told above the pictures, and where one goes from here."""
    st.title(words.plain(dataset.name), anchor=False)
    st.header(
        f"{words.several(len(dataset.records), 'image')}, "
        f"{words.several(len(dataset.classes), 'class', 'classes')}",
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
            "Choose how to train",
            type="primary" if can_be_learned(dataset) else "secondary",
            icon=":material/arrow_forward:",
            key="lead-on",
        ):
            state.choose_run(None)
            state.go("train", data=chosen)
        if st.button("Bring other pictures", icon=":material/add_photo_alternate:"):
            state.choose_run(None)  # which would bring its data set back
            state.choose_dataset(None)
            st.rerun()
        joining.draw(chosen, dataset)
        download.draw(chosen, dataset)
    mend.last_change(chosen, dataset)
    gather.under_way(chosen, dataset)
    if dataset.skipped:
        gather.left_out(dataset)


def _counts(dataset: Dataset) -> None:
    told = ", ".join(f"{name} {count}" for name, count in dataset.counts.items())
    st.plotly_chart(
        figures.counts(dataset),
        key="counts",
        config=figures.CONFIG,
        alt=f"Images of each class: {words.bare(words.shortened(told, 400))}.",
    )


def can_be_learned(dataset: Dataset) -> bool:
    """Whether training is the next step, or filling classes."""
    try:
        enough.check(dataset)
    except UserError:
        return False
    return True


def divided(dataset: Dataset) -> str:
    """The split in a sentence."""
    sides = [
        f"{words.number(count)} {_SIDES[split]}"
        for split, count in dataset.split_counts.items()
        if count
    ]
    how = "As they came" if dataset.split_came_with_data else "Divided at random, class by class"
    return f"{how}: {words.comma(sides)}. {words.size(dataset.total_bytes)} in all."


main()
