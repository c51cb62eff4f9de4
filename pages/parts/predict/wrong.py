"""The right class for a picture that was named, which then becomes a picture to learn from."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import streamlit as st

from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import adding
from core.results.prediction import Prediction
from core.storage.runs import Run
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import say

ADD = "add-corrected"  # where a message about it belongs
_WIDTH = 200  # pixels of the picture in the dialog


def button(
    run: Run,
    said: Prediction,
    dataset: Dataset,
    there: Mapping[str, str],
    *of: object,
    right: str | None = None,
) -> None:
    """The button that opens the dialog, or the class that the picture has by now.

    Args:
        run: What has answered.
        said: Its answer.
        dataset: The data set that it learned from, as it is now.
        there: The class of each picture in it, by digest.
        of: Sets this button apart from others on the page.
        right: The picture's class, if somebody has told it already.
    """
    label = there.get(digest(said) or "")
    if label is not None:
        name = words.plain(words.shortened(label))
        st.caption(f":material/check: {say('in the data set as “{name}”', name=name)}")
        return
    help_ = None
    if not (isinstance(said.original, Path) and said.original.is_file()):
        help_ = say("The picture itself is no longer kept here. Add it again.")
    elif right is None and said.known is not False and [*dataset.classes] == [said.label]:
        help_ = say(
            "There is no other class to put it in. A stricter threshold turns away what looks like "
            "this, or give the data set a second class."
        )
    if st.button(
        say("Wrong?") if right is None else say("Learn from it"),
        icon=":material/thumb_down:" if right is None else ":material/add_photo_alternate:",
        type="tertiary",
        key=state.key("wrong", run.id, *of),
        disabled=help_ is not None or state.adding() is not None,
        help=help_,
    ):
        st.dialog(say("What is it really?"))(_ask)(run, said, dataset, right)


def digest(said: Prediction) -> str | None:
    """SHA-256 of the picture of a kept answer; None where it was never kept."""
    return said.original.name if isinstance(said.original, Path) else None


def _ask(run: Run, said: Prediction, dataset: Dataset, right: str | None) -> None:
    if said.thumbnail:
        thumbnails.picture(said.thumbnail, PurePosixPath(said.file).name, width=_WIDTH)
    label = st.selectbox(
        say("The right class"),
        dataset.classes,
        index=dataset.classes.index(right) if right in dataset.classes else None,
        format_func=words.distinct(dataset.classes).__getitem__,
        placeholder=say("Choose a class"),
        key=state.key("right-class", run.id, digest(said)),
    )
    st.caption(
        say(
            "The picture is added to the data set as a new version, so that you can undo it. The "
            "network learns from it when you train again."
        )
    )
    if st.button(
        say("Add it to the data set"),
        icon=":material/add_photo_alternate:",
        type="primary",
        disabled=label is None,
        key=ADD,
    ):
        assert label is not None
        _add(run, said, dataset, label)
        st.rerun()


def _add(run: Run, said: Prediction, dataset: Dataset, label: str) -> None:
    assert isinstance(said.original, Path)
    origin = dataset.origins[dataset.classes.index(label)]
    try:
        order = adding.submit_picture(said.original, said.file, run.dataset_folder, origin)
    except UserError as error:
        state.keep_notice(error, ADD)
    else:
        state.choose_adding(order)
