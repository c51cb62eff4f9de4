"""What a training will take, before it is begun: time, memory and disk on this machine."""

from collections.abc import Mapping

import streamlit as st

from core.advice.advisor import cheaper
from core.advice.estimate import Estimate, estimate
from core.backbones.catalogue.rows import backbone_of
from core.backbones.weights.weights import ready_offline
from core.errors import UserError
from core.jobs import foresight, queue
from core.settings import IMAGENET, TrainingSettings
from pages.parts.shared import state, words

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
            ":material/download: Train waits for this network: **download it below**, or choose "
            "one that is ready."
        )
        return
    probe = foresight.known_probe(dataset_id, settings)
    if probe is None:
        st.fragment(_measuring, run_every=_EVERY)(dataset_id, settings)
        return
    found = estimate(probe, settings, backbone_of(settings), counts)
    st.caption(
        f":material/timer: About **{words.duration(found.seconds)}** on this computer · "
        f"up to {words.size(found.memory)} of memory · {words.size(found.disk)} of disk"
    )
    if found.long:
        _warn(settings, found)


def _measuring(dataset_id: str, settings: TrainingSettings) -> None:
    try:
        known = foresight.probe(dataset_id, settings) is not None
    except UserError as error:
        st.caption(words.plain(f"How long it takes could not be measured: {error}"))
        return
    if known:
        st.rerun()
    if queue.busy():
        st.caption(":material/timer: How long it takes is measured when no other training runs.")
    else:
        st.caption(":material/timer: Measuring on a few of your pictures how long it will take…")


def _warn(settings: TrainingSettings, found: Estimate) -> None:
    told = f"This takes about {words.duration(found.seconds)} on this computer."
    choice = cheaper(settings, found)
    if choice is None:
        st.warning(f"{told} Fewer epochs or pictures take less.", icon=":material/hourglass:")
        return
    name, instead, seconds = choice
    st.warning(
        f"{told} **{words.plain(name)}** takes about {words.duration(seconds)}.",
        icon=":material/hourglass:",
    )
    st.button(
        "Choose that instead",
        icon=":material/bolt:",
        key="cheaper",
        on_click=state.use_settings,
        args=(instead,),
    )
