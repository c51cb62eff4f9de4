"""Choosing how new pictures are divided: what it learns from, and what is kept back."""

import streamlit as st

from core.settings import Grouping, SplitSettings

_DEFAULT = SplitSettings()
_TOGETHER = {
    Grouping.NONE: "None: each goes by itself",
    Grouping.NAME: "Those called the same up to the number, as tom_1 and tom_2",
    Grouping.FOLDER: "Those in one folder within the class, as in cats/tom",
}


def choose() -> SplitSettings:
    """The controls, behind a button: what is preset is right for most."""
    with st.popover("How they are divided", icon=":material/call_split:", type="tertiary"):
        validation = _share(
            "Kept back to check what it learned (validation)",
            (5, 50),
            _DEFAULT.validation,
            "validation-share",
            "It never learns from these, so they show honestly how good it is. Pictures that are "
            "already divided into folders train and validation stay as they are.",
        )
        test = _share(
            "Held out for one last test (test set)",
            (0, 40),
            _DEFAULT.test,
            "test-share",
            "You look at validation again and again while you try settings, and choose what does "
            "well there. Pictures that took no part in that tell how good it really is.",
        )
        together = st.radio(
            "Pictures that stay together (groups)",
            list(Grouping),
            list(Grouping).index(_DEFAULT.group_by),
            format_func=_TOGETHER.__getitem__,
            key="group-by",
            persist_state="session",
            help="Pictures of one burst or one person are nearly the same. With some to learn from "
            "and some to check, it would recognise them rather than understand (leakage).",
        )
    return SplitSettings(validation, test=test, group_by=together or _DEFAULT.group_by)


def _share(label: str, reach: tuple[int, int], preset: float, key: str, told: str) -> float:
    """A share of the pictures of each class, chosen in steps of 5 %."""
    percent = st.slider(
        label,
        *reach,
        round(100 * preset),
        5,
        format="%d %%",
        key=key,
        persist_state="session",
        help=told,
    )
    return percent / 100
