"""How numbers, sizes, times and other people's words are written on every page."""

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from core import shown

UNSEEN = "\u2060"  # word joiner: no width, no line break
CHOSEN = " The best epoch was chosen on these same images, so the number is a little optimistic."
_WITHIN = r"(?<=[^\W_])[._](?=[^\W_])"  # dots and underscores within words mean nothing
_PUNCTUATION = re.compile(f"(?!{_WITHIN})([{re.escape(string.punctuation)}])")


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
    """The text in one line, with what is unseen in it shown."""
    return shown.visible(" ".join(text.split()))


def distinct(names: Iterable[str], length: int | None = None) -> dict[str, str]:
    """Names for a place that takes plain text, such as a list to choose from, no two of them alike.

    Args:
        names: What people call them.
        length: How many letters there is room for.
    """
    told: dict[str, str] = {}
    taken: set[str] = set()
    for each in names:
        line = seen(each)
        line = line if length is None else squeezed(line, length)
        number, alike = 1, line
        while unicodedata.normalize("NFKC", alike) in taken:
            number += 1
            alike = f"{line} ({number})"
        taken.add(unicodedata.normalize("NFKC", alike))
        told[each] = shown.whole(alike)
    return told


def shortened(text: str, length: int = 24) -> str:
    """The beginning of a long name."""
    return text if len(text) <= length else text[: length - 1] + "…"


def squeezed(name: str, length: int = 18) -> str:
    """Beginning and end of a long file name: those of one series differ at their ends."""
    begin = (length - 1) // 2
    return name if len(name) <= length else f"{name[:begin]}…{name[begin + 1 - length :]}"


def apart(names: Sequence[str], length: int = 18) -> dict[str, str]:
    """Long file names, cut so that one sees where each differs from those most like it.

    Args:
        names: Of files that are shown together.
        length: How many letters there is room for.
    """
    in_order = sorted(set(names))
    shared = [_alike(*pair) for pair in pairwise(in_order)]
    return {
        name: _cut(name, length, min(before, after), max(before, after))
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
        return f"{value:,.0f}"
    return f"{value / 1_000_000:.1f} million"


def several(value: int, one: str, many: str | None = None) -> str:
    """`1 image`, `2 images`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share as people say it; never 100 % or 0 % unless it is."""
    if 0.995 <= share < 1:
        return "> 99 %"
    if 0 < share < 0.005:
        return "< 1 %"
    return f"{share:.0%}".replace("%", " %")


def size(amount: int) -> str:
    """Bytes as people say it."""
    value = float(amount)
    for unit in ("bytes", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def duration(seconds: float) -> str:
    """`4 s`, `2 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def left(seconds: float | None) -> str:
    """The time left, for the end of a sentence; nothing where it is not known."""
    return "" if seconds is None or seconds <= 0 else f" · about {duration(seconds)} left"


def when(timestamp: float) -> str:
    """A point in time on the server's clock."""
    moment, now = datetime.fromtimestamp(timestamp), datetime.now()
    if moment.date() == now.date():
        return f"today {moment:%H:%M}"
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment:%d %B}{year}, {moment:%H:%M}".lstrip("0")


def comma(items: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
