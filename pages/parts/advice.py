"""What Thaw suggests for the data set at hand, why, and a button that sets the controls so."""

from dataclasses import replace

import streamlit as st

from core.data.dataset import Dataset
from core.errors import UserError
from core.jobs import foresight
from core.settings import TrainingSettings
from core.training.advisor import Advice, advise
from core.training.likeness import Likeness
from pages.parts import controls, state, words

_EVERY = 1.0  # seconds between two looks for what is being found out


def draw(dataset_id: str, dataset: Dataset, chosen: TrainingSettings | None) -> None:
    """The suggestion, or that it is on its way; the rest of the page does not wait for it.

    Args:
        dataset_id: The stored data set to learn from.
        dataset: It.
        chosen: What the controls are set to.
    """
    likeness = foresight.known_likeness(dataset_id)
    if likeness is None:
        st.fragment(_finding_out, run_every=_EVERY)(dataset_id)
    else:
        advice = advise(dataset, likeness)
        if chosen:  # it has nothing to say on how pictures become square
            advice = replace(advice, settings=replace(advice.settings, square=chosen.square))
        _suggest(advice, likeness, chosen)


def _finding_out(dataset_id: str) -> None:
    try:
        known = foresight.likeness(dataset_id) is not None
    except UserError as error:
        st.caption(words.plain(f"No suggestion this time: {error}"))
        return
    if known:
        st.rerun()
    with st.container(border=True):
        st.caption(
            ":material/lightbulb: Showing your pictures to a network that has only ever seen "
            "photos, to suggest what to choose…"
        )


def _suggest(advice: Advice, likeness: Likeness, chosen: TrainingSettings | None) -> None:
    applied = chosen == advice.settings
    with st.container(border=True):
        st.markdown(f":material/lightbulb: **Suggestion for {advice.case}**")
        st.write(words.plain(advice.reasons))
        st.caption(f"Apply sets: {_told(advice.settings)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Applied" if applied else "Apply",
                icon=":material/check:" if applied else ":material/auto_fix_high:",
                key="apply",
                disabled=applied,
                on_click=state.use_settings,
                args=(advice.settings,),
            )
            with st.popover("What it saw", icon=":material/visibility:", type="tertiary"):
                st.write(
                    "What a network that only knows ImageNet's 1000 classes takes your pictures "
                    "for: of each class the answer that it leans to most, and how sure it is of "
                    "it, on the average of a few pictures. A low number means that it has no idea."
                )
                st.dataframe(
                    {
                        "your class": [words.seen(name) for name in likeness.named],
                        "it sees": [name for name, _ in likeness.named.values()],
                        "how sure": [round(100 * sure) for _, sure in likeness.named.values()],
                    },
                    hide_index=True,
                    column_config={"how sure": st.column_config.NumberColumn(format="%d %%")},
                    alt="What an untouched network takes each class for",
                )


def _told(settings: TrainingSettings) -> str:
    """What the button sets, in one line."""
    told = controls.summary(settings)
    if settings.frozen_layers is not None:
        told += f" · thawed layers at {words.percent(settings.thawed_rate)} of the learning rate"
    return told
