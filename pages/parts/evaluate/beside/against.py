"""Other networks beside this one, on the same held-out pictures: table, curves, differences."""

from typing import Any

import streamlit as st

from core.results import names
from core.results.answers import kept, ranking
from core.results.answers.ranking import Ranking
from core.results.evaluation import wilson
from core.results.overview import rows
from core.storage.runs import Run
from pages.parts.evaluate import chosen, pictures
from pages.parts.evaluate.pictures import Behind
from pages.parts.shared import choose_run, figures, state, words
from pages.parts.shared.words import say, several

_MOST = 4  # others at once; each has a letter and a colour
_LETTERS = "ABCDE"


def draw(behind: Behind, results: dict[str, Any]) -> None:
    """The chooser, and the comparison with what is chosen.

    Args:
        behind: The run's own evaluation.
        results: The results of the run.
    """
    st.header(say("Compare with other networks"), anchor=False)
    others = _others(behind.run)
    if not others:
        st.write(
            say(
                "Train another network on the same pictures. Then you see here which one does "
                "better, and whether the difference is more than luck."
            )
        )
        return
    titles = dict(zip(others, words.numbered(map(choose_run.name, others.values())), strict=True))
    key = state.key("compare-with", behind.run.id)
    st.session_state[key] = [each for each in st.session_state.get(key, ()) if each in others]
    picked = st.multiselect(
        say("Networks that were trained on the same data set"),
        list(others),
        format_func=titles.__getitem__,
        max_selections=_MOST,
        placeholder=say("Choose one or more"),
        key=key,
    )
    if picked:
        _compared(behind, results, {titles[each]: others[each] for each in picked})


def _others(run: Run) -> dict[str, Run]:
    """The trained runs that learned from the same data set, the newest first, by id.

    A network with a single class mixes nothing up, so there is nothing to compare.
    """
    return {
        row.run.id: row.run
        for row in rows.rows(state.space())
        if row.dataset_id
        and row.dataset_id == run.dataset_id
        and row.run.id != run.id
        and row.classes is not None
        and row.classes > 1
    }


def _compared(behind: Behind, results: dict[str, Any], others: dict[str, Run]) -> None:
    all_results = [results, *(each.results() or {} for each in others.values())]
    answers = [behind.answers, *(_answers(each) for each in others.values())]
    letters = _LETTERS[: len(answers)]
    found = ranking.rank(answers)
    if found is None:
        st.info(
            say(
                "These networks cannot be compared: they were evaluated on other pictures, or by "
                "an earlier version of Thaw, which kept the mistakes alone."
            ),
            icon=":material/info:",
        )
    else:
        _table(found, list(others), letters)
    curves = [
        (letter, each["history"])
        for letter, each in zip(letters, all_results, strict=True)
        if each.get("history")
    ]
    if curves:
        st.markdown(f"**{say('Validation accuracy, epoch by epoch')}**")
        st.plotly_chart(
            figures.overlay(curves),
            key="overlay-of-networks",
            config=figures.CONFIG,
            alt=figures.told_overlay(curves),
        )
    if found is not None and behind.dataset is not None:
        _pictures(behind, found, letters)


def _answers(run: Run) -> kept.Answers:
    results = run.results()
    assert results is not None
    return kept.of(run.folder, results).called(names.by_now(run))


def _table(found: Ranking, others: list[str], letters: str) -> None:
    count = len(found.files)
    shares = [correct / count for correct in found.correct]
    between = [wilson(correct, count) for correct in found.correct]
    right = say("right of {count}", count=count)
    st.dataframe(
        {
            say("network"): list(letters),
            right: [words.whole_percent(share) for share in shares],
            say("from, to"): [chosen.from_to(*each) for each in between],
            say("which"): [say("this one"), *others],
        },
        hide_index=True,
        column_config={
            right: st.column_config.ProgressColumn(
                format=words.percent_format(), min_value=0, max_value=100
            )
        },
        alt=say("The share of pictures that each network gets right"),
    )
    st.markdown("\n".join(f"- {say(sentence)}" for sentence in found.in_words(letters)))
    if found.relabelled:
        st.caption(
            several(
                "Classes are those of A: {count} picture had another one when another network was "
                "evaluated.",
                "Classes are those of A: {count} pictures had another one when another network "
                "was evaluated.",
                found.relabelled,
            )
        )


def _pictures(behind: Behind, found: Ranking, letters: str) -> None:
    """What this network and each of the others differ on."""
    for other in range(1, len(letters)):
        for one, two in ((0, other), (other, 0)):
            places = found.only(one, two)
            if len(places):
                title = say(
                    "{one} is right, {two} is wrong ({count})",
                    one=letters[one],
                    two=letters[two],
                    count=len(places),
                )
                kind = state.key("only-one-right", one, two)
                with st.expander(title, key=state.key(kind, behind.run.id)):
                    pictures.only_shown(behind, found.places[places], kind)
