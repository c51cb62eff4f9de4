"""Bringing pictures in: starter sets, a zip or a folder, and the import as it happens."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.data import archive, samples, store
from core.data.dataset import Dataset
from core.errors import UserError
from core.jobs import queue
from core.runs import RunStatus
from pages.parts import division, state, uploads, words

_EVERY = 0.5  # seconds between two looks at an import
_ENDINGS = sorted({each.rsplit(".", 1)[-1] for each in archive.ENDINGS})
_LAYOUT = """\
pets.zip
├── cats
│   ├── tom.jpg
│   └── minka.png
└── dogs
    ├── rex.jpg
    └── bella.jpg"""


def imported(chosen: str) -> Dataset | None:
    """A stored data set, or None while it is still being read.

    Raises:
        UserError: It could not be read, or is no longer there.
    """
    folder = store.folder_of(chosen)
    if not (folder / "manifest.json").is_file():
        current = queue.import_state(chosen)
        if not current.status.final:
            return None
        if current.status is RunStatus.STOPPED:
            raise UserError("You stopped the reading of these pictures, so none were kept.")
        if current.status is RunStatus.FAILED:
            raise UserError(current.message or "These pictures could not be read. Try again.")
    return _remembered(folder)


def all_imported() -> list[tuple[str, Dataset]]:
    """Ids and manifests of all complete data sets, newest first."""
    return store.all_datasets(_remembered)


def _remembered(folder: Path) -> Dataset:
    manifest = folder / "manifest.json"
    return _load(str(folder), manifest.stat().st_mtime_ns if manifest.is_file() else 0)


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(folder: str, changed: int) -> Dataset:
    """Read once a manifest that may list 20,000 images; it never changes under its name."""
    return store.load(Path(folder))


def draw(problem: str | None) -> None:
    """The page before there are pictures: what is wanted, and three ways to bring it."""
    st.title("Teach a network your own classes", anchor=False)
    st.write(
        "Bring some pictures of each thing that it should tell apart. A dozen of each is enough "
        "to begin with. They stay on the computer that Thaw runs on."
    )
    if problem:
        st.error(words.plain(problem), icon=":material/error:")
    own, starters = st.columns(2, gap="large")
    with own:
        _own_pictures()
    with starters:
        _starter_sets()


@st.fragment(run_every=_EVERY)
def progress(chosen: str) -> None:
    """An import as it happens."""
    current = queue.import_state(chosen)
    if current.status.final:
        st.rerun()
    st.title("Reading your pictures", anchor=False)
    if current.total:
        st.progress(
            current.done / current.total,
            text=f"{words.number(current.done)} of {words.number(current.total)} files"
            + words.left(current.seconds_left),
        )
    else:
        st.progress(0.0, text="Opening…")
    st.caption("Every file is opened once to see that it really is a picture.")
    if st.button("Cancel", icon=":material/close:", key="cancel-import"):
        queue.stop_import(chosen)


def _own_pictures() -> None:
    st.subheader("Your own pictures", anchor=False)
    st.write("One folder for each class, named after it:")
    st.code(_LAYOUT, language=None)
    way = st.segmented_control(
        "How to bring them",
        ["zip", "folder"],
        default="zip",
        required=True,
        format_func={"zip": "As a zip file", "folder": "As a folder"}.get,
        label_visibility="collapsed",
        key="way",
    )
    split = division.choose()
    if way == "zip":
        packed = st.file_uploader("A zip or tar of class folders", _ENDINGS, key=state.turn("zip"))
        if packed is not None:
            name = archive.without_ending(packed.name)
            _start("zip", lambda: queue.submit_import(uploads.keep_archive(packed), name, split))
    else:
        files = st.file_uploader(
            "A folder of class folders",
            accept_multiple_files="directory",
            key=state.turn("folder"),
        )
        if files:
            name = uploads.safe_name(files[0].name).split("/")[0]
            _start("folder", lambda: queue.submit_import(uploads.keep_folder(files), name, split))


def _starter_sets() -> None:
    st.subheader("Or a starter set", anchor=False)
    st.write("Nothing to download, ready in seconds.")
    for name, sample in samples.SAMPLES.items():
        with st.container(border=True):
            st.markdown(f"**{sample.title}**")
            with st.container(horizontal=True, gap="xsmall"):
                for label, picture in _previews(name):
                    st.image(picture, width=64, alt=f"A picture of the class {label}")
            st.write(sample.description)
            if st.button(
                f"Use {sample.title}",
                type="primary" if name == next(iter(samples.SAMPLES)) else "secondary",
                icon=":material/arrow_forward:",
                key=f"sample-{name}",
            ):
                _start("zip", lambda name=name: queue.submit_sample(name))


@st.cache_data(show_spinner=False)
def _previews(name: str) -> list[tuple[str, bytes]]:
    """One picture of each of the first classes."""
    seen: dict[str, bytes] = {}
    for _, picture, label in samples.examples(name):
        seen.setdefault(label, picture)
    return list(seen.items())[:4]


def _start(widget: str, submit: Callable[[], str]) -> None:
    """Let go of what the uploader holds, begin an import, and show the way in."""
    state.renew(widget)  # first, so that a rerun meanwhile does not begin it again
    try:
        chosen = submit()
    except UserError as error:
        state.notice(error)
    else:
        state.choose_run(None)
        state.choose_dataset(chosen)
    st.rerun()
