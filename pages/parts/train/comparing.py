"""Several backbones, one press: each is trained with the settings of the page."""

import streamlit as st

from core.backbones.weights.weights import ready_offline
from core.errors import UserError
from core.jobs import comparing
from core.settings import TrainingSettings
from pages.parts.shared import state, words
from pages.parts.shared.words import say, several
from pages.parts.train import fetching

_LEAST = 2
_PLACE = "compare-backbones"


def draw(dataset_id: str, settings: TrainingSettings) -> None:
    """The choice and the button.

    Args:
        dataset_id: The stored data set to learn from.
        settings: What the controls of the page say.
    """
    with st.expander(
        say("Compare backbones"),
        icon=":material/stacked_line_chart:",
        key=_PLACE,
        on_change="rerun",
    ) as opened:
        if opened.open:
            _choose(dataset_id, settings)


def _choose(dataset_id: str, settings: TrainingSettings) -> None:
    every = {each.name: each for each in comparing.candidates(settings)}
    st.write(
        say(
            "Which backbone suits these pictures? Each one that you choose is trained with the "
            "settings of this page and checked on the same pictures. Then one chart shows how "
            "accurate each is and how long it took."
        )
    )
    names = {
        name: each.title if ready_offline(each) else f"{each.title} · {fetching.wanting(each)}"
        for name, each in every.items()
    }
    key = state.key("compared", *every)
    chosen = st.multiselect(
        say("Backbones"),
        list(names),
        format_func=names.__getitem__,
        key=key,
        placeholder=say("Choose two or more"),
        persist_state="session",
    )
    away = [every[name] for name in chosen if not ready_offline(every[name])]
    if away:
        size = words.size(sum(each.download_bytes() for each in away))
        st.caption(
            say(
                "Downloaded when their turn comes ({size} in all): {names}. Without internet "
                "these trainings fail; the others go on.",
                size=size,
                names=words.comma([words.plain(each.title) for each in away]),
            )
        )
    notes = []
    if settings.budget or settings.pair:
        notes.append(say("Each backbone is trained alone, without a race."))
    if isinstance(settings.frozen_layers, int) and settings.frozen_layers:
        notes.append(say("In each of them, the same share of the layers stays frozen."))
    if notes:
        st.caption(" ".join(notes))
    if message := state.notice(_PLACE):
        st.error(words.plain(message), icon=":material/error:")
    if st.button(
        several("Train {count} network", "Train {count} networks", len(chosen))
        if len(chosen) >= _LEAST
        else say("Train them"),
        icon=":material/play_arrow:",
        key="train-compared",
        disabled=len(chosen) < _LEAST,
    ):
        try:
            wanted = [every[name] for name in chosen]
            made = comparing.submit(state.folder_of(dataset_id), settings, wanted)
        except UserError as error:
            state.keep_notice(error, _PLACE)
            st.rerun()
        state.go("runs", **{state.COMPARISON: made})
