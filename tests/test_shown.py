"""Names as they are shown: nothing is unseen in them, and none turns what stands beside it."""

import pytest

from core import shown
from core.shown import END, ISOLATE


@pytest.mark.parametrize(
    "unseen",
    [
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # direction
        *"\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f",  # no width
        *"\u115f\u1160\u3164\uffa0\u2800\u17b4\u180e",  # fillers
        *"\U000e0001\U000e0061\U000e007f\ufe0f\U000e0100",  # tags and selectors
        *"\x00\x07\x1b\x7f\x9b\ufff9\ue000\ud800",
    ],
)
def test_what_cannot_be_seen_is_shown(unseen: str) -> None:
    told = shown.visible(f"ca{unseen}t")
    assert told == f"ca⟨U+{ord(unseen):04X}⟩t"


@pytest.mark.parametrize(
    "name",
    ["cat", "Mäuse & Co_2", "חתולים", "می‌خواهم", "क्‍ष", "👩🏽‍🚀", "🐈‍⬛", "❤️", "1️⃣", "🧑‍⚕️", "猫"],
)
def test_what_people_write_stays_as_it_is(name: str) -> None:
    assert shown.visible(name) == name


def test_words_from_right_to_left_are_isolated() -> None:
    cats = f"{ISOLATE}חתולים{END}"
    assert shown.isolated("cat, 53 % sure") == "cat, 53 % sure"
    assert shown.isolated("חתולים, 53 % sure") == f"{cats}, 53 % sure"
    assert shown.isolated("Move to חתולים") == f"Move to {cats}"
    assert shown.isolated("חתולים 12 + 30, כלבים new") == f"{cats} 12 + 30, {ISOLATE}כלבים{END} new"
    assert shown.isolated("קטט שחור: 4 x") == f"{ISOLATE}קטט שחור{END}: 4 x"


def test_a_name_by_itself_is_isolated_with_its_digits() -> None:
    assert shown.isolated("כלבים 5") == f"{ISOLATE}כלבים 5{END}"


def test_a_quoted_name_is_isolated_with_its_digits() -> None:
    assert shown.isolated("“כלבים 5” has 3") == f"“{ISOLATE}כלבים 5{END}” has 3"
    assert shown.isolated("“a” and “b 5”") == "“a” and “b 5”"


def test_isolates_are_balanced_whatever_a_name_holds() -> None:
    for name in ("“חת", "חת”", "\u2068חת", "חת\u2069", "א\u200dב \u200f", "“א“ב”"):
        told = shown.isolated(shown.visible(name))
        assert told.count(ISOLATE) == told.count(END) > 0
