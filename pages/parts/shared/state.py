"""What a visit remembers: the only owner of session-state keys and of the address bar.

Only ids and small facts are kept. The ids of the data set and the run stand in the address, so
that a reload, a bookmark or a second tab finds them; they are untrusted and checked on use.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit import runtime

from core.backbones.catalogue.rows import all_backbones, thaws
from core.datasets import store
from core.datasets.additions import Added
from core.errors import UserError
from core.exports import kept
from core.settings import IMAGENET, RANDOM, THAWED, TrainingSettings
from core.storage import home
from core.storage.home import Space
from core.storage.runs import Run, RunState, open_run
from pages.language import catalogue
from pages.language.catalogue import LANGUAGES

DATA = "data"  # both the session key and the name in the address
RUN = "run"
ADDING = "adding"
COMPARISON = "comparison"
LANGUAGE = "language"
_ADDING_NEAR = "adding-near"
_LOOKED_AT = "looked-at"
_TRIED = "tried"
_KNOWN = "known-states"
_TURNS = "turns"
_HEARD = "heard"
_NOTICE = "notice"
_OUTCOME = "outcome"
_PRESET = "preset"
_SET_BY_THAW = "set-by-thaw"
_PRESET_WISHED = "preset-wished"
_SETTINGS_OF = "settings-of"
_UNTOUCHED = "untouched"
_PICKED = "picked"
_WISHES = "wishes"
_ADDRESS = "address"
_PAGE = "page"


def adopt_address() -> None:
    """Take over the ids in the address; put back those that a click on a step has dropped.

    An address with a run says which data set it learned from, unless it names one itself or that
    one has been deleted. What the address of the same page had a moment ago and has no longer,
    the browser's Back button has taken out of it.
    """
    page, before = st.session_state.get(_ADDRESS, ("", set()))
    for key in (DATA, RUN, ADDING, COMPARISON, LANGUAGE):
        if key in st.query_params:
            st.session_state[key] = st.query_params[key]
        elif key in before and page == _page():
            st.session_state.pop(key, None)
    _note_address()
    if RUN in st.query_params and DATA not in st.query_params:
        run = _run_or_none(st.query_params[RUN])
        if run is not None and store.is_complete(run.dataset_folder):
            st.session_state[DATA] = run.dataset_id


def language() -> str:
    """The language that the visitor has chosen, else the browser's, if Thaw speaks it."""
    if not runtime.exists():  # nobody visits
        return catalogue.ENGLISH
    chosen = st.session_state.get(LANGUAGE)
    return catalogue.fitting(chosen if chosen in LANGUAGES else None, st.context.locale)


def choose_language(chosen: str) -> None:
    """Have the pages speak a language, and write it into the address."""
    _choose(LANGUAGE, chosen)


def page() -> str:
    """An id of this page in this browser, until it is reloaded; nothing that the browser chose."""
    made: str = st.session_state.setdefault(_PAGE, secrets.token_hex(8))
    return made


def space() -> Space:
    """The visitor's space: the only one so far."""
    return home.HOME


def folder_of(dataset: str) -> Path:
    """The folder of a data set in the visitor's space.

    Raises:
        UserError: The id is none.
    """
    return space().dataset(dataset)


def dataset_id() -> str | None:
    """The data set at hand, which may have been deleted since.

    Raises:
        UserError: The address holds no id.
    """
    chosen = st.session_state.get(DATA)
    if chosen is not None and not home.is_id(chosen):
        st.session_state.pop(DATA)
        raise UserError("There is no such data set. Choose another one.")
    return chosen


def choose_dataset(dataset: str | None) -> None:
    """Take a data set to hand and write it into the address; None lets go of it."""
    _choose(DATA, dataset)


def adding() -> str | None:
    """The order by which pictures are on their way into a data set, until it is forgotten."""
    order = st.session_state.get(ADDING)
    if order is not None and not (home.is_id(order) and folder_of(order).is_dir()):
        choose_adding(None)
        return None
    return order


def choose_adding(order: str | None, near: str | None = None) -> None:
    """Remember an order and write it into the address; None forgets it.

    Args:
        order: Its id.
        near: The key of what was pressed for it, where a message about it belongs.
    """
    _choose(ADDING, order)
    if order:
        st.session_state[_ADDING_NEAR] = near
        keep_outcome(None)  # of the one before


def adding_near() -> str | None:
    """Where a message about the order belongs; see `choose_adding`."""
    return st.session_state.get(_ADDING_NEAR)


def run() -> Run | None:
    """The run at hand.

    Raises:
        UserError: The address holds no run, or it was deleted.
    """
    chosen = st.session_state.get(RUN)
    if chosen is None:
        return None
    try:
        return open_run(space(), chosen)
    except UserError:
        st.session_state.pop(RUN)
        raise


