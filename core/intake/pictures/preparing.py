"""Finds out how the pictures of a data set are to be read, before the first of them is.

Most data sets need no look ahead: the first bytes of their files say that there are 8 bits a colour
and nothing to see through. Where there are deep pictures, all of them are read once for the levels.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.intake.archives.archive import Member, Source, UnreadableMember
from core.intake.parallel import in_order, large_alone, threads_for_pictures
from core.intake.pictures import (
    deep,
    images,
    png_chunks,
    tiffs,
)
from core.intake.pictures.deep import Levels
from core.intake.pictures.images import UnreadableImage
from core.intake.pictures.preparation import Paper, Preparation
from core.settings import Squaring

Result = TypeVar("Result")
Floats = npt.NDArray[np.float64]

HEAD = 4096  # bytes that tell what kind of picture a file is
_RANKS = (np.arange(512) + 0.5) / 512  # what is kept of each picture: large ones count no more
_LOW, _HIGH = 0.002, 0.998
_FAR = 0.25  # of the white level: from here on, the least numbers are far from 0
_BYTE = 255  # whole numbers above it cannot be on one scale with fractions from 0 to 1
_TRIED = 100  # see-through pictures that a paper is chosen by
_SMALL = 128  # pixels of their sides that suffice
_SEEN = 32  # of 255: how far a colour has to be from the paper to be seen
_ENOUGH = 0.05  # of what there is to see in a picture has to be seen; of pictures may be lost


@dataclass(frozen=True)
class Chosen:
    """What a person says of a preparation; None is found out.

    Attributes:
        levels: As in `Preparation`.
        bands: As in `Preparation`.
        paper: As in `Preparation`.
    """

    levels: Levels | None = None
    bands: tuple[int, int, int] | None = None
    paper: Paper | None = None


NOTHING = Chosen()


def of_source(
    source: Source, report: Callable[[int, int], None] | None = None, chosen: Chosen = NOTHING
) -> Preparation:
    """How the pictures of an archive or a folder are read. The same files, the same answer.

    Args:
        source: The archive or folder.
        report: Told that 0 files are read, of how many; what it raises ends the work.
        chosen: What is settled already.
    """
    members = source.members

    def head(number: int) -> tuple[bool, bool]:
        return kind(_read(source, members[number], HEAD))

    def whole_file(number: int) -> bytes:
        return _read(source, members[number], None)

    whole = large_alone(whole_file, lambda number: members[number].size)

    def told(work: Callable[[int], Result], numbers: Sequence[int]) -> Iterator[Result]:
        with closing(in_order(work, numbers, threads_for_pictures())) as results:
            for result in results:
                if report:
                    report(0, len(members))
                yield result

    with closing(in_order(head, range(len(members)), threads_for_pictures())) as heads:
        kinds = list(heads)
    bands = chosen.bands or Preparation.bands
    levels, fractions = chosen.levels, False
    maybe_deep = [number for number, (deep, _) in enumerate(kinds) if deep]
    if levels is None and maybe_deep:
        usual = Preparation(bands=bands)
        ranked = told(lambda number: _ranked(whole(number), usual), maybe_deep)
        some = [each for each in ranked if each is not None]
        broken = [each for each in some if each.broken]
        whole_numbers = [each.numbers for each in some if not each.broken]
        fractions = (
            bool(broken)
            and all(each.fractions for each in broken)
            and any(each[-1] > _BYTE for each in whole_numbers)
        )
        levels = _levels(whole_numbers if fractions else [each.numbers for each in some])
    found = Preparation(levels, bands, chosen.paper or Paper.WHITE, fractions=fractions)
    maybe_clear = [number for number, (_, clear) in enumerate(kinds) if clear]
    if chosen.paper is None and maybe_clear:
        tried = maybe_clear[:: -(-len(maybe_clear) // _TRIED)]
        lost = [each for each in told(lambda number: _lost(whole(number), found), tried) if each]
        found = replace(found, paper=_paper(lost))
    return found


def grown(before: Preparation, there: tuple[bool, bool], more: Preparation) -> Preparation:
    """How pictures are read after others have come: what was chosen once stays.

    Args:
        before: How they were read.
        there: Whether any of them may be deep, and whether any may be see-through.
        more: How those that come would be read by themselves.
    """
    deep, clear = there
    after = before
    if before.levels is None and not deep:
        after = replace(after, levels=more.levels, bands=more.bands, fractions=more.fractions)
    if not clear:
        after = replace(after, paper=more.paper)
    return after


def kind(head: bytes) -> tuple[bool, bool]:
    """Whether a file may be a deep picture, and whether it may be see-through, by its beginning."""
    if head.startswith(png_chunks.MAGIC) and len(head) > 25:
        depth, colour = head[24], head[25]
        return depth == 16, colour in (4, 6) or b"tRNS" in head
    if head.startswith(tiffs.MAGIC):
        return True, True
    if head.startswith(b"RIFF"):
        return False, b"ALPH" in head or b"VP8X" in head or b"VP8L" in head
    if head[4:8] == b"ftyp":
        return False, b":aux" in head
    if head.startswith(b"GIF8"):
        return False, b"\x21\xf9\x04" in head
    jpeg_2000 = head[4:8] == b"jP  " or head.startswith(b"\xff\x4f\xff\x51")
    return jpeg_2000 or head[:1] == b"P", jpeg_2000 or head.startswith(b"\0\0\1\0")


def _read(source: Source, member: Member, most: int | None) -> bytes:
    try:
        return source.read(member, most)
    except UnreadableMember:
        return b""  # told when the file is read in earnest


@dataclass(frozen=True)
class _Ranked:
    """Some of a deep picture's numbers, from the least to the greatest."""

    numbers: Floats
    broken: bool  # not all of them are whole
    fractions: bool  # broken ones, all from 0 to 1


