"""How sentences, numbers, sizes, times and other people's words are written on every page.

`say` and `several` give a sentence in the visitor's language; see `core.saying`.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from babel.dates import format_skeleton, format_time

from core import saying, shown
from core.saying import later as later  # with `say` and `several`, in one place for the pages
from pages.language import catalogue
from pages.parts.shared import state

UNSEEN = "\u2060"  # word joiner: no width, no line break
CHOSEN = later(
    "The best epoch was chosen on these same pictures, so the number is a little optimistic."
)
_REFITTED = later(
    "After that, it learned from all {count} pictures for training and validation together "
    "(refit); the number was measured before."
)
_WITHIN = r"(?<=[^\W_])[._](?=[^\W_])"  # dots and underscores within words mean nothing
_PUNCTUATION = re.compile(f"(?!{_WITHIN})([{re.escape(string.punctuation)}])")


def say(template: str, **values: Any) -> str:
    """A sentence in the visitor's language.

    Args:
        template: English, with named placeholders; or a sentence of core, without values.
        values: What fills the placeholders; fit for the place, as by `plain`.
    """
    said = saying.say(template, **values)
    return str(catalogue.translated(said, state.language()))


def several(one: str, many: str, count: int, **values: Any) -> str:
    """A sentence that counts something, in the visitor's language.

    Args:
        one: English, for a count of 1.
        many: For any other count; `{count}` is the number.
        count: How many.
        values: What fills other placeholders.
    """
    return say(saying.several(one, many, count, **values))


def refitted(results: dict[str, Any]) -> str:
    """That a run has learned from its validation pictures too, to follow another sentence."""
    count = results.get("refit")
    return f" {say(_REFITTED, count=count)}" if isinstance(count, int) else ""


def plain(text: str) -> str:
    """Text with a user's words for a place that reads Markdown, so that it shows letter by letter.

    A backslash keeps punctuation from being Markdown. Emoji codes, arrows and links are found
    in what is left, so an unseen character parts what would make them up. Screen readers get the
    names of controls with the backslashes, so that there are none in plain file names.
    """
    return escaped(bare(text))


def escaped(text: str) -> str:
    """Text that can be seen and does not turn, for a place that reads Markdown."""
    backslashed = _PUNCTUATION.sub(r"\\\1", text)
    parted = re.sub(r"([:@<>~-])", rf"\1{UNSEEN}", backslashed)
    return re.sub(r"(?i)(www)(?=\\?\.)", rf"\1{UNSEEN}", parted)


def bare(text: str) -> str:
    """Text with a user's words for a place that takes plain text, such as an `alt` or a list."""
    return shown.isolated(seen(text))


def seen(text: str) -> str:
    """The text in one line and the visitor's language, with what is unseen in it shown."""
    if isinstance(text, saying.Sentence):  # a table has thousands that are none
        text = say(text)
    return shown.visible(" ".join(text.split()))


def distinct(names: Iterable[str], length: int | None = None) -> dict[str, str]:
    """Names for a place that takes plain text, such as a list to choose from, no two of them alike.

    Args:
        names: What people call them.
        length: How many letters there is room for.
    """
    every = list(dict.fromkeys(names))
    lines = [seen(name) for name in every]
    if length is not None:
        lines = [squeezed(line, length) for line in lines]
    return dict(zip(every, map(shown.whole, numbered(lines)), strict=True))


def numbered(titles: Iterable[str]) -> list[str]:
    """Titles for a list to choose from, in their order, no two of them alike.

    Streamlit knows by its title alone what was chosen, and takes the first that fits.
    """
    told: list[str] = []
    taken: set[str] = set()
    for title in titles:
        number, alike = 1, title
        while unicodedata.normalize("NFKC", alike) in taken:
            number += 1
            alike = f"{title} ({number})"
        taken.add(unicodedata.normalize("NFKC", alike))
        told.append(alike)
    return told


def shortened(text: str, length: int = 24) -> str:
    """The beginning of a long name."""
    return text if len(text) <= length else text[: length - 1] + "…"


