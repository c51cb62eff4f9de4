"""How far an export's answers are from Thaw's, on pictures that both were asked about."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from core.exports.micro.boards import Needs
from core.exports.table import Format, Precision
from core.saying import Sentence, say

LARGEST = 1e-3  # difference of a probability that float32 may have
_CLOSE = 2e-3  # where Thaw's first two classes differ by less, either may come first
_NEAR = 0.01  # of the threshold of "none of these": a score may lie on either side
_SAME_VERDICT = 0.98
_SAME = {Precision.FLOAT32: 1.0, Precision.FLOAT16: 0.995}
_SAME_FROM_FILE = 0.99
_POINT = 0.01


@dataclass(frozen=True)
class Agreement:
    """How an export's answers compare with Thaw's.

    Attributes:
        same: Share of the pictures whose first class is the same.
        largest: Largest difference of a probability.
        accuracy: Share of the labelled pictures that the export gets right; None where none is.
        familiar: Largest difference of the score for "none of these"; None where there is none.
        known: Share of the pictures whose verdict by that score is the same; None as well.
    """

    same: float
    largest: float
    accuracy: float | None
    familiar: float | None = None
    known: float | None = None


@dataclass(frozen=True)
class Proof:
    """What was measured of an export before it was offered.

    Attributes:
        pictures: How many it was asked about.
        held_out: Whether the run has learned from none of them.
        drawn: Whether they were drawn by Thaw, because the run's own pictures are not here.
        from_pixels: Thaw's own pixels, through the export's runtime.
        from_file: The pictures' files, through its decoder and resizer too.
        accuracy: Thaw's own, on the same pictures; None where they are not labelled.
        bytes: Size of the network's files.
        ms: Milliseconds for one picture here (median), its pixels being at hand.
        unread: How many of the files its decoder could not read.
        warnings: What its users have to know; empty where there is nothing.
        needs: What it takes on a microcontroller, where it is meant for one.
    """

    pictures: int
    held_out: bool
    drawn: bool
    from_pixels: Agreement
    from_file: Agreement
    accuracy: float | None
    bytes: int
    ms: float
    unread: int
    warnings: tuple[str, ...] = ()
    needs: Needs | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError: The values are not what `to_dict` wrote.
        """
        return cls(
            **values
            | {
                "from_pixels": Agreement(**values["from_pixels"]),
                "from_file": Agreement(**values["from_file"]),
                "needs": Needs(**values["needs"]) if values.get("needs") else None,
                "warnings": tuple(values["warnings"]),
            }
        )


def compare(
    thaws: dict[str, np.ndarray],
    theirs: dict[str, np.ndarray],
    labels: Sequence[int | None],
    threshold: float | None = None,
    unread: Collection[int] = (),
) -> Agreement:
    """Two sets of answers, picture by picture.

    Args:
        thaws: `probabilities` [pictures, classes] and perhaps `familiar` [pictures].
        theirs: The same of the export. A picture for which it gives NaN counts as wrong.
        labels: Place of each picture's class; None where that is not known.
        threshold: Of the score for "none of these", if there is one.
        unread: Places of pictures that the export could not read; they are left out.
    """
    read = [place for place in range(len(labels)) if place not in unread]
    if not read:
        return Agreement(0.0, 1.0, None)
    ours, other = thaws["probabilities"][read], theirs["probabilities"][read]
    answered = np.isfinite(other).all(axis=1)
    other = np.where(answered[:, None], other, 1 - ours)
    # Its first class is the same if Thaw finds it as likely as its own first, or nearly so.
    chosen = np.take_along_axis(ours, other.argmax(axis=1)[:, None], axis=1)[:, 0]
    same = answered & (ours.max(axis=1) - chosen < _CLOSE)
    familiar, known = None, None
    if "familiar" in thaws:
        scores = thaws["familiar"][read]
        others = theirs.get("familiar", np.full(len(labels), np.nan))[read]
        scored = np.isfinite(others)
        familiar = float(np.where(scored, np.abs(scores - others), 1.0).max())
        if threshold is not None:
            near = np.abs(scores - threshold) < _NEAR
            agreed = (scores >= threshold) == (others >= threshold)
            known = float((scored & (agreed | near)).mean())
    return Agreement(
        float(same.mean()),
        float(np.abs(ours - other).max()),
        accuracy(other, [labels[place] for place in read]),
        familiar,
        known,
    )


