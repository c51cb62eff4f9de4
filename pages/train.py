"""The Train page: choose, press Train, and watch it learn."""

from dataclasses import replace

import streamlit as st

from core.backbones.catalogue.rows import backbone_of, summary
from core.backbones.weights.weights import ready_offline
from core.datasets.dataset import Dataset
from core.datasets.enough import check
from core.errors import UserError
from core.jobs import foresight, queue
from core.settings import IMAGENET
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run, RunState
from pages.parts.data import bring, gallery, gather
from pages.parts.shared import (
    problem,
    state,
    words,
)
from pages.parts.shared.words import later, say, several
from pages.parts.train import (
    advice,
    again,
    comparing,
    controls,
    cost,
    kept,
    live,
    one_class,
)

_MORE_EPOCHS = 5


def main() -> None:
    state.adopt_address()
    try:
        run = state.run()
    except UserError as error:
        run = None
        st.error(words.plain(error.said), icon=":material/error:")
        state.choose_run(None)
    problem.draw("resume")
    if run is None:
        choose()
    else:
        watch(run)


def choose() -> None:
    """The controls and the Train button."""
    st.title(say("Train"), anchor=False)
    try:
        chosen = state.dataset_id()
        dataset = bring.imported(chosen) if chosen else None
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
        chosen, dataset = None, None
    if chosen is None or dataset is None:
        st.write(
            say(
                "Here you choose how much of a pretrained network to thaw and watch it learn your "
                "classes. First it needs pictures."
            )
        )
        if st.button(
            say("Add pictures"),
            type="primary",
            icon=":material/add_photo_alternate:",
            key="bring",
        ):
            state.go("data", **state.address())
        return
    try:
        check(dataset)
    except UserError as error:
        st.info(words.plain(error.said), icon=":material/photo_library:")
        if st.button(
            say("Go to the pictures"),
            type="primary",
            icon=":material/arrow_back:",
            key="to-pictures",
        ):
            if dataset.classes:
                gallery.open_class(min(dataset.classes, key=dataset.counts.__getitem__))
            state.go("data", data=chosen)
        return
    alone = len(dataset.classes) == 1
    st.write(
        several(
            "It will learn the {count} class of **{name}**.",
            "It will learn the {count} classes of **{name}**.",
            len(dataset.classes),
            name=words.plain(dataset.name),
        )
        + f" {divided(dataset)}"
        + (f" {say('Press Train, or change any setting first.')}" if not alone else "")
    )
    gather.left_out_in_a_line(dataset)
    if alone:
        one_class.draw(chosen, dataset)
        return
    place, suggestion = st.container(), st.container()
    settings, suggested = None, advice.known(chosen, dataset)
    state.grant_preset()
    kept.bring_back(chosen)
    try:
        with place:
            budget = controls.budget()
        settings = replace(controls.draw(chosen, dataset), budget=budget)
        missing = settings.weights == IMAGENET and not ready_offline(backbone_of(settings))
        with place:
            if st.button(
                say("Train"),
                type="primary",
                icon=":material/play_arrow:",
                key="train",
                width=220,
                disabled=missing,
                help=say("This network has to be downloaded first, see below.")
                if missing
                else None,
            ):
                state.choose_run(queue.submit_training(state.folder_of(chosen), settings))
                st.rerun()
            kept.keep(chosen, settings)
            advice.preset(suggested, settings)
            before = queue.ahead()
            if before:
                st.caption(f":material/hourglass_top: {live.behind(before)}")
            cost.draw(chosen, settings, dataset.split_counts)
    except UserError as error:
        place.error(words.plain(error.said), icon=":material/error:")
    with suggestion:
        advice.draw(chosen, suggested, settings)
    if settings is not None:
        comparing.draw(chosen, settings)
    foresight.look_ahead(state.folder_of(chosen), len(dataset.records))


def divided(dataset: Dataset) -> str:
    """How many pictures it learns from and how many it is checked on."""
    counts = dataset.split_counts
    parts = [
        several("{count} training picture", "{count} training pictures", counts["train"]),
        several("{count} validation picture", "{count} validation pictures", counts["validation"]),
        several("{count} test picture", "{count} test pictures", counts["test"]),
    ]
    shown = [part for part, count in zip(parts, counts.values(), strict=True) if count]
    return say("There are {parts}.", parts=words.comma(shown))


