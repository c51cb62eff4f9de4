"""The Evaluate page: how well a network learned, class by class, and its mistakes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import UserError
from core.results import learned, names
from core.results.answers import kept
from core.storage import files, home
from pages.parts.data import bring, gather
from pages.parts.evaluate import (
    again,
    by_class,
    judged,
    matrix,
    more,
    one_class,
    pictures,
    sureness,
)
from pages.parts.evaluate.beside import against, changed
from pages.parts.evaluate.pictures import Behind
from pages.parts.predict import wrong
from pages.parts.shared import choose_run, problem, state, words
from pages.parts.shared.words import later, say, several
from pages.parts.why import border

_WAITING = later(
    "Here you see how well a trained network does on pictures that it has never seen: how many it "
    "gets right, which classes it mixes up, and the mistakes that it is most confident about."
)
_LATEST = 3  # evaluations on other pictures that are shown at once


def main() -> None:
    st.title(say("Evaluate"), anchor=False)
    run = choose_run.draw(say(_WAITING), network=False)
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
    dataset = bring.learned_by(run)
    gather.left_out_in_a_line(dataset)
    added = st.container()  # of its own, so that what comes and goes moves nothing below it
    if dataset is not None and run.dataset_id is not None:
        with added:
            problem.draw(wrong.ADD)
            gather.under_way(run.dataset_id, dataset)
    own, own_results = Behind(run, None, answers_of(run.folder, results), dataset), results
    changed.draw(own, results)
    busy = again.draw(run, dataset)
    if st.button(
        say("Try it on new pictures"),
        type="secondary" if busy else "primary",
        icon=":material/arrow_forward:",
        key="lead-on",
    ):
        state.go("predict", run=run.id)
    judged.bring(run, found)
    chosen, results = judged.choose(results, found.done)
    behind = Behind(run, chosen, answers_of(chosen or run.folder, results), dataset)
    details(behind, results, own, own_results)


def answers_of(folder: Path, results: dict[str, Any]) -> kept.Answers:
    """What a run said of each picture, by the names that its classes have in the results.

    Args:
        folder: Of the run or of an evaluation on other pictures.
        results: The evaluation.
    """
    remembered = _answers(str(folder), files.stamp(folder / home.JUDGED))
    if remembered is None or len(remembered.files) != results["images"]:
        return kept.of_mistakes(results)
    return replace(remembered, classes=tuple(results["classes"]))


@st.cache_resource(max_entries=16, show_spinner=False)
def _answers(folder: str, stamp: files.Stamp) -> kept.Answers | None:
    """Read each once, for a page is drawn at every click."""
    try:
        return kept.read(Path(folder))
    except UserError:  # of a newer Thaw: the numbers stand without it
        return None


@st.fragment
def details(
    behind: Behind, results: dict[str, Any], own: Behind, own_results: dict[str, Any]
) -> None:
    """What is behind the accuracy: charts that lead to their pictures.

    Args:
        behind: The evaluation that is looked at.
        results: The results of the run.
        own: The run's own, on which it is compared with other networks.
        own_results: That.
    """
    if "alone" in results:
        one_class.draw(behind, results)
        return
    charts, beside = st.columns([3, 2], gap="large")  # one below the other on a phone
    with charts:
        titles = [
            *(say("What it mixes up"), say("Class by class")),
            *(say("How sure it is"), say("More pictures?")),
            *(say("Shortcuts?"), say("Other networks")),
        ]
        errors, classes, sure, growth, shortcuts, others = st.tabs(titles)
        with errors:
            matrix.draw(behind.of, results)
        with classes:
            by_class.draw(behind.of, results)
        with sure:
            cut_off = sureness.draw(behind.run, behind.of, behind.answers, results)
        with growth:
            more.draw(behind, results["classes"])
        with shortcuts:
            border.draw(behind.run, behind.dataset)
        with others:
            against.draw(own, own_results)
    with beside:
        pictures.draw(behind, cut_off)


def headline(results: dict[str, Any], folder: Path | None = None) -> None:
    """The accuracy, and the pictures that it was measured on.

    Args:
        results: The run's own, or those of another evaluation.
        folder: Where that one lies.
    """
    low, high = results["interval"]
    with st.container(border=True):
        number, basis = st.columns([1, 3], vertical_alignment="center")
        if folder is None and "alone" in results:  # which says nothing of other things
            label = say("Recognised of its class (recall)")
        elif folder is None:
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
        chosen_on_these = results.get("split") == "validation" and results.get("kept") != "solution"
        if chosen_on_these and "alone" not in results:
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


main()
