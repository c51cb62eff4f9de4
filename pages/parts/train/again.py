"""Back to the controls of the Train page, set as they were for a run."""

from core.storage.runs import Run
from pages.parts.shared import state


def prepare(run: Run) -> None:
    """Set the controls as they were for a run, before they are drawn."""
    state.use_settings(run.ordered)
    if run.dataset_id:
        state.set_for(run.dataset_id, touched=True)
    another(run)


def another(run: Run) -> None:
    """Let go of a run, with its data set at hand."""
    state.choose_run(None)
    if run.dataset_id:
        state.choose_dataset(run.dataset_id)
