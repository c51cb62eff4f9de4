"""Folders that are read where they lie: links, what may not be opened, names."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from test_archive import packed

from core.datasets import reading
from core.errors import UserError
from core.intake.archives.archive import UnreadableMember, open_source
from core.intake.archives.tar_safety import LINK, NO_FILE
from core.intake.layouts.layout import OUTSIDE
from core.intake.limits import Limits
from core.settings import SplitSettings
from tests.intake.painted import classes, folder_of


def closed(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    """What the owner of these folders forbids; whoever runs the tests may be allowed all."""
    scandir = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path) in paths:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)


def test_links_are_not_followed_but_told(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "1.jpg").write_bytes(b"secret")
    mine = tmp_path / "mine"
    (mine / "a").mkdir(parents=True)
    (mine / "a" / "b.jpg").write_bytes(b"b")
    (mine / "a" / "a.jpg").write_bytes(b"a")
    (mine / "linked").symlink_to(tmp_path / "secret")
    (mine / "a" / "link.jpg").symlink_to(tmp_path / "secret" / "1.jpg")
    (mine / "a" / "loop").symlink_to(mine)
    (mine / "a" / ".hidden.jpg").symlink_to(tmp_path / "secret" / "1.jpg")
    os.mkfifo(mine / "a" / "pipe.jpg")
    source = open_source(mine)
    assert [member.name for member in source.members] == ["a/a.jpg", "a/b.jpg"]
    assert dict(source.left_out) == {
        "linked": LINK,
        "a/link.jpg": LINK,
        "a/.hidden.jpg": "a hidden file (its name begins with a dot)",
        "a/loop": LINK,
        "a/pipe.jpg": NO_FILE,
    }
    (mine / "a" / "a.jpg").unlink()
    (mine / "a" / "a.jpg").symlink_to(tmp_path / "secret" / "1.jpg")
    with pytest.raises(UnreadableMember, match="cannot be opened"):
        source.read(source.members[0])


def test_a_file_that_has_grown_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    grows = tmp_path / "a" / "1.jpg"
    grows.write_bytes(b"short")
    source = open_source(tmp_path)
    grows.write_bytes(b"short, and by now long")
    assert source.read(source.members[0]) == b"short, and by now long"
    assert source.read(source.members[0], 3) == b"sho"
    monkeypatch.setattr(Limits, "member_bytes", 10)
    with pytest.raises(UnreadableMember, match="too large"):
        source.read(source.members[0])


def test_a_folder_of_links_says_so(tmp_path: Path) -> None:
    folder_of(tmp_path / "real", classes({"a": 3, "b": 3}))
    for label in "ab":
        (tmp_path / "linked" / label).mkdir(parents=True)
        for number in range(3):
            picture = tmp_path / "real" / label / f"{number}.png"
            (tmp_path / "linked" / label / picture.name).symlink_to(picture)
    with pytest.raises(UserError, match=r"6 files were left out, among them “a/0\.png”, a link"):
        reading.read(open_source(tmp_path / "linked"), split=SplitSettings())
    followed = reading.read(open_source(tmp_path / "linked", follow=True), split=SplitSettings())
    assert followed == replace(
        reading.read(open_source(tmp_path / "real"), split=SplitSettings()), name="linked"
    )


def test_linked_class_folders_are_read_where_their_owner_asks(tmp_path: Path) -> None:
    folder_of(tmp_path / "far", classes({"cats": 3, "dogs": 3}))
    mine = tmp_path / "mine"
    (mine / "a").mkdir(parents=True)
    (mine / "cats").symlink_to(tmp_path / "far" / "cats")
    (mine / "dogs").symlink_to(tmp_path / "far" / "dogs")
    (mine / "again").symlink_to(mine / "a")
    (mine / "a" / "up").symlink_to(mine)
    (mine / "a" / "further up").symlink_to(tmp_path)
    (mine / "gone").symlink_to(tmp_path / "nowhere")
    (mine / "round").symlink_to(mine / "round")
    (mine / "one.png").symlink_to(tmp_path / "far" / "cats" / "0.png")
    (mine / ".git").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "cats" / "back").symlink_to(mine)
    (tmp_path / "far" / "cats" / "on").symlink_to(tmp_path / "far" / "dogs")
    source = open_source(mine, follow=True)
    found = reading.read(source, split=SplitSettings())
    assert found.counts == {"cats": 3, "dogs": 3}
    assert {one.file: one.reason for one in found.skipped} == {
        ".git": "left behind by git, not one of your pictures",
        "a/further up": "a link that leads back to the folder around it",
        "a/up": "a link to a folder that is read anyway",
        "again": "a link to a folder that is read anyway",
        "cats/back": LINK,
        "cats/on": LINK,
        "gone": "a link that leads nowhere",
        "one.png": OUTSIDE,
        "round": "a link that leads nowhere",
    }
    assert [member.name for member in open_source(mine).members] == []


def test_linked_files_are_read_where_their_owner_asks(tmp_path: Path) -> None:
    folder_of(tmp_path / "all", classes({"a": 2, "b": 2}))
    mine, far = tmp_path / "all" / "mine", tmp_path / "far"
    mine.mkdir()
    far.mkdir()
    (far / "1.jpg").symlink_to(tmp_path / "all" / "a" / "0.png")
    os.mkfifo(far / "pipe")
    (mine / "1.jpg").symlink_to(tmp_path / "all" / "a" / "0.png")  # inside of what is read
    (mine / "2.jpg").symlink_to(mine / "1.jpg")
    (mine / "3.jpg").symlink_to(mine / "4.jpg")
    (mine / "4.jpg").symlink_to(mine / "3.jpg")
    (mine / "pipe.jpg").symlink_to(far / "pipe")
    (mine / "null.jpg").symlink_to("/dev/null")
    (mine / "far").symlink_to(far)
    source = open_source(tmp_path / "all", follow=True)
    assert dict(source.left_out) == {
        "mine/3.jpg": "a link that leads nowhere",
        "mine/4.jpg": "a link that leads nowhere",
        "mine/far/1.jpg": LINK,
        "mine/far/pipe": NO_FILE,
        "mine/null.jpg": NO_FILE,
        "mine/pipe.jpg": NO_FILE,
    }
    files = {member.name: source.read(member) for member in source.members}
    assert files["mine/1.jpg"] == files["mine/2.jpg"] == files["a/0.png"]
    assert source.head(source.members[-1], 4) == b"\x89PNG"


def test_a_linked_folder_counts_and_is_measured_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path / "far", classes({"cats": 5}))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cats").symlink_to(tmp_path / "far" / "cats")
    monkeypatch.setenv("THAW_ENTRIES", "4")
    with pytest.raises(UserError, match="at most 4 files"):
        open_source(tmp_path / "mine", follow=True)


def test_links_count_as_files_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_ENTRIES", "3")
    for number in range(4):
        (tmp_path / f"{number}.jpg").symlink_to("/nowhere")
    with pytest.raises(UserError, match="at most 3 files"):
        open_source(tmp_path)


def test_a_folder_that_may_not_be_opened_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, classes({"a": 3, "b": 3, "c": 3}))
    closed(monkeypatch, tmp_path / "c")
    found = reading.read(open_source(tmp_path), split=SplitSettings())
    assert found.counts == {"a": 3, "b": 3}
    assert [(one.file, one.reason) for one in found.skipped] == [
        ("c", "a folder that cannot be opened (Permission denied)")
    ]
    closed(monkeypatch, tmp_path)
    with pytest.raises(UserError, match=f"“{tmp_path.name}” may not be read"):
        open_source(tmp_path)


def test_files_that_may_not_be_looked_at_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, classes({"a": 3, "b": 3}))
    lstat = Path.lstat

    def guarded(path: Path) -> os.stat_result:
        if path.parent.name == "b":
            raise PermissionError(13, "Permission denied", path)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", guarded)
    assert dict(open_source(tmp_path).left_out) == {
        f"b/{number}.png": "cannot be opened (Permission denied)" for number in range(3)
    }


def test_a_link_that_leads_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="“loop” cannot be read"):
        open_source(tmp_path / "loop")


def test_a_source_whose_own_name_is_no_utf8(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    assert open_source(Path(os.fsdecode(folder))).name == "caf�"
    with open(folder + b".zip", "wb") as file:
        file.write(packed(("a/1.jpg", b"x")))
    assert open_source(Path(os.fsdecode(folder + b".zip"))).name == "caf�"


def test_a_very_deep_folder_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a"] * 99)
    deep.mkdir(parents=True)
    (deep / "x.jpg").write_bytes(b"x")
    assert len(open_source(tmp_path).members) == 1
    (deep / "a").mkdir()
    with pytest.raises(UserError, match="at most 100 folders deep"):
        open_source(tmp_path)