def choose_run(chosen: Run | None) -> None:
    """Take a run to hand, with its data set, and write it into the address."""
    _choose(RUN, chosen.id if chosen else None)
    if chosen and chosen.dataset_id:
        st.session_state[DATA] = chosen.dataset_id


def comparison() -> str | None:
    """The comparison of backbones that is looked at; its runs may have been deleted since."""
    return st.session_state.get(COMPARISON)


def choose_comparison(chosen: str | None) -> None:
    """Look at a comparison and write it into the address; None goes back to all runs."""
    _choose(COMPARISON, chosen)


def address() -> dict[str, str]:
    """What to write into the address of a link, so that it opens on what is at hand."""
    kept = (DATA, RUN, LANGUAGE)
    return {key: st.session_state[key] for key in kept if st.session_state.get(key)}


def go(page: str, **address: str) -> None:
    """Open another page, by file name, at an address."""
    chosen = st.session_state.get(LANGUAGE)
    kept = {LANGUAGE: chosen} if chosen else {}
    st.switch_page(f"{page}.py", query_params=address | kept)


def news(of: Run) -> RunState | None:
    """What this visit knows about a run already; hand it on to read only what is new."""
    known: dict[str, RunState] = st.session_state.setdefault(_KNOWN, {})
    return known.get(of.id)


def remember(of: Run, state: RunState) -> None:
    """Keep what is known about one run; the one before is forgotten."""
    st.session_state[_KNOWN] = {of.id: state}


def key(widget: str, *of: object) -> str:
    """A widget's key that depends on something, such as the name of a class.

    It goes in as a digest, since names can be anything: none can spell the key of another widget,
    and none becomes a CSS class. Fixed keys hold no colon, so no made key can equal one.
    """
    told = json.dumps([str(each) for each in of]).encode()
    return f"{widget}:{hashlib.sha256(told).hexdigest()[:32]}"


def turn(widget: str) -> str:
    """A key for a widget that `renew` empties: a new key is a new widget."""
    return f"{widget}-{st.session_state.setdefault(_TURNS, {}).get(widget, 0)}"


def renew(widget: str) -> None:
    """Let go of what a widget holds, uploads and their memory included."""
    turns = st.session_state.setdefault(_TURNS, {})
    turns[widget] = turns.get(widget, 0) + 1


def heard(widget: str) -> str | None:
    """The last thing that a widget has told and that was dealt with, by its id."""
    told: dict[str, str] = st.session_state.get(_HEARD, {})
    return told.get(widget)


def hear(widget: str, told: str) -> None:
    """Remember it; for a widget that stays as it is, where `renew` would empty it."""
    st.session_state.setdefault(_HEARD, {})[widget] = told


def keep_notice(error: UserError, near: str | None = None) -> None:
    """Keep an error message for the next drawing of the page.

    Args:
        error: What went wrong.
        near: The key of the control that the message is shown beside; None for the page's top.
    """
    st.session_state[_NOTICE] = error.said, near


def notice(near: str | None = None) -> str | None:
    """Take the message that belongs there; without a key, any that has not been shown yet."""
    kept: tuple[str | None, str | None] = st.session_state.get(_NOTICE, (None, None))
    message, kept_near = kept
    if near not in (None, kept_near):
        return None
    st.session_state.pop(_NOTICE, None)
    return message


def keep_outcome(became: Added | None) -> None:
    """Remember what became of pictures on their way; None forgets it."""
    st.session_state[_OUTCOME] = (became, None)


def outcome(of: str, version: int) -> Added | None:
    """What became of the last pictures on their way, until there is another version to look at.

    Args:
        of: The data set that is looked at.
        version: Its version.
    """
    became, told_with = st.session_state.get(_OUTCOME, (None, None))
    if told_with is None:
        st.session_state[_OUTCOME] = (became, (of, version))
    return became if told_with in (None, (of, version)) else None


def within(key: str, values: Iterable[Any]) -> None:
    """Let go of what a control holds if it can no longer be chosen."""
    if key in st.session_state and st.session_state[key] not in values:
        del st.session_state[key]


def seen_untouched(network: str) -> Any:
    """What an untouched network said of the last picture that it was shown, if there is one."""
    return st.session_state.get(_UNTOUCHED, {}).get(network)


def keep_seen(network: str, said: Any) -> None:
    """Remember that."""
    st.session_state[_UNTOUCHED] = {network: said}


def picked(selection: str) -> set[str]:
    """The pictures of a data set that are ticked, by file; a set to change in place.

    Args:
        selection: The data set's id; or the run's, for those that are ticked among its answers.
    """
    ticked: dict[str, set[str]] = st.session_state.setdefault(_PICKED, {})
    return ticked.setdefault(selection, set())


def pick(selection: str, files: Iterable[str]) -> None:
    """Tick more of them."""
    picked(selection).update(files)


def pick_none(selection: str) -> None:
    """Let go of them."""
    picked(selection).clear()


