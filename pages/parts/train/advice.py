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
from pages.parts.shared.words import later, say

_EVERY = 1.0  # seconds between two looks for what is being found out


def known(dataset_id: str, dataset: Dataset) -> Advice | None:
    """The suggestion for a data set, if its pictures have been looked at since it changed."""
    likeness = foresight.known_likeness(state.folder_of(dataset_id))
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
    """The suggestion, or that it is being worked out; the rest of the page does not wait for it.

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
            title = f":material/check: **{say('Set as suggested: {case}', case=advice.told)}**"
        else:
            title = f":material/lightbulb: **{say('Suggestion: {case}', case=advice.told)}**"
        st.markdown(title)
        st.caption(_summary(suggested))
        with st.container(horizontal=True, vertical_alignment="center"):
            if chosen != suggested:
                st.button(
                    say("Use the suggestion"),
                    icon=":material/auto_fix_high:",
                    key="use-suggestion",
                    on_click=state.use_preset,
                    args=(suggested,),
                )
            with st.popover(say("Why?"), icon=":material/help:", type="tertiary"):
                _why(advice)
            if plain not in (chosen, suggested):
                st.button(
                    say("Default settings"),
                    icon=":material/restart_alt:",
                    type="tertiary",
                    key="plain-defaults",
                    on_click=state.use_settings,
                    args=(plain,),
                    help=say("The same for any pictures: {settings}", settings=_summary(plain)),
                )


def _fitting(settings: TrainingSettings, chosen: TrainingSettings) -> TrainingSettings:
    """Neither a suggestion nor the defaults have anything to say on how pictures become square."""
    return replace(settings, square=chosen.square)


def _finding_out(dataset_id: str) -> None:
    try:
        found = foresight.likeness(state.folder_of(dataset_id)) is not None
    except UserError as error:
        st.caption(words.plain(later("No suggestion this time. {reason}", reason=error.said)))
        return
    if found:
        st.rerun()
    st.caption(
        ":material/lightbulb: "
        + say("Looking at your pictures to suggest settings. Until then, you see the defaults.")
    )


def _why(advice: Advice) -> None:
    st.write(words.plain(advice.reasons))
    st.write(
        say(
            "This is what a network that only knows ImageNet's 1000 classes sees in your pictures: "
            "the most frequent answer for each class and how sure it is, averaged over a few "
            "pictures. A low number means that it has no idea."
        )
    )
    named = advice.likeness.named
    st.dataframe(
        {
            say("your class"): [words.seen(name) for name in named],
            say("it sees"): [name for name, _ in named.values()],
            say("how sure"): [round(100 * sure) for _, sure in named.values()],
        },
        hide_index=True,
        column_config={
            say("how sure"): st.column_config.NumberColumn(format=words.percent_format())
        },
        alt=say("What the untrained network sees in each class"),
    )


def _summary(settings: TrainingSettings) -> str:
    """Settings in one line."""
    told = words.plain(say(summary(settings)))
    if settings.frozen_layers != ALL:
        share = words.percent(settings.thawed_rate)
        told += f" · {say('thawed layers at {share} of the learning rate', share=share)}"
    return told
