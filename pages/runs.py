"""The Runs page: all runs and data sets, to compare, open or delete, and their disk space."""

import streamlit as st

from core.network import features
from core.results.overview import rows
from core.storage import files, home, report
from pages.parts.runs import aside, belongings, charts, chosen, comparison, table, taking
from pages.parts.shared import state, words
from pages.parts.shared.words import say


def main() -> None:
    state.adopt_address()
    st.title(say("Runs and data sets"), anchor=False)
    tabs = [say("Runs"), say("Data sets"), say("Disk")]
    runs, datasets, disk = st.tabs(tabs, key="belongings", on_change="rerun")
    # Only the tab that is open is drawn: each of them reads many files.
    for tab, draw in ((runs, trainings), (datasets, belongings.datasets), (disk, space)):
        if tab.open:
            with tab:
                draw()


def trainings() -> None:
    """All runs, or those of a comparison: what to do with those that are ticked, and charts."""
    if message := state.notice("runs"):
        st.error(words.plain(message), icon=":material/error:")
    with st.container(key="aside"):
        aside.draw()
    every = rows.rows(state.space())
    compared = state.comparison()
    if compared:
        every = [row for row in every if row.comparison == compared]
        comparison.draw(every)
    elif not every:
        st.write(say("Every training run is kept here. There are none yet."))
        if st.button(
            say("Train a network"),
            type="primary",
            icon=":material/arrow_forward:",
            key="train-network",
        ):
            state.go("train", **state.address())
    if not every:
        return
    found = table.find(every) if len(every) > 1 and not compared else every
    ticked = table.draw(found, len(every))
    at_hand = state.address().get(state.RUN)
    chosen.draw(ticked or [row for row in found if row.run.id == at_hand])
    charts.curves(ticked)
    if not compared:
        charts.costs(found, ticked)
    taking.draw(found)


def space() -> None:
    """Disk space used, and a button that frees some."""
    numbers = st.grid(3, min_column_width=160)
    for title, folder in (
        (say("Data sets"), state.space().datasets()),
        (say("Runs"), state.space().runs()),
        (say("Cache"), home.cache()),
    ):
        numbers.metric(title, words.size(files.disk_used(folder)), border=True)
    st.write(
        say(
            "The cache holds the output of the frozen layers for each picture (features), so that "
            "the next run on the same pictures takes only seconds. You can empty it at any time; "
            "the next run is then slower. Downloaded networks are kept."
        )
    )
    if st.button(say("Empty the cache"), icon=":material/mop:", key="empty-cache"):
        features.empty_cache()
        st.toast(say("The cache is empty."), icon=":material/check_circle:")
        st.rerun()
    st.caption(say("Everything is stored on this computer, in this folder:"))
    st.code(str(home.root()), language=None)
    problem()


def problem() -> None:
    """A report that its sender has read before it is saved."""
    with st.expander(
        say("Report a problem"), icon=":material/bug_report:", key="problem", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        held = report.texts()
        st.write(
            say(
                "Save this report and attach it where you describe the problem. You see all of it "
                "here: versions, settings, and where in the code errors happened. It holds no "
                "pictures and no names. Nothing is sent."
            )
        )
        for name, text in held.items():
            st.caption(name)
            st.code(text, language=None, wrap_lines=True)
        st.download_button(
            say("Save the report"),
            report.zipped(held),
            "thaw-report.zip",
            "application/zip",
            icon=":material/download:",
        )


main()
