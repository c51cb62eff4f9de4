"""Many pictures at once: the place to drop a folder or a zip, and how far the network is."""

import streamlit as st

from core.errors import UserError
from core.intake import incoming
from core.jobs.bulk import answering
from core.results import predictions
from core.storage.job import RunStatus
from core.storage.runs import Run, open_run
from pages.components import upload_zone
from pages.parts.shared import problem, state, waiting, words
from pages.parts.shared.words import later, say

_EVERY = 0.5  # seconds between two looks
_WIDGET = "many"


def bring(run: Run) -> None:
    """The place to drop them; while the network looks at some, how far it is.

    Args:
        run: It has a model.
    """
    current = answering.state(run)
    if current.submitted and not current.status.final:
        st.fragment(_progress, run_every=_EVERY)(run)
        return
    message = state.notice(_WIDGET)
    failed = current.status is RunStatus.FAILED
    with st.expander(
        say("Many pictures: a folder or a zip"),
        icon=":material/photo_library:",
        expanded=bool(message or failed),
    ):
        if message:
            st.error(words.plain(message), icon=":material/error:")
        if failed:
            why = current.message or later("These pictures could not be read. Try again.")
            problem.of_job(answering.job_of(run).folder, why, "dismiss-many")
        st.write(
            say(
                "Up to {most} pictures at once, in any folders. You can leave this page meanwhile; "
                "a file that is no picture is listed with the reason.",
                most=predictions.AT_ONCE,
            )
        )
        brought = upload_zone.draw_for_answers(state.turn(_WIDGET), run.id)
    if brought is not None:
        state.renew(_WIDGET)  # first, so that a rerun does not begin it again
        try:
            whole = incoming.take(state.space(), brought.upload_id, brought.secret)
            answering.submit(whole.path, whole.name, open_run(state.space(), brought.dataset))
        except UserError as error:
            state.keep_notice(error, _WIDGET)
        else:
            state.tick("predict", run)
        st.rerun()


def _progress(run: Run) -> None:
    current = answering.state(run)
    if current.status.final:
        st.rerun()
    name = words.plain(words.shortened(current.name, 40))
    text = say("Looking at “{name}”", name=name)
    if current.total:
        text += " · " + say("{done} of {total}", done=current.done, total=current.total)
    kept = say("What it has answered by then is kept.")
    waiting.draw(current, text, "cancel-many", answering.stop, run, kept)
