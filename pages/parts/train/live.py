"""A run as it happens: its place in the queue, its stages, its curves, and how it ended."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from core.advice import coach
from core.backbones.catalogue.rows import backbone_of, thaws
from core.jobs import queue
from core.jobs.queue import UnderWay
from core.results.evaluation import wilson
from core.settings import Strength, TrainingSettings
from core.storage.job import RunStatus, Stage
from core.storage.runs import Run, RunState
from pages.parts.shared import figures, state, words

_EVERY = 0.7  # seconds between two looks at a run

# What a stage is called while it lasts and when it is over, and what it counts.
_STAGES = {
    Stage.WEIGHTS: ("Fetching the pretrained network", "Network fetched", "bytes"),
    Stage.BUILDING: ("Building the network", "Network built", ""),
    Stage.READING: ("Reading the pictures", "Pictures read", "pictures"),
    Stage.FEATURES: (
        "Running the frozen layers, once for each new picture",
        "Frozen layers run once for each new picture (copies and known ones need not)",
        "pictures",
    ),
    Stage.TRAINING: ("Training", "Trained", "steps"),
    Stage.EVALUATION: ("Checking what it learned", "Checked on pictures it never saw", "pictures"),
    Stage.COMPILING: ("Preparing it for predictions", "Prepared for predictions", ""),
}
_HINTS = {
    coach.Pattern.IMPROVING: ":material/trending_up:",
    coach.Pattern.LEVEL: ":material/trending_flat:",
    coach.Pattern.MEMORISING: ":material/psychology:",
    coach.Pattern.ASTRAY: ":material/warning:",
    coach.Pattern.CHANCE: ":material/casino:",
    coach.Pattern.PERFECT: ":material/star:",
}
_ACCURACY = (
    "Validation accuracy: of the pictures that were held back from training, the share that it "
    "gets right."
)


def look(run: Run) -> RunState:
    """How a run stands now; only what is new since the last look is read."""
    current = queue.status(run, state.news(run))
    state.remember(run, current)
    return current


def draw(run: Run) -> RunState:
    """Show a run, live until it has ended.

    Returns:
        How it stood at the start of this drawing.
    """
    current = look(run)
    if current.status.final:
        if current.history:
            _curves(current, run.settings, run.results())
        _behind(current, current.stages, run.settings)
        _notice(current)
    else:
        st.fragment(_tick, run_every=_EVERY)(run)
    return current


def _tick(run: Run) -> None:
    current = look(run)
    if current.status.final:
        st.rerun()
    settings = run.settings
    if current.status is RunStatus.QUEUED:
        _waiting(run)
        _notice(current)
        _stop(run, current)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _stage(current, settings)
        _stop(run, current)
    _notice(current)
    if current.history:
        _curves(current, settings)
    _now(current)
    _behind(current, [stage for stage in current.stages if stage is not current.stage], settings)


def _stop(run: Run, current: RunState) -> None:
    stopping = run.stop_requested
    stop = "Cancel" if current.nothing_to_keep else "Stop and keep the best so far"
    st.button(
        _stopping(current) if stopping else stop,
        icon=":material/stop_circle:",
        disabled=stopping,
        key="stop",
        on_click=queue.stop,
        args=(run,),
    )


def _notice(current: RunState) -> None:
    """What went otherwise than expected, though the run goes on."""
    if current.notice:
        st.warning(current.notice, icon=":material/info:")


def _stopping(current: RunState) -> str:
    if current.stage is Stage.EVALUATION:
        return "All epochs are trained: they are being checked and saved…"
    return "Stopping after this step…"


def finishing(run: Run) -> None:
    """Say what the process of a run that has ended is still at, until it is free."""
    st.fragment(_finishing, run_every=_EVERY)(run)


def _finishing(run: Run) -> None:
    stage = look(run).finishing
    if stage is None:
        st.rerun()
    else:
        doing, _, _ = _named(stage, run.settings)
        st.caption(
            f":material/hourglass_bottom: Still finishing in the background: {doing.lower()}. "
            "You can go on meanwhile; the next training starts after it."
        )


def _waiting(run: Run) -> None:
    before = queue.ahead(run)
    told = behind(before) if before else "It starts in a moment."
    st.info(f"{told} You can close this page meanwhile.", icon=":material/hourglass_top:")


def behind(before: list[UnderWay]) -> str:
    """What a run has to wait for, at least one training, and how long as far as that is known."""
    first, others = before[0], len(before) - 1
    name = words.plain(words.shortened(first.name))
    if first.status.final:
        told = f"It starts once the training process has finished with “{name}”, in a moment"
    else:
        told = f"It starts after “{name}”{words.left(first.seconds_left)}"
    if others:
        told += f", and after {words.several(others, 'other training')}"
    return f"{told}."


def _named(stage: Stage, settings: TrainingSettings) -> tuple[str, str, str]:
    """A stage's words, as in `_STAGES`; with nothing frozen there are no frozen layers to run."""
    if stage is Stage.FEATURES and settings.frozen_layers == 0:
        return "Preparing the pictures", "Pictures prepared", "pictures"
    return _STAGES[stage]


