"""Choosing what to start from: the backbone, its width, and whose weights."""

import streamlit as st

from core.backbones.catalogue.backbone import Backbone, Width
from core.backbones.catalogue.rows import all_backbones
from core.backbones.weights import own_weights
from core.backbones.weights.weights import ready_offline
from core.errors import UserError
from core.settings import IMAGENET, RANDOM, TrainingSettings, known
from pages.parts.shared import (
    problem,
    state,
    uploads,
    words,
)
from pages.parts.shared.words import later, say
from pages.parts.train import fetching

_KNOWN = known(TrainingSettings)
_OWN = "own"
_STARTS = {
    IMAGENET: (later("A million photos"), ":material/ac_unit:"),
    RANDOM: (later("Nothing"), ":material/casino:"),
    _OWN: (later("My file"), ":material/upload_file:"),
}
_REFERENCE = "efficientnet_lite0"


def draw() -> tuple[Backbone, str]:
    """The controls, remembered while the visit lasts.

    If a file is needed and there is none yet, the page says so and ends there.

    Returns:
        The backbone, and its weights as settings name them.
    """
    backbone = _choose_backbone()
    with st.container(border=True):
        _card(backbone)
    start = IMAGENET if backbone.sealed else _choose_start()
    if start == IMAGENET and not ready_offline(backbone):
        fetching.offer(backbone)
    elif start == RANDOM:
        st.caption(
            say(
                "From scratch: the network starts with random weights. This shows how much "
                "transfer learning helps; give it many epochs."
            )
        )
    elif start == _OWN:
        start = _choose_own(backbone)
    return backbone, start


def _choose_backbone() -> Backbone:
    every = all_backbones()
    names = sorted(every, key=lambda name: not _ready_at_all(every[name]))
    chosen = every[
        st.selectbox(
            say(_KNOWN["backbone"].label),
            names,
            index=names.index(state.default(state.control("backbone"), TrainingSettings.backbone,
                                            TrainingSettings.backbone)),
            format_func={name: _line(every[name]) for name in names}.__getitem__,
            key=state.control("backbone"),
            persist_state="session",
        )
    ]  # fmt: skip
    return _choose_width(chosen) if chosen.widths else chosen


def _ready_at_all(backbone: Backbone) -> bool:
    widths: tuple[Width | None, ...] = backbone.widths or (None,)
    return any(
        ready_offline(backbone.of_width(width.alpha) if width else backbone) for width in widths
    )


def _line(backbone: Backbone) -> str:
    """A backbone in a list."""
    wanting = say("ready") if _ready_at_all(backbone) else fetching.wanting(backbone)
    return f"{backbone.title} · {wanting}"


def _choose_width(backbone: Backbone) -> Backbone:
    alphas = [width.alpha for width in backbone.widths]
    here = [alpha for alpha in alphas if ready_offline(backbone.of_width(alpha))]
    preset = min(here or alphas, key=lambda alpha: abs(alpha - 1))
    key = state.control("alpha", backbone.name)
    chosen = st.segmented_control(
        say(_KNOWN["alpha"].label),
        alphas,
        default=state.default(key, preset),
        required=True,
        format_func=lambda alpha: f"{alpha:g}",
        key=key,
        persist_state="session",
        help=say(_KNOWN["alpha"].help),
    )
    return backbone.of_width(preset if chosen is None else chosen)


def _card(backbone: Backbone) -> None:
    st.markdown(f"**{words.plain(backbone.title)}**")
    st.write(say(backbone.description))
    with st.container(horizontal=True, gap="xxsmall"):
        if ready_offline(backbone):
            st.badge(say("ready on this computer"), icon=":material/offline_pin:", color="green")
        else:
            st.badge(fetching.wanting(backbone), icon=":material/download:", color="yellow")
        if backbone.top1:
            share = words.percent(backbone.top1)
            st.badge(say("{share} right on ImageNet", share=share), color="violet")
    work = backbone.multiply_adds / all_backbones()[_REFERENCE].multiply_adds
    side = backbone.input_size
    facts = [
        say("{count:.1f} million parameters", count=backbone.parameters / 1e6),
        say("sees {width} × {height} pixels", width=side, height=side),
        say(
            "weights: {origin}, {licence}", origin=backbone.weights.origin, licence=backbone.licence
        ),
    ]
    if work not in (0, 1):
        facts.insert(2, say("{work:.2g} × the computation of EfficientNet-Lite0", work=work))
    st.caption(" · ".join(facts))


def _choose_start() -> str:
    key = state.control("start")
    chosen = st.segmented_control(
        say(_KNOWN["weights"].label),
        list(_STARTS),
        default=state.default(key, IMAGENET),
        required=True,
        format_func={
            start: f"{icon} {say(title)}" for start, (title, icon) in _STARTS.items()
        }.__getitem__,
        key=key,
        persist_state="session",
        help=say(_KNOWN["weights"].help),
    )
    return chosen or IMAGENET


def _choose_own(backbone: Backbone) -> str:
    """A weights file that somebody uploaded, by its digest."""
    every = own_weights.every(state.space(), backbone)
    widget = state.key("own-weights", backbone.name, backbone.alpha)
    brought = st.file_uploader(
        say("A weights file of {network} (.h5 or .weights.h5)", network=backbone.title),
        "h5",
        key=state.turn(widget),
    )
    if brought is not None:
        state.renew(widget)
        try:
            with uploads.on_disk([(brought.name, brought)]) as (path,):
                name = uploads.safe_name(brought.name)
                own_weights.keep(state.space(), path, name.rpartition("/")[2], backbone)
        except UserError as error:
            state.keep_notice(error, widget)
        st.rerun()
    problem.draw(widget)
    if not every:
        st.info(
            say(
                "Upload a weights file of {network} (.h5 or .weights.h5) to start from it, or "
                "start from a million photos.",
                network=words.plain(backbone.title),
            ),
            icon=":material/upload_file:",
        )
        st.stop()
    titles = words.numbered(own.name for own in every)
    names = {own.digest: name for own, name in zip(every, titles, strict=True)}
    key = state.control("own", f"{backbone.name}-{backbone.alpha:g}")
    state.within(key, names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        digest = st.selectbox(
            say("File"), list(names), format_func=names.__getitem__, key=key,
            persist_state="session",
        )  # fmt: skip
        if st.button(
            say("Delete it"), icon=":material/delete:", type="tertiary", key="forget-weights"
        ):
            own_weights.delete(state.space(), digest)
            st.rerun()
    return str(digest)
