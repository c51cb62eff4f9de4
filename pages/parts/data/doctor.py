"""A data set's check-up: one press, then each finding with its pictures and ways to mend it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from core.datasets import store
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
from core.storage import files
from core.storage.job import JobState, RunStatus
from pages.components import picture_grid
from pages.parts.data import atlas, gather
from pages.parts.shared import (
    problem,
    state,
    thumbnails,
    words,
)
from pages.parts.train import kept
from pages.parts.train.choices import setting

_EVERY = 1.0  # seconds between two looks at a check-up
_STAGES = {"looking": "Looking at every picture", "comparing": "Comparing them"}
_SIDES = {"train": "learned from", "validation": "checked by", "test": "last test"}
_SHOWN = 4  # pictures of a case
# Kinds whose pictures stand for a whole class.
_OF_A_CLASS = {Problem.SHORTCUT, Problem.SMALL_CLASS, Problem.IMBALANCE}
# What needs no look at each picture: one press mends them all.
_AT_ONCE = {
    Problem.UNREADABLE: "Remove them all",
    Problem.BLANK: "Remove them all",
    Problem.TINY: "Remove them all",
    Problem.EXACT_COPY: "Keep one of each",
    Problem.NEAR_COPY: "Keep one of each",
    Problem.BOTH_SIDES: "Keep all on one side",
}


@st.fragment
def draw(chosen: str, dataset: Dataset, *, looked_at: bool) -> None:
    """The button, a check-up as it happens, or what it found.

    Args:
        chosen: The id of the data set.
        dataset: It, as it is now.
        looked_at: Whether this is what the page shows.
    """
    current, found = checkup.state(chosen), None
    try:
        found = _remembered(checkup.place(chosen))
    except UserError as error:
        st.error(words.plain(str(error)), icon=":material/error:")
    if current.submitted and not current.status.final:
        st.fragment(_under_way, run_every=_EVERY)(chosen)
        return
    if current.status is RunStatus.FAILED:
        st.error(words.plain(current.message or "That did not work."), icon=":material/error:")
    if found is None:
        _offer(chosen, dataset, current)
    else:
        kept.bring_back(chosen)
        _results(chosen, dataset, found)
        if looked_at:
            atlas.draw(chosen, dataset, found.map)


def _offer(chosen: str, dataset: Dataset, current: JobState) -> None:
    st.write(
        "Before you train: have these pictures looked over. It finds copies, pictures that may be "
        "in the wrong class or show nothing, backgrounds that give the class away, and draws a map "
        "of them all. You decide what is done about each, and can undo it."
    )
    if current.status is RunStatus.STOPPED:
        st.caption("You stopped the last check-up. It goes on from where it was.")
    _button(chosen, "Check these pictures", primary=True, possible=bool(dataset.records))


def _button(chosen: str, title: str, *, primary: bool, possible: bool = True) -> None:
    if st.button(
        title,
        type="primary" if primary else "secondary",
        icon=":material/stethoscope:",
        key="check-up",
        disabled=not possible,
    ):
        try:
            checkup.begin(chosen)
        except UserError as error:
            state.keep_notice(error, "check-up")
        st.rerun()
    problem.draw("check-up")


def _under_way(chosen: str) -> None:
    current = checkup.state(chosen)
    if current.status.final or not current.submitted:  # or the data set is gone
        st.rerun()
    stage = _STAGES.get(current.stage, "Waiting for its turn")
    share = current.done / current.total if current.total else 0.0
    st.progress(share, text=f"{stage}…{words.left(current.seconds_left)}")
    st.caption("You can go on meanwhile: it is still here when you come back.")
    st.button(
        "Stop",
        icon=":material/stop:",
        key="stop-check-up",
        on_click=checkup.stop,
        args=(chosen,),
    )


def _remembered(path: Path) -> Checkup | None:
    return _read(str(path), files.stamp(path)) if path.is_file() else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: str, stamp: files.Stamp) -> Checkup:
    return checkup.read(Path(path))


def _results(chosen: str, dataset: Dataset, found: Checkup) -> None:
    aside = checkup.dismissed(chosen)
    left = [
        (finding, remaining(finding, dataset, aside, found.digests)) for finding in found.findings
    ]
    left = [(finding, cases) for finding, cases in left if cases]
    changed = found.version != dataset.version
    new = found.not_looked_at(dataset) if changed else 0
    with st.container(horizontal=True, vertical_alignment="center"):
        if left:
            st.markdown(
                f"**{words.several(len(left), 'thing')} to look at**, the most important first.",
                width="content",
            )
        elif new:
            st.info(
                f"{words.several(new, 'picture')} came after the last check-up. Check again to "
                "have them looked at.",
                icon=":material/stethoscope:",
            )
        elif found.findings:
            st.success("All that was found has been dealt with.", icon=":material/check:")
        else:
            images = words.several(found.images, "picture")
            st.success(f"{images} looked at, nothing to mend.", icon=":material/check:")
        _button(chosen, "Check again", primary=False)
    if not can_be_guessed(found.images, len(dataset.classes)):
        st.caption(
            "For so many pictures of so many classes, wrong classes and backgrounds that give the "
            "class away are not looked for."
        )
    if changed and not new:
        st.caption("The pictures have changed since. Check again to be sure of everything.")
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
                at_once,
                type="primary",
                icon=":material/healing:",
                key=state.key("all", finding.kind),
            ):
                _mend(chosen, dataset, every, near=state.key("all", finding.kind))
            st.button(
                "Not a problem" if len(cases) == 1 else "None of these is a problem",
                icon=":material/visibility_off:",
                type="tertiary",
                key=state.key("aside", finding.kind),
                on_click=checkup.dismiss,
                args=(chosen, finding.kind, cases),
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
    more = f" ({words.number(done)} dealt with)" if done else ""
    return f"**{words.plain(finding.title)}**{more}"


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
            told_apart = len(shown) > 1 and finding.kind not in _OF_A_CLASS
            picture_grid.draw(
                state.key("pictures", case.key(finding.kind)),
                chosen,
                dataset,
                shown,
                captions=[_caption(finding.kind, each) if told_apart else "" for each in shown],
                width=100 if len(shown) == 1 else 48,
            )
        more = len(case.files) - len(shown)
        told = words.plain(words.shortened(case.told, 90))
        st.markdown(told + (f" · {more} more" if more > 0 else ""))
        if len(shown) == 1:
            st.caption(words.plain(words.squeezed(Path(shown[0].file).name)))
        for number, fix in enumerate(case.fixes):
            bring = fix.label if fix.action is Action.BRING else None
            key = state.key("fix", case.key(finding.kind), number)
            if st.button(
                words.plain(words.shortened(fix.told, 40)),
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
                "Not a problem",
                type="tertiary",
                key=state.key("aside", case.key(finding.kind)),
                on_click=checkup.dismiss,
                args=(chosen, finding.kind, (case,)),
            )


def _caption(kind: Problem, record: Record) -> str:
    """What tells the pictures of a case apart."""
    match kind:
        case Problem.TWO_CLASSES:
            told = record.label
        case Problem.BOTH_SIDES:
            told = _SIDES[record.split]
        case _:
            told = f"{record.width} × {record.height}"
    return words.shortened(told, 24)


def _mend(chosen: str, dataset: Dataset, fixes: Sequence[Fix], near: str) -> None:
    """Make another version of the data set, which can be undone above.

    Args:
        chosen: The data set.
        dataset: It, as it was when the button was drawn.
        fixes: What to do.
        near: The key of the button.
    """
    try:
        told = mend(store.folder_of(chosen), dataset, fixes)
    except UserError as error:
        state.keep_notice(error, near)
    else:
        st.toast(f"{words.plain(told)}. Undo is at the top of the page.", icon=":material/check:")
    st.rerun()
