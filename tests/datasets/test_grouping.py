"""Which files belong together by their names."""

from dataclasses import dataclass

import pytest

from core.datasets.grouping import folder_of, groups_of, name_of
from core.intake.layouts.class_folders import label_of
from core.settings import Grouping


@dataclass(frozen=True)
class File:
    file: str
    folder: str | None
    digest: str


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("cats/tom_012.jpg", "tom"),
        ("cats/tom_013.jpg", "tom"),
        ("cats/Tom 14.JPG", "tom"),
        ("cats/tom.jpg", "tom"),
        ("cats/tom (3).jpg", "tom"),
        ("cats/tom-7 copy.png", "tom"),
        ("cats/tom2_05.jpg", "tom2"),
        ("cats/IMG_20240115_103022_BURST007.jpg", "img_20240115_103022_burst"),
        ("cats/2024-01-15 10.30.22.jpg", "2024-01-15 10.30"),
        ("cats/e\u0301va1.jpg", "éva"),
        ("cats/猫12", "猫"),
        ("cats/0007.png", None),
        ("cats/_7.png", None),
        ("cats/7", None),
    ],
)
def test_a_name_up_to_its_last_number(file: str, group: str | None) -> None:
    assert name_of(file) == group


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("cats/tom/1.jpg", "tom"),
        ("zip/train/cats/tom/garden/1.jpg", "tom"),
        ("cats/1.jpg", None),
        ("cats/cats/1.jpg", None),
        ("cats/cats/tom/1.jpg", "tom"),
        ("Cats/tom/1.jpg", "tom"),
        ("elsewhere/1.jpg", None),
        ("1.jpg", None),
    ],
)
def test_the_folder_within_the_class_folder(file: str, group: str | None) -> None:
    assert folder_of(file, "cats") == group


def test_spaces_that_nobody_sees_are_one() -> None:
    assert label_of(" golden \u00a0 retriever ") == "golden retriever"


def test_an_accent_of_macos_is_the_same_class() -> None:
    assert folder_of("be\u0301be\u0301/eva/1.jpg", "bébé") == "eva"


def test_groups_reach_across_classes() -> None:
    files = [File("happy/tom_1.jpg", None, "a"), File("sad/tom_1.jpg", None, "b")]
    groups = groups_of(files, Grouping.NAME)
    assert groups["a"] == groups["b"]
    assert groups_of(files, Grouping.NONE) == {}


def test_what_somebody_wants_together_joins_groups() -> None:
    files = [File(f"x/{name}_1.jpg", None, name) for name in ("anna", "tom", "uwe")]
    groups = groups_of(files, Grouping.NAME, [("anna", "tom", "gone")])
    assert groups["anna"] == groups["tom"] != groups["uwe"]
    assert groups_of(files, Grouping.NONE, [("tom", "uwe")]).keys() == {"tom", "uwe"}


def test_groups_that_hold_the_same_image_are_one() -> None:
    files = [
        *(File(f"x/{name}_1.jpg", None, name) for name in ("anna", "tom", "uwe", "zoe")),
        File("x/tom_2.jpg", None, "copy"),
        File("x/anna_2.jpg", None, "copy"),
        File("y/uwe_3.jpg", None, "other copy"),
        File("y/anna_3.jpg", None, "other copy"),
    ]
    for turned in (files, files[::-1]):
        groups = groups_of(turned, Grouping.NAME)
        assert len({groups[digest] for digest in ("anna", "tom", "uwe", "copy")}) == 1
        assert groups["zoe"] not in (groups["tom"], groups["copy"])
