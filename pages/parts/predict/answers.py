"""What a network has said of pictures so far: counted, filtered, as pictures or as a table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from core import spreadsheet
from core.datasets.dataset import Dataset
from core.results import predictions
from core.results.prediction import Prediction, as_table
from core.storage.runs import Run
from core.web import answers as download
from pages.parts.predict import answer, strictness, wrong
from pages.parts.shared import figures, problem, state, thumbnails, words
from pages.parts.shared.words import later, say, several
from pages.parts.why import answer as why

_MANY = 12  # classes whose numbers fit a line
_NEWEST, _UNSURE = later("Newest first"), later("Least sure first")
_PICTURES, _TABLE = later("Pictures"), later("Table")
_CHART, _OF = "answers-chart", "answers-of"
_ALL, _STRANGERS, _UNREAD = -1, -2, -3  # groups that are no class; a class has its place


def draw(run: Run, dataset: Dataset | None) -> None:
    """The answers so far.

    Args:
        run: It has a model.
        dataset: The data set that it learned from, as it is now; None where that is gone.
    """
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
        if any(each.thumbnail for each in given):
            st.link_button(
                say("Download by class"),
                download.address(run),
                icon=":material/folder_zip:",
                help=say(
                    "A zip with the pictures in folders, one for each predicted class. Those that "
                    "are no longer kept as they came are small copies."
                ),
            )
        if st.button(
            say("Clear"), icon=":material/delete_sweep:", type="tertiary", key="clear-answers"
        ):
            predictions.clear(run)
            st.rerun()
    st.write(_counted(given))
    _chart(run, given)
    strictness.draw(run, given)
    st.caption(
        say(
            "They are kept with this network until you clear them: at least the latest {count}, "
            "and the pictures themselves up to {size} in all.",
            count=predictions.MOST,
            size=words.size(predictions.ORIGINALS),
        )
    )
    shown, table = _chosen(run, given) if len(given) > 1 else (given, False)
    if table:
        _table(shown)
        return
    there = {record.digest: record.label for record in dataset.records} if dataset else {}
    card = partial(_card, run, dataset, there)
    thumbnails.paged(shown, state.key("answers", run.id, len(shown)), card, width=250)


def _card(run: Run, dataset: Dataset | None, there: Mapping[str, str], said: Prediction) -> None:
    """An answer, and what can be asked about it and done with it."""

    def below() -> None:
        original = said.original if isinstance(said.original, Path) else None
        why.button(run, original, said.thumbnail, said.file)
        if dataset is not None:
            wrong.button(run, said, dataset, there, said.thumbnail, said.file)

    answer.draw(said, below)


def _chosen(run: Run, given: list[Prediction]) -> tuple[list[Prediction], bool]:
    """The controls that say which answers are shown, and these; whether as a table."""
    places = _places(given)
    groups = [places[each.label] if (g := _group(each)) is None else g for each in given]
    counts, alike = Counter(groups), words.distinct(places)
    titles = {_ALL: say("all")} | {place: alike[label] for label, place in places.items()}
    titles |= {_STRANGERS: say("nothing that it was taught"), _UNREAD: say("could not be read")}
    titles = dict(zip(titles, words.numbered(titles.values()), strict=True))  # a class called “all”
    options = [group for group in titles if group == _ALL or counts[group]]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = _segments(
            say("Order"),
            (_NEWEST, _UNSURE),
            "answers-order",
            say("Within one upload, the picture that it is least sure about comes first."),
        )
        table = _segments(say("Show as"), (_PICTURES, _TABLE), "answers-view") == _TABLE
        key = state.key(_OF, run.id)
        state.granted(key, options)
        state.within(key, options)
        chosen = st.selectbox(
            say("Answered with"),
            options,
            format_func=titles.__getitem__,  # no counts: what is shown is known by its title
            key=key,
            width=240,
        )
        most = st.slider(
            say("At most this familiar") if _alone(given) else say("At most this sure"),
            0,
            100,
            100,
            format=words.percent_format(),
            key=state.key("answers-sure", run.id),
            width=200,
        )
    shown = [
        each
        for each, group in zip(given, groups, strict=True)
        if chosen in (_ALL, group) and (bool(each.error) or each.certainty <= most / 100)
    ]
    if order == _UNSURE:
        shown.sort(key=lambda each: (bool(each.error), each.certainty))
    if not shown:
        st.write(say("There are no such pictures."))
    return shown, table


def _places(given: Sequence[Prediction]) -> dict[str, int]:
    """The classes that were answered with, each with its number among the groups."""
    labels = sorted({each.label for each in given if _group(each) is None})
    return {label: place for place, label in enumerate(labels)}


def _group(said: Prediction) -> int | None:
    """Which of the groups that are no class an answer belongs to; None for those of a class."""
    if said.error:
        return _UNREAD
    return _STRANGERS if said.known is False else None


def _segments(label: str, options: tuple[str, str], key: str, about: str | None = None) -> str:
    """A choice of two, the first at first."""
    titles = {str(each): say(each) for each in options}
    chosen = st.segmented_control(
        label,
        list(titles),
        default=str(options[0]),
        required=True,
        format_func=titles.__getitem__,
        key=key,
        help=about,
    )
    return str(chosen)


def _table(shown: Sequence[Prediction]) -> None:
    """The answers, a row each; of what could not be read, why."""
    percent = st.column_config.ProgressColumn(
        format=words.percent_format(), min_value=0, max_value=100
    )
    alone = _alone(shown)
    sure = say("familiar") if alone else say("sure")
    columns = {
        say("file"): [words.seen(each.file) for each in shown],
        say("answer"): [words.seen(_told(each)) for each in shown],
        sure: [None if e.error else words.whole_percent(e.certainty) for e in shown],
    }
    if not alone:
        columns[say("nearest class")] = [words.seen(each.label) for each in shown]
    st.dataframe(
        columns,
        hide_index=True,
        column_config={sure: percent},
        alt=say("What it has answered, picture by picture"),
    )


def _alone(given: Sequence[Prediction]) -> bool:
    """Whether a network with a single class has answered: how sure it is then means nothing."""
    answered = [each for each in given if not each.error]
    return bool(answered) and all(len(each.top) == 1 for each in answered)


def _told(said: Prediction) -> str:
    if said.error:
        return say("Thaw could not read it: {reason}.", reason=said.error)
    if said.known is False:
        return say(answer.STRANGER)
    return say(answer.UNSURE) if said.sure is False else said.label


def _chart(run: Run, given: Sequence[Prediction]) -> None:
    """How many pictures there are of each predicted class, as bars: a click shows them."""
    counts = Counter(each.label for each in given if _group(each) is None)
    if len(counts) < 2:
        return
    ordered = counts.most_common()
    told = ", ".join(f"{label} {count}" for label, count in ordered)
    with st.expander(say("How many of each class"), icon=":material/bar_chart:"):
        st.plotly_chart(
            figures.tally(ordered),
            key=_CHART,
            on_select=lambda: _bar_clicked(run, [_places(given)[label] for label, _ in ordered]),
            selection_mode="points",
            config=figures.CONFIG,
            alt=say(
                "Pictures of each predicted class: {counts}.",
                counts=words.bare(words.shortened(told, 400)),
            ),
        )


def _bar_clicked(run: Run, groups: Sequence[int]) -> None:
    """Show the answers of the class whose bar was clicked; all if it was let go."""
    match st.session_state[_CHART]["selection"]["points"]:
        case [{"point_index": int(place)}, *_] if 0 <= place < len(groups):
            state.wish(state.key(_OF, run.id), groups[place])
        case _:
            state.wish(state.key(_OF, run.id), _ALL)


def _counted(given: Sequence[Prediction]) -> str:
    """How many pictures it predicted to be of each class, the most frequent first."""
    counts = Counter(each.label for each in given if _group(each) is None).most_common()
    parts = [
        f"{words.plain(words.shortened(label))} **{words.number(count)}**"
        for label, count in counts[:_MANY]
    ]
    if len(counts) > _MANY:
        parts.append(several("{count} more class", "{count} more classes", len(counts) - _MANY))
    strangers = sum(_group(each) == _STRANGERS for each in given)
    if strangers:
        parts.append(say("nothing that it was taught **{count}**", count=strangers))
    unread = sum(bool(each.error) for each in given)
    if unread:
        parts.append(say("**{count}** could not be read", count=unread))
    pictures = several("{count} picture", "{count} pictures", len(given))
    return f"{pictures}: {' · '.join(parts)}"


def _csv(given: Sequence[Prediction]) -> str:
    return spreadsheet.text(as_table(given, max(len(each.top) for each in given)))
