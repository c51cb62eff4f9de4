"""The order in which people expect names: "class 2" before "class 10"."""

import re


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key; case plays no part until all else is equal."""
    key = [
        (1, int(part), "") if part.isdecimal() else (2, 0, part.casefold())
        for part in re.split(r"(\d+)", text)
        if part
    ]
    return [*key, (0, 0, text)]
