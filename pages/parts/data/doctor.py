"""A data set's check-up: one button, then each finding with its pictures and ways to fix it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from core.datasets.dataset import Dataset, Record
from core.doctor.finding import (
    Action,
    Case,
    Checkup,
    Finding,
    Fix,
    Problem,
    can_be_guessed,
    mend,
    remaining,
)
from core.errors import UserError
from core.jobs import checkup
from core.saying import Sentence
from core.storage import files
from core.storage.job import JobState, RunStatus, Stage
from pages.components import picture_grid
from pages.parts.data import atlas, gather
from pages.parts.shared import (
    problem,
    state,
    thumbnails,
    waiting,
    words,
)
from pages.parts.shared.words import later, say, several
from pages.parts.train import kept
from pages.parts.train.choices import setting

_EVERY = 1.0  # seconds between two looks at a check-up
_STAGES: dict[Stage | None, Sentence] = {
    Stage.LOOKING: later("Looking at every picture"),
    Stage.COMPARING: later("Comparing the pictures"),
}
_SIDES = {"train": later("training"), "validation": later("validation"), "test": later("test")}
_SHOWN = 4  # pictures of a case
# Kinds whose pictures stand for a whole class.
_OF_A_CLASS = {Problem.SHORTCUT, Problem.SMALL_CLASS, Problem.IMBALANCE}
# Findings that can be fixed without looking at each picture.
_AT_ONCE = {
    Problem.UNREADABLE: later("Remove all of them"),
    Problem.BLANK: later("Remove all of them"),
    Problem.TINY: later("Remove all of them"),
    Problem.EXACT_COPY: later("Keep one of each"),
    Problem.NEAR_COPY: later("Keep one of each"),
    Problem.BOTH_SIDES: later("Keep copies in the same part"),
}


@st.fragment
def draw(chosen: str, dataset: Dataset, *, looked_at: bool) -> None:
    """The button, the check-up while it runs, or its findings.

    Args:
        chosen: The id of the data set.
        dataset: The data set as it is now.
        looked_at: Whether this is what the page shows.
    """
    current, found = checkup.state(state.folder_of(chosen)), None
    try:
        found = _remembered(checkup.place(state.folder_of(chosen)))
    except UserError as error:
        st.error(words.plain(error.said), icon=":material/error:")
    if current.submitted and not current.status.final:
        st.fragment(_under_way, run_every=_EVERY)(chosen)
        return
    if current.status is RunStatus.FAILED:
        message = current.message or later("The check-up failed. Try again.")
        st.error(words.plain(message), icon=":material/error:")
    if found is None:
        _offer(chosen, dataset, current)
    else:
        kept.bring_back(chosen)
        _results(chosen, dataset, found)
        if looked_at:
            atlas.draw(chosen, dataset, found.map)


def _offer(chosen: str, dataset: Dataset, current: JobState) -> None:
    st.write(
        say(
            "Before you train, let Thaw check these pictures. It finds copies, pictures that may "
            "be in the wrong class or show nothing, and backgrounds that give the class away, and "
            "it draws a map of all pictures. You decide what to do about each finding, and you can "
            "undo it."
        )
    )
    if current.status is RunStatus.STOPPED:
        st.caption(say("You stopped the last check-up. It will continue where it left off."))
    _button(chosen, say("Check these pictures"), primary=True, possible=bool(dataset.records))


def _button(chosen: str, title: str, *, primary: bool, possible: bool = True) -> None:
    if st.button(
        title,
        type="primary" if primary else "secondary",
        icon=":material/stethoscope:",
        key="check-up",
        disabled=not possible,
    ):
        try:
            checkup.begin(state.folder_of(chosen))
        except UserError as error:
            state.keep_notice(error, "check-up")
        st.rerun()
    problem.draw("check-up")


def _under_way(chosen: str) -> None:
    current = checkup.state(state.folder_of(chosen))
    if current.status.final or not current.submitted:  # or the data set is gone
        st.rerun()
    stage = say(_STAGES.get(current.stage, later("Waiting in the queue")))
    waiting.draw(current, f"{stage}…", "cancel-check-up", checkup.stop, state.folder_of(chosen))
    st.caption(say("You can do other things meanwhile: it keeps running in the background."))


def _remembered(path: Path) -> Checkup | None:
    return _read(str(path), files.stamp(path)) if path.is_file() else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: str, stamp: files.Stamp) -> Checkup:
    return checkup.read(Path(path))


def _results(chosen: str, dataset: Dataset, found: Checkup) -> None:
    aside = checkup.dismissed(state.folder_of(chosen))
    left = [
        (finding, remaining(finding, dataset, aside, found.digests)) for finding in found.findings
    ]
    left = [(finding, cases) for finding, cases in left if cases]
    changed = found.version != dataset.version
    new = found.not_looked_at(dataset) if changed else 0
    with st.container(horizontal=True, vertical_alignment="center"):
        if left:
            st.markdown(
                several(
                    "**{count} thing to look at**",
                    "**{count} things to look at**, the most important first",
                    len(left),
                ),
                width="content",
            )
        elif new:
            st.info(
                several(
                    "{count} picture was added after the last check-up. Check again to include it.",
                    "{count} pictures were added after the last check-up. Check again to include "
                    "them.",
                    new,
                ),
                icon=":material/stethoscope:",
            )
        elif found.findings:
            st.success(say("You have dealt with all findings."), icon=":material/check:")
        else:
            st.success(
                several(
                    "{count} picture checked, nothing to fix.",
                    "{count} pictures checked, nothing to fix.",
                    found.images,
                ),
                icon=":material/check:",
            )
        _button(chosen, say("Check again"), primary=False)
    if not can_be_guessed(found.images, len(dataset.classes)):
        st.caption(
            say(
                "With so many pictures in so many classes, Thaw does not look for wrong classes or "
                "for backgrounds that give the class away."
            )
        )
    if changed and not new:
        st.caption(say("The pictures have changed since this check-up. Check again to be sure."))
    for place, (finding, cases) in enumerate(left):
        _finding(chosen, dataset, finding, cases, expanded=place == 0)


def _finding(
    chosen: str, dataset: Dataset, finding: Finding, cases: Sequence[Case], *, expanded: bool
) -> None:
    icon = ":material/error:" if finding.serious else ":material/info:"
    key = state.key("finding", finding.kind)  # so that it stays open when its title changes
    with st.expander(_title(finding, cases), expanded=expanded, icon=icon, key=key):
        st.write(words.plain(finding.sentence))
        if finding.kind is Problem.IMBALANCE:
            setting.draw("balanced", changed=partial(kept.amend, chosen, "balanced"))
        elif finding.kind is Problem.SHORTCUT:
            setting.draw("augment", changed=partial(kept.amend, chosen, "augment"))
        records = {record.file: record for record in dataset.records}
        with st.container(horizontal=True):
            every = [case.fixes[0] for case in cases if case.fixes]
            at_once = _AT_ONCE.get(finding.kind) if len(every) > 1 else None
            if at_once and st.button(
                say(at_once),
                type="primary",
                icon=":material/healing:",
                key=state.key("all", finding.kind),
            ):
                _mend(chosen, dataset, every, near=state.key("all", finding.kind))
            st.button(
                say("Not a problem" if len(cases) == 1 else "None of these is a problem"),
                icon=":material/visibility_off:",
                type="tertiary",
                key=state.key("aside", finding.kind),
                on_click=checkup.dismiss,
                args=(state.folder_of(chosen), finding.kind, cases),
            )
        problem.draw(state.key("all", finding.kind))
        thumbnails.paged(
            cases,
            state.key("cases", finding.kind),
            lambda case: _case(chosen, dataset, finding, case, records, alone=len(cases) == 1),
            width=150 if max(len(case.files) for case in cases) == 1 else 250,
        )


def _title(finding: Finding, cases: Sequence[Case]) -> str:
    done = len(finding.cases) - len(cases)
    title = f"**{words.plain(finding.title)}**"
    return f"{title} ({say('{count} dealt with', count=done)})" if done else title


def _case(
    chosen: str,
    dataset: Dataset,
    finding: Finding,
    case: Case,
    records: dict[str, Record],
    *,
    alone: bool,
) -> None:
    with st.container(border=True, key=state.key("case", case.key(finding.kind))):
        shown = [records[file] for file in case.files[:_SHOWN]]
        if shown:
            captioned = len(shown) > 1 and finding.kind not in _OF_A_CLASS
            picture_grid.draw(
                state.key("pictures", case.key(finding.kind)),
                chosen,
                dataset,
                shown,
                captions=[_caption(finding.kind, each) if captioned else "" for each in shown],
                width=100 if len(shown) == 1 else 48,
            )
        more = len(case.files) - len(shown)
        text = words.plain(words.shortened(words.seen(case.told), 90))
        st.markdown(f"{text} · {say('{count} more', count=more)}" if more > 0 else text)
        if len(shown) == 1:
            st.caption(words.plain(words.squeezed(Path(shown[0].file).name)))
        for number, fix in enumerate(case.fixes):
            bring = fix.label if fix.action is Action.BRING else None
            key = state.key("fix", case.key(finding.kind), number)
            if st.button(
                words.plain(words.shortened(words.seen(fix.told), 40)),
                icon=":material/add_a_photo:" if bring else None,
                key=key,
                width="stretch",
                on_click=gather.open_for if bring else None,
                args=(bring,),
            ):
                if bring:
                    st.rerun()
                _mend(chosen, dataset, [fix], near=key)
            problem.draw(key)
        if case.fixes and not alone:
            st.button(
                say("Not a problem"),
                type="tertiary",
                key=state.key("aside", case.key(finding.kind)),
                on_click=checkup.dismiss,
                args=(state.folder_of(chosen), finding.kind, (case,)),
            )


def _caption(kind: Problem, record: Record) -> str:
    """How the pictures of a case differ."""
    match kind:
        case Problem.TWO_CLASSES:
            return words.bare(words.shortened(record.label, 24))
        case Problem.BOTH_SIDES:
            return say(_SIDES[record.split])
        case _:
            return f"{record.width} × {record.height}"


def _mend(chosen: str, dataset: Dataset, fixes: Sequence[Fix], near: str) -> None:
    """Make another version of the data set, which can be undone above.

    Args:
        chosen: The data set.
        dataset: The data set as it was when the button was drawn.
        fixes: What to do.
        near: The key of the button.
    """
    try:
        told = mend(state.folder_of(chosen), dataset, fixes)
    except UserError as error:
        state.keep_notice(error, near)
    else:
        st.toast(
            say("{change}. You can undo this at the top of the page.", change=words.plain(told)),
            icon=":material/check:",
        )
    st.rerun()
