"""Predictions for new pictures: a worker makes them, and each is shown with its top classes."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.typing import UploadedFile

from core.datasets.samples import samples
from core.errors import UserError
from core.intake import room
from core.jobs import queue, tasks
from core.results import names, predictions, thresholds
from core.results.prediction import Prediction, as_table
from core.storage.runs import Run
from pages.parts.predict import answer, strictness
from pages.parts.shared import (
    problem,
    state,
    thumbnails,
    uploads,
    words,
)
from pages.parts.shared.words import later, say, several

_TOP = 5
_MANY = 12  # classes whose numbers fit a line
_NEWEST, _UNSURE = later("Newest first"), later("Least sure first")


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
    made_from = queue.sample_of(run.dataset_id) or run.data_name
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


def answers(run: Run) -> None:
    """The predictions so far."""
    problem.draw()
    given = predictions.kept(run)
    if not given:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(say("What it thinks"), anchor=False)
        st.download_button(
            say("Download as CSV"),
            _csv(given),
            "predictions.csv",
            "text/csv",
            icon=":material/download:",
            key="answers-csv",
            on_click="ignore",
        )
        if st.button(
            say("Clear"), icon=":material/delete_sweep:", type="tertiary", key="clear-answers"
        ):
            predictions.clear(run)
            st.rerun()
    st.write(_counted(given))
    strictness.draw(run, given)
    st.caption(
        say(
            "They are kept with this network until you clear them; at least the latest {count}.",
            count=predictions.MOST,
        )
    )
    if len(given) > 1:
        order = st.segmented_control(
            say("Order"),
            [_NEWEST, _UNSURE],
            default=_NEWEST,
            required=True,
            format_func={order: say(order) for order in (_NEWEST, _UNSURE)}.__getitem__,
            key="answers-order",
            help=say("Within one upload, the picture that it is least sure about comes first."),
        )
        if order == _UNSURE:
            given.sort(key=lambda each: (bool(each.error), each.confidence))
    thumbnails.paged(given, state.key("answers", run.id), answer.draw, width=250)


def _counted(given: Sequence[Prediction]) -> str:
    """How many pictures it predicted to be of each class, the most frequent first."""
    counts = Counter(
        each.label for each in given if not each.error and each.known is not False
    ).most_common()
    parts = [
        f"{words.plain(words.shortened(label))} **{words.number(count)}**"
        for label, count in counts[:_MANY]
    ]
    if len(counts) > _MANY:
        parts.append(several("{count} more class", "{count} more classes", len(counts) - _MANY))
    strangers = sum(each.known is False for each in given)
    if strangers:
        parts.append(say("nothing that it was taught **{count}**", count=strangers))
    unread = sum(bool(each.error) for each in given)
    if unread:
        parts.append(say("**{count}** could not be read", count=unread))
    pictures = several("{count} picture", "{count} pictures", len(given))
    return f"{pictures}: {' · '.join(parts)}"


def _csv(given: Sequence[Prediction]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(as_table(given, max(len(each.top) for each in given)))
    return file.getvalue()


def _name(run: Run, pictures: list[tuple[str, bytes | UploadedFile]]) -> None:
    """Predict pictures, and keep the answers."""
    try:
        with (
            st.spinner(
                several(
                    "Looking at {count} picture…", "Looking at {count} pictures…", len(pictures)
                )
            ),
            uploads.on_disk(pictures) as paths,
        ):
            trained = names.trained(run)  # first: somebody may rename a class meanwhile
            given = queue.ask(tasks.predict, run.folder, paths, _TOP)
        named = zip(pictures, given, strict=True)
        predictions.keep(run, [replace(said, file=name) for (name, _), said in named], trained)
    except UserError as error:
        state.keep_notice(error)
        return
    except OSError as error:
        message = room.told(error)
        if message is None:
            raise
        state.keep_notice(UserError(message))
        return
    state.tick("predict", run)
