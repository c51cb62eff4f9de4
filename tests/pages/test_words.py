"""How numbers and other people's words are written."""

import time
from datetime import datetime

import pytest

from pages.parts.shared import words
from tests.pages.painting import HOSTILE


def test_plain_escapes_all_that_markdown_reads() -> None:
    told = words.plain(HOSTILE + "\n# a\n\n1. b")
    assert "\n" not in told
    bare = told.replace("\\", "").replace("\u2060", "")
    assert bare == HOSTILE + " # a 1. b"
    for special in ("**", ":red", " $", "<b", "[l]", "www."):
        assert special not in told


def test_plain_leaves_plain_names_as_they_are() -> None:
    assert words.plain("Mia_2 b.1.jpg") == "Mia_2 b.1.jpg"
    for special in ("_a_", "a__b", "1. a", "www.a", ".a", "a_"):
        assert words.plain(special) != special


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0%"), (0.001, "< 1%"), (0.5, "50%"), (0.996, "> 99%"), (1, "100%")],
)
def test_percent(share: float, told: str) -> None:
    assert words.percent(share) == told


@pytest.mark.parametrize(
    ("amount", "told"), [(0, "0 bytes"), (12_345, "12 KB"), (3_400_000, "3 MB"), (5e9, "5.0 GB")]
)
def test_size(amount: int, told: str) -> None:
    assert words.size(amount) == told


def test_counts_and_times() -> None:
    assert words.several("{count} class", "{count} classes", 1) == "1 class"
    assert words.several("{count} image", "{count} images", 1200) == "1,200 images"
    assert words.number(3_413_024) == "3.4 million"
    assert words.duration(0.2) == "1 s"
    assert words.duration(240) == "4 min"
    assert words.left(None) == ""
    assert words.when(time.time()).startswith("today")
    assert words.comma(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize("length", [5, 6, 18])
def test_a_long_file_name_keeps_its_end(length: int) -> None:
    name = "camera 2026-11-26 14.03.22_001.jpg"
    told = words.squeezed(name, length)
    assert len(told) == length
    assert told.startswith("ca")
    assert told.endswith("pg")
    assert words.squeezed("a.jpg", length) == "a.jpg"


def test_names_are_cut_where_they_are_alike() -> None:
    shots = [f"IMG_20240501_1203{n:02}.jpg" for n in range(3)]
    assert words.apart(shots, 16)[shots[1]] == "IMG_202…0301.jpg"
    middles = [f"a walk by the sea, picture {n} of the second roll.jpg" for n in (1, 2)]
    assert list(words.apart(middles, 16).values()) == ["a wa…1 of the s…", "a wa…2 of the s…"]


def test_names_that_differ_are_told_apart_wherever_they_do() -> None:
    for place in range(60):
        names = [f"{'a' * place}{n}{'b' * (59 - place)}.png" for n in range(9)]
        cut = words.apart(names, 16)
        assert len(set(cut.values())) == 9
        assert all(len(each) <= 16 for each in cut.values())
    assert words.apart(["0.png", "a lonely long name.png"], 16) == {
        "0.png": "0.png",
        "a lonely long name.png": "a lonel…name.png",
    }


def test_a_date_of_another_year_says_which() -> None:
    assert words.when(datetime(1999, 3, 7, 8, 5).timestamp()) == "7 March 1999, 08:05"


def test_titles_that_are_alike_are_numbered_in_their_order() -> None:
    titles = ["a", "b", "a", "a (2)", "a", "\u00e9", "e\u0301"]
    told = words.numbered(titles)
    assert told == ["a", "b", "a (2)", "a (2) (2)", "a (3)", "\u00e9", "e\u0301 (2)"]
    assert len(set(told)) == len(titles)


def test_a_network_is_never_completely_sure() -> None:
    assert [words.sure(share) for share in (1.0, 0.9999999, 0.5, 0.0)] == [
        "> 99%",
        "> 99%",
        "50%",
        "< 1%",
    ]
