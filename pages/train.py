"""The Train page: choose, press Train, and watch it learn."""

import streamlit as st

from core.backbones.catalogue.rows import backbone_of, summary
from core.backbones.weights.weights import ready_offline
from core.datasets.dataset import Dataset
from core.datasets.enough import check
from core.errors import UserError
from core.jobs import queue
from core.settings import IMAGENET
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run, RunState
from pages.parts.data import bring, gallery, gather
from pages.parts.shared import (
    problem,
    state,
    words,
)
from pages.parts.train import (
    advice,
    controls,
    cost,
    kept,
    live,
)

_MORE_EPOCHS = 5


def main() -> None:
    state.adopt_address()
    try:
        run = state.run()
    except UserError as error:
        run = None
        st.error(words.plain(str(error)), icon=":material/error:")
        state.choose_run(None)
    problem.draw("resume")
    if run is None:
        choose()
    else:
        watch(run)


def choose() -> None:
    """The controls, and the one button."""
    st.title("Train", anchor=False)
    try:
        chosen = state.dataset_id()
        dataset = bring.imported(chosen) if chosen else None
    except UserError as error:
        st.error(words.plain(str(error)), icon=":material/error:")
        chosen, dataset = None, None
    if chosen is None or dataset is None:
        st.write(
            "Here you choose how much of a pretrained network to thaw, press Train, and watch it "
            "learn your classes. First it needs pictures."
        )
        if st.button("Bring pictures", type="primary", icon=":material/add_photo_alternate:"):
            state.go("data", **state.address())
        return
    try:
        check(dataset)
    except UserError as error:
        st.info(words.plain(str(error)), icon=":material/photo_library:")
        if st.button("Go to the pictures", type="primary", icon=":material/arrow_back:"):
            if dataset.classes:
                gallery.open_class(min(dataset.classes, key=dataset.counts.__getitem__))
            state.go("data", data=chosen)
        return
    st.write(
        f"It will learn the {words.several(len(dataset.classes), 'class', 'classes')} of "
        f"**{words.plain(dataset.name)}** {divided(dataset)}. Press Train, or change what you "
        "like first."
    )
    gather.left_out_in_a_line(dataset)
    place, suggestion = st.container(), st.container()
    settings, suggested = None, advice.known(chosen, dataset)
    state.grant_preset()
    kept.bring_back(chosen)
    try:
        settings = controls.draw(chosen, dataset)
        missing = settings.weights == IMAGENET and not ready_offline(backbone_of(settings))
        with place:
            if st.button(
                "Train",
                type="primary",
                icon=":material/play_arrow:",
                key="train",
                width=220,
                disabled=missing,
                help="This network has to be downloaded first, see below." if missing else None,
            ):
                state.choose_run(queue.submit_training(chosen, settings))
                st.rerun()
            kept.keep(chosen, settings)
            advice.preset(suggested, settings)
            before = queue.ahead()
            if before:
                st.caption(f":material/hourglass_top: {live.behind(before)}")
            cost.draw(chosen, settings, dataset.split_counts)
    except UserError as error:
        place.error(words.plain(str(error)), icon=":material/error:")
    with suggestion:
        advice.draw(chosen, suggested, settings)


def divided(dataset: Dataset) -> str:
    """What it learns from and what it is checked on."""
    counts = dataset.split_counts
    told = f"from {words.several(counts['train'], 'image')}"
    if counts["validation"]:
        told += f" and is checked on {words.several(counts['validation'], 'other')}"
    if counts["test"]:
        told += f", with {words.number(counts['test'])} more for a last test"
    return told


def watch(run: Run) -> None:
    """A run, live or over."""
    settings = run.settings
    st.title(words.plain(run.name), anchor=False)
    ending = st.container()
    current = live.draw(run)
    st.caption(words.plain(summary(settings, current.epochs)))
    if current.status.final:
        with ending:
            over(run, current)
    else:
        st.button(
            "Set up another run",
            type="tertiary",
            icon=":material/add:",
            key="another",
            on_click=another,
            args=(run,),
        )


def over(run: Run, current: RunState) -> None:
    """How it ended, and what to do next."""
    results = run.results()
    if current.status in (RunStatus.FAILED, RunStatus.INTERRUPTED):
        number = f" (number {current.incident})" if current.incident else ""
        told = words.plain(current.message or "This run ended without a word.") + number
        if current.status is RunStatus.FAILED:
            st.error(told, icon=":material/error:")
        else:
            st.warning(told, icon=":material/power_off:")
    elif current.history and current.finishing in (Stage.TRAINING, Stage.EVALUATION):
        st.info(
            f"Stopped. The best so far, epoch {current.best_epoch}, is being checked and saved.",
            icon=":material/stop_circle:",
        )
    elif results is None:
        st.info(
            "Stopped before it had learned anything new. Resume goes on from its last epoch."
            if current.history
            else "Stopped before the first epoch had ended, so there is nothing to keep yet.",
            icon=":material/stop_circle:",
        )
    else:
        st.success(
            f"{ended(run, current)}: it gets **{words.percent(results['accuracy'])}** right, "
            f"{results['correct']} of {results['images']} pictures that it did not learn from.",
            icon=":material/check_circle:",
        )
    if current.finishing is not None:
        live.finishing(run)
    with st.container(horizontal=True):
        go_on = queue.can_go_on(run, current)
        if results is not None and st.button(
            "Look at the results", type="primary", icon=":material/arrow_forward:", key="lead-on"
        ):
            state.go("evaluate", run=run.id)
        if go_on and current.status is RunStatus.FINISHED:
            st.button(
                f"Train {_MORE_EPOCHS} more epochs",
                icon=":material/fast_forward:",
                key="more",
                on_click=resume,
                args=(run, _MORE_EPOCHS),
            )
        elif go_on:
            st.button(
                "Resume",
                type="secondary" if results is not None else "primary",
                icon=":material/resume:",
                key="resume",
                on_click=resume,
                args=(run,),
                help="It goes on from its last epoch.",
            )
        st.button(
            "Train again",
            type="secondary" if results is not None or go_on else "primary",
            icon=":material/replay:",
            key="again",
            on_click=again,
            args=(run,),
            help="Back to the controls, set as they were for this run.",
        )


def ended(run: Run, current: RunState) -> str:
    """How a run ended that has results."""
    if current.status is RunStatus.STOPPED:
        return "Stopped; the best so far is kept"
    epochs = current.epochs or run.settings.epochs
    if len(current.history) < epochs:
        return (
            f"Done early, since {words.several(run.settings.patience, 'epoch')} in a row were no "
            "better"
        )
    return "Done"


def resume(run: Run, more: int = 0) -> None:
    """Queue it again."""
    try:
        queue.resume(run, more=more)
    except UserError as error:
        state.keep_notice(error, "resume")


def again(run: Run) -> None:
    """Back to the controls, set as they were for this run."""
    state.use_settings(run.settings)
    if run.dataset_id:
        state.set_for(run.dataset_id, touched=True)
    another(run)


def another(run: Run) -> None:
    """Back to the controls, with the run's data set at hand."""
    state.choose_run(None)
    if run.dataset_id:
        state.choose_dataset(run.dataset_id)


main()
