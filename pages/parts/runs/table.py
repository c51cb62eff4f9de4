"""All runs in one table: search, filter, sort, and choose the ones to look at."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import streamlit as st

from core.jobs import queue
from core.results.overview.rows import Row
from core.saying import Sentence
from core.storage.job import RunStatus
from pages.parts.shared import state, thumbnails, words
from pages.parts.shared.words import later, say, several

_PAGE = 100  # rows
_Colour = Literal["gray", "orange", "green", "yellow", "red"]
STATUS: dict[RunStatus, tuple[Sentence, str, _Colour]] = {
    RunStatus.QUEUED: (later("waiting"), ":material/hourglass_top:", "gray"),
    RunStatus.RUNNING: (later("running"), ":material/autorenew:", "orange"),
    RunStatus.FINISHED: (later("done"), ":material/check_circle:", "green"),
    RunStatus.STOPPED: (later("stopped"), ":material/stop_circle:", "gray"),
    RunStatus.INTERRUPTED: (later("interrupted"), ":material/power_off:", "yellow"),
    RunStatus.FAILED: (later("failed"), ":material/error:", "red"),
}
_ALL, _STARRED = "all", "starred"
_SHOWN = {_ALL: later("all"), _STARRED: later("with a star")}

# The title of each order, what it goes by, and whether the largest come first.
_ORDERS: dict[str, tuple[Sentence, Callable[[Row], Any], bool]] = {
    "newest": (later("newest first"), lambda row: row.created, True),
    "oldest": (later("oldest first"), lambda row: row.created, False),
    "accuracy": (later("most accurate first"), lambda row: row.accuracy, True),
    "quickest": (later("quickest first"), lambda row: row.seconds, False),
    "smallest": (
        later("fewest trainable parameters first"),
        lambda row: row.trainable,
        False,
    ),
    "name": (later("by name"), lambda row: row.name.casefold(), False),
    "data": (later("by data set"), lambda row: (row.data.casefold(), row.version or 0), False),
    "backbone": (later("by backbone"), lambda row: row.backbone.casefold(), False),
}


def find(every: Sequence[Row]) -> list[Row]:
    """The controls, and the rows that they leave, in order.

    Args:
        every: All of them, the newest first.
    """
    statuses = {name: say(title) for name, title in _SHOWN.items()}
    statuses |= {status: say(title) for status, (title, *_) in STATUS.items()}
    orders = {name: say(title) for name, (title, *_) in _ORDERS.items()}
    searched, shown, ordered = st.columns([3, 2, 2])
    text = searched.text_input(
        say("Search"),
        key="search-runs",
        placeholder=say("a name, a note, a data set, a backbone"),
        persist_state="session",
    )
    status = shown.selectbox(
        say("Show"),
        list(statuses),
        format_func=statuses.__getitem__,
        key="shown-runs",
        persist_state="session",
    )
    order = ordered.selectbox(
        say("Sort"),
        list(orders),
        format_func=orders.__getitem__,
        key="sorted-runs",
        persist_state="session",
    )
    sought = text.casefold().split()
    left = [row for row in every if _is_shown(row, status) and _holds(row, sought)]
    return in_order(left, order)


def in_order(found: Sequence[Row], order: str) -> list[Row]:
    """Rows in one of the orders; those of which nothing is known come last."""
    _, value, largest_first = _ORDERS[order]
    known = [row for row in found if value(row) is not None]
    unknown = [row for row in found if value(row) is None]
    return [*sorted(known, key=value, reverse=largest_first), *unknown]


def _is_shown(row: Row, status: str) -> bool:
    if status == _STARRED:
        return row.starred
    return status == _ALL or queue.standing(row.run).status == status


def _holds(row: Row, sought: Sequence[str]) -> bool:
    text = " ".join((row.name, row.note, row.data, row.backbone)).casefold()
    return all(word in text for word in sought)


def draw(found: Sequence[Row], total: int) -> list[Row]:
    """The table, a page at a time.

    Args:
        found: What it lists.
        total: How many runs there are in all.

    Returns:
        The rows that are ticked; the only one where there is one.
    """
    place = st.container()
    page = thumbnails.page_of(found, "runs", _PAGE)
    count = (
        several("{count} run", "{count} runs", total)
        if len(found) == total
        else say("{count} of {total} runs", count=len(found), total=total)
    )
    accuracy, interval = say("accuracy"), say("from, to")
    seconds, made = say("seconds"), say("when")
    percent = words.percent_format().replace("%d", "%.1f")
    # Rows are known by their place, so other rows are another table.
    key = state.key("runs", *(row.run.id for row in page))
    with place:
        event = st.dataframe(
            {
                "★": ["★" if row.starred else "" for row in page],
                say("name"): [words.seen(row.name) for row in page],
                accuracy: [None if row.accuracy is None else 100 * row.accuracy for row in page],
                interval: [_interval(row) for row in page],
                say("state"): [_status(row) for row in page],
                say("data set"): [_data(row) for row in page],
                say("backbone"): [words.seen(row.backbone) for row in page],
                say("frozen layers"): [say(row.frozen) for row in page],
                seconds: [row.seconds for row in page],
                say("trainable parameters"): [row.trainable for row in page],
                made: [datetime.fromtimestamp(row.created) for row in page],
                say("note"): [words.seen(row.note) for row in page],
            },
            hide_index=True,
            column_config={
                "★": st.column_config.TextColumn(width=40),
                accuracy: st.column_config.NumberColumn(format=percent),
                interval: st.column_config.TextColumn(width=110),
                seconds: st.column_config.NumberColumn(format="%.0f"),
                made: st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            },
            key=key,
            on_select="rerun",
            selection_mode="multi-row",
            placeholder="–",
            alt=say("All runs"),
        )
    st.caption(count)
    ticked = [page[at] for at in event["selection"]["rows"] if at < len(page)]
    return ticked or list(page if len(page) == 1 else ())


def _interval(row: Row) -> str:
    if row.interval is None:
        return ""
    low, high = row.interval
    return say("{low} to {high}", low=words.percent(low), high=words.percent(high))


def _status(row: Row) -> str:
    return say("damaged") if row.problem else say(STATUS[queue.standing(row.run).status][0])


def _data(row: Row) -> str:
    name = words.seen(row.data)
    return name if row.version is None else say("{name}, version {n}", name=name, n=row.version)
