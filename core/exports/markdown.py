"""Markdown with people's names in it: a name is text, whatever signs it is made of."""

import re
from collections.abc import Sequence

from core import shown

# What Markdown, HTML and (in notebooks) TeX read as more than text. Within a word “_” is text.
_SIGNS = re.compile(r"[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|#(?=#*$)")


def text(name: str) -> str:
    """A name that somebody typed, on one line."""
    return _SIGNS.sub(r"\\\g<0>", shown.visible(" ".join(name.split())))


def listed(names: Sequence[str]) -> str:
    """Several names, on one line."""
    return ", ".join(map(text, names))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, whose cells are Markdown themselves."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
