"""The Predict page: show it new pictures and see what it thinks."""

import streamlit as st

from core.datasets.dataset import Dataset
from core.results import predictions
from core.storage.runs import Run
from pages.components import live
from pages.parts.data import bring, gather, mend
from pages.parts.predict import answers, many, naming, wrong
from pages.parts.shared import choose_run, state
from pages.parts.shared.words import later, say

_WAITING = later(
    "Here you show pictures to a trained network and see what it thinks they are and how sure it "
    "is."
)


def main() -> None:
    st.title(say("Predict"), anchor=False)
    run = choose_run.draw(say(_WAITING))
    if run is not None:
        show(run)


def show(run: Run) -> None:
    dataset = bring.learned_by(run)
    live.draw("live", run)
    naming.drop(run)
    many.bring(run)
    gather.left_out_in_a_line(dataset)
    naming.examples(run)
    corrected = st.container()  # of its own, so that what comes and goes moves nothing below it
    if dataset is not None:
        with corrected:
            _corrected(run, dataset)
    answers.draw(run, dataset)


def _corrected(run: Run, dataset: Dataset) -> None:
    """What became of pictures whose right class was told, and the way to train again."""
    assert run.dataset_id is not None
    gather.under_way(run.dataset_id, dataset)
    there = {record.digest for record in dataset.records}
    told = {wrong.digest(said) for said in predictions.kept(run)}
    if dataset.version == run.version or there.isdisjoint(told):
        return
    with st.container(border=True):
        mend.last_change(run.dataset_id, dataset)
        st.write(say("The network has not learned from this yet. Train again to see the effect."))
        if st.button(
            say("Train again on Evaluate"), icon=":material/arrow_forward:", key="to-train-again"
        ):
            state.go("evaluate", run=run.id)


main()
