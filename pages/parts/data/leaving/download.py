"""What leaves the Data page: a data set as a zip, a whole project, and a link to one."""

from contextlib import suppress

import streamlit as st

from core.datasets import packing, store
from core.datasets.dataset import Dataset
from core.errors import UserError
from core.projects import opening, saving
from core.storage.runs import open_run
from core.web import downloads
from pages.parts.data.leaving import sharing, which_runs
from pages.parts.shared import state, words
from pages.parts.shared.words import say, several


def draw(chosen: str, dataset: Dataset) -> None:
    """The buttons, and what is chosen before.

    Args:
        chosen: The stored data set.
        dataset: The data set.
    """
    if not dataset.records:
        return
    with st.popover(say("Download"), icon=":material/download:", type="tertiary"):
        st.write(say("A zip with one folder per class, which Thaw and other tools can read."))
        sides = st.checkbox(
            say("Keep the split"),
            dataset.split_came_with_data,
            key="download-sides",
            help=say(
                "The zip then has the folders train, validation and test, with the class "
                "folders in each."
            ),
        )
        stripped = st.checkbox(
            say("Without places and serial numbers"),
            key="download-stripped",
            help=say(
                "Cameras write places, times, names and serial numbers into pictures. Tick this if "
                "others get the zip. The pictures look the same, but the files differ: a split by "
                "seed comes out differently, also in the Python code from Export."
            ),
        )
        name = words.shortened(packing.file_name(dataset), 40)
        st.link_button(
            say("Download {file}", file=words.plain(name)),
            downloads.address(state.folder_of(chosen), sides=sides, stripped=stripped),
            icon=":material/download:",
            type="primary",
        )
        size = say("{size} in total.", size=words.size(dataset.total_bytes))
        exact = say(
            "The pictures leave as they came, with everything that cameras write into them, such "
            "as where they were taken."
        )
        st.caption(size if stripped else f"{size} {exact}")
    with st.popover(
        say("Save project"),
        icon=":material/save:",
        type="tertiary",
        key="save-project",
        on_change="rerun",  # the runs are looked through only where somebody asks
    ) as opened:
        if opened.open:
            _project(chosen, dataset)
    sharing.offer(chosen, dataset)


def _project(chosen: str, dataset: Dataset) -> None:
    st.write(
        say(
            "One file with these pictures, their split and everything your runs have learned. "
            "Open it on any computer with Thaw and go on from there."
        )
    )
    runs = which_runs.choose(chosen, "save")
    versions = True
    if len(store.versions(state.folder_of(chosen))) > 1:
        versions = st.checkbox(
            say("Earlier versions of the data set too"),
            True,
            key="save-versions",
            help=say(
                "Changes can then still be undone there, and runs that learned from an earlier "
                "version can be trained on. Pictures that you have removed since go along."
            ),
        )
    exact = st.checkbox(
        say("Keep the pictures exactly as they are"),
        key="save-exact",
        help=say(
            "For a backup of your own. Cameras write places, times, names and serial numbers into "
            "pictures. Without this tick they are taken out; the pictures look the same."
        ),
    )
    name = words.shortened(saving.file_name(dataset.name), 40)
    st.link_button(
        say("Save {file}", file=words.plain(name)),
        downloads.project_address(state.folder_of(chosen), runs, versions=versions, exact=exact),
        icon=":material/save:",
        type="primary",
    )
    st.caption(
        say(
            "Anyone who gets this file gets your pictures, with everything that cameras write into "
            "them, such as where they were taken."
        )
        if exact
        else say(
            "Anyone who gets this file gets your pictures, without the places, times and serial "
            "numbers that cameras write into them."
        )
    )


def brought(chosen: str, dataset: Dataset) -> None:
    """The runs that came with a data set out of a project, which can be tried at once."""
    found = opening.opened(state.folder_of(chosen))
    if found is None or not found.runs or found.there:
        return
    runs = []
    for each in found.runs:
        with suppress(UserError):  # deleted since
            runs.append(open_run(state.space(), each))
    if not runs:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            several(
                "{count} trained run came with this project.",
                "{count} trained runs came with this project.",
                len(runs),
            ),
            width="content",
        )
        with_network = [run for run in runs if run.has_model]
        if with_network and st.button(
            say("Show it a picture"), icon=":material/image_search:", key="try-opened"
        ):
            state.choose_run(with_network[0])
            state.go("predict", **state.address())
    if len(with_network) < len(runs):
        st.caption(
            several(
                "The network of {count} run did not come along, because it contains a TensorFlow "
                "Hub module. Its results are on Evaluate.",
                "The networks of {count} runs did not come along, because they contain TensorFlow "
                "Hub modules. Their results are on Evaluate.",
                len(runs) - len(with_network),
            )
        )


def told_of_opening(found: opening.Opened) -> str:
    """What became of a project whose data set was here before."""
    told = say(
        "“{name}” is here already, with the same pictures.",
        name=words.plain(words.shortened(found.name, 40)),
    )
    if not found.new_runs:
        return told
    added = several(
        "{count} run was added to it.", "{count} runs were added to it.", found.new_runs
    )
    return f"{told} {added}"
