"""Projects that nobody has saved like this: each is refused in a sentence, and nothing is left."""

import hashlib
import json
import re
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.datasets import image_files, store
from core.errors import StopRequested, UserError
from core.intake import room
from core.intake.archives.archive import open_source
from core.projects import contents, opening
from core.storage import home
from core.storage.runs import Run
from tests.projects.rewriting import Members, edited, members, rewritten

MANIFEST, LIST, LOG = "dataset/manifest.json", "project.json", "runs/1/progress.jsonl"
Edit = Callable[[Members], Any]


@pytest.fixture
def elsewhere(thaw_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    there = tmp_path / "elsewhere"
    monkeypatch.setenv("THAW_HOME", str(there))
    return there


def left_of(there: Path) -> list[Path]:
    """What lies in a home but for what every home has: Keras' settings, and empty folders."""
    found = [each for each in there.rglob("*") if each.is_file()]
    return [each for each in found if each.name != "keras.json"]


def refused(path: Path, there: Path) -> str:
    """The sentence with which a project is refused; nothing of it is left."""
    with pytest.raises(UserError) as caught:
        opening.open_project(home.HOME, path, path.name, lambda *_: None)
    said = str(caught.value)
    assert said.endswith(".")
    assert "Traceback" not in said
    assert str(there) not in said
    assert str(path.parent) not in said
    assert left_of(there) == []
    assert not [*there.glob("home/datasets/*"), *there.glob("home/runs/*")]
    return said


def first_picture(inside: Members) -> str:
    return next(name for name in inside if name.startswith("pictures/"))


def put(name: str, data: bytes = b"x") -> Edit:
    return lambda inside: inside.update({name: data})


def replacing(name: str, old: bytes, new: bytes) -> Edit:
    return lambda inside: inside.update({name: inside[name].replace(old, new)})


def set_in(*path: str | int, to: object) -> Callable[[Any], None]:
    """Set one value deep in some JSON."""

    def change(value: Any) -> None:
        for each in path[:-1]:
            value = value[each]
        value[path[-1]] = to

    return change


def without_picture(inside: Members) -> None:
    del inside[first_picture(inside)]


def other_picture(inside: Members) -> None:
    inside[first_picture(inside)] += b"\0"


def text_as_picture(inside: Members) -> None:
    """A text that the data set lists as a picture, digest and size and all."""
    data = b"#!/bin/sh\n"
    after = hashlib.sha256(data).hexdigest()
    before = json.loads(inside[MANIFEST])["records"][0]["digest"]

    def change(told: Any) -> None:
        for record in told["records"]:
            if record["digest"] == before:
                record |= {"digest": after, "bytes": len(data)}

    for name in list(inside):
        if name == MANIFEST or "/versions/" in name:
            edited(name, change)(inside)
    del inside[f"pictures/{before}"]
    inside[f"pictures/{after}"] = data


def deep(depth: int) -> bytes:
    return b'{"thaw": "project", "format": ' + b"[" * depth + b"]" * depth + b"}"


MEMBERS: dict[str, tuple[Edit, str]] = {
    "a file that is not in the table": (put("dataset/evil.sh"), "other files than its list"),
    "a way out of the folder": (put("../evil.sh"), "leads out of the archive"),
    "an absolute path": (put("/etc/evil.sh"), "leads out of the archive"),
    "a way out below runs": (put("runs/../../evil"), "leads out of the archive"),
    "a drive's letter": (put("c:\\evil.exe"), "leads out of the archive"),
    "a hidden file": (put(".git/config"), "other files than its list"),
    "an archive inside": (put("dataset/more.zip", b"PK\5\6" + bytes(18)), "other files than"),
    "a picture whose name is no digest": (put("pictures/../x"), "leads out of the archive"),
    "a picture called like a path": (put("pictures/evil"), "other files than its list"),
    "a picture too many": (put("pictures/" + "0" * 64), "not those that its data set needs"),
    "a picture too few": (without_picture, "not those that its data set needs"),
    "a picture that was changed": (other_picture, "not the one that was saved"),
    "a script as a picture": (text_as_picture, "not an image but text"),
    "a run without a list": (put("runs/1/settings.json", b"{}"), "other files than its list"),
    "a version of another number": (
        edited("dataset/versions/000002.json", set_in("version", to=7)),
        "versions are not those",
    ),
    "a manifest that is a list": (edited(MANIFEST, lambda _: []), "not as Thaw writes it"),
    "a newer format": (edited(LIST, set_in("format", to=contents.FORMAT + 1)), "newer Thaw"),
    "a format of another kind": (edited(LIST, set_in("format", to="1")), "not as Thaw writes it"),
    "a newer manifest": (edited(MANIFEST, set_in("format", to=99)), "newer Thaw"),
    "a number that is none": (
        replacing(MANIFEST, b'"bytes": ', b'"bytes": NaN, "x": '),
        "not as Thaw writes it",
    ),
    "a number without end": (
        replacing(MANIFEST, b'"bytes": ', b'"bytes": 1e999, "x": '),
        "not as Thaw writes it",
    ),
    "a manifest in Latin-1": (put(MANIFEST, b'{"name": "\xe9"}'), "not as Thaw writes it"),
    "half a letter": (edited(MANIFEST, set_in("name", to="\ud800")), "not as Thaw writes it"),
    "a class twice": (edited(MANIFEST, set_in("classes", 1, to="blue")), "not as|something twice"),
    "a picture of no class": (edited(MANIFEST, set_in("records", 0, "label", to="?")), "not as"),
    "a picture of no side": (edited(MANIFEST, set_in("records", 0, "split", to="?")), "not as"),
    "a digest that is a path": (
        edited(MANIFEST, set_in("records", 0, "digest", to="../../../etc/passwd")),
        "not as Thaw writes it",
    ),
    "a picture of another size": (
        edited(MANIFEST, set_in("records", 0, "width", to=9999)),
        "not the one that was saved",
    ),
    "settings that are none": (
        edited("dataset/choice.json", set_in("epochs", to=10**9)),
        "not as Thaw writes it",
    ),
    "settings of another kind": (
        edited("dataset/choice.json", set_in("epochs", to={"class_name": "Lambda"})),
        "not as Thaw writes it",
    ),
    "a name without an end": (edited(MANIFEST, set_in("name", to="x" * 10**6)), "not as Thaw"),
    "a name that is empty": (edited(MANIFEST, set_in("name", to="")), "not as Thaw writes it"),
}


@pytest.mark.parametrize("what", list(MEMBERS))
def test_other_contents(what: str, pictures_alone: Path, elsewhere: Path) -> None:
    change, expected = MEMBERS[what]
    path = rewritten(pictures_alone, change)
    assert re.search(expected, refused(path, elsewhere))


UNLISTED: dict[str, tuple[Edit, str]] = {
    "a list of files that is a list": (edited(LIST, set_in("files", to=[])), "not as Thaw writes"),
    "a file that was changed": (put(MANIFEST, b"{}"), "other sizes than its list"),
    "a file of the same size": (replacing(MANIFEST, b"blue", b"glue"), "not the one that was"),
    "no list": (lambda inside: inside.pop(LIST), "no list of its files"),
    "a list that is cut off": (
        lambda inside: inside.update({LIST: inside[LIST][:200]}), "not as Thaw writes it"
    ),
    "a list nested 100,000 deep": (put(LIST, deep(100_000)), "not as Thaw writes it"),
    "a file too few": (lambda inside: inside.pop("dataset/choice.json"), "other files than its"),
    "a file too many": (put("dataset/more.json"), "other files than its list"),
}  # fmt: skip


@pytest.mark.parametrize("what", list(UNLISTED))
def test_a_list_that_does_not_fit(what: str, pictures_alone: Path, elsewhere: Path) -> None:
    change, expected = UNLISTED[what]
    assert expected in refused(rewritten(pictures_alone, change, listed=False), elsewhere)


def raw(path: Path, made: Callable[[zipfile.ZipFile], Any]) -> Path:
    """The members of a project and something more, written by hand."""
    there = path.with_name("raw.thaw")
    with zipfile.ZipFile(there, "w") as archive:
        for name, data in members(path).items():
            archive.writestr(zipfile.ZipInfo(name), data)
        made(archive)
    return there


def test_a_link(pictures_alone: Path, elsewhere: Path) -> None:
    link = zipfile.ZipInfo("dataset/hard.json.x")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = raw(pictures_alone, lambda archive: archive.writestr(link, "/etc/passwd"))
    assert "is a link or a device" in refused(path, elsewhere)


def test_a_member_twice(pictures_alone: Path, elsewhere: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = raw(pictures_alone, lambda archive: archive.writestr(MANIFEST, b"{}"))
    assert "twice" in refused(path, elsewhere)


def test_a_list_of_a_gigabyte(pictures_alone: Path, elsewhere: Path) -> None:
    inside = members(pictures_alone)
    path = pictures_alone.with_name("bomb.thaw")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(zipfile.ZipInfo(LIST), "w", force_zip64=True) as member:
            head = zipfile.ZipInfo(LIST)
            head.compress_type = zipfile.ZIP_DEFLATED
            member.write(inside[LIST][:-1])
            for _ in range(80):
                member.write(b" " * (1 << 20))
            member.write(b"}")
        for name, data in inside.items():
            if name != LIST:
                archive.writestr(zipfile.ZipInfo(name), data)
    assert not opening.is_project(path)
    assert "far larger than Thaw writes it" in refused(path, elsewhere)


def test_a_member_that_unpacks_to_far_more(pictures_alone: Path, elsewhere: Path) -> None:
    def change(inside: Members) -> None:
        inside[MANIFEST] = inside[MANIFEST][:-1] + b" " * (20 << 20) + b"}"

    assert "unpacks to far more" in refused(rewritten(pictures_alone, change), elsewhere)


def test_a_claimed_size(pictures_alone: Path, elsewhere: Path) -> None:
    """A table of contents that says a picture has 3 GB."""
    data = bytearray(pictures_alone.read_bytes())
    at = data.rindex(b"PK\1\2")  # the last member is a picture, stored as it is
    struct.pack_into("<II", data, at + 20, 3 << 30, 3 << 30)
    path = pictures_alone.with_name("claim.thaw")
    path.write_bytes(data)
    assert "times its size" in refused(path, elsewhere)


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_file_that_is_cut_off(kept: float, pictures_alone: Path, elsewhere: Path) -> None:
    data = pictures_alone.read_bytes()
    path = pictures_alone.with_name("cut.thaw")
    path.write_bytes(data[: int(len(data) * kept)])
    assert not opening.is_project(path)
    assert "damaged or incomplete" in refused(path, elsewhere)


def test_every_flipped_byte_is_noticed_or_harmless(pictures_alone: Path, elsewhere: Path) -> None:
    """Bytes are flipped all over the file: what opens all the same is what was saved."""
    data = pictures_alone.read_bytes()
    path = pictures_alone.with_name("flipped.thaw")
    for at in range(7, len(data), len(data) // 40):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        try:
            found = opening.open_project(home.HOME, path, "flipped", lambda *_: None)
        except UserError:
            assert left_of(elsewhere) == []
            continue
        assert found.name == "colours"
        store.delete(home.HOME.dataset(found.dataset))


def test_a_million_members(pictures_alone: Path, elsewhere: Path) -> None:
    """As its end record says: the table of contents is never loaded."""
    data = bytearray(pictures_alone.read_bytes())
    at = data.rindex(b"PK\5\6")
    start = struct.unpack_from("<I", data, at + 16)[0]
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 10**6, 10**6, at - start, start
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    path = pictures_alone.with_name("million.thaw")
    path.write_bytes(bytes(data[:at]) + record + locator + bytes(data[at:]))
    assert "Expected at most" in refused(path, elsewhere)


def test_more_pictures_than_are_allowed(
    pictures_alone: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_IMAGES", "3")
    assert "Expected at most 3 pictures" in refused(pictures_alone, elsewhere)


def test_no_room_on_the_disk(
    pictures_alone: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free", lambda _: 1000)
    assert "on the server's disk" in refused(pictures_alone, elsewhere)


def test_a_disk_that_fills_up_midway(
    pictures_alone: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(image_files.files, "write_bytes", full)
        with pytest.raises(UserError, match="no room left"):
            opening.open_project(home.HOME, pictures_alone, "x", lambda *_: None)
    assert left_of(elsewhere) == []


def test_what_is_stopped_leaves_nothing(pictures_alone: Path, elsewhere: Path) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 15
        if done == 4:
            raise StopRequested

    with pytest.raises(StopRequested):
        opening.open_project(home.HOME, pictures_alone, "x", stop)
    assert left_of(elsewhere) == []


RUNS: dict[str, tuple[Edit, str]] = {
    "a run without a model": (lambda inside: inside.pop("runs/1/model.keras"), "not whole"),
    "a run without settings": (lambda inside: inside.pop("runs/1/settings.json"), "not whole"),
    "a run listed twice": (
        edited(LIST, lambda told: told | {"runs": told["runs"] * 2}), "lists a run twice"
    ),
    "a run that has not ended": (put(LOG, b'{"event": "queued", "time": 1}\n'), "has not ended"),
    "an event of another kind": (put(LOG, b'{"event": "released", "time": 1}\n'), "not as Thaw"),
    "an event that is a list": (put(LOG, b"[]\n"), "not as Thaw writes it"),
    "settings of a newer time": (
        edited("runs/1/settings.json", set_in("settings", "magic", to=1)), "not as Thaw writes it"
    ),
    "an accuracy above 1": (edited("runs/1/results.json", set_in("accuracy", to=1.5)), "not as"),
    "results of other classes": (
        edited("runs/1/results.json", set_in("classes", to=["a", "b", "c"])), "do not fit together"
    ),
    "a table of another shape": (
        edited("runs/1/results.json", set_in("confusion", to=[[1]])), "do not fit together"
    ),
    "a name that cannot be seen": (
        edited("runs/1/name.json", set_in("name", to="a\u202eb")), "not as Thaw writes it"
    ),
    "a threshold that is none": (
        edited("runs/1/model.json", set_in("familiar", to={"threshold": "high"})), "not as Thaw"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", list(RUNS))
def test_a_run_that_is_none(what: str, project: Path, run: Run, elsewhere: Path) -> None:
    change, expected = RUNS[what]
    assert expected in refused(rewritten(project, change), elsewhere)


def test_its_name_plays_no_part(pictures_alone: Path, tmp_path: Path, elsewhere: Path) -> None:
    other = pictures_alone.rename(tmp_path / "holiday.zip")
    assert opening.is_project(other)
    assert opening.open_project(home.HOME, other, "holiday", lambda *_: None).name == "colours"
    plain = tmp_path / "plain.thaw"
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("a/1.png", b"")
        archive.writestr("project.json", b'{"thaw": "no"}')
    assert not opening.is_project(plain)


def test_where_pictures_are_expected_a_project_says_what_it_is(pictures_alone: Path) -> None:
    with pytest.raises(UserError, match="is a project that Thaw has saved"):
        open_source(pictures_alone)


def test_names_are_never_paths(pictures_alone: Path, elsewhere: Path) -> None:
    def change(inside: Members) -> None:
        for name in list(inside):
            if name.startswith("dataset/") and b'"blue"' in inside[name]:
                inside[name] = inside[name].replace(b'"blue"', b'"../../blue"')
        edited(MANIFEST, set_in("name", to="../../../etc"))(inside)

    found = opening.open_project(home.HOME, rewritten(pictures_alone, change), "x", lambda *_: None)
    assert found.name == "../../../etc"
    names = {each.name for each in elsewhere.rglob("*") if each.is_dir()}
    assert names <= {"home", "datasets", found.dataset, "images", "thumbnails", "versions"}
    assert home.is_id(found.dataset)
