"""Files are replaced whole or not at all, and a replaced one is never taken for the old one."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.saying import say
from core.storage import files


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with files.replacing(path) as aside:
        assert aside.name == "model.keras"
        aside.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert inside(tmp_path) == ["model.keras"]


def test_what_fails_midway_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(b"old")

    def fail() -> None:
        with files.replacing(path) as aside:
            aside.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert inside(tmp_path) == ["facts.json"]


def test_half_a_file_never_matches_a_pattern_for_whole_ones(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "row.json") as aside:
        aside.write_bytes(b"half")
        assert list(tmp_path.glob("*.json")) == []


def test_a_folder_takes_its_place_unless_somebody_was_faster(tmp_path: Path) -> None:
    path = tmp_path / "graph"
    for content in ("first", "second"):
        with files.replacing(path) as aside:
            aside.mkdir()
            (aside / "digest").write_text(content)
    assert (path / "digest").read_text() == "first"
    assert inside(tmp_path) == ["graph"]


def test_a_folder_that_was_deleted_does_not_come_back(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.write_json(tmp_path / "deleted" / "facts.json", {})
    assert inside(tmp_path) == []


@pytest.mark.parametrize(
    "value",
    [
        {}, [], "", 7, None, [[]], {"a": {}}, [1, [2, [3, {"b": [4]}]]],
        {"classes": ["Äpfel", 'a "b"', "\n"], "per_class": {"Ä": {"recall": 0.5, "f1": None}}},
        [{"file": "a.jpg", "top": [["cat", 0.9]], "told": say("{count} of them", count=1234)}],
    ],
)  # fmt: skip
def test_json_is_read_as_it_was_written(tmp_path: Path, value: Any) -> None:
    files.write_json(tmp_path / "facts.json", value)
    assert files.read_json(tmp_path / "facts.json") == value


def test_what_json_lists_is_on_a_line_each(tmp_path: Path) -> None:
    rows = [{"file": f"{number}.jpg", "top": [["cat", 0.5]]} for number in range(3)]
    files.write_json(tmp_path / "answers.json", {"answers": rows})
    lines = (tmp_path / "answers.json").read_text().splitlines()
    assert [json.loads(line.removesuffix(",")) for line in lines if ".jpg" in line] == rows


@pytest.mark.parametrize("sync", [True, False])
def test_bytes_take_their_place_whole_or_not_at_all(
    tmp_path: Path, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.jpg"
    files.write_bytes(path, b"old", sync=sync)
    assert path.read_bytes() == b"old"
    monkeypatch.setattr(Path, "replace", lambda *_: pytest.fail("the disk is full"))
    with pytest.raises(pytest.fail.Exception):
        files.write_bytes(path, b"new", sync=sync)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert inside(tmp_path) == ["picture.jpg"]
    files.write_bytes(path, b"new", sync=sync)
    assert path.read_bytes() == b"new"
    assert inside(tmp_path) == ["picture.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "token", b"secret")
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_two_writes_within_one_tick_of_the_clock_have_two_stamps(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    stamps = set()
    for content in (b"cat", b"dog"):
        files.write_bytes(path, content)
        os.utime(path, ns=(1, 1))  # as a coarse clock would have it
        stamps.add(files.stamp(path))
    assert len(stamps) == 2
    assert files.stamp(tmp_path / "nothing") == (0, 0, 0)
