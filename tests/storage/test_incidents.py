"""Two logs of unexpected errors: one in full, and one with nothing that anybody typed."""

import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from core.intake.archives.archive import open_source
from core.storage import home, incidents

PRIVATE = 'Zoë Müller 猫\n  File "/home/zoe/core/Zoë.py", line 3, in zoe\nZoeError: Zoë\'s cat'


def facts() -> list[dict[str, Any]]:
    return [json.loads(line) for line in home.facts_log().read_text("utf-8").splitlines()]


def caught(error: Exception) -> Exception:
    """An error that has gone through code of ours and of Python."""
    try:
        try:
            json.loads("{")
        except ValueError as cause:
            raise error from cause
    except Exception as raised:
        return raised


def test_facts_say_where_and_what_but_not_which(thaw_home: Path) -> None:
    incident = incidents.record(caught(KeyError(PRIVATE)))
    assert "Zoë Müller" in incidents.log_path().read_text("utf-8")
    (entry,) = facts()
    assert entry["incident"] == incident
    error, cause = entry["errors"]
    assert (error["type"], cause["type"]) == ("builtins.KeyError", "json.decoder.JSONDecodeError")
    assert ["python/json/__init__.py", "loads"] in [frame[::2] for frame in cause["frames"]]
    text = home.facts_log().read_text("utf-8")
    assert "zoe" not in text.lower().replace("\\u00eb", "e")
    assert "\\u732b" not in text


def test_frames_of_ours_are_named_and_those_of_others_code_are_not(tmp_path: Path) -> None:
    file = tmp_path / "zoe.py"
    file.write_text("def zoes_function():\n    open_source(path)\n")
    space: dict[str, Any] = {"open_source": open_source, "path": b"no path"}
    exec(compile(file.read_text(), str(file), "exec"), space)  # noqa: S102
    with pytest.raises(Exception) as raised:  # noqa: PT011
        space["zoes_function"]()
    incidents.record(raised.value)
    frames = facts()[0]["errors"][0]["frames"]
    assert ["", 2, ""] in frames
    assert any(place == "core/intake/archives/archive.py" for place, _, _ in frames)
    assert "zoe" not in json.dumps(facts())


def test_what_the_system_says_is_kept_as_its_number(thaw_home: Path) -> None:
    incidents.record(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/zoe/cats"))
    assert facts()[0]["errors"][0]["errno"] == errno.ENOSPC


def test_warnings_of_a_watched_process_are_kept_without_their_words(thaw_home: Path) -> None:
    loggers = [logging.getLogger(name) for name in (None, "distributed")]
    before = [(each, list(each.handlers)) for each in loggers]
    incidents.watch()
    incidents.watch()
    try:
        logging.getLogger("distributed.nanny").warning("restarting %s", PRIVATE)
        logging.getLogger("distributed.nanny").info("nothing to see")
        try:
            raise ValueError(PRIVATE)
        except ValueError:
            logging.getLogger("thaw").exception("about %s", PRIVATE)
        incidents.record(RuntimeError(PRIVATE))
    finally:
        for each, handlers in before:
            for added in set(each.handlers) - set(handlers):
                each.removeHandler(added)
    assert [len(entry["errors"]) for entry in facts()] == [0, 1, 1]
    assert "Zo" not in home.facts_log().read_text("utf-8")
    assert home.logs().is_dir()
