"""Naming pictures: they come in, a worker names them, and each is shown with its top classes."""

import streamlit as st
from streamlit.typing import UploadedFile

from core.data import samples
from core.errors import UserError
from core.jobs import ask
from core.runs import Run
from pages.parts import answer, gallery, problem, state, uploads, words

_TOP = 5
_KEPT = 200  # answers that a visit remembers for a run, or more that came in one go


def drop(run: Run) -> None:
    """The place to drop pictures."""
    widget = state.key(
        "pictures", run.id
    )  # of this run, so that no other answers what was dropped here
    pictures = st.file_uploader(
        "Drop pictures here to have them named, one or many",
        accept_multiple_files=True,
        key=state.turn(widget),
    )
    results = run.results()
    if results is not None:
        classes = words.several(len(results["classes"]), "class", "classes")
        st.caption(
            f"It answers with one of its {classes}, whatever it is shown: it has no word for "
            "anything else."
        )
    if pictures:
        state.renew(widget)
        _name(run, [(picture.name, picture) for picture in pictures])
        st.rerun()


def examples(run: Run) -> None:
    """For a starter set: pictures that were not in it, to try with one click."""
    sample, results = samples.SAMPLES.get(run.data), run.results()
    if sample is None or results is None or set(results["classes"]) != set(sample.classes):
        return  # not a starter set, or one of the user's own that is called like it
    st.markdown("**Or try one of these, which it has never seen:**")
    grid = st.grid(8, min_column_width=84, gap="small")
    for place, (name, picture, label) in enumerate(samples.examples(run.data)[:8], 1):
        with grid.cell():
            st.image(picture, width="stretch", alt=words.bare(f"An example of the class {label}"))
            if st.button(f"Try {place}", key=state.key("try", place), width="stretch"):
                _name(run, [(name, picture)])
                st.rerun()


def answers(run: Run) -> None:
    """What it said so far, newest first."""
    given = state.predictions(run)
    problem.draw()
    if not given:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("What it thinks", anchor=False)
        if st.button("Clear", icon=":material/delete_sweep:", type="tertiary"):
            given.clear()
            st.rerun()
    gallery.paged(given, state.key("answers", run.id), lambda each: answer.draw(*each), width=250)


def _name(run: Run, pictures: list[tuple[str, bytes | UploadedFile]]) -> None:
    """Have pictures named, and keep the answers for this visit."""
    kept = state.predictions(run)
    try:
        with (
            st.spinner(f"Looking at {words.several(len(pictures), 'picture')}…"),
            uploads.on_disk(pictures) as paths,
        ):
            given = ask.predict(run, paths, _TOP)
            kept[:0] = [(name, said) for (name, _), said in zip(pictures, given, strict=True)]
            del kept[max(_KEPT, len(given)) :]
    except UserError as error:
        state.keep_notice(error)
        return
    state.tick("predict", run)
