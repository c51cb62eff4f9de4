"""The exports of a run: those that can be downloaded, those under way, and those that failed."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import UserError
from core.exports import kept, table
from core.exports.kept import Kept
from core.exports.lesson.rehearsal import Rehearsal
from core.exports.micro import boards
from core.exports.proof import Proof
from core.jobs import exporting
from core.storage import files
from core.storage.job import JobState, RunStatus, Stage
from core.storage.runs import Run
from core.web import exports
from pages.parts.export import sharing
from pages.parts.shared import deleting, problem, state, waiting, words
from pages.parts.shared.words import later, say

_EVERY = 0.5  # seconds between two looks at one that is under way
_STAGES = {
    Stage.READING: later("Reading pictures"),
    Stage.CONVERTING: later("Converting to {title}: this takes a minute or so"),
    Stage.PROVING: later("Trying {title} on your pictures"),
}


@dataclass(frozen=True)
class Offered:
    """The exports of a run, the latest first in each list.

    Attributes:
        ready: Folder of each that can be downloaded, and what it is.
        under_way: Folders of those that are being made.
        failed: Folder of each that came to nothing, and why.
    """

    ready: list[tuple[Path, Kept]]
    under_way: list[Path]
    failed: list[tuple[Path, str]]


def every(run: Run) -> Offered:
    """All exports of a run."""
    found = Offered([], [], [])
    for folder in kept.folders(run):
        try:
            current = exporting.state(folder)
            made = kept.kept(folder)
        except UserError as error:
            found.failed.append((folder, error.said))
            continue
        if made is not None:
            found.ready.append((folder, made))
        elif current.status.final:
            found.failed.append((folder, _why(current)))
        else:
            found.under_way.append(folder)
    return found


def _why(ended: JobState) -> str:
    """Why there is nothing to download."""
    if ended.status is RunStatus.STOPPED:
        return later("You cancelled this export, so nothing was kept.")
    return ended.message or later("This network could not be exported. Try again.")


def draw(run: Run, found: Offered) -> None:
    """Show them."""
    for folder, why in found.failed:
        problem.of_job(folder, why, "dismiss-export")
    if found.under_way:
        st.fragment(_progress, run_every=_EVERY)(found.under_way)
    for place, (folder, made) in enumerate(found.ready):
        _ready(run, folder, made, latest=not place and not found.under_way)
    if found.ready:
        st.caption(
            say(
                "Of each format, the latest {count} exports are kept and older ones are deleted. "
                "A shared one stays until its link ends.",
                count=kept.OF_EACH,
            )
        )


def _progress(under_way: list[Path]) -> None:
    for folder in under_way:
        current = exporting.state(folder)
        if current.status.final or not folder.is_dir():
            st.rerun()
        title = table.find(current.name).title if current.name else ""
        stage = _STAGES.get(current.stage) if current.stage else None
        text = say(stage, title=title) if stage else say("Waiting in the queue")
        waiting.draw(current, text, state.key("cancel-export", folder.name), exporting.stop, folder)


def _ready(run: Run, folder: Path, made: Kept, *, latest: bool) -> None:
    with st.container(border=True):
        st.subheader(made.format.title, anchor=False)
        if isinstance(made.proof, Rehearsal):
            _rehearsed(made.proof)
        else:
            _proven(made.proof, own_samples=made.own_samples)
        for warning in made.proof.warnings:
            st.warning(words.plain(warning), icon=":material/warning:")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.link_button(
                say("Download"),
                exports.address(run, folder),
                icon=":material/download:",
                type="primary" if latest else "secondary",
            )
            sharing.offer(run, folder, made)
            deleting.offer(
                folder.name,
                say("This deletes the export to {title}.", title=made.format.title),
                lambda: None,
                lambda: files.remove(folder),
                say("You can export it again at any time."),
            )
        sharing.draw(run, folder)


def _rehearsed(made: Rehearsal) -> None:
    """What came out when the code was run."""
    numbers = st.grid(3, min_column_width=150)
    numbers.metric(say("Accuracy of the code"), words.percent(made.accuracy))
    numbers.metric(say("Accuracy in Thaw"), words.percent(made.thaw))
    numbers.metric(say("Time to run it"), words.duration(made.seconds))
    st.caption(
        say(
            "The code was run on this computer, on the pictures of this run. It was judged on the "
            "{count} pictures that it had not learned from. None of your pictures are in the zip: "
            "download them on the Data page.",
            count=made.pictures,
        )
    )


def _proven(proof: Proof, *, own_samples: bool) -> None:
    """What came out when the network was tried."""
    numbers = st.grid(4, min_column_width=150)
    numbers.metric(
        say("Agrees with Thaw"),
        words.percent(proof.from_pixels.same),
        help=say(
            "Share of the pictures for which its first class is the one that Thaw names, from "
            "the same pixels. Probabilities differ by at most {largest:.2g}.",
            largest=proof.from_pixels.largest,
        ),
    )
    if proof.held_out and proof.from_pixels.accuracy is not None and proof.accuracy is not None:
        numbers.metric(
            say("Accuracy"),
            words.percent(proof.from_pixels.accuracy),
            help=say(
                "On the same pictures, Thaw itself gets {share} right.",
                share=words.percent(proof.accuracy),
            ),
        )
    numbers.metric(say("Size of the network"), words.size(proof.bytes))
    numbers.metric(
        say("Time per picture"),
        say("{ms:.0f} ms", ms=proof.ms) if proof.ms >= 1 else say("under 1 ms"),
        help=say("On this computer, when it was exported."),
    )
    if proof.needs is not None:
        numbers.metric(
            say("Working memory"),
            words.size(proof.needs.ram),
            help=say("That the network needs on a board while it runs."),
        )
        st.caption(say("It fits on: {boards}.", boards=boards.fitting(proof.needs)))
    st.caption(_tried(proof, own_samples=own_samples))


def _tried(proof: Proof, *, own_samples: bool) -> str:
    """What it was tried on, and which pictures leave with it."""
    if proof.drawn:
        tried = say("Tried on {count} drawings by its own runtime.", count=proof.pictures)
    elif proof.held_out:
        tried = say(
            "Tried on {count} pictures that the network has not learned from, by its own runtime.",
            count=proof.pictures,
        )
    else:
        tried = say(
            "Tried on {count} pictures that the network has learned from, by its own runtime. On "
            "others, expect the accuracy that Evaluate shows.",
            count=proof.pictures,
        )
    own = (
        say("Five of your pictures are in it.")
        if own_samples
        else say("None of your pictures are in it.")
    )
    return f"{tried} {own}"
