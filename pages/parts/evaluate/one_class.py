"""How well a network with a single class tells it from anything else, and what it got wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.results import evaluations
from core.results.prediction import Prediction
from core.storage import home
from pages.components import picture_grid
from pages.parts.evaluate import answered
from pages.parts.evaluate.pictures import Behind
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import later, say

_PAGE = 48  # pictures that are shown at once
_WIDTH = 120  # pixels
_REFUSED = later("Pictures of its class that it turned away")
_LET_IN = later("Pictures of other things that it recognised")


def draw(behind: Behind, results: dict[str, Any]) -> None:
    """Both shares, then the pictures that were judged wrongly.

    Args:
        behind: The evaluation.
        results: The results of the run.
    """
    alone = results["alone"]
    name = words.plain(words.shortened(results["classes"][0]))
    st.header(say("Is it “{name}”, or anything else?", name=name), anchor=False)
    own, strangers = st.columns(2)
    with own:
        _share(alone["own"], say("Recognised of its class (recall)"))
    with strangers:
        _share(alone["strangers"], say("Turned away of other things"))
    if alone["strangers"] is None:
        st.write(
            say(
                "There is only one class, so it learned how its pictures look. How well it turns "
                "other things away, only pictures of other things can show: put some in another "
                "folder beside a folder named “{name}”, and evaluate it on both above.",
                name=name,
            )
        )
    for title, rows, kind in (
        (say(_REFUSED), alone["refused"], "refused"),
        (say(_LET_IN), alone["let_in"], "let-in"),
    ):
        if rows:
            st.subheader(title, anchor=False)
            _pictures(behind, rows, kind)


def _share(found: dict[str, Any] | None, label: str) -> None:
    st.metric(label, words.percent(found["share"]) if found else say("not tried yet"))
    if found:
        low, high = found["interval"]
        st.caption(
            say(
                "{correct} of {images} pictures; on others of this kind, expect between {low} and "
                "{high} (95% confidence interval).",
                correct=found["correct"],
                images=found["images"],
                low=words.percent(low),
                high=words.percent(high),
            )
        )


def _pictures(behind: Behind, rows: list[dict[str, Any]], kind: str) -> None:
    key = state.key(kind, *behind.of)
    area = st.container()
    shown = thumbnails.page_of(rows, state.key(kind, *behind.of, len(rows)), _PAGE)
    with area:
        if behind.folder is not None:
            _kept(behind, behind.folder, shown)
            return
        if behind.dataset is None or behind.run.dataset_id is None:
            st.caption(say("The data set was deleted, so the pictures are no longer here."))
            return
        by_digest = {record.digest: record for record in behind.dataset.records}
        there = [(by_digest[row["digest"]], row) for row in shown if row["digest"] in by_digest]
        captions = [_caption(row) for _, row in there]
        picture_grid.draw(
            key,
            behind.run.dataset_id,
            behind.dataset,
            [record for record, _ in there],
            None,
            captions,
            _WIDTH,
            [f"{caption} · {words.bare(row['file'])}"
             for caption, (_, row) in zip(captions, there, strict=True)],
            behind.run.id,
        )  # fmt: skip


def _kept(behind: Behind, folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Pictures of an evaluation on others, which are kept with it."""
    dataset = behind.dataset
    there = {record.digest: record.label for record in dataset.records} if dataset else {}
    (name,) = behind.answers.classes
    with st.container(horizontal=True, gap="small"):
        for row in rows:
            digest = row["digest"]
            if home.is_digest(digest):
                small, whole = (
                    place(folder, digest)
                    for place in (evaluations.picture_of, evaluations.original_of)
                )
                said = Prediction(row["file"], name, 1.0, thumbnail=small, original=whole)
                with st.container(width=_WIDTH):
                    thumbnails.picture(small, row["file"])
                    st.caption(_caption(row))
                    # What is of something else has no place among pictures of a single class.
                    known = dataset if row["label"] == name else None
                    answered.buttons(behind.run, said, name, known, there)


def _caption(row: dict[str, Any]) -> str:
    return say("{share} familiar", share=words.percent(row["familiar"]))
