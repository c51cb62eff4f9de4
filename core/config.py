"""What the owner of a server may set: every environment variable of Thaw's, in one table."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One environment variable.

    Attributes:
        name: The variable.
        default: What holds where it is unset or empty.
        meaning: What it sets, in the words of README's table.
        expected: What it may hold: type, unit and bounds, in words.
        parse: Reads it; raises ValueError where it holds something else.
        background: Whether the background processes use it: they start anew with a new value.
    """

    name: str
    default: str
    meaning: str
    expected: str
    parse: Callable[[str], T]
    background: bool = True

    @property
    def value(self) -> T:
        """What it is set to.

        Raises:
            UserError: It holds something else than expected.
        """
        text = os.environ.get(self.name) or self.default
        try:
            return self.parse(text)
        except ValueError:
            raise UserError(
                "Expected {expected} in {name}, received {text}.",
                expected=self.expected,
                name=self.name,
                text=repr(text[:80]),
            ) from None


def _number(
    name: str, default: str, unit: str, meaning: str, *, zero: bool = False, background: bool = True
) -> Setting[float]:
    """A number above 0, or also 0 itself."""

    def parse(text: str) -> float:
        number = float(text)
        if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
            raise ValueError
        return number

    bound = "of 0 or more" if zero else "above 0"
    return Setting(name, default, meaning, f"a number of {unit} {bound}", parse, background)


def _count(name: str, default: str, meaning: str, most: int | None = None) -> Setting[int]:
    """A whole number of at least 1."""

    def parse(text: str) -> int:
        number = float(text)  # which reads 1e5, too
        if not number.is_integer() or number < 1 or (most is not None and number > most):
            raise ValueError
        return int(number)

    bound = "of at least 1" if most is None else f"from 1 to {most}"
    return Setting(name, default, meaning, f"a whole number {bound}", parse)


def _folder(text: str) -> Path:
    if "\0" in text:
        raise ValueError
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:  # ~name, where nobody is called so
        raise ValueError from None


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError
    return text == "1"


# The background processes are given the home folder by who starts them, and are found in it.
HOME = Setting(
    "THAW_HOME",
    "~/.thaw",
    "where everything is kept: data sets, runs, cache",
    "a folder",
    _folder,
    background=False,
)
WEIGHTS = Setting(
    "THAW_WEIGHTS",
    "",
    "a folder with weights that were brought along, such as a stick's",
    "a folder",
    lambda text: _folder(text) if text else None,
)
CACHE = _number(
    "THAW_CACHE_GB",
    "20",
    "gigabytes",
    "how much the cache of features may hold; what was used longest ago is dropped",
    zero=True,
)
UPLOAD = _number(
    "THAW_UPLOAD_GB",
    "10",
    "gigabytes",
    "how large a zip, tar or folder may be that somebody sends; five times that may be on its "
    "way at once",
    background=False,
)
WORKERS = _count("THAW_WORKERS", "1", "how many trainings run at the same time", most=64)
IDLE = _number(
    "THAW_IDLE",
    "1800",
    "seconds",
    "seconds after which the background processes end when nothing is to do",
)
WARM_UP = Setting(
    "THAW_WARM_UP",
    "1",
    "0: background processes load TensorFlow only when first asked, stay small, and do nothing "
    "ahead of a training",
    "0 or 1",
    _switch,
)
KEPT = _number(
    "THAW_KEPT_GB",
    "1.0",
    "gigabytes",
    "how much memory a training process may hold between two trainings; one that holds more "
    "starts anew",
    zero=True,
)
UNPACKED = _number("THAW_UNPACKED_GB", "20", "gigabytes", "how much an archive may unpack to")
ENTRIES = _count(
    "THAW_ENTRIES", "80000", "how many files and folders may be in an archive or a folder"
)
PIXELS = _number("THAW_MEGAPIXELS", "120", "megapixels", "how large a picture may be")
IMAGES = _count("THAW_IMAGES", "50000", "how many images a data set may have")
SCHEDULER = Setting(
    "THAW_SCHEDULER",
    "",
    "a Dask scheduler to use instead of a local one, `tcp://host:port`",
    "an address such as tcp://host:port",
    lambda text: text or None,
    background=False,
)

TOKEN = Setting(
    "THAW_TOKEN",
    "1",
    "0: everybody who can reach the address gets in, even without its token",
    "0 or 1",
    _switch,
    background=False,
)

SETTINGS: tuple[Setting[Any], ...] = (
    *(HOME, WEIGHTS, CACHE, UPLOAD, WORKERS, IDLE, WARM_UP, KEPT),
    *(UNPACKED, ENTRIES, PIXELS, IMAGES, SCHEDULER, TOKEN),
)


def check() -> None:
    """Read every setting, so that a wrong one is reported at the start and not in the middle.

    Raises:
        UserError: One holds something else than expected.
    """
    for setting in SETTINGS:
        setting.value  # noqa: B018 - read for its error


def environment() -> dict[str, str]:
    """The environment for a process of ours, wherever it is started: folders by their full path."""
    folders = {each.name: each.value for each in (HOME, WEIGHTS)}
    return {**os.environ, **{name: str(path) for name, path in folders.items() if path}}


def in_the_background() -> str:
    """The settings that the background processes use, as text: different where one of them is."""
    return repr([(each.name, str(each.value)) for each in SETTINGS if each.background])