def accuracy(probabilities: np.ndarray, labels: Sequence[int | None]) -> float | None:
    """Share of the labelled pictures that are named right; None where none is labelled."""
    known = [place for place, label in enumerate(labels) if label is not None]
    if not known:
        return None
    right = [probabilities[place].argmax() == labels[place] for place in known]
    return float(np.mean(right))


def objection(format: Format, proof: Proof) -> Sentence | None:
    """Why an export must not be offered; None where it may."""
    tensor = proof.from_pixels
    least = _SAME.get(format.precision)
    wrong = least is not None and tensor.same < least
    if format.precision is Precision.FLOAT32:
        verdicts_differ = tensor.known is not None and tensor.known < 1
        wrong = wrong or tensor.largest > LARGEST or verdicts_differ
    if not wrong:
        return None
    return say(
        "The {title} file was made, but it does not answer as Thaw does: the first class is the "
        "same for {same:.1%} of {count} pictures, and a probability differs by up to {largest:.4f}."
        " So it is not offered. Export to another format.",
        title=format.title,
        same=tensor.same,
        count=proof.pictures,
        largest=tensor.largest,
    )


def warnings(format: Format, proof: Proof) -> tuple[Sentence, ...]:
    """What users of an export have to know."""
    told = []
    if (
        format.precision is Precision.INT8
        and proof.accuracy is not None
        and proof.from_pixels.accuracy is not None
        and proof.accuracy - proof.from_pixels.accuracy > _POINT
    ):
        told.append(
            say(
                "Whole numbers (int8) cost accuracy with this network: {here:.1%} of {count} "
                "pictures are right, in Thaw {thaw:.1%}. Take float16 where size allows.",
                here=proof.from_pixels.accuracy,
                count=proof.pictures,
                thaw=proof.accuracy,
            )
        )
    if format.precision is not Precision.INT8 and proof.from_file.same < _SAME_FROM_FILE:
        told.append(
            say(
                "From the picture's file, {same:.1%} of the answers have the same first class as "
                "in Thaw: this runtime decodes and resizes pictures in its own way. Give it pixels "
                "that the sample code has prepared where that matters.",
                same=proof.from_file.same,
            )
        )
    known = proof.from_pixels.known
    if known is not None and known < _SAME_VERDICT:
        told.append(
            say(
                "Whether a picture looks familiar (“none of these”) comes out as in Thaw for "
                "{same:.1%} of {count} pictures. Do not rely on it in this format.",
                same=known,
                count=proof.pictures,
            )
        )
    if proof.unread:
        told.append(
            say(
                "{count} of {all} picture files could not be read by the sample code. Save such "
                "pictures as JPEG or PNG first.",
                count=proof.unread,
                all=proof.pictures,
            )
        )
    if proof.drawn:
        told.append(
            say(
                "The pictures that this network was trained on are not here, so it was tested on "
                "{count} drawings: its answers agree with Thaw's, and its accuracy was not "
                "measured.",
                count=proof.pictures,
            )
        )
    return tuple(told)


def in_a_table(proof: Proof) -> list[tuple[str, str]]:
    """What was measured: what it is, and the figure, as English writes them."""

    def share(value: float | None) -> str:
        return "not measured" if value is None else f"{value:.1%}"

    if proof.drawn:
        compared = f"{proof.pictures} drawings"
    elif proof.held_out:
        compared = f"{proof.pictures} pictures that it has not learned from"
    else:
        compared = f"{proof.pictures} pictures, which it may have learned from"
    return [
        ("compared on", compared),
        ("same first class as Thaw, from the same pixels", share(proof.from_pixels.same)),
        ("largest difference of a probability", f"{proof.from_pixels.largest:.2g}"),
        ("same first class as Thaw, from the file", share(proof.from_file.same)),
        ("largest difference of a probability, from the file", f"{proof.from_file.largest:.2g}"),
        *(
            [("same verdict “none of these” or not", share(proof.from_pixels.known))]
            if proof.from_pixels.known is not None
            else []
        ),
        ("accuracy", share(proof.from_pixels.accuracy)),
        ("accuracy in Thaw on the same pictures", share(proof.accuracy)),
        ("megabytes", f"{proof.bytes / 1e6:.1f}"),
        ("milliseconds per picture on the computer that exported it", f"{proof.ms:.1f}"),
        *(
            [("kilobytes of working memory on a board", f"{proof.needs.ram / 1000:.0f}")]
            if proof.needs
            else []
        ),
    ]
