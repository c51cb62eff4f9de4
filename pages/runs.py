"""The Runs page: everything that was made, to open again or delete, and what it costs in disk."""

import streamlit as st

from core.network import features
from core.storage import files, home
from pages.parts.runs import belongings
from pages.parts.shared import state, words


def main() -> None:
    state.adopt_address()
    st.title("Runs and data sets", anchor=False)
    tabs = ["Runs", "Data sets", "Disk"]
    runs, datasets, disk = st.tabs(tabs, key="belongings", on_change="rerun")
    # Only the tab that is open is drawn: each of them reads many files.
    for tab, draw in ((runs, belongings.runs), (datasets, belongings.datasets), (disk, space)):
        if tab.open:
            with tab:
                draw()


def space() -> None:
    """Disk used, and what may be let go of."""
    numbers = st.grid(3, min_column_width=160)
    for title, folder in (
        ("Data sets", home.datasets()),
        ("Runs", home.runs()),
        ("Cache", home.cache()),
    ):
        numbers.metric(title, words.size(files.disk_used(folder)), border=True)
    st.write(
        "The cache holds what the frozen layers said about each picture, so that the next run on "
        "the same pictures takes seconds. Without it everything still works; the next run is "
        "slower. Downloaded networks stay."
    )
    if st.button("Empty the cache", icon=":material/mop:"):
        features.empty_cache()
        st.toast("The cache is empty.", icon=":material/check_circle:")
        st.rerun()
    st.caption("Everything lies on this computer, in the folder:")
    st.code(str(home.root()), language=None)


main()
