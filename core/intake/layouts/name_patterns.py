"""Classes from files' names: a few ready patterns, and any regular expression, held to a time."""

import json
import re
import subprocess
import sys

from core.errors import UserError
from core.saying import later

TEACHABLE = later("the text before “-!-”, as Teachable Machine writes")
READY = {
    TEACHABLE: r"^(.+)-!-",
    later("the text before the first number"): r"^(\D*[^\W\d_])[\W_]*\d",
    later("the text before the first dot"): r"^([^.]+)\.",
    later("the text before the first underscore"): r"^([^_]+)_",
    later("the text before the first dash"): r"^([^-]+)-",
    later("the text after the number"): r"^\D*\d+[\W_]*([^\W\d_].*)$",
    later("the text after the last underscore"): r"_([^_\d]+)$",
}
_LONGEST = 500  # letters of a pattern
_SECONDS = 10.0
# Python cannot stop a search that backtracks for ever, but a separate process can be ended.
_SEARCH = """
import json, re, sys
pattern, names = json.load(sys.stdin)
compiled = re.compile(pattern)
group = "label" if "label" in compiled.groupindex else 1
side = "side" if "side" in compiled.groupindex else None
found = map(compiled.search, names)
json.dump([(it[group], it[side] if side else None) if it else (None, None) for it in found],
          sys.stdout)
"""


def check(pattern: str) -> None:
    """See that a pattern can be used.

    Raises:
        UserError: It is no regular expression, has no group, or is too long.
    """
    if len(pattern) > _LONGEST:
        raise UserError(
            "Expected a pattern of at most {longest} letters. Write a shorter one.",
            longest=_LONGEST,
        )
    try:
        groups = re.compile(pattern).groups
    except (re.error, RecursionError, OverflowError) as error:
        raise UserError(
            "Expected a regular expression as the pattern for labels, but this is none ({error}).",
            error=error,
        ) from None
    if not groups:
        raise UserError(
            "Expected a pattern with the class in brackets, as in ^([a-z]+)_ for cat_1.jpg, but "
            "this one has none."
        )


def labels(pattern: str, names: list[str]) -> list[tuple[str | None, str | None]]:
    """The class in each name, and the side; None where the pattern says none.

    Args:
        pattern: The group named `label`, or the first one, is the class, and that named `side`
            the side.
        names: Files' names without folders and endings.

    Raises:
        UserError: The pattern is none, or takes too long.
    """
    if pattern in READY.values():
        search = re.compile(pattern).search
        return [(found[1] if (found := search(name)) else None, None) for name in names]
    check(pattern)
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-c", _SEARCH],
            input=json.dumps([pattern, names]).encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            "This pattern takes too long on these names. Write one with fewer * and +."
        ) from None
    return [(label, side) for label, side in json.loads(done.stdout)]