def _stage(current: RunState, settings: TrainingSettings) -> None:
    """The stage at work with its progress, in one line."""
    at_work = current.stage
    if at_work is None:
        st.progress(0.0, text="**Getting ready**")
        return
    done, total, seconds = current.stages[at_work]
    if at_work is Stage.TRAINING:
        _training(current, done, total, seconds, settings)
    else:
        doing, _, counted = _named(at_work, settings)
        amount = f" · {_amount(done, total, counted)}" if counted else ""
        st.progress(
            min(done / max(total, 1), 1.0), text=f"**{doing}**{amount}{words.left(seconds)}"
        )


def _behind(current: RunState, stages: Iterable[Stage], settings: TrainingSettings) -> None:
    told = []
    for stage in stages:
        done, total, _ = current.stages[stage]
        doing, over, counted = _named(stage, settings)
        if not total:
            told.append(f":green[:material/check_circle:] {over}: remembered from before")
        elif done < total:
            amount = f": {_amount(done, total, counted)}" if counted else ""
            told.append(f":orange[:material/stop_circle:] {doing}{amount}")
        else:
            amount = f" ({_amount(done, total, counted)})" if counted else ""
            told.append(f":green[:material/check_circle:] {over}{amount}")
    if told:
        st.caption(" · ".join(told))


def _training(
    current: RunState, done: int, total: int, seconds: float | None, settings: TrainingSettings
) -> None:
    epochs = current.epochs or settings.epochs
    epoch = min(len(current.history) + 1, epochs)
    alone = epoch <= settings.warm_up(len(backbone_of(settings).layers))
    doing = "Warming up the new last layers" if alone else "Training"
    st.progress(
        min(done / max(total, 1), 1.0),
        text=f"**{doing}** · epoch {epoch} of {epochs}{words.left(seconds)}",
    )


def _now(current: RunState) -> None:
    """Where in its epoch a training is."""
    if current.stage is not Stage.TRAINING:
        return
    beat = current.heartbeat
    if beat:
        where, now = f"Step {beat['step']} of {beat['steps']} in this epoch", beat
    elif current.history:
        now = current.history[-1]
        where = f"Epoch {now['epoch']} ended"
    else:
        return
    st.caption(
        f"{where} · training accuracy {words.percent(now['accuracy'])}, loss {now['loss']:.3f}"
    )


def _amount(done: int, total: int, counted: str) -> str:
    if counted == "bytes":
        return f"{words.size(done)} of {words.size(total)}"
    if done >= total:
        return f"{words.number(total)} {counted}"
    return f"{words.number(done)} of {words.number(total)} {counted}"


def _curves(
    current: RunState, settings: TrainingSettings, results: dict[str, Any] | None = None
) -> None:
    """The curves, the numbers beside them, and what they say in a sentence.

    The evaluation's number stands wherever the same pictures were judged, so no page has two.
    """
    epochs = current.epochs or settings.epochs
    best = next(row for row in current.history if row["epoch"] == current.best_epoch)
    if results and results["split"] == "validation":
        best = best | {"val_accuracy": results["accuracy"]}
    last = current.history[-1]
    *charts, numbers = st.columns([5, 5, 2], gap="small")
    for column, measure, key, title in (
        (charts[0], "accuracy", "chart-accuracy", "Accuracy: how many it gets right"),
        (charts[1], "loss", "chart-loss", "Loss: how far off it is, lower is better"),
    ):
        column.markdown(f"**{title}**")
        column.plotly_chart(
            figures.history(current.history, measure, epochs, current.best_epoch),
            key=key,
            config=figures.CONFIG,
            alt=figures.told_history(current.history, measure, current.best_epoch),
        )
    numbers.metric("Epochs", f"{len(current.history)}/{epochs}")
    numbers.metric("Accuracy", words.percent(last["val_accuracy"]), help=_ACCURACY)
    numbers.metric(
        f"Best (epoch {best['epoch']})",
        words.percent(best["val_accuracy"]),
        help="The network of this epoch is the one that is kept.",
    )
    validation = current.images.get("validation", 0)
    hint = coach.advise(
        current.history,
        classes=current.classes,
        validation=validation,
        frozen=not thaws(settings),
        augmented=settings.augment is not Strength.NONE,
        over=current.status.final,
    )
    if hint is not None:
        st.info(hint.text, icon=_HINTS[hint.kind])
    if validation:
        st.caption(_basis(best["val_accuracy"], validation))


def _basis(accuracy: float, images: int) -> str:
    """What an accuracy rests on, and how far it may be off."""
    correct = round(accuracy * images)
    low, high = wilson(correct, images)
    return (
        f"Best epoch: **{words.number(correct)} of {words.number(images)}** right. On other "
        f"pictures of the kind, expect between {words.percent(low)} and {words.percent(high)} "
        f"(95 % interval).{words.CHOSEN}"
    )
