"""JSON that somebody else has written: of the form that is expected, and of a bounded size.

A form is a function that takes a value of JSON and gives it back, or raises ValueError. What a form
of an object does not name is left out, so nothing else ever gets in.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from core import saying

Form = Callable[[Any], Any]

_LARGEST = 2**53  # what any reader of JSON can count to


def parsed(data: bytes) -> Any:
    """The value that some bytes of JSON hold, sentences among it as sentences.

    Raises:
        ValueError: They are no JSON in UTF-8, are nested too deeply, or hold what is no number.
    """
    try:
        return json.loads(
            data.decode("utf-8"), parse_constant=_no_number, object_hook=saying.unpacked
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def text(most: int = 1000, least: int = 0) -> Form:
    """A text of so many letters."""

    def form(value: Any) -> Any:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise ValueError(f"expected a text of {least} to {most} letters")
        value.encode()  # half of a surrogate pair cannot be written: UnicodeEncodeError
        return value

    return form


def whole(least: int = 0, most: int = _LARGEST) -> Form:
    """A whole number within bounds."""

    def form(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"expected a whole number from {least} to {most}")
        return value

    return form


def number(least: float = -1e30, most: float = 1e30) -> Form:
    """A number within bounds; NaN and the infinite are none."""

    def form(value: Any) -> Any:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not math.isfinite(value) or not least <= value <= most:
            raise ValueError(f"expected a number from {least:g} to {most:g}")
        return value

    return form


def flag(value: Any) -> Any:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def one_of(*values: object) -> Form:
    """One of a few values."""

    def form(value: Any) -> Any:
        if not any(type(value) is type(each) and value == each for each in values):
            raise ValueError(f"expected one of {values}")
        return value

    return form


def maybe(inner: Form) -> Form:
    """That or null."""
    return lambda value: None if value is None else inner(value)


def listed(inner: Form, most: int, least: int = 0) -> Form:
    """A list of so many."""

    def form(value: Any) -> Any:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ValueError(f"expected a list of {least} to {most}")
        return [inner(each) for each in value]

    return form


def row(*inner: Form) -> Form:
    """A list of exactly these."""

    def form(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(inner):
            raise ValueError(f"expected a list of {len(inner)}")
        return [each(one) for each, one in zip(inner, value, strict=True)]

    return form


def mapped(key: Form, inner: Form, most: int) -> Form:
    """An object whose names are data themselves."""

    def form(value: Any) -> Any:
        if not isinstance(value, dict) or len(value) > most:
            raise ValueError(f"expected an object of at most {most} values")
        return {key(name): inner(each) for name, each in value.items()}

    return form


def fields(required: Mapping[str, Form], optional: Mapping[str, Form] | None = None) -> Form:
    """An object with these values; all others are left out."""

    def form(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("expected an object")
        missing = required.keys() - value.keys()
        if missing:
            raise ValueError(f"{min(missing)!r} is missing")
        every = {**required, **(optional or {})}
        return {name: each(value[name]) for name, each in every.items() if name in value}

    return form
