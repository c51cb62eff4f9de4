"""Text with people's names in it, made fit to be shown: nothing in it is unseen, nothing turns.

Names of classes, files and data sets can hold characters that have no shape. Some turn the text
around them (U+202E), some make two names look alike (U+200B). They are shown by their numbers.
A name that is written from right to left is isolated: otherwise it would carry the numbers beside
it along (Unicode Standard Annex #9).
"""

import re
import unicodedata

ISOLATE, END = "\u2068", "\u2069"  # first strong isolate, pop directional isolate

# Characters without a shape that are no format characters by category: fillers, selectors and
# joiners (Default_Ignorable_Code_Point), and the empty Braille pattern.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_HIDDEN = {"Cc", "Cf", "Cs", "Cn", "Co"}
_JOINERS = "\u200c\u200d"
_EMOJI_STYLE = "\ufe0e\ufe0f"
_RIGHT_TO_LEFT = {"R", "AL"}
_PARTS = re.compile(r"(\d{1,1000})")  # Python reads no number of more than a few thousand digits


def visible(text: str) -> str:
    """The text with all that cannot be seen shown as `⟨U+200B⟩`; line breaks and tabs stay.

    Joiners stay where they shape what is seen: within emoji, and within Arabic, Persian and Indic
    words.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(each):04X}⟩" if _is_unseen(text, place) else each
        for place, each in enumerate(text)
    )


def isolated(text: str) -> str:
    """A visible text in which whatever runs from right to left stays among itself.

    Quoted names are isolated as wholes, with the digits and signs in them, and so is a text
    without a word from left to right, which is a name by itself; elsewhere, words.
    """
    if text.isascii() or not _turns(text):
        return text
    if not any(unicodedata.bidirectional(each) == "L" for each in text):
        return whole(text)
    pieces = re.split("(“[^“”]*”)", text)
    return "".join(
        f"“{whole(piece[1:-1])}”" if place % 2 else _words(piece)
        for place, piece in enumerate(pieces)
    )


def whole(name: str) -> str:
    """A visible name as one isolated piece, where it runs from right to left."""
    return f"{ISOLATE}{name}{END}" if _turns(name) else name


def _turns(text: str) -> bool:
    return any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in text)


def _words(text: str) -> str:
    """Each run of words that are written from right to left is one piece."""
    done, start, end = [], None, 0
    for place, each in enumerate(text):
        kind = unicodedata.bidirectional(each)
        if kind in _RIGHT_TO_LEFT:
            if start is None:
                done.append(text[end:place])
                start = place
            end = place + 1
        elif start is not None:
            if kind in ("NSM", "AN") or each in _JOINERS:
                end = place + 1
            elif each not in " -_'’":
                done.append(f"{ISOLATE}{text[start:end]}{END}")
                start = None
    done.append(f"{ISOLATE}{text[start:end]}{END}" if start is not None else "")
    return "".join([*done, text[end:]])


def _is_unseen(text: str, place: int) -> bool:
    each = text[place]
    before, after = text[:place][-1:], text[place + 1 : place + 2]
    if each in _JOINERS:
        return not ((_is_emoji(before) and _is_emoji(after)) or (_joins(before) and _joins(after)))
    if each in _EMOJI_STYLE:
        return not (_is_emoji(before) or before.isdigit() or before in ("#", "*"))
    if each in "\n\t":
        return False
    return unicodedata.category(each) in _HIDDEN or bool(_SHAPELESS.match(each))


def _is_emoji(each: str) -> bool:
    return each != "" and (
        each in _EMOJI_STYLE or unicodedata.category(each) in ("So", "Sk") or each in "♀♂⚕⚖"
    )


def _joins(each: str) -> bool:
    """Whether it belongs to a script whose letters join."""
    return each != "" and unicodedata.category(each)[0] in "LM" and ord(each) >= 0x600


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key: "class 2" comes before "class 10"; case plays no part until all else is equal."""
    key = [
        (1, int(part), "") if part.isdecimal() else (2, 0, part.casefold())
        for part in _PARTS.split(text)
        if part
    ]
    return [*key, (0, 0, text)]
