"""Choosing how new pictures are split into training, validation and test pictures."""

import streamlit as st

from core.settings import Grouping, SplitSettings
from pages.parts.shared import words
from pages.parts.shared.words import later, say

_DEFAULT = SplitSettings()
_TOGETHER = {
    Grouping.NONE: later("None: every picture on its own"),
    Grouping.NAME: later("Same name except for the number, such as tom_1 and tom_2"),
    Grouping.FOLDER: later("Same subfolder of the class, such as cats/tom"),
}


def choose() -> SplitSettings:
    """The controls, behind a button: the defaults are right for most people."""
    with st.popover(say("Train/validation split"), icon=":material/call_split:", type="tertiary"):
        validation = _share(
            say("Held back to check what it has learned (validation)"),
            (5, 50),
            _DEFAULT.validation,
            "validation-share",
            say(
                "It never learns from these pictures, so they show honestly how good it is. "
                "Pictures that already come in folders named train and validation stay there."
            ),
        )
        test = _share(
            say("Held out for a final test (test set)"),
            (0, 40),
            _DEFAULT.test,
            "test-share",
            say(
                "While you try settings, you keep choosing what does well on the validation "
                "pictures. Pictures that played no part in those choices show how good the network "
                "really is."
            ),
        )
        together = st.radio(
            say("Pictures that stay together (groups)"),
            list(Grouping),
            list(Grouping).index(_DEFAULT.group_by),
            format_func={way: say(text) for way, text in _TOGETHER.items()}.__getitem__,
            key="group-by",
            persist_state="session",
            help=say(
                "Pictures of one burst or one person look nearly the same. If some are used for "
                "training and some for validation, the network only has to recognise them, and its "
                "accuracy looks too good (leakage)."
            ),
        )
    return SplitSettings(validation, test=test, group_by=together or _DEFAULT.group_by)


def _share(label: str, reach: tuple[int, int], preset: float, key: str, help_text: str) -> float:
    """A share of the pictures of each class, chosen in steps of 5 %."""
    percent = st.slider(
        label,
        *reach,
        round(100 * preset),
        5,
        format=words.percent_format(),
        key=key,
        persist_state="session",
        help=help_text,
    )
    return percent / 100
