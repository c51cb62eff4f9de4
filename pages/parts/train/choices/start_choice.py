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
from pages.parts.train import fetching

_KNOWN = known(TrainingSettings)
_OWN = "own"
_STARTS = {
    IMAGENET: ("A million photos", ":material/ac_unit:"),
    RANDOM: ("Nothing", ":material/casino:"),
    _OWN: ("My file", ":material/upload_file:"),
}
_REFERENCE = "efficientnet_lite0"


def draw() -> tuple[Backbone, str]:
    """The controls, remembered while the visit lasts.

    Where a file is wanted and none was brought, the page says so and ends there.

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
            "From scratch: random numbers, as on the day it was built. It shows what transfer "
            "learning buys; give it many epochs."
        )
    elif start == _OWN:
        start = _choose_own(backbone)
    return backbone, start


def _choose_backbone() -> Backbone:
    every = all_backbones()
    names = sorted(every, key=lambda name: not _ready_at_all(every[name]))
    chosen = every[
        st.selectbox(
            _KNOWN["backbone"].label,
            names,
            index=names.index(state.default(state.control("backbone"), TrainingSettings.backbone,
                                            TrainingSettings.backbone)),
            format_func=lambda name: _line(every[name]),
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
    wanting = "ready" if _ready_at_all(backbone) else fetching.wanting(backbone)
    return f"{backbone.title} · {wanting}"


def _choose_width(backbone: Backbone) -> Backbone:
    alphas = [width.alpha for width in backbone.widths]
    here = [alpha for alpha in alphas if ready_offline(backbone.of_width(alpha))]
    preset = min(here or alphas, key=lambda alpha: abs(alpha - 1))
    key = state.control("alpha", backbone.name)
    chosen = st.segmented_control(
        _KNOWN["alpha"].label,
        alphas,
        default=state.default(key, preset),
        required=True,
        format_func=lambda alpha: f"{alpha:g}",
        key=key,
        persist_state="session",
        help=_KNOWN["alpha"].help,
    )
    return backbone.of_width(preset if chosen is None else chosen)


def _card(backbone: Backbone) -> None:
    st.markdown(f"**{words.plain(backbone.title)}**")
    st.write(backbone.description)
    with st.container(horizontal=True, gap="xxsmall"):
        if ready_offline(backbone):
            st.badge("ready on this computer", icon=":material/offline_pin:", color="green")
        else:
            st.badge(fetching.wanting(backbone), icon=":material/download:", color="yellow")
        if backbone.top1:
            st.badge(f"{words.percent(backbone.top1)} right on ImageNet", color="violet")
    work = backbone.multiply_adds / all_backbones()[_REFERENCE].multiply_adds
    effort = f"{work:.2g} × the work of EfficientNet-Lite0 · " if work not in (0, 1) else ""
    st.caption(
        f"{backbone.parameters / 1e6:.1f} million parameters · looks at {backbone.input_size} × "
        f"{backbone.input_size} pixels · {effort}weights: {backbone.weights.origin}, "
        f"{backbone.licence}"
    )


def _choose_start() -> str:
    key = state.control("start")
    chosen = st.segmented_control(
        _KNOWN["weights"].label,
        list(_STARTS),
        default=state.default(key, IMAGENET),
        required=True,
        format_func=lambda start: f"{_STARTS[start][1]} {_STARTS[start][0]}",
        key=key,
        persist_state="session",
        help=_KNOWN["weights"].help,
    )
    return chosen or IMAGENET


def _choose_own(backbone: Backbone) -> str:
    """A weights file that somebody brought, by its digest."""
    every = own_weights.every(backbone)
    widget = state.key("own-weights", backbone.name, backbone.alpha)
    brought = st.file_uploader(
        f"A weights file of {backbone.title} (.h5 or .weights.h5)", "h5", key=state.turn(widget)
    )
    if brought is not None:
        state.renew(widget)
        try:
            with uploads.on_disk([(brought.name, brought)]) as (path,):
                name = uploads.safe_name(brought.name)
                own_weights.keep(path, name.rpartition("/")[2], backbone)
        except UserError as error:
            state.keep_notice(error, widget)
        st.rerun()
    problem.draw(widget)
    if not every:
        st.info(
            f"Bring a weights file of {words.plain(backbone.title)} (.h5 or .weights.h5) to train "
            "from it, or start from a million photos.",
            icon=":material/upload_file:",
        )
        st.stop()
    names = {own.digest: own.name for own in every}
    key = state.control("own", f"{backbone.name}-{backbone.alpha:g}")
    state.within(key, names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        digest = st.selectbox(
            "Which one", list(names), format_func=names.__getitem__, key=key,
            persist_state="session",
        )  # fmt: skip
        if st.button("Forget it", icon=":material/delete:", type="tertiary"):
            own_weights.delete(digest)
            st.rerun()
    return str(digest)
