"""What a network sees before it has learned anything new: ImageNet's 1000 classes."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.backbones.catalogue.backbone import Backbone
from core.backbones.weights.weights import ready_offline
from core.datasets import image_files
from core.datasets.dataset import Dataset, Record
from core.errors import UserError
from core.intake.pictures.preparation import Preparation
from core.jobs import queue, tasks
from core.settings import Squaring
from pages.parts.predict import answer
from pages.parts.shared import (
    problem,
    state,
    thumbnails,
    uploads,
)
from pages.parts.shared.words import say
from pages.parts.train import fetching

_TOP = 5
_WIDGET = "picture-for-the-untouched"
_OFFERED = 6  # pictures of the data set to try


def draw(backbone: Backbone, dataset_id: str, dataset: Dataset, square: Squaring) -> None:
    """Drop a picture, or take one of the data set, and see what the network makes of it."""
    with st.expander(
        say("What does the network see before training?"), icon=":material/visibility:"
    ):
        if backbone.head is None:
            st.write(
                say(
                    "This network was published without its 1000 ImageNet classes, so it has no "
                    "names for what it sees."
                )
            )
        elif not ready_offline(backbone, head=True):
            st.write(
                say(
                    "Its 1000 ImageNet classes are in a separate file that is not on this computer."
                )
            )
            fetching.offer(backbone, head=True)
        else:
            preparation = replace(dataset.preparation, square=square)
            _try(backbone, dataset_id, dataset, preparation)


def _try(backbone: Backbone, dataset_id: str, dataset: Dataset, preparation: Preparation) -> None:
    st.write(
        say(
            "Before it learns your classes, it knows the 1000 classes of ImageNet and has to call "
            "every picture one of them. Show it one of your pictures or any other, such as a pet "
            "or a fruit:"
        )
    )
    folder = state.folder_of(dataset_id)
    grid = st.grid(3, min_column_width=72, gap="small")
    for place, record in enumerate(_offered(dataset), 1):
        with grid.cell():
            thumbnails.picture(
                image_files.thumbnail(folder, record.digest),
                say("A picture of class {name}", name=record.label),
            )
            if st.button(
                say("Show {number}", number=place), key=state.key("show", place), width="stretch"
            ):
                name, path = Path(record.file).name, image_files.original(folder, record.digest)
                _look(backbone, preparation, name, [path])
    dropped = st.file_uploader(say("Or any other picture"), key=state.turn(_WIDGET))
    if dropped is not None:
        state.renew(_WIDGET)
        with uploads.on_disk([(dropped.name, dropped)]) as paths:
            _look(backbone, preparation, dropped.name, paths)
        st.rerun()
    problem.draw(_WIDGET)
    seen = state.seen_untouched(_shown_to(backbone, preparation))
    if seen:
        answer.draw(seen)


def _offered(dataset: Dataset) -> list[Record]:
    """One picture of each of the first classes."""
    first: dict[str, Record] = {}
    for record in dataset.records:
        first.setdefault(record.label, record)
    return [first[label] for label in dataset.classes if label in first][:_OFFERED]


def _shown_to(backbone: Backbone, preparation: Preparation) -> str:
    """What an answer is remembered by: it holds for one network that sees in one way."""
    return f"{backbone.name}-{backbone.alpha:g}-{preparation.square}-{preparation.key}"


def _look(backbone: Backbone, preparation: Preparation, name: str, paths: list[Path]) -> None:
    try:
        with st.spinner(say("Looking… The first time takes a few seconds longer.")):
            (said,) = queue.ask(tasks.look, backbone, paths, _TOP, preparation)
    except UserError as error:
        state.keep_notice(error, _WIDGET)
    else:
        state.keep_seen(_shown_to(backbone, preparation), replace(said, file=name))
