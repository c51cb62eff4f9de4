"""The Export page."""

from dataclasses import replace
from pathlib import Path

import pytest

from core import sharing as links
from core.datasets import store
from core.errors import UserError
from core.exports import kept, table
from core.exports.lesson.rehearsal import Rehearsal
from core.exports.micro.boards import Needs
from core.exports.proof import Agreement, Proof
from core.jobs import exporting
from core.storage import home
from core.storage.job import Job
from core.storage.runs import Run
from core.web import addresses
from core.web.api import published
from tests.pages.painting import (
    HOSTILE,
    Open,
    button,
    buttons,
    keys,
    paint_run,
    shown,
    store_dataset,
)

CLOSE = Agreement(1.0, 0.0003, 0.875)
PROOF = Proof(40, True, False, CLOSE, CLOSE, 0.9, 13_500_000, 10.9, 0, ("It is *slow*.",))


def exported(run: Run, name: str = "onnx", proof: Proof | Rehearsal = PROOF) -> Path:
    folder = kept.new(run)
    folder.mkdir(parents=True)
    job = Job.of_export(folder)
    job.log.append("queued", cluster=None, name=name, upload=folder.name)
    job.log.append("started")
    (folder / home.EXPORT_ZIP).write_bytes(b"PK")
    kept.keep(folder, table.find(name), proof, own_samples=False)
    job.finish()
    return folder


@pytest.fixture
def run(thaw_home: Path) -> Run:
    return paint_run(store_dataset("pets", {"cat": 4, "dog": 4}))


def test_without_a_run_it_leads_to_training(open_page: Open) -> None:
    app = open_page("export")
    assert "take a trained network with you" in shown(app)
    assert keys(app) == ["train-first"]


def test_a_run_that_came_without_its_network_leads_to_its_results(
    open_page: Open, run: Run
) -> None:
    (run.folder / home.MODEL).unlink()
    for page in ("export", "predict"):
        app = open_page(page, run=run.id)
        assert "came in a project without its network" in shown(app)
        assert "to-results" in keys(app)
        assert "export-now" not in keys(app)
    app = open_page("evaluate", run=run.id)
    assert "9 of 10 right" in shown(app)


