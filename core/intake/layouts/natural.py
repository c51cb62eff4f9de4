"""The order in which people expect names: "class 2" before "class 10"."""

import re

_PARTS = re.compile(r"(\d{1,1000})")  # Python reads no number of more than a few thousand digits


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key; case plays no part until all else is equal."""
    key = [
        (1, int(part), "") if part.isdecimal() else (2, 0, part.casefold())
        for part in _PARTS.split(text)
        if part
    ]
    return [*key, (0, 0, text)]
