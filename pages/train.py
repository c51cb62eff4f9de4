"""The Train page: choose, press Train, and watch it learn."""

import streamlit as st

from core.errors import UserError
from core.jobs import queue
from core.runs import Run, RunState, RunStatus
from pages.parts import bring, controls, live, state, words


def main() -> None:
    state.adopt_address()
    problem = state.notice()
    try:
        run = state.run()
    except UserError as error:
        run, problem = None, str(error)
        state.choose_run(None)
    if problem:
        st.error(words.plain(problem), icon=":material/error:")
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
    st.write(
        f"It will learn the {words.several(len(dataset.classes), 'class', 'classes')} of "
        f"**{words.plain(dataset.name)}** from {words.several(len(dataset.records), 'image')}. "
        "All is set for a good first try: just press Train."
    )
    place = st.container()
    try:
        settings = controls.draw(len(dataset.classes))
        if place.button(
            "Train", type="primary", icon=":material/play_arrow:", key="train", width=220
        ):
            state.choose_run(queue.submit_training(chosen, settings, data=dataset.name))
            st.rerun()
    except UserError as error:
        place.error(words.plain(str(error)), icon=":material/error:")


def watch(run: Run) -> None:
    """A run, live or over."""
    settings = run.settings
    st.title(words.plain(run.data), anchor=False)
    st.caption(controls.summary(settings))
    ending = st.container()
    current = live.draw(run)
    if current.status.final:
        with ending:
            over(run, current)


def over(run: Run, current: RunState) -> None:
    """How it ended, and what to do next."""
    results = run.results()
    if current.status is RunStatus.FAILED:
        number = f" (number {current.incident})" if current.incident else ""
        st.error(
            words.plain(current.message or "This run ended without a word.") + number,
            icon=":material/error:",
        )
    elif results is None:
        st.info(
            "Stopped before the first epoch had ended, so there is nothing to keep yet.",
            icon=":material/stop_circle:",
        )
    else:
        stopped = current.status is RunStatus.STOPPED
        st.success(
            f"{'Stopped; the best so far is kept' if stopped else 'Done'}: it gets "
            f"**{words.percent(results['accuracy'])}** right, {results['correct']} of "
            f"{results['images']} pictures that it had never seen.",
            icon=":material/check_circle:",
        )
    with st.container(horizontal=True):
        if results is not None and st.button(
            "Look at the results", type="primary", icon=":material/arrow_forward:", key="lead-on"
        ):
            state.go("evaluate", run=run.id)
        st.button(
            "Train again",
            type="secondary" if results is not None else "primary",
            icon=":material/replay:",
            key="again",
            on_click=again,
            args=(run,),
        )


def again(run: Run) -> None:
    """Back to the controls, set as they were for this run."""
    state.use_settings(run.settings)
    state.choose_run(None)
    if run.dataset:
        state.choose_dataset(run.dataset)


main()
