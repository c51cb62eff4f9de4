"""The runs that are ticked in the table: one to open, note or repeat, several to compare."""

from collections.abc import Sequence

import streamlit as st

from core.backbones.catalogue.rows import summary
from core.errors import UserError
from core.jobs import queue
from core.results.overview.rows import Row
from core.storage import own_names
from core.storage.job import RunStatus, Stage
from core.storage.runs import RunState
from pages.parts.runs import aside, belongings
from pages.parts.runs.table import STATUS
from pages.parts.shared import state, words
from pages.parts.shared.words import say, several
from pages.parts.train import again


def draw(chosen: Sequence[Row]) -> None:
    """What can be done with them."""
    if not chosen:
        st.caption(
            say(
                "Tick a run to open it, rename it, write a note or train it again with other "
                "settings; tick several to compare their curves."
            )
        )
    elif len(chosen) == 1:
        with st.container(border=True, key=state.key("card", chosen[0].run.id)):
            _card(chosen[0])
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{several('{count} run', '{count} runs', len(chosen))}**")
            _star(chosen)
            aside.offer(chosen)


def _card(row: Row) -> None:
    run = row.run
    if row.problem or row.settings is None:
        st.caption(words.plain(row.problem or ""))
        aside.offer([row])
        return
    current = queue.standing(run)
    title, icon, colour = STATUS[current.status]
    belongings.pictures_of(row.dataset_id)
    st.markdown(f"**{words.plain(words.squeezed(row.name, 40))}**")
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(say(title), icon=icon, color=colour)
        if row.accuracy is not None:
            right = say(
                "{share} of {count} right", share=words.percent(row.accuracy), count=row.images
            )
            st.badge(right, color="violet")
    st.caption("  \n".join(_lines(row, current)))
    if current.message:
        st.caption(words.plain(current.message))
    if row.note:
        st.text(row.note)
    with st.container(horizontal=True):
        if st.button(
            say("Open"),
            type="primary",
            icon=":material/arrow_forward:",
            key=state.key("open", run.id),
        ):
            state.choose_run(run)
            seen = row.accuracy is not None and current.status.final
            state.go("evaluate" if seen else "train", run=run.id)
        belongings.rename(run.folder, row.name)
        _note(row)
        _star([row])
        if st.button(
            say("Duplicate"),
            icon=":material/content_copy:",
            type="tertiary",
            key=state.key("duplicate", run.id),
            help=say("Opens Train with the same settings."),
        ):
            again.prepare(run)
            state.go("train", **state.address())
        if row.comparison and row.comparison != state.comparison():
            st.button(
                say("See the comparison"),
                icon=":material/stacked_line_chart:",
                type="tertiary",
                key=state.key("see-comparison", run.id),
                on_click=state.choose_comparison,
                args=(row.comparison,),
            )
        aside.offer([row])


def _lines(row: Row, current: RunState) -> list[str]:
    assert row.settings is not None
    lines = [words.when(row.created)]
    if row.name != row.data:
        data = words.plain(words.squeezed(row.data, 30))
        lines.insert(0, say("trained on {name}", name=data))
    if row.classes is not None:
        lines.append(several("{count} class", "{count} classes", row.classes))
    lines.append(words.plain(say(summary(row.settings, current.epochs))))
    if current.status is RunStatus.RUNNING and current.stage is Stage.TRAINING:
        epochs = current.epochs or row.settings.epochs
        epoch = min(len(current.history) + 1, epochs)
        lines.append(f"**{say('epoch {number} of {total}', number=epoch, total=epochs)}**")
    return lines


def _star(chosen: Sequence[Row]) -> None:
    marked = all(row.starred for row in chosen)
    st.button(
        say("Take the star away") if marked else say("Star"),
        icon=":material/star_border:" if marked else ":material/star:",
        type="tertiary",
        key=state.key("star", *(row.run.id for row in chosen)),
        on_click=_mark,
        args=(chosen, not marked),
    )


def _mark(chosen: Sequence[Row], starred: bool) -> None:
    for row in chosen:
        try:
            own_names.star(row.run.folder, starred)
        except UserError as error:
            state.keep_notice(error, "runs")


def _note(row: Row) -> None:
    key = state.key("note", row.run.id)
    if st.button(say("Note"), icon=":material/edit_note:", type="tertiary", key=key):
        st.dialog(say("Note"))(_ask_note)(row)


def _ask_note(row: Row) -> None:
    with st.form("another-note", border=False):
        text = st.text_area(
            say("Note"),
            row.note,
            max_chars=own_names.LONGEST_NOTE,
            key=state.key("given-note", row.run.id, row.note),
            label_visibility="collapsed",
        )
        if st.form_submit_button(say("Save"), icon=":material/check:", key="keep-note"):
            try:
                own_names.note(row.run.folder, text)
            except UserError as error:
                st.error(words.plain(error.said), icon=":material/error:")
            else:
                st.rerun()