def wish(control: str, value: Any) -> None:
    """Have a control hold a value when it is drawn next; it asks `granted` for it."""
    st.session_state.setdefault(_WISHES, {})[control] = value


def granted(control: str, values: Iterable[Any]) -> bool:
    """Set a control, before it is drawn, to what was wished, if that is among its values."""
    wished = st.session_state.get(_WISHES, {}).pop(control, None)
    if wished not in values:
        return False
    st.session_state[control] = wished
    return True


def tick(step: str, of: Run) -> None:
    """Note that a run's results were looked at, or that it was tried on a picture."""
    st.session_state[_LOOKED_AT if step == "evaluate" else _TRIED] = of.id


def done() -> set[str]:
    """The steps that are behind us, for the data set and run at hand."""
    steps = set()
    dataset = st.session_state.get(DATA)
    if dataset and home.is_id(dataset) and store.is_complete(folder_of(dataset)):
        steps.add("data")
    chosen = _run_or_none(st.session_state.get(RUN))
    if chosen is not None and chosen.has_model:
        steps |= {"data", "train"}
        for step, key in (("evaluate", _LOOKED_AT), ("predict", _TRIED)):
            if st.session_state.get(key) == chosen.id:
                steps.add(step)
        if any((folder / home.EXPORT).is_file() for folder in kept.folders(chosen)):
            steps.add("export")
    return steps


def preset() -> TrainingSettings | None:
    """What Thaw has set the controls of the Train page to; None where a person has set them all."""
    chosen: TrainingSettings | None = st.session_state.get(_SET_BY_THAW, TrainingSettings())
    return chosen


def settings_of() -> tuple[str | None, bool]:
    """The data set that the Train page's controls are set for, and whether a person has set any."""
    of: tuple[str | None, bool] = st.session_state.get(_SETTINGS_OF, (None, False))
    return of


def set_for(dataset: str, *, touched: bool) -> None:
    """Note what `settings_of` tells."""
    st.session_state[_SETTINGS_OF] = dataset, touched


def use_preset(settings: TrainingSettings) -> None:
    """Set the controls to what Thaw suggests; they count as untouched while they stay so."""
    use_settings(settings)
    st.session_state[_SET_BY_THAW] = settings


def wish_preset(settings: TrainingSettings) -> None:
    """The same when the page is drawn next, for once controls are drawn they can't be set."""
    st.session_state[_PRESET_WISHED] = settings


def grant_preset() -> None:
    """Set the controls to the preset that was wished, before they are drawn."""
    wished = st.session_state.get(_PRESET_WISHED)
    if wished is not None:
        use_preset(wished)


def use_settings(settings: TrainingSettings) -> None:
    """Set the controls of the Train page to what a person chose, before they are drawn."""
    st.session_state[_SET_BY_THAW] = st.session_state[_PRESET_WISHED] = None
    values = {control(name): value for name, value in settings.to_dict().items()}
    values[control("dense")] = len(settings.dense)
    for place, units in enumerate(settings.dense):
        values[control("units", str(place))] = units
    thawed = thaws(settings)
    for name in ("frozen_layers", "alpha", "weights", *THAWED):
        del values[control(name)]
    for name in THAWED:
        values[control(name, depth(thawed))] = getattr(settings, name)
    values[control("alpha", settings.backbone)] = settings.alpha
    own = settings.weights not in (IMAGENET, RANDOM)
    values[control("start")] = "own" if own else settings.weights
    if own:
        values[control("own", f"{settings.backbone}-{settings.alpha:g}")] = settings.weights
    backbone = all_backbones().get(settings.backbone)
    if backbone is not None:  # All of its layers by number: a browser keeps what it is not given.
        frozen = settings.frozen_of(len(backbone.layers))
        values[control("frozen_layers", settings.backbone)] = frozen
    st.session_state.update(values)
    st.session_state[_PRESET] = set(values)


def default(key: str, value: Any, unset: Any = None) -> Any:
    """A control's default; `unset` where `use_settings` has just set it, for both would clash."""
    preset = st.session_state.get(_PRESET, set())
    if key not in preset:
        return value
    preset.discard(key)
    return unset


def depth(thawed: bool) -> str:
    """What a control is told apart by whose default depends on whether layers are thawed."""
    return "thawed" if thawed else "frozen"


def control(name: str, of: str = "") -> str:
    """The key of a control of the Train page."""
    return key(f"train-{name}", of) if of else f"train-{name}"


def _choose(key: str, chosen: str | None) -> None:
    if chosen is None:
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)
    else:
        st.session_state[key] = st.query_params[key] = chosen
    _note_address()


def _note_address() -> None:
    st.session_state[_ADDRESS] = _page(), set(st.query_params)


def _page() -> str:
    return urlsplit(st.context.url or "").path


def _run_or_none(chosen: str | None) -> Run | None:
    try:
        return open_run(space(), chosen) if chosen else None
    except UserError:
        return None
