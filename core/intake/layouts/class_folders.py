"""What folders alone say about classes and sides, and where they need somebody to ask.

The folders that hold pictures form a tree. Outer folders that hold nothing but one more folder are
walked through. Where the tree first branches, the branches are the classes, or, if their names say
so, the sides of a split: then the classes are those of the training side. Folders inside a class
folder belong to it whatever their names (`daisy/batch 1/3.jpg` is a daisy).

Every branch that could be read in another way as well ends in a `Doubt` with the ways.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, islice

from core.intake.archives.member_names import shortened
from core.intake.layouts.labelling import EVERYWHERE, Reading
from core.intake.layouts.side_names import (
    Split,
    is_apart,
    is_evaluation,
    is_no_class,
    says_nothing,
    side_and_rest,
    side_of,
)
from core.saying import Sentence, joined, later, say, several
from core.shown import natural

ORDER: tuple[Split, ...] = ("train", "validation", "test")
_HOLDS = {
    "validation": later("{folder} holds the pictures for validation"),
    "test": later("{folder} holds the pictures to test with"),
}
_AS_WELL = {
    "train": later("{folders} to learn from as well"),
    "test": later("{folders} to test with as well"),
}
_ALL_ANEW = later("All classes of all of them, divided anew")
NAMED = 5  # folders in a sentence
_FEW = 5  # folders that may be sources of the same pictures rather than their parts
_MANY = 8  # folders that nobody wants to name one by one
_COMPARED = 1000  # other folders that one is compared with
_INNERMOST = r"([^/]+)/[^/]+$"


class Folder:
    """A folder with at least one picture somewhere below."""

    def __init__(self) -> None:
        self.folders: dict[str, Folder] = {}
        self.pictures = 0  # directly inside

    def add(self, parts: list[str]) -> None:
        """Note a picture that lies in these folders."""
        folder = self
        for part in parts:
            folder = folder.folders.setdefault(part, Folder())
        folder.pictures += 1

    def only(self) -> tuple[str, "Folder"] | None:
        """The single folder inside, if it is an outer folder rather than a class."""
        if len(self.folders) != 1:
            return None
        ((name, folder),) = self.folders.items()
        return (name, folder) if folder.folders else None

    def size(self) -> int:
        """Pictures in it and in all folders inside."""
        count, waiting = 0, [self]
        while waiting:
            folder = waiting.pop()
            count += folder.pictures
            waiting += folder.folders.values()
        return count

    def labels(self) -> set[str]:
        """What the folders inside are called, capital letters aside."""
        return {label_of(name).casefold() for name in self.folders}


@dataclass(frozen=True)
class Doubt:
    """Why folders alone do not tell, and readings by folders that are possible all the same."""

    cause: Sentence
    readings: tuple[tuple[Sentence, Reading], ...] = ()  # each with a title
    otherwise: Reading | None = None  # how to read it where there is no choice at all


def proposal(tree: Folder, *, least: int, grouped: bool) -> Reading | Doubt:
    """What folders alone say.

    Args:
        tree: The folders that hold pictures.
        least: Classes without which a reading is of no use.
        grouped: Whether folders inside the class folders are known to be groups of pictures.
    """
    path: tuple[str, ...] = ()
    while (only := tree.only()) is not None:
        path, tree = (*path, only[0]), only[1]
    here = Reading(folders=(("/".join(path), None),))
    names = tree.folders
    if not names:
        cause = say("The pictures lie in no folders of classes.")
        return here if least < 2 else Doubt(cause, otherwise=here)
    listed = quoted(sorted(names, key=natural))
    as_classes = (say("The folders {folders} are the classes", folders=listed), here)
    named = _sides(names)
    if named:
        return _by_side(tree, path, named, as_classes, least)
    both = _sides_and_classes(names)
    if both:
        return Doubt(
            say(
                "The names of the folders {folders} hold both a class and a side.",
                folders=quoted(both),
            ),
            (*_named_patterns(both), as_classes),
        )
    if len(names) == 1 and least > 1:
        (name,) = names
        cause = say("There is only one folder of pictures, “{name}”.", name=shortened(name))
        return Doubt(cause, (), here)
    inner = {name: _inside((*path, name), folder, set()) for name, folder in names.items()}
    nested = {name: it for name, it in inner.items() if len(it[1].folders) > 1}
    if grouped and not any(says_nothing(name) or side_of(name) for name in nested):
        return here
    divided = _divided(names)
    if divided:
        if len(divided) == len(names) and not any(each.pictures for each in names.values()):
            return replace(here, sides_inside=True)
        said = "|".join(sorted({re.escape(each) for it in divided for each in names[it].folders}))
        start = "".join(f"{re.escape(each)}/" for each in path)
        inside = Reading(pattern=f"^{start}(?P<label>[^/]+)/(?:(?P<side>{said})/)?")
        return Doubt(
            say(
                "There are folders for the sides of a split, but only in {folders}.",
                folders=quoted(divided),
            ),
            ((say("Those sides are used, and all else is to learn from"), inside), as_classes),
        )
    alike = _with_the_same_inside(names, nested)
    if alike:
        return _by_variant(here, names, inner, alike, as_classes, least)
    within = {label_of(label) for _, folder in inner.values() for label in folder.folders}
    telling = not all(says_nothing(label) or side_of(label) for label in within)
    deeper = (say("The folders inside them are the classes"), _together(path, inner))
    empty = [name for name in names if says_nothing(name) or side_of(name)]
    if len(empty) == len(names) and not nested:
        return Doubt(
            say("The folders {folders} are not named after classes.", folders=listed),
            (deeper, as_classes) if telling else (as_classes,),
        )
    known = Counter(label_of(name).casefold() for name in names)
    holding = [
        name
        for name, (_, folder) in nested.items()
        if says_nothing(name)
        or side_of(name)
        or (not names[name].pictures and _outweighs(folder, len(names), len(nested)))
        or len(_repeated(name, folder, known)) > 1
    ]
    if holding:
        return Doubt(
            say(
                "The folders {folders} may be classes, or one of them holds the class folders.",
                folders=listed,
            ),
            (
                *(
                    way
                    for name in holding
                    if _repeated(name, nested[name][1], known)
                    for way in _with_siblings(path, name, nested[name][0])
                ),
                *(way for name in holding for way in _ways_inside(*nested[name], least)),
                as_classes,
            ),
        )
    if not any(each.pictures or not each.folders for each in names.values()):
        paired = all(
            label_of(name).casefold() in label
            for name, (_, folder) in inner.items()
            for label in folder.labels()
        )
        if telling and len(within) > 1 and not paired:
            inside_one = [way for it in nested.values() for way in _ways_inside(*it, least)]
            if not any(side for _, reading in inside_one for _, side in reading.folders):
                inside_one = []
            further = () if any(side_of(label) for label in within) else (deeper,)
            return Doubt(
                say(
                    "Each of the folders {folders} holds more folders, so either may be the "
                    "classes.",
                    folders=listed,
                ),
                (*inside_one, as_classes, *further),
            )
    beside = [name for name in names if name not in nested and is_no_class(name)]
    if beside and len(names) - len(beside) > 1:
        without = tuple(("/".join((*path, name)), None) for name in beside)
        return Doubt(
            several(
                "{folders} is probably no class.",
                "The folders {folders} are probably no classes.",
                len(beside),
                folders=quoted(sorted(beside, key=natural)),
            ),
            (
                (
                    say("Without {folders}", folders=quoted(beside)),
                    Reading((*here.folders, *without)),
                ),
                as_classes,
            ),
        )
    return here


def _divided(names: dict[str, Folder]) -> list[str]:
    """Class folders that hold nothing but sides: cats/train, cats/test."""
    found = [
        name
        for name, folder in names.items()
        if folder.folders and all(side_of(each) for each in folder.folders)
    ]
    sides = {side_of(each) for name in found for each in names[name].folders}
    deeper = any(
        not says_nothing(below)
        for name in found
        for it in names[name].folders.values()
        for below in it.folders
    )
    if "train" not in sides or len(sides) < 2 or deeper:
        return []
    return sorted(found, key=natural)


def _repeated(name: str, folder: Folder, known: Counter[str]) -> set[str]:
    """Classes in a folder that also lie beside it: more/cat beside cat.

    Args:
        name: What it is called.
        folder: The folder.
        known: How many folders there are of each class, itself among them.
    """
    own = label_of(name).casefold()
    return {label for label in folder.labels() if known[label] > (label == own)}


def _with_siblings(
    path: tuple[str, ...], name: str, start: tuple[str, ...]
) -> list[tuple[Sentence, Reading]]:
    """How to read a folder with the same classes as lie beside it: cat, dog, more/cat, more/dog."""
    here, inside = "/".join(path), "/".join(start)
    side = side_of(name)
    if side in ("validation", "test"):
        title = say(_HOLDS[side], folder=quoted([name]))
        return [(title, Reading(((here, "train"), (inside, side))))]
    title = say("{folder} holds more pictures of the classes beside it", folder=quoted([name]))
    return [(title, Reading(((here, None), (inside, None))))]


def _by_side(
    tree: Folder,
    path: tuple[str, ...],
    named: dict[str, Split],
    as_classes: tuple[Sentence, Reading],
    least: int,
) -> Reading | Doubt:
    """What folders say that are named train, test, and so on."""
    starts: dict[tuple[str, ...], Split] = {}
    known: set[str] = set()
    spoken: set[str] = set()
    for name in [name for name, side in named.items() if side == "train"]:
        start, folder = _inside((*path, name), tree.folders[name], set())
        starts[start] = "train"
        known |= folder.labels()
        spoken |= set(folder.folders)
    listed = quoted(sorted(named, key=natural))
    if known and len(known) > 1 and all(says_nothing(each) for each in spoken):
        return Doubt(
            say(
                "The folders in {folders} are not named after classes: {inner}.",
                folders=listed,
                inner=quoted(sorted(spoken, key=natural)),
            ),
            (*_ways_within(tree, path, named, spoken), as_classes),
        )
    if not known or (
        len(known) == 1 and all(says_nothing(each) or side_of(each) for each in spoken)
    ):
        return Doubt(
            say(
                "The folders {folders} are named like the sides of a split, not like classes, and "
                "there are no class folders in them.",
                folders=listed,
            ),
            (*_named_patterns(named), as_classes),
        )
    agree = True
    inner: dict[str, tuple[tuple[str, ...], Folder]] = {}
    for name in [name for name, side in named.items() if side != "train"]:
        start, folder = inner[name] = _inside((*path, name), tree.folders[name], known)
        starts[start] = named[name]
        agree = agree and folder.labels() <= known
    sides = Reading(tuple(("/".join(start), side) for start, side in starts.items()))
    together = Reading(tuple(("/".join(start), None) for start in starts))
    strange = [
        name
        for name, (_, folder) in inner.items()
        if len(folder.folders) > 1
        and not folder.labels() & known
        and not any(says_nothing(label) for label in folder.folders)
    ]
    if strange:
        all_within = {*spoken, *(each for name in strange for each in inner[name][1].folders)}
        return Doubt(
            say(
                "The classes in {folders} are others than those in the training folder.",
                folders=quoted(sorted(strange, key=natural)),
            ),
            (
                *_named_patterns(all_within),
                (say("Without {folders}", folders=quoted(sorted(strange, key=natural))), sides),
                (_ALL_ANEW, together),
            ),
        )
    if len(known) == 1 < least:
        ways = [
            way
            for start, folder in inner.values()
            if len(folder.folders) > 1
            for way in [(_only(start), _one(start))]
        ]
        (only,) = spoken
        return Doubt(
            say("The training folder holds only one class, “{name}”.", name=shortened(only)),
            (*ways, (_ALL_ANEW, together)),
            sides,
        )
    others = {name: it for name, it in tree.folders.items() if name not in named}
    rivals = [
        name for name, it in others.items() if len(_inside((), it, set())[1].labels() & known) > 1
    ]
    if others and (rivals or not agree):
        named_others = quoted(sorted(others, key=natural))
        more: list[tuple[Sentence, Reading]] = []
        useful = [name for name in rivals if not is_apart(name)]
        purposes: tuple[Split, ...] = ("train",) if "test" in named.values() else ("train", "test")
        for side in purposes:
            if useful:
                added = tuple(
                    ("/".join(_inside((*path, name), others[name], known)[0]), side)
                    for name in useful
                )
                title = say(_AS_WELL[side], folders=quoted(sorted(useful, key=natural)))
                more.append((title, replace(sides, folders=(*sides.folders, *added))))
        return Doubt(
            several(
                "The folders {folders} are named like the sides of a split, but beside them there "
                "is {others}.",
                "The folders {folders} are named like the sides of a split, but beside them there "
                "are {others}.",
                len(others),
                folders=listed,
                others=named_others,
            ),
            (
                (
                    say(
                        "Read {folders} as sides, without {others}",
                        folders=listed,
                        others=named_others,
                    ),
                    sides,
                ),
                *more,
                as_classes,
            ),
        )
    return sides


def _by_variant(
    here: Reading,
    names: dict[str, Folder],
    inner: dict[str, tuple[tuple[str, ...], Folder]],
    alike: list[str],
    as_classes: tuple[Sentence, Reading],
    least: int,
) -> Reading | Doubt:
    """What folders say that hold the same folders inside."""
    within = {label for name in alike for label in inner[name][1].folders}
    if all(says_nothing(label) for label in within):
        return here  # cats/batch 1, cats/batch 2, dogs/batch 1, …
    ways = [way for name in alike[:_MANY] for way in _ways_inside(*inner[name], least)]
    if not any(side_of(label) for label in within):
        reading = _together((), {name: inner[name] for name in alike})
        together = [(say("All of them together"), reading)]
        if len(alike) == len(names) == 2:
            together += _as_sides(alike, inner)
        # Persons, days or parts are many, sources of pictures few.
        ways = [*ways, *together] if len(alike) <= _FEW else [*together, as_classes, *ways]
    return Doubt(
        say(
            "The folders {folders} hold the same folders inside, so they are probably variants or "
            "sources of the same classes.",
            folders=quoted(alike),
        ),
        (*ways, as_classes),
    )


def _together(path: tuple[str, ...], inner: dict[str, tuple[tuple[str, ...], Folder]]) -> Reading:
    """Some folders, each of which holds folders of classes."""
    if len(inner) > _MANY and not any(
        below.folders for _, folder in inner.values() for below in folder.folders.values()
    ):
        return Reading(pattern=_INNERMOST)
    return Reading(
        tuple(
            ("/".join(start if folder.folders else (*path, name)), None)
            for name, (start, folder) in inner.items()
        )
    )


def _ways_within(
    tree: Folder, path: tuple[str, ...], named: dict[str, Split], kinds: Iterable[str]
) -> list[tuple[Sentence, Reading]]:
    """How to read one kind of pictures alone: train/images/… and test/images/…, without masks."""
    ways = []
    for kind in sorted(kinds, key=natural):
        starts: list[tuple[str, Split | None]] = []
        for name, side in sorted(named.items(), key=lambda one: ORDER.index(one[1])):
            start, folder = _inside((*path, name), tree.folders[name], set())
            if kind in folder.folders and folder.folders[kind].folders:
                starts.append(("/".join((*start, kind)), side))
            elif start[-1] == kind:  # the only kind on this side
                starts.append(("/".join(start), side))
        if starts:
            ways.append((_only((kind,)), Reading(tuple(starts))))
    return ways


def _as_sides(
    alike: list[str], inner: dict[str, tuple[tuple[str, ...], Folder]]
) -> list[tuple[Sentence, Reading]]:
    """Two folders with the same classes as what to learn from and what to test with."""
    one, other = alike
    meant = {name: side_of(name) for name in alike}
    if meant[one] == meant[other] is not None:
        return []
    if meant[other] == "train" or meant[one] in ("validation", "test"):
        one, other = other, one
    elif not any(meant.values()):
        sizes = {name: inner[name][1].size() for name in alike}
        if sizes[one] == sizes[other]:
            return []
        one, other = sorted(alike, key=sizes.__getitem__, reverse=True)
    title = say(
        "{one} to learn from, {other} to test with", one=quoted([one]), other=quoted([other])
    )
    learned, tested = "/".join(inner[one][0]), "/".join(inner[other][0])
    return [(title, Reading(((learned, "train"), (tested, meant[other] or "test"))))]


def _ways_inside(
    start: tuple[str, ...], folder: Folder, least: int
) -> list[tuple[Sentence, Reading]]:
    """How to read one folder alone."""
    title = _only(start)
    named = _sides(folder.folders)
    if not named:
        return [(title, _one(start))]
    found = _by_side(folder, start, named, (title, _one(start)), least)
    return [(title, found)] if isinstance(found, Reading) else []


def _outweighs(folder: Folder, siblings: int, nested: int) -> bool:
    """Whether the only folder with folders inside rather holds the classes than is one of them."""
    return nested == 1 and (bool(_sides(folder.folders)) or len(folder.folders) > siblings)


def _sides(folders: dict[str, Folder]) -> dict[str, Split]:
    """Folders that are named as the sides of one split; empty unless one is for training.

    They may share a word, as `seg_train` and `seg_test` do, and there may be several to test with:
    `test_hard` is one if its class folders are those of `train`.
    """
    by_rest = _by_rest(folders)
    plain = by_rest.get("", {})
    if "train" in plain.values():
        start = [_inside((), folders[name], set())[1] for name in plain if plain[name] == "train"]
        known = {label for folder in start for label in folder.labels()}
        for rest, named in by_rest.items():
            for name, side in named.items():
                if rest and side != "train" and not is_apart(name):
                    labels = _inside((), folders[name], known)[1].labels()
                    plain |= {name: side} if labels and labels <= known else {}
    found = _splits({"": plain}) or _splits(by_rest)
    if len(found) != 1:
        return {}
    (named,) = found
    tests = [name for name, side in named.items() if side == "test"]
    if "validation" not in named.values() and not all(is_evaluation(name) for name in tests):
        named |= {name: "validation" for name in tests if is_evaluation(name)}
    return named


def _by_rest(names: Iterable[str]) -> dict[str, dict[str, Split]]:
    """Folders whose names hold a side, by what else they say."""
    by_rest: dict[str, dict[str, Split]] = defaultdict(dict)
    for name in names:
        side, rest = side_and_rest(name)
        if side is not None:
            by_rest[rest][name] = side
    return dict(by_rest)


def _splits(by_rest: dict[str, dict[str, Split]]) -> list[dict[str, Split]]:
    """Folders that are the sides of one split each: their names are alike but for the side."""
    sides = [(named, set(named.values())) for named in by_rest.values()]
    return [named for named, met in sides if "train" in met and len(met) > 1]


def _sides_and_classes(names: Iterable[str]) -> list[str]:
    """Folders such as cats_train, cats_test, dogs_train and dogs_test; empty if there are none."""
    splits = _splits(_by_rest(names))
    if len(splits) < 2:
        return []
    return sorted((name for named in splits for name in named), key=natural)


def _named_patterns(names: Iterable[str]) -> list[tuple[Sentence, Reading]]:
    """Patterns for folders such as cats_train, or train_cats, that say both class and side."""
    pieces = (re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) for name in names)
    words = {word for words in pieces for word in words if side_of(word)}
    if not words:
        return []
    side = f"(?P<side>{'|'.join(sorted(words))})"
    between = r"(?:[^\w/]|_)*"
    for folder in (rf"(?P<label>[^/]+?){between}{side}", rf"{side}{between}(?P<label>[^/]+)"):
        found = [re.fullmatch(folder, name) for name in names]
        labels = {it["label"] for it in found if it}
        if all(found) and len(labels) > 1 and not any(label.isdecimal() for label in labels):
            title = say("The names of the folders say class and side")
            return [(title, Reading(pattern=f"(?:^|/){folder}/"))]
    return []


def sided_folders(tree: Folder) -> tuple[tuple[str, Split | None], ...]:
    """Where sides begin, for pictures whose classes come from elsewhere."""
    path: tuple[str, ...] = ()
    while len(tree.folders) == 1 and not tree.pictures:
        ((name, tree),) = tree.folders.items()
        path = (*path, name)
    found: list[tuple[str, Split | None]] = [
        ("/".join((*path, name)), side) for name, side in _sides(tree.folders).items()
    ]
    return tuple(found) or EVERYWHERE


def _with_the_same_inside(
    names: dict[str, Folder], nested: dict[str, tuple[tuple[str, ...], Folder]]
) -> list[str]:
    """Folders that share at least half of the folders inside with another, and hold no pictures."""
    labels = {name: it.labels() for name, (_, it) in nested.items() if not names[name].pictures}
    holders: dict[str, list[str]] = defaultdict(list)
    for name, inside in labels.items():
        for label in inside:
            holders[label].append(name)

    def shares(name: str, other: str) -> bool:
        shared = len(labels[name] & labels[other])
        least = min(len(labels[name]), len(labels[other])) / 2
        return name != other and shared > 1 and shared >= least

    found = []
    for name, inside in labels.items():
        others = chain.from_iterable(holders[label] for label in inside)
        if any(shares(name, other) for other in islice(others, _COMPARED)):
            found.append(name)
    return sorted(found, key=natural)


def _inside(
    path: tuple[str, ...], folder: Folder, known: set[str]
) -> tuple[tuple[str, ...], Folder]:
    """Walk through the outer folders within one folder, stopping at classes already known."""
    while (only := folder.only()) is not None and not folder.labels() <= known:
        path, folder = (*path, only[0]), only[1]
    return path, folder


def _one(path: tuple[str, ...]) -> Reading:
    return Reading(folders=(("/".join(path), None),))


def _only(path: tuple[str, ...]) -> Sentence:
    return say("Only what is in “{folder}”", folder=shortened("/".join(path)))


def quoted(names: Iterable[str]) -> Sentence:
    """Some names in a sentence: “a”, “b” and “c”, or a few of them and how many more there are."""
    marked = [f"“{shortened(name)}”" for name in names]
    if len(marked) > NAMED:
        marked = [*marked[: NAMED - 1], say("{count} more", count=len(marked) - NAMED + 1)]
    if len(marked) < 2:
        return joined(marked)
    return say("{names} and {last}", names=marked[:-1], last=marked[-1])


def label_of(folder: str) -> str:
    """The class that a folder is named after.

    macOS writes é as e and an accent: composed, the same class has the same name everywhere. So it
    has with one space between words. `class=cat` is how databases name folders.
    """
    name = " ".join(unicodedata.normalize("NFC", folder).split())
    return re.sub(r"^(class|label|category)=(?=.)", "", name, flags=re.IGNORECASE) or folder