def watch(run: Run) -> None:
    """A run, live or finished."""
    st.title(words.plain(run.name), anchor=False)
    ending = st.container()
    current = live.draw(run)
    settings = run.settings
    st.caption(words.plain(summary(settings, current.epochs)))
    if current.status.final:
        with ending:
            over(run, current)
    else:
        st.button(
            say("Set up another run"),
            type="tertiary",
            icon=":material/add:",
            key="another",
            on_click=again.another,
            args=(run,),
        )


def over(run: Run, current: RunState) -> None:
    """How a run ended, and what to do next."""
    results = run.results()
    if current.status in (RunStatus.FAILED, RunStatus.INTERRUPTED):
        message = current.message or later("This run ended without an error message.")
        text = words.plain(message)
        if current.incident:
            text += " " + say("Report number: {number}.", number=current.incident)
        if current.status is RunStatus.FAILED:
            st.error(text, icon=":material/error:")
        else:
            st.warning(text, icon=":material/power_off:")
    elif current.finishing is not None and current.tried and results is None:
        st.info(
            say("Stopped. The best candidate so far is now evaluated and saved."),
            icon=":material/stop_circle:",
        )
    elif current.history and current.finishing in (Stage.TRAINING, Stage.EVALUATION):
        st.info(
            say(
                "Stopped. The best epoch so far ({number}) is now evaluated and saved.",
                number=current.best_epoch,
            ),
            icon=":material/stop_circle:",
        )
    elif results is None:
        st.info(
            say(
                "Stopped before it had learned anything new. “Resume” continues from the last "
                "epoch."
                if current.history
                else "Stopped before the end of the first epoch, so there is nothing to keep."
            ),
            icon=":material/stop_circle:",
        )
    else:
        st.success(
            f"{ended(run, current)} "
            + say(
                "It gets **{share}** right: {correct} of {count} held-out pictures.",
                share=words.percent(results["accuracy"]),
                correct=results["correct"],
                count=results["images"],
            )
            + words.refitted(results),
            icon=":material/check_circle:",
        )
    if current.finishing is not None:
        live.finishing(run)
    with st.container(horizontal=True):
        go_on = queue.can_go_on(run, current)
        if results is not None and st.button(
            say("See the results"), type="primary", icon=":material/arrow_forward:", key="lead-on"
        ):
            state.go("evaluate", run=run.id)
        if go_on and current.status is RunStatus.FINISHED:
            st.button(
                say("Train {count} more epochs", count=_MORE_EPOCHS),
                icon=":material/fast_forward:",
                key="more",
                on_click=resume,
                args=(run, _MORE_EPOCHS),
            )
        elif go_on:
            st.button(
                say("Resume"),
                type="secondary" if results is not None else "primary",
                icon=":material/resume:",
                key="resume",
                on_click=resume,
                args=(run,),
                help=say("Continues from the last epoch."),
            )
        st.button(
            say("Train again"),
            type="secondary" if results is not None or go_on else "primary",
            icon=":material/replay:",
            key="again",
            on_click=again.prepare,
            args=(run,),
            help=say("Back to the settings, as they were for this run."),
        )


def ended(run: Run, current: RunState) -> str:
    """How a run with results ended."""
    if current.status is RunStatus.STOPPED:
        return say(
            "Stopped; the best candidate so far is kept."
            if current.tried
            else "Stopped; the best epoch so far is kept."
        )
    if current.tried:
        return say("Finished.")
    epochs = current.epochs or run.settings.epochs
    if len(current.history) < epochs:
        return several(
            "Finished early: {count} epoch brought no improvement (early stopping).",
            "Finished early: {count} epochs in a row brought no improvement (early stopping).",
            run.settings.patience,
        )
    return say("Finished.")


def resume(run: Run, more: int = 0) -> None:
    """Queue it again."""
    try:
        queue.resume(run, more=more)
    except UserError as error:
        state.keep_notice(error, "resume")


main()
