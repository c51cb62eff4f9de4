"""A run while it happens: its place in the queue, its stages and its curves."""

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
from pages.parts.shared.words import later, say, several
from pages.parts.train import race

_EVERY = 0.7  # seconds between two looks at a run

# What a stage is called while it runs and when it has finished.
_STAGES = {
    Stage.WEIGHTS: (later("Downloading the pretrained network"), later("Network downloaded")),
    Stage.BUILDING: (later("Building the network"), later("Network built")),
    Stage.READING: (later("Reading the pictures"), later("Pictures read")),
    Stage.FEATURES: (
        later("Running the frozen layers, once for each new picture"),
        later("Frozen layers run once for each new picture"),
    ),
    Stage.TRAINING: (later("Training"), later("Trained")),
    Stage.EVALUATION: (
        later("Evaluating on the held-out pictures"),
        later("Evaluated on the held-out pictures"),
    ),
    Stage.COMPILING: (later("Preparing predictions"), later("Ready for predictions")),
}
_HINTS = {
    coach.Pattern.IMPROVING: ":material/trending_up:",
    coach.Pattern.LEVEL: ":material/trending_flat:",
    coach.Pattern.MEMORISING: ":material/psychology:",
    coach.Pattern.ASTRAY: ":material/warning:",
    coach.Pattern.CHANCE: ":material/casino:",
    coach.Pattern.PERFECT: ":material/star:",
}
_SOLVED = later(
    "After the last epoch, the best last layer is computed directly (ridge regression): that is "
    "at least as good here as the best epoch."
)
_ACCURACY = later("Validation accuracy: the share of held-out pictures that it gets right.")


def look(run: Run) -> RunState:
    """The state of a run now; only what is new since the last look is read."""
    current = queue.status(run, state.news(run))
    state.remember(run, current)
    return current


def draw(run: Run) -> RunState:
    """Show a run, live until it has ended.

    Returns:
        Its state at the start of this drawing.
    """
    current = look(run)
    if current.status.final:
        results = run.results()
        if current.tried:
            race.draw(current, run.ordered.budget, results)
        if current.history and current.classes != 1:
            _curves(current, race.at_hand(current, run.settings), results)
        _behind(current, current.stages, run.settings)
        _notice(current)
    else:
        st.fragment(_tick, run_every=_EVERY)(run)
    return current


def _tick(run: Run) -> None:
    current = look(run)
    if current.status.final:
        st.rerun()
    ordered = run.settings
    settings = race.at_hand(current, ordered)
    if current.status is RunStatus.QUEUED:
        _waiting(run)
        _notice(current)
        _stop(run, current)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _stage(current, settings)
        _stop(run, current)
    _notice(current)
    if ordered.budget:
        race.draw(current, ordered.budget)
    if current.history and current.classes != 1:
        _curves(current, settings)
    _now(current)
    _behind(current, [stage for stage in current.stages if stage is not current.stage], settings)


def _stop(run: Run, current: RunState) -> None:
    stopping = run.stop_requested
    stop = say("Cancel" if current.nothing_to_keep else "Stop and keep the best so far")
    st.button(
        _stopping(current) if stopping else stop,
        icon=":material/stop_circle:",
        disabled=stopping,
        key="stop",
        on_click=queue.stop,
        args=(run,),
    )


def _notice(current: RunState) -> None:
    """Something unexpected that did not end the run."""
    if current.notice:
        st.warning(words.plain(current.notice), icon=":material/info:")


def _stopping(current: RunState) -> str:
    if current.stage is Stage.EVALUATION:
        return say("All epochs are done: evaluating and saving…")
    return say("Stopping after this step…")


def finishing(run: Run) -> None:
    """Show what the process of a finished run is still doing, until it is free."""
    st.fragment(_finishing, run_every=_EVERY)(run)


def _finishing(run: Run) -> None:
    stage = look(run).finishing
    if stage is None:
        st.rerun()
    else:
        doing, _ = _named(stage, run.settings)
        st.caption(
            ":material/hourglass_bottom: "
            + say("Still working in the background: {stage}.", stage=say(doing))
            + " "
            + say("You can do other things meanwhile; the next training starts after it.")
        )


def _waiting(run: Run) -> None:
    before = queue.ahead(run)
    start = behind(before) if before else say("It starts in a moment.")
    close = say("You can close this page meanwhile.")
    st.info(f"{start} {close}", icon=":material/hourglass_top:")


def behind(before: list[UnderWay]) -> str:
    """What a run has to wait for, at least one training, and how long, if that is known."""
    first, others = before[0], len(before) - 1
    name = words.plain(words.shortened(first.name))
    if first.run.space != state.space():
        name = say("somebody else’s training")
    if first.status.final:
        sentences = [say("It starts in a moment, once “{name}” has been cleaned up.", name=name)]
    elif first.seconds_left:
        time = words.duration(first.seconds_left)
        sentences = [say("It starts after “{name}”, in about {time}.", name=name, time=time)]
    else:
        sentences = [say("It starts after “{name}”.", name=name)]
    if others:
        sentences.append(
            several(
                "{count} other training is waiting too.",
                "{count} other trainings are waiting too.",
                others,
            )
        )
    return " ".join(sentences)


def _named(stage: Stage, settings: TrainingSettings) -> tuple[str, str]:
    """A stage's labels, as in `_STAGES`; with nothing frozen there are no frozen layers to run."""
    if stage is Stage.FEATURES and settings.frozen_layers == 0:
        return later("Preparing the pictures"), later("Pictures prepared")
    return _STAGES[stage]


