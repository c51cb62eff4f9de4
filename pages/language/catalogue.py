"""Translating: a sentence's template is looked up in a language's catalogue, and filled in there.

Catalogues are the `.po` files beside this one, with the English template as each message's id.
They are read when somebody first needs them, so nothing has to be compiled. Babel tells how a
language writes numbers and lists, and which plural form a count takes.
"""

import gettext
import io
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, negotiate_locale
from babel.lists import format_list
from babel.messages.extract import extract_javascript
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from core.saying import Sentence, fill

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}  # each by its own name
FOLDER = Path(__file__).parent
# Whose calls say something, and which of their arguments are templates.
KEYWORDS = {
    "say": (0,),
    "several": (0, 1),
    "later": (0,),
    "UserError": (0,),
    "UnreadableImage": (0,),
    "UnreadableMember": (0,),
    "NoRoom": (0,),
    "Refused": (1,),
}
_AS = {ENGLISH: "en_GB"}  # whose numbers and dates are meant, where a language has several ways
_CALLS: dict[str, None] = {"say": None, "several": None}
_IN_TEMPLATES: Any = {"parse_template_string": True}  # look for calls within `${…}` too
_SPEC = re.compile(r",?(?:\.(\d+))?([f%])")  # of a number that languages write differently


def fitting(*wanted: str | None) -> str:
    """The first of some locales whose language there is; English if there is none.

    Args:
        wanted: Such as "de-AT"; None where somebody has no wish.
    """
    return negotiate_locale([each for each in wanted if each], LANGUAGES, sep="-") or ENGLISH


def of_header(accepted: str | None) -> str:
    """The language that an `Accept-Language` header asks for first among those there are."""
    return fitting(*(each.partition(";")[0].strip() for each in (accepted or "").split(",")[:20]))


@cache
def locale(language: str) -> Locale:
    """What Babel knows about a language."""
    return Locale.parse(_AS.get(language, language))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with (FOLDER / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translated(text: str, language: str) -> str:
    """A sentence in a language; any other text, such as a name, as it is."""
    if not isinstance(text, Sentence) or not text:
        return text
    catalogue = _catalogue(language)
    if text.plural is None:
        template = catalogue.gettext(text.template)
    else:
        template = catalogue.ngettext(text.template, text.plural, text.values["count"])
    return fill(template, text.values, lambda value, spec: written(value, spec, language))


def written(value: Any, spec: str, language: str) -> str:
    """A value within a sentence: numbers, lists and other sentences as the language has them.

    Args:
        value: Any.
        spec: Its format, as in "{share:.0%}"; others than decimals and percents are Python's.
        language: One of LANGUAGES.
    """
    if isinstance(value, Sentence):
        return format(translated(value, language), spec)
    if isinstance(value, list | tuple):
        return ", ".join(written(each, spec, language) for each in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = _SPEC.fullmatch(spec)
        digits = int(found[1] or 6) if found else 0
        if found and found[2] == "%":
            return percent(value, language, int(found[1] or 0))
        if found:
            return decimal(value, language, digits)
        if isinstance(value, int) and not spec:
            return decimal(value, language)
        if spec.endswith("g"):
            return format(value, spec).replace(".", _point(language))
    return format(value, spec)


@cache
def _point(language: str) -> str:
    return str(locale(language).number_symbols["latn"]["decimal"])


def decimal(value: float, language: str, digits: int = 0) -> str:
    """A number with so many decimals: `1,234.5`."""
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return format_decimal(value, pattern, locale(language))


@lru_cache(1000)
def percent(share: float, language: str, digits: int = 0) -> str:
    """A share: `90%`."""
    pattern = locale(language).percent_formats[None].pattern
    if digits:
        pattern = pattern.replace("0", f"0.{'0' * digits}", 1)
    return format_percent(share, pattern, locale(language))


def listed(items: Sequence[str], language: str) -> str:
    """`a, b and c`."""
    return format_list(items, locale=locale(language))


@cache
def for_script(script: str, language: str) -> dict[str, str | dict[str, str]]:
    """What a browser needs to translate the `say` and `several` calls of a script.

    Args:
        script: The script.
        language: One of LANGUAGES.

    Returns:
        Templates by the English one; of what counts something, by the plural category that the
        browser's `Intl.PluralRules` names. Empty for English.
    """
    if language == ENGLISH:
        return {}
    catalogue = _catalogue(language)
    found: dict[str, str | dict[str, str]] = {}
    for said in said_in_script(script):
        if isinstance(said, tuple):
            found[said[0]] = {
                category: catalogue.ngettext(*said, count)
                for category, count in _examples(language).items()
            }
        else:
            found[said] = catalogue.gettext(said)
    return found


def said_in_script(script: str) -> Iterator[str | tuple[str, str]]:
    """The templates in the `say` and `several` calls of JavaScript; of the latter, both."""
    file = io.BytesIO(script.encode())
    for _, function, found, _ in extract_javascript(file, _CALLS, [], _IN_TEMPLATES):
        match function, found if isinstance(found, tuple) else (found,):
            case "several", (str(one), str(many), *_):
                yield one, many
            case "say", (str(template), *_):
                yield template


def _examples(language: str) -> dict[str, int]:
    """A count of each plural category of a language."""
    category = locale(language).plural_form
    examples: dict[str, int] = {}
    for count in (*range(201), 1_000_000):
        examples.setdefault(category(count), count)
    return examples
