"""The Evaluate page: how well a network learned, class by class, and its mistakes."""

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
from pages.parts.shared.words import later, say, several

_WAITING = later(
    "Here you see how well a trained network does on pictures that it has never seen: how many it "
    "gets right, which classes it mixes up, and the mistakes that it is most confident about."
)
_LATEST = 3  # evaluations on other pictures that are shown at once
_BESIDE = 12  # classes of a confusion matrix that leaves room for the mistakes beside it


def main() -> None:
    st.title(say("Evaluate"), anchor=False)
    run = choose_run.draw(say(_WAITING))
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
        with st.expander(
            several("{count} earlier evaluation", "{count} earlier evaluations", len(earlier))
        ):
            for folder, other in earlier:
                headline(other, folder)
    changed_since(run)
    if st.button(
        say("Try it on new pictures"),
        type="primary",
        icon=":material/arrow_forward:",
        key="lead-on",
    ):
        state.go("predict", run=run.id)
    judged.bring(run, found)
    folder, results = judged.choose(results, found.done)
    errors, classes = st.tabs([say("What it mixes up"), say("Class by class")])
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
    """The accuracy, and the pictures that it was measured on.

    Args:
        results: The run's own, or those of another evaluation.
        folder: Where that one lies.
    """
    low, high = results["interval"]
    with st.container(border=True):
        number, basis = st.columns([1, 3], vertical_alignment="center")
        if folder is None:
            label = say("Accuracy: share of pictures that it gets right")
        else:
            label = say("Accuracy on {name}", name=words.plain(judged.title(results)))
        number.metric(label, words.percent(results["accuracy"]))
        sentences = [
            measured_on(results, of_others=folder is not None),
            say(
                "On other pictures of this kind, expect between {low} and {high} (95% confidence "
                "interval).",
                low=words.percent(low),
                high=words.percent(high),
            ),
        ]
        if results.get("split") == "validation" and results.get("kept") != "solution":
            sentences.append(say(words.CHOSEN))
        known = learned.in_words(results)
        told = " ".join([*sentences, *([say(known)] if known else [])])
        basis.write(told + words.refitted(results))
        if folder is not None:
            with basis.container(horizontal=True, vertical_alignment="center"):
                if results["skipped"]:
                    gather.left_out_of_this(results["skipped"])
                judged.forget(
                    folder,
                    say("This deletes the evaluation on {name} for good.", name=results["name"]),
                )


def measured_on(results: dict[str, Any], *, of_others: bool) -> str:
    """How many pictures it got right, and of which kind they are.

    Args:
        results: The evaluation.
        of_others: Whether it is on pictures that somebody uploaded for it.
    """
    counts = {"correct": results["correct"], "count": results["images"]}
    if of_others:
        if results.get("side"):
            return say("**{correct} of {count} right** in its test folder.", **counts)
        return say("**{correct} of {count} right** of the pictures that you uploaded.", **counts)
    match results.get("split"):
        case "test":
            return say("**{correct} of {count} right** in the test set.", **counts)
        case "train":
            return say("**{correct} of {count} right** of the training pictures.", **counts)
        case _:
            return say("**{correct} of {count} right** of the held-out pictures.", **counts)


def changed_since(run: Run) -> None:
    """Whether the pictures have been changed since the training."""
    dataset = bring.learned_by(run)
    gather.left_out_in_a_line(dataset)
    if dataset is not None and run.version not in (None, dataset.version):
        st.caption(
            ":material/history: "
            + say(
                "The pictures have been changed since this training. Train again to see the effect."
            )
        )


def mixed_up(results: dict[str, Any]) -> None:
    """The confusion matrix."""
    classes = results["classes"]
    st.header(
        say("Confusion matrix: what it mistook for what"),
        anchor=False,
        help=say(
            "Each row holds all pictures of one class, each column all that were predicted to be "
            "of one class. The pictures on the diagonal are right."
        ),
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
                say("true class"): [words.seen(each) for each in true],
                say("predicted"): [words.seen(each) for each in predicted],
                say("pictures"): times,
            },
            hide_index=True,
            height=300,
            alt=say("Classes that it mixed up, the most frequent first"),
        )


def surest_mistakes(run: Run, judged_in: Path | None, results: dict[str, Any]) -> None:
    """The mistakes that it was most confident about, as pictures.

    Args:
        run: The run.
        judged_in: The folder of an evaluation on other pictures; None for the run's own.
        results: The evaluation.
    """
    st.header(say("Most confident mistakes"), anchor=False)
    if not results["mistakes"]:
        st.success(say("None: it got every picture right."), icon=":material/check_circle:")
        return
    folder = judged_in or mistakes.folder(run)
    if folder is None:
        st.caption(say("The data set was deleted, so the pictures are no longer here."))
    picture_of = image_files.thumbnail if judged_in is None else evaluations.picture_of

    def draw(one: dict[str, Any]) -> None:
        there = folder is not None and home.is_digest(one["digest"])
        mistakes.draw(picture_of(folder, one["digest"]) if folder and there else None, one)

    thumbnails.paged(results["mistakes"], state.key("mistakes", run.id, judged_in), draw, width=170)


def class_by_class(results: dict[str, Any]) -> None:
    """Precision and recall."""
    rows = results["per_class"]
    share = st.column_config.ProgressColumn(
        format=words.percent_format(), min_value=0, max_value=100
    )
    shares = {
        say("found (recall)"): [whole(row["recall"]) for row in rows.values()],
        say("right when it says so (precision)"): [
            whole(row["precision"]) for row in rows.values()
        ],
        "F1": [whole(row["f1"]) for row in rows.values()],
    }
    st.dataframe(
        {
            say("class"): [words.seen(name) for name in rows],
            say("pictures"): [row["images"] for row in rows.values()],
            **shares,
        },
        hide_index=True,
        column_config=dict.fromkeys(shares, share),
        alt=say("Precision, recall and F1 of each class"),
    )
    st.caption(
        say(
            "**Found** (recall): how many of the pictures of this class it recognises. **Right "
            "when it says so** (precision): how often it is right when it predicts this class. "
            "**F1** combines the two in one number."
        )
    )


def whole(share: float) -> int:
    """A share in percent; 100 only if it is exactly that."""
    return min(round(100 * share), 99) if share < 1 else 100


main()
