"""What a training on changed pictures has brought: before and after, on the same pictures."""

from typing import Any

import streamlit as st

from core.errors import UserError
from core.results import names
from core.results.answers import comparing, kept
from core.results.answers.kept import Places
from core.storage.runs import Run, open_run
from pages.parts.evaluate import pictures
from pages.parts.evaluate.pictures import Behind
from pages.parts.shared import state, words
from pages.parts.shared.words import say, several

_BETTER, _WORSE = "now-right", "now-wrong"


def draw(behind: Behind, results: dict[str, Any]) -> None:
    """The comparison with the run that this one repeats, if that is still there.

    What a network with a single class says of a picture is that class, so there is none of it.

    Args:
        behind: The run's own evaluation.
        results: The results of the run.
    """
    before = None if "alone" in results else _before(behind.run)
    if before is None:
        return
    compared = comparing.compare(before, behind.answers)
    if compared is None:
        return
    had, has = compared.correct
    with st.container(border=True):
        st.header(say("What the changes brought"), anchor=False)
        numbers = st.columns(2)
        count = compared.images
        numbers[0].metric(
            several("Before, on the same {count} picture", "Before, on the same {count} pictures",
                    count),
            words.percent(had / count),
        )  # fmt: skip
        numbers[1].metric(
            several("Now, on the same {count} picture", "Now, on the same {count} pictures", count),
            words.percent(has / count),
            delta=say("{change} right", change=f"{has - had:+d}") if has != had else None,
        )
        told = [say(comparing.in_words(compared, say("before"), say("now")))]
        moved = int(compared.relabelled.sum())
        if moved:
            told.append(
                several(
                    "Both numbers go by the classes that pictures have now: {count} of these was "
                    "moved to another class in between.",
                    "Both numbers go by the classes that pictures have now: {count} of these were "
                    "moved to another class in between.",
                    moved,
                )
            )
        st.write(words.plain(" ".join(told)))
        if behind.dataset is not None:
            _pictures(
                behind, compared.places[compared.gained], say("Right now, wrong before"), _BETTER
            )
            _pictures(
                behind, compared.places[compared.lost], say("Wrong now, right before"), _WORSE
            )


def _before(run: Run) -> kept.Answers | None:
    """What the run that this one repeats said of each picture."""
    try:
        other = open_run(state.space(), run.after) if run.after else None
        results = other.results() if other else None
        if other is None or results is None or "alone" in results:
            return None
        return kept.of(other.folder, results).called(names.by_now(other))
    except UserError:  # deleted, or damaged
        return None


def _pictures(behind: Behind, places: Places, title: str, kind: str) -> None:
    if len(places):
        with st.expander(
            f"{title} ({words.number(len(places))})", key=state.key(kind, behind.run.id)
        ):
            pictures.only_shown(behind, places, kind)
