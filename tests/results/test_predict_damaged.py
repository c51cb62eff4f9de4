"""A run that is damaged, and files that are no pictures at all: told, and never waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UserError
from core.intake.archives.archive import UnreadableMember
from core.intake.limits import Limits
from core.results import handed, predictor
from core.results.handed import contents
from core.results.predictor import of_run
from core.storage import home

MakeRun = Callable[..., Path]


def cut(run: Path) -> None:
    model = run / "model.keras"
    model.write_bytes(model.read_bytes()[:-100])


def flip(run: Path) -> None:
    """Damage inside a file that still looks like a model."""
    data = bytearray((run / "model.keras").read_bytes())
    for place in range(100, len(data) - 1000, 97):
        data[place] ^= 255
    (run / "model.keras").write_bytes(data)


def write(file: str, text: str) -> Callable[[Path], None]:
    return lambda run: (run / file).write_text(text) and None


DAMAGES = {
    "model cut off": (cut, "model.keras"),
    "model of other bytes": (flip, "model.keras"),
    "model of text": (write("model.keras", "no model"), "model.keras"),
    "no facts": (lambda run: (run / "model.json").unlink(), "model.json"),
    "half the facts": (write("model.json", '{"classes": ['), "model.json"),
    "no JSON": (write("model.json", "\0"), "model.json"),
    "facts without words": (write("model.json", "{}"), "model.json"),
    "a list": (write("model.json", "[]"), "model.json"),
    "deep JSON": (write("model.json", "[" * 100_000), "model.json"),
    "another size": (write("model.json", '{"classes": [], "input_size": "x"}'), "model.json"),
    "another way": (
        write("model.json", '{"classes": [], "input_size": 32, "square": ["x"]}'),
        "model.json",
    ),
    "settings": (write("settings.json", "{"), "settings.json"),
    "settings without words": (write("settings.json", "{}"), "settings.json"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_told(make_run: MakeRun, damage: str) -> None:
    run = make_run("spoilt")
    damaging, file = DAMAGES[damage]
    damaging(run)
    predictor._warm.cache_clear()
    said = rf"^The run spoilt is damaged: {file} is missing or not as it was written\. Put back"
    with pytest.raises(UserError, match=said):
        of_run(run)
    with pytest.raises(UserError, match=said):
        predictor.warm(run).predict([], 1)
    with pytest.raises(UserError, match="The run spoilt is damaged"):  # by whatever name
        of_run(Path(os.path.relpath(run)))


def test_no_room_to_convert_a_model(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    monkeypatch.setattr("core.intake.room.free", lambda _: 1)
    with pytest.raises(OSError, match="No space left") as raised:
        of_run(run)
    assert raised.value.filename == str(home.root())
    monkeypatch.undo()
    of_run(run)
    monkeypatch.setattr("core.intake.room.free", lambda _: 1)
    of_run(run)  # it is converted already


def test_a_file_that_may_be_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"bytes")
    assert contents(tmp_path / "a.png") == b"bytes"
    (tmp_path / "link.png").symlink_to("a.png")
    assert contents(tmp_path / "link.png") == b"bytes"
    with pytest.raises(FileNotFoundError):
        contents(tmp_path / "nowhere.png")


def test_what_no_picture_is_that_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(UnreadableMember, match="3072 MB, at most 200 MB"):
        contents(tmp_path / "huge.jpg")


def test_a_file_that_grows_is_not_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"bytes")
    monkeypatch.setattr(Limits, "member_bytes", 3)
    monkeypatch.setattr(handed, "refuse_large", lambda size: sizes.append(size))
    sizes: list[int] = []
    assert contents(tmp_path / "a.png") == b"byte"
    assert sizes == [5, 4]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path, Path(os.devnull)):
        with pytest.raises(UnreadableMember, match="not a file"):
            contents(path)
