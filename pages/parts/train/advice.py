"""What Thaw suggests for the data set at hand: the preset of the controls, and why."""

from dataclasses import replace

import streamlit as st

from core.advice.advisor import Advice, advise
from core.backbones.catalogue.rows import summary
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.jobs import foresight
from core.settings import ALL, TrainingSettings
from pages.parts.shared import state, words

_EVERY = 1.0  # seconds between two looks for what is being found out


def known(dataset_id: str, dataset: Dataset) -> Advice | None:
    """The suggestion for a data set, if its pictures have been looked at since it changed."""
    likeness = foresight.known_likeness(dataset_id)
    return advise(dataset, likeness) if likeness else None


def preset(advice: Advice | None, chosen: TrainingSettings) -> None:
    """Set controls that nobody has touched to the suggestion, and draw the page again.

    They are compared after they are drawn, so that a change that comes at the same moment counts
    as touching them. Without a suggestion they go back to plain defaults, since what they hold may
    be the suggestion for other pictures.

    Args:
        advice: The suggestion, once it is known.
        chosen: What the controls are set to.
    """
    wanted = _fitting(advice.settings if advice else TrainingSettings(), chosen)
    if chosen == state.preset() != wanted:
        state.wish_preset(wanted)
        st.rerun()


def draw(dataset_id: str, advice: Advice | None, chosen: TrainingSettings | None) -> None:
    """The suggestion, or that it is on its way; the rest of the page does not wait for it.

    Args:
        dataset_id: The stored data set to learn from.
        advice: The suggestion for it, once it is known.
        chosen: What the controls are set to, where that makes sense.
    """
    if advice is None:
        st.fragment(_finding_out, run_every=_EVERY)(dataset_id)
        return
    suggested = _fitting(advice.settings, chosen) if chosen else advice.settings
    plain = _fitting(TrainingSettings(), chosen) if chosen else TrainingSettings()
    with st.container(border=True):
        if chosen == suggested:
            told = f":material/check: **Set as suggested for {advice.told}**"
        else:
            told = f":material/lightbulb: **Suggested for {advice.told}**"
        st.markdown(told)
        st.caption(_told(suggested))
        with st.container(horizontal=True, vertical_alignment="center"):
            if chosen != suggested:
                st.button(
                    "Use the suggestion",
                    icon=":material/auto_fix_high:",
                    key="use-suggestion",
                    on_click=state.use_preset,
                    args=(suggested,),
                )
            with st.popover("Why", icon=":material/help:", type="tertiary"):
                _why(advice)
            if plain not in (chosen, suggested):
                st.button(
                    "Plain defaults",
                    icon=":material/restart_alt:",
                    type="tertiary",
                    key="plain-defaults",
                    on_click=state.use_settings,
                    args=(plain,),
                    help=f"The same for any pictures: {_told(plain)}",
                )


def _fitting(settings: TrainingSettings, chosen: TrainingSettings) -> TrainingSettings:
    """Neither a suggestion nor the defaults have anything to say on how pictures become square."""
    return replace(settings, square=chosen.square)


def _finding_out(dataset_id: str) -> None:
    try:
        found = foresight.likeness(dataset_id) is not None
    except UserError as error:
        st.caption(words.plain(f"No suggestion this time: {error}"))
        return
    if found:
        st.rerun()
    st.caption(
        ":material/lightbulb: Looking at your pictures to suggest settings. Until then, you see "
        "plain defaults."
    )


def _why(advice: Advice) -> None:
    st.write(words.plain(advice.reasons))
    st.write(
        "This is what a network that only knows ImageNet's 1000 classes takes your pictures for: "
        "for each class, the answer it gives most, and how sure it is of it, averaged over a few "
        "pictures. A low number means that it has no idea."
    )
    named = advice.likeness.named
    st.dataframe(
        {
            "your class": [words.seen(name) for name in named],
            "it sees": [name for name, _ in named.values()],
            "how sure": [round(100 * sure) for _, sure in named.values()],
        },
        hide_index=True,
        column_config={"how sure": st.column_config.NumberColumn(format="%d %%")},
        alt="What an untouched network takes each class for",
    )


def _told(settings: TrainingSettings) -> str:
    """Settings in one line."""
    told = words.plain(summary(settings))
    if settings.frozen_layers != ALL:
        told += f" · thawed layers at {words.percent(settings.thawed_rate)} of the learning rate"
    return told
