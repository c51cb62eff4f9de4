"""A report of a problem holds what helps, and not one word that a person brought or typed."""

import io
import json
import logging
import os
import platform
import socket
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from core import config, installation
from core.cli.main import main
from core.datasets import store
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.storage import home, incidents, logs, report
from tests.pages.painting import paint_run, store_dataset

PRIVATE = [
    "Zoë Beispiel",
    "Grete/../../Muster",
    "Hänschen\n2026-01-02T03:04:05+00:00 incident deadbeef\nKlein",
    '  File "core/Mustermann.py", line 7, in mustermann',
    "{'type': 'Lieschen'}",
    "‮Kevin",
]
WORDS = (
    "zoë",
    "zoes",
    "beispiel",
    "grete",
    "muster",
    "hänschen",
    "klein",
    "lieschen",
    "kevin",
    "deadbeef",
)


def everything() -> str:
    """All that the zip holds, and the names in it."""
    with zipfile.ZipFile(io.BytesIO(report.zipped(report.texts()))) as archive:
        return "\n".join(name + "\n" + archive.read(name).decode() for name in archive.namelist())


def test_nothing_private_gets_in(thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(thaw_home / "zoes"))
    monkeypatch.setenv("THAW_WEIGHTS", "/media/grete/muster")
    monkeypatch.setenv("THAW_SCHEDULER", "tcp://kevins-computer:8786")
    dataset = store_dataset("Grete Muster", {"zoë": 2, "kevin": 2})
    paint_run(dataset, ("zoë", "kevin"), data="Beispiel")
    (home.HOME.dataset(dataset) / "manifest.json").write_text('{"name": "Klein"')
    for name in PRIVATE:
        for error in (
            KeyError(name),
            FileNotFoundError(2, "none", f"/home/{name}"),
            UserError(name),
        ):
            try:
                raise error
            except Exception as caught:
                incidents.record(caught)
    for work in (lambda: store.load(home.HOME.dataset(dataset)),
                 lambda: open_source(Path("/home/zoe/kevin.zip"))):  # fmt: skip
        try:
            work()
        except Exception as caught:
            incidents.record(caught)
    monkeypatch.setenv("THAW_IMAGES", "Lieschen")
    found = everything().lower()
    assert not [word for word in WORDS if word in found]
    for private in (str(thaw_home), str(Path.home()), socket.gethostname(), "/home/"):
        assert private.lower() not in found
    assert "builtins.keyerror" in found
    assert "core/datasets/store.py" in found


def test_it_says_what_helps(thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_WORKERS", "3")
    monkeypatch.setenv("THAW_CACHE_GB", "much")
    monkeypatch.delenv("THAW_UPLOAD_GB", raising=False)
    home.logs().mkdir(parents=True)
    incident = incidents.record(OSError(28, "No space left on device"))
    held = report.texts()
    versions, settings = (held[name].splitlines() for name in ("versions.txt", "settings.txt"))
    assert f"Thaw {installation.version()}" in versions
    assert f"Python {platform.python_version()} (CPython)" in versions
    assert f"tensorflow {metadata.version('tensorflow')}" in versions[-1].split(", ")
    assert "THAW_WORKERS: 3" in settings
    assert "THAW_CACHE_GB: set to what cannot be used" in settings
    assert "THAW_UPLOAD_GB: not set" in settings
    assert len(settings) == len(config.SETTINGS)
    assert f"incident {incident}\n  builtins.OSError {os.strerror(28)}" in held["log.txt"]


def test_a_log_that_is_damaged_or_missing_is_no_obstacle(thaw_home: Path) -> None:
    assert report.texts()["log.txt"] == "No unexpected errors.\n"
    logs.append(home.facts_log(), '{"time": 1, "inci\n')
    incident = incidents.record(ValueError("x"))
    assert report.texts()["log.txt"].count("incident") == 1
    assert incident in report.texts()["log.txt"]


def test_only_the_latest_entries_are_held(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logs, "LARGEST", 30_000)
    with caplog.at_level(logging.CRITICAL):
        written = [incidents.record(ValueError("x")) for _ in range(400)]
    told = report.texts()["log.txt"]
    assert told.count("incident ") == 50
    assert written[-1] in told
    assert written[0] not in told


def test_the_command_shows_what_it_saves(
    thaw_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.zip"
    assert main(["report", str(file), "--json"]) == 0
    out, err = capsys.readouterr()
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            assert archive.read(name).decode() in out
    assert json.loads(out.splitlines()[-1])["holds"] == ["log.txt", "settings.txt", "versions.txt"]
    assert "Nothing was sent" in err
    assert main(["report", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
