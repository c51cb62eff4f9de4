"""Names of files inside archives: in which encoding, and whether they stay inside."""

import re
from collections.abc import Iterable, Sequence

from core.intake.archives.refusals import refused, too_deep
from core.intake.limits import Limits
from core.saying import later, say

TOO_LONG = later("its name is too long")
_LONGEST_PATH = 4096  # as on Linux, where paths may be longest
_HALF = re.compile(r"(?<=[^\x00-\x7f])\\")
_JAPANESE = re.compile("[\u3005\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff]+")


def encoding_of(names: Iterable[bytes], otherwise: str) -> str:
    """The encoding of names in an archive that does not say: all were written by one program.

    UTF-8 is hardly ever valid by chance. Shift-JIS often is: Western letters with accents make
    lone Chinese characters between Latin letters, half-width kana or signs. It is believed where
    most of what is not ASCII makes Japanese words.

    Args:
        names: As they lie in the archive.
        otherwise: What the format says they are.
    """
    text = b"/".join(names)
    for encoding in ("utf-8", "cp932"):
        try:
            found = text.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _is_japanese(found):
            return encoding
    return otherwise


def texts_of(names: Sequence[bytes]) -> list[str]:
    """Names in an archive or a folder that does not say their encoding, in that of all of them.

    Where there is none, each part of a path is read as UTF-8 if it is that, else byte by byte.
    Two names never become one: classes would be thrown together, and files lost.
    """
    encoding = encoding_of(names, "cp437")
    if encoding != "cp437":
        return [name.decode(encoding) for name in names]
    texts = []
    written: dict[str, bytes] = {}
    for name in names:
        parts = []
        for raw, signs in zip(name.split(b"/"), signs_of(name).split("/"), strict=True):
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = signs
            # Mazes of folders are refused later: here they should not fill the memory.
            if written.setdefault(text, raw) != raw or len(written) > 2 * len(names) + Limits.depth:
                return [signs_of(each) for each in names]
            parts.append(text)
        texts.append("/".join(parts))
    return texts


def signs_of(name: bytes) -> str:
    """A name in an encoding that nobody knows: in CP437 every byte has a sign of its own.

    But two of them mean something else as well. 255 is a space, and names of classes lose those at
    their ends: я and whole words would go. A backslash ends a folder's name, unless it stands
    behind a letter that is not ASCII in a path with slashes: then it is half a Chinese letter.
    """
    text = name.decode("cp437").replace("\xa0", "¤")
    return _HALF.sub("＼", text) if "/" in text else text


def _is_japanese(text: str) -> bool:
    words = lone = 0
    for run in _JAPANESE.finditer(text):
        around = text[max(0, run.start() - 1) : run.end() + 1]
        # ö, for one, followed by a Latin letter is a Chinese character, as in "V波el" for Vögel
        touching = any(each.isascii() and each.isalpha() for each in around)
        rare = len(run[0]) == 1 and run[0].encode("cp932")[0] >= 0x98  # Ö and Ü begin such
        if len(run[0]) == 1 and (touching or rare):
            lone += 1
        else:
            words += len(run[0])
    others = sum(not each.isascii() for each in text) - words - lone
    return words > lone + others


def safe_path(raw: str, archive: str) -> str:
    """A member's path with forward slashes; old Windows tools write backward ones.

    Returns:
        The path, "" for the archive's own folder.

    Raises:
        UserError: It leads out of the archive, or is a maze of folders.
    """
    path = raw.replace("\\", "/")
    parts = path.split("/")
    if path.startswith("/") or re.match(r"[A-Za-z]:(/|$)", path) or ".." in parts or "\0" in raw:
        why = say("the path “{path}” inside it leads out of the archive", path=shortened(raw))
        raise refused(archive, why)
    parts = [part for part in parts if part not in ("", ".")]
    if len(parts) > Limits.depth:
        raise too_deep(archive)
    return "/".join(parts)


def is_too_long(path: str) -> bool:
    """Whether no file system would take this path."""
    longest = Limits.name_bytes
    parts = path.encode("utf-8", "replace").split(b"/")
    return any(len(part) > longest for part in parts) or len(path) > _LONGEST_PATH


def shortened(name: str) -> str:
    """A name as a sentence can bear it."""
    printable = "".join(each if each.isprintable() else "?" for each in name[:80])
    return printable if len(name) <= 80 else f"{printable[:79]}…"