def _ranked(data: bytes, preparation: Preparation) -> _Ranked | None:
    try:
        values = images.numbers(data, preparation)
    except UnreadableImage:
        return None
    if values is None or not len(values):
        return None
    broken = bool((values % 1 > 0).any())
    return _Ranked(np.quantile(values, _RANKS), broken, deep.are_fractions(values))


def _levels(ranked: Sequence[Floats]) -> Levels | None:
    """What is black and white in deep pictures, all of them counting the same.

    A few hot pixels are beyond the high percentile. Black is 0, as cameras mean it, unless all
    numbers lie far from it.
    """
    if not ranked:
        return None
    low, high = (float(f"{each:.6g}") for each in np.quantile(np.stack(ranked), (_LOW, _HIGH)))
    black = 0.0 if 0 <= low <= _FAR * high else low
    if black < high:
        return black, high
    return (0.0, high) if high > 0 else (high, high + max(1.0, abs(high)))  # all of one colour


def _lost(data: bytes, preparation: Preparation) -> dict[Paper, bool] | None:
    """Whether a see-through picture would not be seen on each paper; None where it is opaque."""
    try:
        on_white, on_black = (
            images.to_square(
                images.decode(data, _SMALL, replace(preparation, paper=paper)),
                _SMALL,
                Squaring.SQUASH,
            ).astype(np.int16)
            for paper in (Paper.WHITE, Paper.BLACK)
        )
    except UnreadableImage:
        return None
    through = (on_white - on_black).max(axis=2)  # of 255
    shows = through < 128
    if through.max() < 128 or not shows.any():
        return None
    lost = {}
    for paper in Paper:
        sheet = np.array(paper.colour)
        on_it = on_black + through[..., None] * sheet / 255
        apart = np.abs(on_it - sheet).max(axis=2)[shows]
        lost[paper] = bool((apart >= _SEEN).mean() < _ENOUGH)
    return lost


def _paper(lost: Sequence[dict[Paper, bool]]) -> Paper:
    """White where nearly all pictures are seen on it, else the one on which most are."""
    counts = {paper: sum(each[paper] for each in lost) for paper in Paper}
    if counts[Paper.WHITE] <= _ENOUGH * len(lost):
        return Paper.WHITE
    return min(Paper, key=counts.__getitem__)