def test_what_is_chosen_is_ordered(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = []

    def submit(of: Run, format_name: str, *, own_samples: bool) -> Path:
        ordered.append((of.id, format_name, own_samples))
        return kept.new(of)

    monkeypatch.setattr(exporting, "submit", submit)
    app = open_page("export", run=run.id)
    assert app.radio(key="export-format").options == [e.title for e in table.FORMATS.values()]
    assert not app.checkbox(key="export-pictures").value, "pictures stay here unless somebody says"
    app.radio(key="export-format").set_value("litert-int8").run()
    app.checkbox(key="export-pictures").check().run()
    button(app, "export-now").click().run()
    assert ordered == [(run.id, "litert-int8", True)]


def test_an_error_is_told_beside_the_button(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(*_: object, **__: object) -> Path:
        raise UserError("The background process does not start.")

    monkeypatch.setattr(exporting, "submit", submit)
    app = open_page("export", run=run.id)
    button(app, "export-now").click().run()
    assert [each.value for each in app.error] == ["The background process does not start\\."]


def test_an_export_is_offered_with_what_was_measured(open_page: Open, run: Run) -> None:
    exported(run)
    app = open_page("export", run=run.id)
    told = {each.label: each.value for each in app.metric}
    assert told["Agrees with Thaw"] == "100%"
    assert told["Accuracy"] == "88%"
    assert told["Size of the network"] == "14 MB"
    assert told["Time per picture"] == "11 ms"
    assert "40 pictures that the network has not learned from" in shown(app)
    assert "None of your pictures are in it." in shown(app)
    assert "It is \\*slow\\*\\." in [each.value for each in app.warning]
    links = [each.proto for each in app.get("link_button")]
    assert any(f"exports/{run.id}/" in each.url and "permit=" in each.url for each in links)


def test_it_says_how_many_exports_of_a_format_are_kept(open_page: Open, run: Run) -> None:
    assert "older ones are deleted" not in shown(open_page("export", run=run.id))
    exported(run)
    told = shown(open_page("export", run=run.id))
    assert f"the latest {kept.OF_EACH} exports are kept and older ones are deleted" in told


def test_one_for_a_microcontroller_says_what_it_needs_and_where_it_fits(
    open_page: Open, run: Run
) -> None:
    exported(run, "arduino", replace(PROOF, bytes=300_000, needs=Needs(120_000, 300_000)))
    app = open_page("export", run=run.id)
    assert {each.label: each.value for each in app.metric}["Working memory"] == "120 KB"
    told = shown(app)
    assert "Arduino Nano 33 BLE" in told
    assert "ESP32 without PSRAM" not in told


def test_what_no_microcontroller_has_room_for_cannot_be_ordered(open_page: Open, run: Run) -> None:
    app = open_page("export", run=run.id)
    assert not button(app, "export-now").disabled
    app.radio(key="export-format").set_value("arduino").run()
    assert button(app, "export-now").disabled
    assert "too large for a microcontroller" in shown(app)


def test_one_that_the_network_has_learned_from_or_drawings_are_told(
    open_page: Open, run: Run
) -> None:
    exported(run, proof=replace(PROOF, held_out=False))
    app = open_page("export", run=run.id)
    assert "that the network has learned from" in shown(app)
    assert "Accuracy" not in [each.label for each in app.metric]
    drawn = Agreement(1.0, 0.0, None)
    exported(run, proof=replace(PROOF, drawn=True, from_pixels=drawn, accuracy=None))
    app = open_page("export", run=run.id)
    assert "40 drawings" in shown(app)


def test_a_failure_says_why_and_can_be_dismissed(open_page: Open, run: Run) -> None:
    job = Job.of_export(kept.new(run))
    job.folder.mkdir(parents=True)
    job.log.append("queued", cluster=None, name="onnx", upload=job.folder.name)
    job.log.append("started")
    job.fail(f"This network cannot be converted: {HOSTILE}.")
    app = open_page("export", run=run.id)
    assert "cannot be converted" in app.error[0].value
    assert "**bold**" not in app.error[0].value
    (dismiss,) = [key for key in keys(app) if key.startswith("dismiss-export")]
    button(app, dismiss).click().run()
    assert not app.error
    assert not kept.folders(run)


def test_a_damaged_one_does_not_take_the_page_down(open_page: Open, run: Run) -> None:
    (exported(run) / home.EXPORT).write_text("{")
    app = open_page("export", run=run.id)
    assert "damaged" in app.error[0].value
    assert "export-now" in keys(app)


def test_without_its_pictures_it_says_so(open_page: Open, thaw_home: Path) -> None:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    run = paint_run(dataset)
    store.delete(home.HOME.dataset(dataset))
    app = open_page("export", run=run.id)
    assert "tried on drawings" in shown(app)
    assert app.checkbox(key="export-pictures").disabled


def test_programs_may_ask_once_somebody_says_so(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_site", addresses.Site(urls=("http://localhost:8501",)))
    app = open_page("export", run=run.id)
    (switch,) = app.toggle
    assert not switch.value
    assert published.token(run) is None
    assert not app.code
    switch.set_value(True).run()
    token = published.token(run)
    assert token is not None
    address, told, curl, python = (each.value for each in app.code)
    assert address == f"http://localhost:8501/api/{run.id}/predict"
    assert told == token
    assert address in curl
    assert address in python
    assert token in curl
    assert token in python
    compile(python, "example", "exec")
    (renew,) = [key for key in keys(app) if key.startswith("new-token")]
    button(app, renew).click().run()
    assert published.token(run) not in (None, token)
    assert open_page("export", run=run.id).toggle[0].value, "it is on for every visitor"
    app.toggle[0].set_value(False).run()
    assert published.token(run) is None
    assert not app.code


def test_an_export_is_shared_by_a_link_until_somebody_takes_it_back(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_site", addresses.Site(urls=("http://localhost:8501",)))
    folder = exported(run)
    app = open_page("export", run=run.id)
    assert links.at(folder) is None
    button(app, "share").click().run()
    link = links.at(folder)
    assert link is not None
    assert any(link.token in code.value for code in app.code)
    assert "this computer alone" in shown(app)  # it was opened as localhost
    button(app, "stop-sharing").click().run()
    assert links.at(folder) is None
    assert buttons(app, "share")


def test_code_is_offered_with_what_came_out_when_it_was_run(open_page: Open, run: Run) -> None:
    exported(run, "python", Rehearsal(0.875, 0.9, 40, 34.0, ("It may be *chance*.",)))
    app = open_page("export", run=run.id)
    told = {each.label: each.value for each in app.metric}
    assert told == {
        "Accuracy of the code": "88%",
        "Accuracy in Thaw": "90%",
        "Time to run it": "34 s",
    }
    assert "40 pictures that it had not learned from" in shown(app)
    assert "It may be \\*chance\\*\\." in [each.value for each in app.warning]


def test_code_takes_no_pictures_and_needs_those_of_the_run(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = []
    monkeypatch.setattr(
        exporting,
        "submit",
        lambda of, name, *, own_samples: ordered.append((name, own_samples)) or kept.new(of),
    )
    app = open_page("export", run=run.id)
    app.checkbox(key="export-pictures").check().run()
    app.radio(key="export-format").set_value("notebook").run()
    assert not app.checkbox
    button(app, "export-now").click().run()
    assert ordered == [("notebook", False)]
    store.delete(run.dataset_folder)
    app = open_page("export", run=run.id)
    app.radio(key="export-format").set_value("python").run()
    assert button(app, "export-now").disabled
    assert "the code cannot be tried" in shown(app)
