"""New pictures for a network: dropped, or tried from those of a starter set."""

from dataclasses import replace

import streamlit as st
from streamlit.typing import UploadedFile

from core.datasets.samples import samples
from core.errors import UserError
from core.intake import room
from core.jobs import queue, tasks
from core.results import names, predictions, thresholds
from core.storage.runs import Run
from pages.parts.shared import state, uploads, words
from pages.parts.shared.words import say, several

_TOP = 5


def drop(run: Run) -> None:
    """The place to drop pictures."""
    widget = state.key(
        "pictures", run.id
    )  # of this run, so that no other answers what was dropped here
    pictures = st.file_uploader(
        say("Drop or paste pictures here to see what the network thinks"),
        accept_multiple_files=True,
        key=state.turn(widget),
    )
    results = run.results()
    if results is not None:
        st.caption(
            several(
                "It knows {count} class, and says so where a picture doesn't look like anything it "
                "was taught.",
                "It knows {count} classes, and says so where a picture doesn't look like anything "
                "it was taught.",
                len(results["classes"]),
            )
            if thresholds.of(run.folder).familiar is not None
            else several(
                "It always answers with its {count} class, whatever the picture shows: it knows no "
                "others.",
                "It always answers with one of its {count} classes, whatever the picture shows: it "
                "knows no others.",
                len(results["classes"]),
            )
        )
    if pictures:
        state.renew(widget)
        _name(run, [(picture.name, picture) for picture in pictures])
        st.rerun()


def examples(run: Run) -> None:
    """For a starter set: pictures that were not in it, to try with one click."""
    made_from = queue.sample_of(run.dataset_folder) or run.data_name
    sample, results = samples.SAMPLES.get(made_from), run.results()
    if sample is None or results is None or set(results["classes"]) != set(sample.classes):
        return  # not a starter set, or one of the user's own that is called like it
    st.markdown(f"**{say('Or try one of these, which it has never seen:')}**")
    grid = st.grid(8, min_column_width=84, gap="small")
    for place, (name, picture, label) in enumerate(samples.examples(made_from)[:8], 1):
        with grid.cell():
            st.image(
                picture,
                width="stretch",
                alt=say("A picture of class {name}", name=words.bare(label)),
            )
            if st.button(
                say("Try {number}", number=place), key=state.key("try", place), width="stretch"
            ):
                _name(run, [(name, picture)])
                st.rerun()


def _name(run: Run, pictures: list[tuple[str, bytes | UploadedFile]]) -> None:
    """Predict pictures, and keep the answers."""
    try:
        with (
            room.in_words(),
            st.spinner(
                several(
                    "Looking at {count} picture…", "Looking at {count} pictures…", len(pictures)
                )
            ),
            uploads.on_disk(pictures) as paths,
        ):
            trained = names.trained(run)  # first: somebody may rename a class meanwhile
            given = queue.ask(tasks.predict, run.folder, paths, _TOP)
            named = [
                replace(said, file=name, original=None if said.error else path)
                for (name, _), said, path in zip(pictures, given, paths, strict=True)
            ]
            predictions.keep(run, named, trained)
    except UserError as error:
        state.keep_notice(error)
        return
    state.tick("predict", run)
