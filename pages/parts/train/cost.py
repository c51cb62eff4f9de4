"""What a training will need, before it starts: time, memory and disk space on this machine."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from core.advice.advisor import cheaper
from core.advice.estimate import Estimate, estimate
from core.backbones.catalogue.rows import backbone_of
from core.backbones.weights.weights import ready_offline
from core.errors import UserError
from core.jobs import foresight, queue
from core.settings import IMAGENET, TrainingSettings
from pages.parts.shared import state, words
from pages.parts.shared.words import later, say

_EVERY = 1.0  # seconds between two looks for what is being measured


def draw(dataset_id: str, settings: TrainingSettings, counts: Mapping[str, int]) -> None:
    """One line, and a warning where it would take an hour or more.

    Args:
        dataset_id: What to learn from.
        settings: What to train.
        counts: Images of each side of the split.
    """
    if settings.weights == IMAGENET and not ready_offline(backbone_of(settings)):
        st.caption(
            ":material/download: "
            + say(
                "This network is not here yet: **download it below**, or choose one that is ready."
            )
        )
        return
    tried_first = replace(settings, budget=0)
    probe = foresight.known_probe(state.folder_of(dataset_id), tried_first)
    if probe is None:
        st.fragment(_measuring, run_every=_EVERY)(dataset_id, tried_first)
        return
    found = estimate(probe, settings, backbone_of(settings), counts)
    st.caption(
        ":material/timer: "
        + say(
            "About **{time}** on this computer · up to {memory} of memory · {disk} of disk space",
            time=words.duration(found.seconds),
            memory=words.size(found.memory),
            disk=words.size(found.disk),
        )
    )
    if found.long:
        _warn(settings, found)


def _measuring(dataset_id: str, settings: TrainingSettings) -> None:
    try:
        known = foresight.probe(state.folder_of(dataset_id), settings) is not None
    except UserError as error:
        st.caption(
            words.plain(later("The time could not be estimated. {reason}", reason=error.said))
        )
        return
    if known:
        st.rerun()
    if queue.busy():
        text = say("The time is estimated once no other training is running.")
    else:
        text = say("Estimating the time on a few of your pictures…")
    st.caption(f":material/timer: {text}")


def _warn(settings: TrainingSettings, found: Estimate) -> None:
    time = words.duration(found.seconds)
    text = say("This takes about {time} on this computer.", time=time)
    choice = cheaper(settings, found)
    if choice is None:
        advice = say("Fewer epochs or pictures take less time.")
        st.warning(f"{text} {advice}", icon=":material/hourglass:")
        return
    name, instead, seconds = choice
    alternative = say(
        "**{choice}** takes about {time}.", choice=words.plain(name), time=words.duration(seconds)
    )
    st.warning(f"{text} {alternative}", icon=":material/hourglass:")
    st.button(
        say("Use that instead"),
        icon=":material/bolt:",
        key="cheaper",
        on_click=state.use_settings,
        args=(instead,),
    )