def _stage(current: RunState, settings: TrainingSettings) -> None:
    """The stage at work with its progress, in one line."""
    at_work = current.stage
    if at_work is None:
        st.progress(0.0, text=f"**{say('Getting ready')}**")
        return
    done, total, seconds = current.stages[at_work]
    if at_work is Stage.TRAINING:
        _training(current, done, total, seconds, settings)
    else:
        doing, _ = _named(at_work, settings)
        parts = [f"**{say(doing)}**", *_amount(at_work, done, total)]
        text = " · ".join(parts) + words.left(seconds)
        st.progress(min(done / max(total, 1), 1.0), text=text)


def _behind(current: RunState, stages: Iterable[Stage], settings: TrainingSettings) -> None:
    parts = []
    for stage in stages:
        if stage is Stage.TRAINING and current.tried:
            continue  # each candidate had its own
        done, total, _ = current.stages[stage]
        doing, over = _named(stage, settings)
        amount = _amount(stage, done, total)
        if not total:
            parts.append(f":green[:material/check_circle:] {say(over)} ({say('from the cache')})")
        elif done < total:
            parts.append(f":orange[:material/stop_circle:] {': '.join([say(doing), *amount])}")
        else:
            shown = f" ({amount[0]})" if amount else ""
            parts.append(f":green[:material/check_circle:] {say(over)}{shown}")
    if parts:
        st.caption(" · ".join(parts))


def _training(
    current: RunState, done: int, total: int, seconds: float | None, settings: TrainingSettings
) -> None:
    epochs = current.epochs or settings.epochs
    epoch = min(len(current.history) + 1, epochs)
    alone = epoch <= settings.warm_up(len(backbone_of(settings).layers))
    doing = say("Warming up the new last layers" if alone else "Training")
    place = say("epoch {number} of {total}", number=epoch, total=epochs)
    st.progress(min(done / max(total, 1), 1.0), text=f"**{doing}** · {place}{words.left(seconds)}")


def _now(current: RunState) -> None:
    """The step within the epoch, and the numbers of the training pictures."""
    if current.stage is not Stage.TRAINING:
        return
    beat = current.heartbeat
    if beat:
        now = beat
        where = say(
            "Step {number} of {total} in this epoch", number=beat["step"], total=beat["steps"]
        )
    elif current.history:
        now = current.history[-1]
        where = say("Epoch {number} finished", number=now["epoch"])
    else:
        return
    numbers = say(
        "training accuracy {share}, loss {loss:.3f}",
        share=words.percent(now["accuracy"]),
        loss=now["loss"],
    )
    st.caption(f"{where} · {numbers}")


def _amount(stage: Stage, done: int, total: int) -> list[str]:
    """How far a stage is, if it counts something."""
    match stage:
        case Stage.WEIGHTS:
            return [say("{done} of {total}", done=words.size(done), total=words.size(total))]
        case Stage.BUILDING | Stage.COMPILING:
            return []
        case Stage.TRAINING if done >= total:
            return [several("{count} step", "{count} steps", total)]
        case Stage.TRAINING:
            return [say("{done} of {total} steps", done=done, total=total)]
        case _ if done >= total:
            return [several("{count} picture", "{count} pictures", total)]
        case _:
            return [say("{done} of {total} pictures", done=done, total=total)]


def _curves(
    current: RunState, settings: TrainingSettings, results: dict[str, Any] | None = None
) -> None:
    """The curves, the numbers beside them, and what they mean in a sentence.

    Where the evaluation was on the same pictures, its number is shown, so that no page has two.
    """
    epochs = current.epochs or settings.epochs
    best = next(row for row in current.history if row["epoch"] == current.best_epoch)
    solved = current.solved if current.solved and current.solved["kept"] else None
    if solved:
        best = best | solved
    if results and results["split"] == "validation":
        best = best | {"val_accuracy": results["accuracy"]}
    last = current.history[-1]
    *charts, numbers = st.columns([5, 5, 2], gap="small")
    for column, measure, key, title in (
        (charts[0], "accuracy", "chart-accuracy", say("Accuracy: how many it gets right")),
        (charts[1], "loss", "chart-loss", say("Loss: how wrong it is, lower is better")),
    ):
        column.markdown(f"**{title}**")
        column.plotly_chart(
            figures.history(current.history, measure, epochs, current.best_epoch, solved),
            key=key,
            config=figures.CONFIG,
            alt=figures.told_history(current.history, measure, current.best_epoch, solved),
        )
    numbers.metric(say("Epochs"), f"{len(current.history)}/{epochs}")
    numbers.metric(say("Accuracy"), words.percent(last["val_accuracy"]), help=say(_ACCURACY))
    numbers.metric(
        say("Exact solution") if solved else say("Best (epoch {number})", number=best["epoch"]),
        words.percent(best["val_accuracy"]),
        help=say(_SOLVED) if solved else say("The network of this epoch is kept."),
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
    if hint is not None and not solved:  # it is about the epochs
        st.info(say(hint.text), icon=_HINTS[hint.kind])
    if validation:
        st.caption(_basis(best["val_accuracy"], validation, solved=solved is not None))


def _basis(accuracy: float, images: int, *, solved: bool) -> str:
    """How many pictures an accuracy was measured on, and its confidence interval."""
    correct = round(accuracy * images)
    low, high = wilson(correct, images)
    right = (
        say("Exact solution: **{correct} of {count}** right.", correct=correct, count=images)
        if solved
        else say("Best epoch: **{correct} of {count}** right.", correct=correct, count=images)
    )
    sentences = [
        right,
        say(
            "On other pictures of this kind, expect between {low} and {high} (95% confidence "
            "interval).",
            low=words.percent(low),
            high=words.percent(high),
        ),
        *([] if solved else [say(words.CHOSEN)]),
    ]
    return " ".join(sentences)
