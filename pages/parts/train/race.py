"""A race: which candidates were tried, how well each did, after how many seconds, and who leads."""

from typing import Any

import streamlit as st

from core.settings import TrainingSettings
from core.storage.runs import RunState
from core.training.racing import candidates
from pages.parts.shared import figures, words
from pages.parts.shared.words import say


def at_hand(current: RunState, settings: TrainingSettings) -> TrainingSettings:
    """The settings whose curves are shown: during a race those of the candidate at work.

    Args:
        current: The run's state.
        settings: Of the run.
    """
    if settings.budget and current.candidate is not None:
        return TrainingSettings.from_dict(current.candidate["settings"])
    return settings


def draw(current: RunState, budget: int, results: dict[str, Any] | None = None) -> None:
    """The chart of the race, and what became of each candidate.

    Args:
        current: The run's state.
        budget: Seconds that the race may take.
        results: The run's, once there are any.
    """
    tried = current.tried
    leads = [place for place, each in enumerate(tried) if each["leads"]]
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="center")
    if leads:
        left.markdown(f"**{say('The race: accuracy on the validation pictures')}**")
        left.plotly_chart(
            figures.race(tried, leads[-1], budget),
            key="chart-race",
            config=figures.CONFIG,
            alt=say("What each candidate reached is in the list beside this chart."),
        )
    with right:
        for place, each in enumerate(tried):
            won = bool(leads) and place == leads[-1]
            icon = ":material/star:" if won else ":material/circle:"
            name = words.plain(say(candidates.told(_settings(each))))
            verdict = words.plain(say(candidates.verdict(each)))
            st.markdown(f"{icon} **{place + 1}. {name}**  \n{verdict}")
        trying = current.candidate
        if trying is not None and trying["number"] == len(tried) and not current.status.final:
            name = words.plain(say(candidates.told(_settings(trying))))
            st.markdown(
                f":material/hourglass_top: **{len(tried) + 1}. {name}**  \n"
                + say("being tried; up to {time} in all", time=words.duration(budget))
            )
    if results is not None and "race" in results:
        st.caption(words.plain(say(candidates.why(results["race"], results["winner"]))))


def _settings(event: Any) -> TrainingSettings:
    return TrainingSettings.from_dict(event["settings"])
