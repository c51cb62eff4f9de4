"""What systems and programs leave among pictures is left out, and said; dotted classes are kept."""

from pathlib import Path

import pytest
from test_tars import tar_of

from core.datasets import packing, reading
from core.datasets.dataset import Dataset
from core.intake.archives import litter
from core.intake.archives.archive import open_source
from core.settings import SplitSettings
from tests.intake.painted import classes, folder_of, png, zip_of

GOOD = classes({"cats": 4, "dogs": 4})
# Each with the path that is told, and a word of who has left it.
LEFT = {
    "cats/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg": ("cats/@eaDir", "Synology"),
    "@eaDir/cats/SYNOPHOTO_THUMB_XL.jpg": ("@eaDir", "Synology"),
    "cats/SYNOPHOTO_THUMB_B.jpg": ("cats/SYNOPHOTO_THUMB_B.jpg", "Synology"),
    "#recycle/dogs/9.png": ("#recycle", "Synology"),
    "cats/.@__thumb/s1001.jpg": ("cats/.@__thumb", "QNAP"),
    "@Recycle/cats/9.png": ("@Recycle", "QNAP"),
    "__MACOSX/cats/._1.png": ("__MACOSX", "macOS"),
    "cats/._1.png": ("cats/._1.png", "macOS"),
    ".DS_Store": (".DS_Store", "macOS"),
    "cats/Thumbs.db": ("cats/Thumbs.db", "Windows"),
    "$RECYCLE.BIN/x/9.png": ("$RECYCLE.BIN", "Windows"),
    "cats/desktop.ini": ("cats/desktop.ini", "Windows"),
    "Pictures Previews.lrdata/0/9.jpg": ("Pictures Previews.lrdata", "Lightroom"),
    "cats/.picasaoriginals/1.png": ("cats/.picasaoriginals", "Picasa"),
    "cats/Picasa.ini": ("cats/Picasa.ini", "Picasa"),
    ".git/objects/9.png": (".git", "git"),
    "cats/.gitkeep": ("cats/.gitkeep", "git"),
    "cats/.ipynb_checkpoints/1-checkpoint.png": ("cats/.ipynb_checkpoints", "notebook"),
    ".thumbnails/normal/9.png": (".thumbnails", "Linux"),
    "cats/.trashed-1700000000-1.png": ("cats/.trashed-1700000000-1.png", "Android"),
    ".Trash-1000/files/9.png": (".Trash-1000", "Linux"),
    "cats/.9.png": ("cats/.9.png", "hidden file"),
}


def brought(way: str, folder: Path, files: dict[str, bytes]) -> Dataset:
    if way == "folder":
        source = folder_of(folder / "pictures", files)
    elif way == "zip":
        source = zip_of(folder / "pictures.zip", files)
    else:
        source = folder / "pictures.tar"
        source.write_bytes(tar_of(files))
    return reading.read(open_source(source), split=SplitSettings())


@pytest.mark.parametrize("way", ["folder", "zip", "tar"])
def test_what_others_leave_is_left_out_and_said(way: str, tmp_path: Path) -> None:
    found = brought(way, tmp_path, GOOD | {path: png(99) for path in LEFT})
    assert found.counts == {"cats": 4, "dogs": 4}
    told = {one.file: one.reason for one in found.skipped}
    assert set(told) == {where for where, _ in LEFT.values()}
    for where, who in LEFT.values():
        assert who in told[where]
        assert litter.is_reason(told[where])


@pytest.mark.parametrize("way", ["folder", "zip", "tar"])
def test_a_class_may_begin_with_dots(way: str, tmp_path: Path) -> None:
    names = ("..birds", "...", ".22 LR", ".NET", "9mm")
    found = brought(way, tmp_path, classes(dict.fromkeys(names, 3)))
    assert found.counts == dict.fromkeys(sorted(names), 3)
    assert found.skipped == ()


def test_dotted_classes_go_out_and_come_in_again() -> None:
    assert [packing._safe(name) for name in (".22 LR", "..birds", ".NET", "...", ".git")] == [
        ".22 LR",
        "..birds",
        ".NET",
        "_",
        "_.git",
    ]


@pytest.mark.parametrize(
    "name", ["thumbs", "git", "icon", "trash", "my previews", "@home", "DS_Store"]
)
def test_what_only_sounds_so_is_a_class(name: str) -> None:
    assert litter.found(f"{name}/1.jpg") is None
