"""Sentences that can be translated later: English text that keeps its template and its values.

The terminal, logs and files get plain English, for a `Sentence` is a `str`. A page that shows one
finds the template in its catalogue and fills the values in again, written as that language writes
them. Values are named, since their order differs between languages, and plural forms are apart.

Every literal in a call of `say`, `several`, `later` or `UserError` is extracted for translators
(`make language`).
"""

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Write = Callable[[Any, str], str]  # a value and its format, as in "{share:.0%}", in a language
_TEMPLATE, _PLURAL, _VALUES = "sentence", "plural", "values"  # as JSON holds them
_AS_IT_IS = frozenset((str, int, float, bool, type(None)))  # kinds that JSON has itself
_SPEC = re.compile(r"0?\d?,?(\.\d)?[%a-z]?")


class Sentence(str):
    """English text, with what is needed to say it in another language.

    Attributes:
        template: With named placeholders; for one where there is a plural.
        values: What fills them. Sentences among them are translated as well, lists are joined.
            A placeholder of a template without any values is no placeholder.
        plural: The template for any `values["count"]` but 1, if the sentence counts something.
    """

    template: str
    values: Mapping[str, Any]
    plural: str | None

    def __new__(
        cls, template: str, values: Mapping[str, Any] | None = None, plural: str | None = None
    ) -> "Sentence":
        """Fill in the values as English writes them."""
        values = {name: _plain(value) for name, value in (values or {}).items()}
        chosen = template if plural is None or values["count"] == 1 else plural
        made = super().__new__(cls, fill(chosen, values, in_english))
        made.template, made.values, made.plural = template, values, plural
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        """For pickle and copy."""
        return self.template, self.values, self.plural


def say(template: str, **values: Any) -> Sentence:
    """A sentence.

    Args:
        template: English, with named placeholders as `str.format` has them; or a sentence, which
            is taken as it is or filled with other values.
        values: What fills the placeholders: numbers as they are, so that each language can write
            them.
    """
    if isinstance(template, Sentence):
        return Sentence(template.template, values) if values else template
    return Sentence(template, values)


def joined(sentences: Iterable[str], between: str = " ") -> Sentence:
    """Sentences one after the other, each of which is translated."""
    values = {f"part{place}": each for place, each in enumerate(filter(None, sentences))}
    return Sentence(between.join(f"{{{name}}}" for name in values), values)


later = say  # for constants of pages, which are translated where they are shown


def several(one: str, many: str, count: int, **values: Any) -> Sentence:
    """A sentence that counts something.

    Args:
        one: The template for a count of 1.
        many: The template for any other count, with `{count}` in it.
        count: How many.
        values: What fills other placeholders.
    """
    return Sentence(one, {"count": count, **values}, many)


def _plain(value: Any) -> Any:
    """A value that JSON and every process can hold; of another kind, its text."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float) else str(value)


def fill(template: str, values: Mapping[str, Any], write: Write) -> str:
    """A template with its values filled in.

    Args:
        template: As of `say`.
        values: What fills its placeholders; if there are none, the template is taken as it is.
        write: Writes one value.
    """
    return _Filler(write).vformat(template, (), values) if values else template


class _Filler(string.Formatter):
    """Fills in values by name alone: a template may come from a file that somebody else wrote.

    Such a one must reach no attribute of a value, and ask for no text of a billion letters.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if not _SPEC.fullmatch(format_spec):
            raise ValueError(f"{format_spec!r} is no format of a sentence")
        return self._write(value, format_spec)


def in_english(value: Any, spec: str) -> str:
    """A value as English writes it: `1,234`, and a list as `a, b`."""
    if isinstance(value, list | tuple):
        return ", ".join(in_english(each, spec) for each in value)
    if isinstance(value, int) and not isinstance(value, bool) and not spec:
        spec = ","
    return format(value, spec)


def packed(value: Any) -> Any:
    """What is about to become JSON, with every sentence in it as an object that keeps its parts."""
    if type(value) in _AS_IT_IS:  # nearly all that there is, in lists of thousands of pictures
        return value
    if isinstance(value, Sentence):
        return {_TEMPLATE: value.template, _PLURAL: value.plural, _VALUES: packed(value.values)}
    if isinstance(value, Mapping):
        return {key: packed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [packed(each) for each in value]
    return value


def unpacked(found: dict[str, Any]) -> Any:
    """The inverse of `packed` for one object of JSON: the `object_hook` of `json.loads`."""
    match found:
        case {"sentence": str(template), "plural": plural, "values": dict(values)} if len(
            found
        ) == len((_TEMPLATE, _PLURAL, _VALUES)):
            if plural is not None and not isinstance(values.get("count"), int):
                return found
            try:
                return Sentence(template, values, plural)
            except (LookupError, ValueError, TypeError, ArithmeticError):  # no template of ours
                return found
        case _:
            return found
