"""Adding pictures: starter sets, a zip or a folder, and the import while it runs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from core.datasets import changes, store
from core.datasets.dataset import Dataset
from core.datasets.samples import samples
from core.errors import UserError
from core.intake import incoming
from core.jobs import queue
from core.settings import SplitSettings
from core.storage import files, home, own_names
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run
from pages.components import upload_zone
from pages.parts.data import asking, division
from pages.parts.shared import problem, state, words
from pages.parts.shared.words import later, say

_EXAMPLES = (later("thumb up"), later("thumb down"))
_LATEST = 3  # data sets that the empty page leads back to
_PICTURES = 4  # by which a list shows a data set
_EVERY = 0.5  # seconds between two looks at an import
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
    folder = state.folder_of(chosen)
    if not store.is_complete(folder):
        current = queue.import_state(folder)
        if not current.status.final or current.question is not None:
            return None
        if current.status is RunStatus.STOPPED:
            raise UserError("You cancelled the import, so none of these pictures were kept.")
        if current.status is RunStatus.FAILED:
            raise UserError(
                current.message or later("These pictures could not be read. Try again.")
            )
    return remembered(folder)


def learned_by(run: Run) -> Dataset | None:
    """The data set that a run has learned from, as it is now; None where it is gone."""
    try:
        return imported(run.dataset_id) if run.dataset_id else None
    except UserError:
        return None


@dataclass(frozen=True)
class Summary:
    """What a list shows of a data set, small enough to remember for hundreds of them.

    Attributes:
        name: As the user calls it.
        images: How many there are.
        classes: How many there are.
        total_bytes: Size of all image files together.
        pictures: Class and digest of one image of each of the first classes that have any.
    """

    name: str
    images: int
    classes: int
    total_bytes: int
    pictures: tuple[tuple[str, str], ...]


def all_imported(most: int | None = None) -> list[tuple[str, Summary]]:
    """Ids and summaries of all complete data sets, or of so many; newest first, no damaged ones."""
    found: list[tuple[str, Summary]] = []
    for chosen in store.all_ids(state.space()):
        if len(found) == most:
            break
        with suppress(UserError):
            found.append((chosen, summary(chosen)))
    return found


def summary(chosen: str) -> Summary:
    """What a list shows of a data set.

    Raises:
        UserError: It is gone, not complete, or damaged.
    """
    folder = state.folder_of(chosen)
    return _summary(str(folder), store.stamp(folder), own_names.stamp(folder))


@st.cache_resource(max_entries=1000, show_spinner=False)
def _summary(folder: str, stamp: files.Stamp, named: files.Stamp) -> Summary:
    dataset = store.load(Path(folder))
    first = {record.label: record.digest for record in reversed(dataset.records)}
    pictures = [(label, first[label]) for label in dataset.classes if label in first]
    return Summary(
        dataset.name,
        len(dataset.records),
        len(dataset.classes),
        dataset.total_bytes,
        tuple(pictures[:_PICTURES]),
    )


def remembered(folder: Path) -> Dataset:
    """A complete data set, of which each version is read once.

    Raises:
        UserError: It is gone, not complete, or damaged.
    """
    return _load(str(folder), store.stamp(folder), own_names.stamp(folder))


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(folder: str, stamp: files.Stamp, named: files.Stamp) -> Dataset:
    """Read each version once: its manifest may list 20,000 images."""
    return store.load(Path(folder))


def draw(lost: str | None) -> None:
    """The page before there are pictures: what is needed, and three ways to add it.

    Args:
        lost: Why the data set at hand is missing.
    """
    st.title(say("Teach a network your own classes"), anchor=False)
    st.write(
        say(
            "Add some pictures of each thing that it should learn to tell apart. A dozen of each "
            "is enough to start with. They stay on the computer that runs Thaw."
        )
    )
    if lost:
        st.error(words.plain(lost), icon=":material/error:")
    _back()
    filming, own, starters = st.columns(3, gap="medium")  # one below the other on a phone
    with filming:
        _empty_classes()
    with own:
        _own_pictures()
    with starters:
        _starter_sets()


def _back() -> None:
    """Links to the latest data sets, for people who came here by accident."""
    latest = all_imported(_LATEST)
    if not latest:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(say("Continue with"), width="content")
        for chosen, dataset in latest:
            name = words.plain(words.shortened(dataset.name, 30))
            if st.button(name, key=state.key("go-on", chosen), icon=":material/undo:"):
                _show(chosen)


def under_way(chosen: str) -> None:
    """An import while it runs, or the question that it has."""
    asked = queue.import_state(state.folder_of(chosen))
    if asked.question is not None:
        asking.draw(chosen, asked)
    else:
        _progress(chosen)


@st.fragment(run_every=_EVERY)
def _progress(chosen: str) -> None:
    current = queue.import_state(state.folder_of(chosen))
    if current.status.final:
        st.rerun()
    st.title(say("Importing your pictures"), anchor=False)
    if current.stage is Stage.PROVING:
        st.progress(1.0, text=say("Checking its trained networks"))
    elif current.total:
        st.progress(
            current.done / current.total,
            text=say("{done} of {total} files", done=current.done, total=current.total)
            + words.left(current.seconds_left),
        )
    else:
        st.progress(0.0, text=say("Opening…"))
    if current.read_as:
        st.write(words.plain(current.read_as))
    st.caption(say("Thaw opens every file once to check that it really is a picture."))
    if st.button(say("Cancel"), icon=":material/close:", key="cancel-import"):
        queue.stop_import(state.folder_of(chosen))


def _own_pictures() -> None:
    st.header(f":material/folder_open: {say('Your own pictures')}", anchor=False)
    st.write(say("One folder per class, named after it:"))
    st.code(_LAYOUT, language=None)
    split = division.choose()
    whole = upload_zone.draw(state.turn("own"))
    st.caption(
        say(
            "Saved projects open here too: those of Thaw (.thaw) with their runs, those of "
            "Teachable Machine (.tm) with their pictures and classes."
        )
    )
    problem.draw("own")
    if whole is not None:
        _start("own", lambda: _import(*whole, split))


def _import(upload_id: str, secret: str, split: SplitSettings) -> str:
    whole = incoming.take(state.space(), upload_id, secret)
    return queue.submit_import(whole.path, whole.name, split)


def _empty_classes() -> None:
    """A way to begin without pictures: each class is filled afterwards."""
    st.header(f":material/photo_camera: {say('With the camera')}", anchor=False)
    st.write(
        say("Name your classes first, then take pictures of each with your webcam or drop some in.")
    )
    widget = state.turn("classes")
    names: list[str] = []
    while len(names) < 2 or names[-1]:  # there is always one more to fill
        place = len(names)
        given = st.text_input(
            say("Class {number}", number=place + 1),
            key=state.key(widget, place),
            placeholder=say(_EXAMPLES[place] if place < len(_EXAMPLES) else later("optional")),
            max_chars=80,
        )
        names.append((given or "").strip())
    name = st.text_input(
        say("Name of the data set"), key=state.key(widget, "name"), placeholder=say("my hand")
    )
    classes = [each for each in names if each]
    if st.button(say("Create these classes"), icon=":material/arrow_forward:", key="make-classes"):
        try:
            chosen = _make_empty(name or "", classes)
        except UserError as error:  # what was written stays, to be mended
            st.error(words.plain(error.said), icon=":material/error:")
        else:
            state.renew("classes")
            _show(chosen)


def _make_empty(name: str, classes: list[str]) -> str:
    if not classes:
        raise UserError("Expected the name of at least one class. Enter one, such as “thumb up”.")
    title = " ".join((name or words.comma(classes)).split())
    chosen = home.new_id()
    empty = changes.empty(words.shortened(title, 80), classes, SplitSettings())
    store.create(state.folder_of(chosen), empty)
    return chosen


def _starter_sets() -> None:
    st.header(f":material/redeem: {say('A starter set')}", anchor=False)
    st.write(say("Nothing to download, ready in seconds."))
    for name, sample in samples.SAMPLES.items():
        with st.container(border=True):
            st.markdown(f"**{say(sample.title)}**")
            with st.container(horizontal=True, gap="xsmall"):
                for label, picture in _previews(name):
                    st.image(picture, width=64, alt=say("A picture of class {name}", name=label))
            st.write(say(sample.description))
            if st.button(
                say("Use {title}", title=say(sample.title)),
                type="primary" if name == next(iter(samples.SAMPLES)) else "secondary",
                icon=":material/arrow_forward:",
                key=state.key("sample", name),
            ):
                _start(
                    state.key("sample", name),
                    partial(queue.submit_sample, state.space(), name),
                )
            problem.draw(state.key("sample", name))


@st.cache_data(show_spinner=False)
def _previews(name: str) -> list[tuple[str, bytes]]:
    """One picture of each of the first classes."""
    seen: dict[str, bytes] = {}
    for _, picture, label in samples.examples(name):
        seen.setdefault(label, picture)
    return list(seen.items())[:4]


def _start(pressed: str, submit: Callable[[], str]) -> None:
    """Empty the place to drop pictures, begin an import, and show the way in.

    Args:
        pressed: The key of the control, beside which an error message is shown.
        submit: Begins the import.
    """
    state.renew("own")  # first, so that a rerun meanwhile does not begin it again
    try:
        chosen = submit()
    except UserError as error:
        state.keep_notice(error, pressed)
        st.rerun()
    _show(chosen)


def _show(chosen: str) -> None:
    """Open a data set."""
    state.choose_run(None)
    state.choose_dataset(chosen)
    st.rerun()
