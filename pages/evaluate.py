"""The Evaluate page: how well it learned, class by class, and where it errs."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.datasets import image_files
from core.results import evaluation, evaluations, learned, names
from core.storage import home
from core.storage.runs import Run
from pages.parts.data import bring, gather
from pages.parts.evaluate import judged, mistakes
from pages.parts.shared import (
    choose_run,
    figures,
    state,
    thumbnails,
    words,
)

_WAITING = (
    "Here you see how well a trained network does on pictures it has never seen: how many it gets "
    "right, which classes it mixes up, and its surest mistakes."
)
_LATEST = 3  # evaluations on other pictures that are shown at once
_BESIDE = 12  # classes of a confusion matrix that leaves room for the mistakes beside it
_SIDES = {"validation": "kept back from training", "test": "of the test", "train": "of training"}


def main() -> None:
    st.title("Evaluate", anchor=False)
    run = choose_run.draw(_WAITING)
    if run is None:
        return
    results = run.results()
    assert results is not None
    results = names.of_results(results, names.by_now(run))
    state.tick("evaluate", run)
    found = judged.every(run)
    headline(results)
    for folder, other in found.done[:_LATEST]:
        headline(other, folder)
    earlier = found.done[_LATEST:]
    if earlier:
        with st.expander(words.several(len(earlier), "earlier evaluation")):
            for folder, other in earlier:
                headline(other, folder)
    changed_since(run)
    if st.button(
        "Try it on new pictures", type="primary", icon=":material/arrow_forward:", key="lead-on"
    ):
        state.go("predict", run=run.id)
    judged.bring(run, found)
    folder, results = judged.choose(results, found.done)
    errors, classes = st.tabs(["What it mixes up", "Class by class"])
    with errors:
        few = len(results["classes"]) <= _BESIDE
        left, right = st.columns([3, 2], gap="large") if few else (st.container(), st.container())
        with left:
            mixed_up(results)
        with right:
            surest_mistakes(run, folder, results)
    with classes:
        class_by_class(results)


def headline(results: dict[str, Any], folder: Path | None = None) -> None:
    """The accuracy, and what it rests on.

    Args:
        results: The run's own, or those of another evaluation.
        folder: Where that one lies.
    """
    low, high = results["interval"]
    chosen = words.CHOSEN if results.get("split") == "validation" else ""
    with st.container(border=True):
        number, basis = st.columns([1, 3], vertical_alignment="center")
        if folder is None:
            label, where = "Accuracy: how many are right", _SIDES.get(results.get("split", ""))
        else:
            label = f"Accuracy on {words.plain(judged.title(results))}"
            where = "of its test side" if results.get("side") else "that were brought"
        number.metric(label, words.percent(results["accuracy"]))
        basis.write(
            f"It rests on **{words.several(results['images'], 'image')}** "
            f"{where or 'held back'}: **{results['correct']} of "
            f"{results['images']} right**. With other pictures of the same kind, expect between "
            f"{words.percent(low)} and {words.percent(high)} (95 % interval).{chosen} "
            + (learned.in_words(results) or "")
        )
        if folder is not None:
            with basis.container(horizontal=True, vertical_alignment="center"):
                if results["skipped"]:
                    gather.left_out_of_this(results["skipped"])
                judged.forget(folder, f"the evaluation on {results['name']}")


def changed_since(run: Run) -> None:
    """Whether its pictures have been changed since it learned from them."""
    dataset = bring.learned_by(run)
    gather.left_out_in_a_line(dataset)
    if dataset is not None and run.version not in (None, dataset.version):
        st.caption(
            ":material/history: Its pictures have been changed since it learned from them. Train "
            "again to see what that does."
        )


def mixed_up(results: dict[str, Any]) -> None:
    """The confusion matrix."""
    classes = results["classes"]
    st.header(
        "What it took for what",
        anchor=False,
        help="The confusion matrix. A row holds all pictures of one class; what lies on the "
        "diagonal is right.",
    )
    table = results["confusion"]
    st.plotly_chart(
        figures.confusion(classes, table),
        key="confusion",
        config=figures.CONFIG,
        alt=figures.told_confusion(classes, table),
    )
    mixed = evaluation.mixed_up(classes, table)
    if mixed and not figures.numbers_fit(classes):
        true, predicted, times = zip(*mixed, strict=True)
        st.dataframe(
            {
                "really": [words.seen(each) for each in true],
                "taken for": [words.seen(each) for each in predicted],
                "times": times,
            },
            hide_index=True,
            height=300,
            alt="What was mixed up, the commonest first",
        )


def surest_mistakes(run: Run, judged_in: Path | None, results: dict[str, Any]) -> None:
    """The mistakes that it was most sure of, as pictures.

    Args:
        run: The run.
        judged_in: Where an evaluation on other pictures lies; None for the run's own.
        results: The evaluation.
    """
    st.header("Its surest mistakes", anchor=False)
    if not results["mistakes"]:
        st.success("None: it got every one of them right.", icon=":material/check_circle:")
        return
    folder = judged_in or mistakes.folder(run)
    if folder is None:
        st.caption("The data set has been deleted, so the pictures are no longer here.")
    picture_of = image_files.thumbnail if judged_in is None else evaluations.picture_of

    def draw(one: dict[str, Any]) -> None:
        there = folder is not None and home.is_digest(one["digest"])
        mistakes.draw(picture_of(folder, one["digest"]) if folder and there else None, one)

    thumbnails.paged(results["mistakes"], state.key("mistakes", run.id, judged_in), draw, width=170)


def class_by_class(results: dict[str, Any]) -> None:
    """Precision and recall."""
    rows = results["per_class"]
    share = st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100)
    st.dataframe(
        {
            "class": [words.seen(name) for name in rows],
            "images": [row["images"] for row in rows.values()],
            "found": [whole(row["recall"]) for row in rows.values()],
            "to be trusted": [whole(row["precision"]) for row in rows.values()],
            "F1": [whole(row["f1"]) for row in rows.values()],
        },
        hide_index=True,
        column_config={"found": share, "to be trusted": share, "F1": share},
        alt="Precision, recall and F1 of each class",
    )
    st.caption(
        "**Found** (recall): of the pictures that really are of this class, how many it "
        "recognised. **To be trusted** (precision): when it says this class, how often that is "
        "right. **F1** joins the two."
    )


def whole(share: float) -> int:
    """A share in percent; never 100 unless it is."""
    return min(round(100 * share), 99) if share < 1 else 100


main()