def squeezed(name: str, length: int = 18) -> str:
    """Beginning and end of a long file name: those of one series differ at their ends."""
    begin = (length - 1) // 2
    return name if len(name) <= length else f"{name[:begin]}…{name[begin + 1 - length :]}"


def apart(names: Sequence[str], length: int = 18) -> dict[str, str]:
    """Long names for a place that takes plain text, cut where one sees how they differ.

    Args:
        names: Of files or classes that are shown together.
        length: How many letters there is room for.
    """
    in_order = sorted(set(names))
    shared = [_alike(*pair) for pair in pairwise(in_order)]
    return {
        name: bare(_cut(name, length, min(before, after), max(before, after)))
        for name, before, after in zip(in_order, [0, *shared], [*shared, 0], strict=True)
    }


def _alike(one: str, other: str) -> int:
    """How many letters two names have in common at their beginnings."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _cut(name: str, length: int, first: int, last: int) -> str:
    """A name with a piece left out that does not hold these two places, if that can be."""
    begin, end = (length - 1) // 2, len(name) - length // 2
    if len(name) <= length or last < begin or last >= end:
        return squeezed(name, length)
    head, room = length // 4, length - length // 4 - 2
    start = first if head < first and last - first < room else last
    if start + room + 1 >= len(name):
        return f"{name[:head]}…{name[head + 1 - length :]}"
    return f"{name[:head]}…{name[start : start + room]}…"


def number(value: float) -> str:
    """A count: 1,234 as it is, larger ones as 3.4 million."""
    if value < 1_000_000:
        return catalogue.decimal(value, state.language())
    return say("{count:.1f} million", count=value / 1_000_000)


def percent(share: float) -> str:
    """A share as people say it; never 100% or 0% unless it is."""
    shown = catalogue.percent(
        min(max(share, 0.01), 0.99) if 0 < share < 1 else share, state.language()
    )
    if 0.995 <= share < 1:
        return f"> {shown}"
    return f"< {shown}" if 0 < share < 0.005 else shown


def sure(confidence: float) -> str:
    """How sure a network is of a class; a rounded 1 or 0 is never complete certainty."""
    return percent(min(max(confidence, 1e-6), 1 - 1e-6))


def whole_percent(share: float) -> int:
    """A share in percent for a bar in a table; 100 only if it is exactly that."""
    return min(round(100 * share), 99) if share < 1 else 100


def percent_format() -> str:
    """How Streamlit's sliders and tables are told to write percentages: `%d%%`."""
    return percent(1).replace("%", "%%").replace("100", "%d")


def size(amount: int) -> str:
    """Bytes as people say it."""
    if amount < 1000:
        return several("{count} byte", "{count} bytes", amount)
    value = float(amount)
    for unit in ("KB", "MB"):
        value /= 1000
        if value < 1000:
            return f"{catalogue.decimal(value, state.language())} {unit}"
    return f"{catalogue.decimal(value / 1000, state.language(), 1)} GB"


def duration(seconds: float) -> str:
    """`4 s`, `2 min`, `1.5 h`."""
    if seconds < 90:
        return say("{seconds:.0f} s", seconds=max(seconds, 1))
    if seconds < 5400:
        return say("{minutes:.0f} min", minutes=seconds / 60)
    return say("{hours:.1f} h", hours=seconds / 3600)


def left(seconds: float | None) -> str:
    """The time left, behind what is going on; nothing where it is not known."""
    if seconds is None or seconds <= 0:
        return ""
    return f" · {say('about {time} left', time=duration(seconds))}"


def when(timestamp: float) -> str:
    """A point in time on the server's clock."""
    moment, now = datetime.fromtimestamp(timestamp), datetime.now()
    locale = catalogue.locale(state.language())
    time = format_time(moment, "HH:mm", locale=locale)
    if moment.date() == now.date():
        return say("today {time}", time=time)
    parts = "MMMMd" if moment.year == now.year else "yMMMMd"
    return say("{day}, {time}", day=format_skeleton(parts, moment, locale=locale), time=time)


def comma(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return catalogue.listed(items, state.language())
