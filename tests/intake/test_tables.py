"""Labels in a CSV or TSV beside the pictures, as many different programs write them."""

import json
from collections import Counter

import pytest
from test_layout import JPEG, Listed, tree, unclear

from core.errors import UserError
from core.intake.layouts import tables
from core.intake.layouts.labelling import ONE_HOT, Reading, Unclear
from core.intake.layouts.layout import (
    NO_FILE,
    NO_LABEL,
    ON_SEVERAL,
    SEVERAL,
    TWO_FILES,
    UNLISTED,
    place,
)

NAMES = tree("train", of=6)
LABELS = ("cat", "cat", "dog", "dog", "cat", "dog")


def table(rows: list[tuple[str, ...]], delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\n" for row in rows)


ROWS = [(f"{number}.jpg", label) for number, label in enumerate(LABELS)]
HEADED = [("file_name", "label"), *ROWS]
WRITTEN: dict[str, bytes] = {
    "plain": table(HEADED).encode(),
    "tabs": table(HEADED, "\t").encode(),
    "semicolons, as Excel writes in half of Europe": table(HEADED, ";").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + table(HEADED).encode(),
    "UTF-16": table(HEADED).encode("utf-16"),
    "UTF-16 without a mark": table(HEADED).encode("utf-16-le"),
    "Windows line ends": table(HEADED).replace("\n", "\r\n").encode(),
    "no header": table(ROWS).encode(),
    "no endings": table([(name[:1], label) for name, label in ROWS]).encode(),
    "with folders": table([("f", "l"), *((f"train/{n}", label) for n, label in ROWS)]).encode(),
    "backslashes": table([("f", "l"), *((f"train\\{n}", label) for n, label in ROWS)]).encode(),
    "another computer's paths": table(
        [("f", "l"), *((rf"C:\Users\me\pets\train\{n}", label) for n, label in ROWS)]
    ).encode(),
    "capitals": table([(name.upper(), label) for name, label in ROWS]).encode(),
    "columns the other way round": table([(label, name) for name, label in ROWS]).encode(),
    "the separator in Excel's way": b"sep=;\r\n" + table(HEADED, ";").encode(),
    "remarks above": b"# by me\n# twice\n\n" + table(HEADED).encode(),
    "addresses": table(
        [("url", "y"), *((f"https://x.org/{n}?w=3#a", label) for n, label in ROWS)]
    ).encode(),
    "numbers as a spreadsheet writes them": table(
        [("id", "label"), *((f"{n[:1]}.0", label) for n, label in ROWS)]
    ).encode(),
    "the number of each row first": table(
        [("", "image", "label"), *((str(5 - at), n, label) for at, (n, label) in enumerate(ROWS))]
    ).encode(),
    "quotes": table([(f'"{name}"', f'"{label}"') for name, label in ROWS]).encode(),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_how_tables_are_written(way: str) -> None:
    files = {"labels.csv": WRITTEN[way]}
    (choice, *others) = unclear(*NAMES, **files).choices
    assert not [each for each in others if each.reading.tables]
    assert {name: count for name, count, _ in choice.classes} == {"cat": 3, "dog": 3}
    for reading in (choice.reading, Reading(tables=("labels.csv",))):
        found = place(Listed(*NAMES, reading=reading, **files))
        assert [each.label for each in found.placed] == list(LABELS)


LISTS: dict[str, bytes] = {
    "labels.txt": table(ROWS, " ").encode(),
    "train.txt": table([(f"train/{name}", label) for name, label in ROWS], "\t").encode(),
    "list.txt": table(ROWS).encode(),
    "train/metadata.jsonl": "".join(
        json.dumps({"file_name": name, "label": label}) + "\n" for name, label in ROWS
    ).encode(),
    "metadata.jsonl": "\r\n".join(
        json.dumps({"file_name": f"train/{name}", "size": [9, 9], "labels": {"kind": label}})
        for name, label in ROWS
    ).encode(),
}


@pytest.mark.parametrize("bad", ["[1]", "7", "null", "{", "[" * 100_000])
def test_no_line_is_read_after_the_first_that_holds_no_object(
    monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    read: list[str] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda line: read.append(line) or loads(line))
    good = '{"file": "1.jpg"}'
    content = "\n".join([good, "", bad, *[good] * 1000]).encode()
    assert tables.parse("all.jsonl", content, tables.Files(["1.jpg"])) is None
    assert read == [good, bad]


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_are_no_csv(name: str) -> None:
    files = {name: LISTS[name], "train/0.txt": b"a cat\n", "README.txt": b"some words here\n"}
    (choice,) = unclear(*NAMES, **files).choices
    found = place(Listed(*NAMES, reading=choice.reading, **files))
    assert [each.label for each in found.placed] == list(LABELS)


def test_many_files_of_one_name_are_told_apart_by_their_folders() -> None:
    folders = [f"scans/{number:04}/images" for number in range(3000)]
    names = tuple(f"{folder}/scan.png" for folder in folders)
    rows = [("path", "label"), *((f"D:\\{name.replace('/', chr(92))}", "ab"[number % 2])
                                 for number, name in enumerate(names))]  # fmt: skip
    files = tables.Files(names)
    assert all(files.find(path, "l.csv") == ([name], 4) for (path, _), name in
               zip(rows[1:], names, strict=True))  # fmt: skip
    assert files.find("scan.png", "l.csv")[0] == list(names)
    assert files.find("7/images/scan.png", "scans/0007/l.csv")[0] == ["scans/0007/images/scan.png"]
    found = place(
        Listed(*names, reading=Reading(tables=("l.csv",)), **{"l.csv": table(rows).encode()})
    )
    assert [each.label for each in found.placed[:2]] == ["a", "b"]


def test_classes_of_several_words_after_a_space() -> None:
    rows = table([(n, label.replace("cat", "big cat")) for n, label in ROWS], " ").encode()
    (choice,) = unclear(*NAMES, **{"x.txt": rows}).choices
    assert [name for name, _, _ in choice.classes] == ["big cat", "dog"]


def test_columns_of_minus_1_and_1_are_one_for_each_class() -> None:
    signs = {"cat": ("1", "-1"), "dog": ("-1", "1")}
    rows = table([("f", "cat", "dog"), *((name, *signs[label]) for name, label in ROWS)])
    (choice,) = unclear(*NAMES, **{"x.csv": rows.encode()}).choices
    assert choice.reading.label_column == ONE_HOT
    assert [(name, count) for name, count, _ in choice.classes] == [("cat", 3), ("dog", 3)]


def test_zeros_before_a_number_play_no_part_where_no_file_is_called_so() -> None:
    rows = table([("id", "label"), *((name[:1], label) for name, label in ROWS)]).encode()
    names = tree("x", of=6, file="{:04}.jpg")
    found = place(Listed(*names, reading=Reading(tables=("l.csv",)), **{"l.csv": rows}))
    assert [each.label for each in found.placed] == list(LABELS)


SPLITS = {
    "is_valid": (("0", "1") * 3, {"train": 3, "validation": 3}),
    "is_test": (("False", "True") * 3, {"train": 3, "test": 3}),
    "is_train": (("1", "0") * 3, {"train": 3, "test": 3}),
    "subset": (("TRAIN", "valid") * 3, {"train": 3, "validation": 3}),
    "part": (("tr", "va", "te") * 2, {"train": 2, "validation": 2, "test": 2}),
}


@pytest.mark.parametrize("column", SPLITS)
def test_how_columns_say_the_side(column: str) -> None:
    said, sides = SPLITS[column]
    rows = [("id", column, "breed"), *zip("012345", said, LABELS, strict=True)]
    (choice,) = unclear(*NAMES, **{"x.csv": table(rows).encode()}).choices
    assert choice.reading.split_column == column
    assert dict(choice.sides) == sides


def test_a_table_that_says_as_the_folders_and_a_side_besides_is_asked_about() -> None:
    names = tree("cat", "dog", of=4)
    rows = [("file", "label", "set"), *((name, name[:3], "train" if "3" not in name else "test")
                                        for name in names)]  # fmt: skip
    ways = unclear(*names, **{"x.csv": table(rows).encode()}).choices
    assert [dict(each.sides) for each in ways] == [{"train": 6, "test": 2}, {}]


def test_labels_to_be_replaced_are_no_labels() -> None:
    files = {
        "train.csv": table([("id", "label"), *ROWS[:4]]).encode(),
        "sample_submission.csv": table([("id", "label"), *((n, "cat") for n, _ in ROWS[4:])]
                                       ).encode(),
    }  # fmt: skip
    (choice,) = unclear(*NAMES, **files).choices
    assert choice.reading.tables == ("train.csv",)


def test_boxes_in_a_table_are_named_where_pictures_hold_several() -> None:
    headers = ("filename", "class", "xmin", "ymin", "xmax", "ymax")
    one = [headers, *((name, label, "1", "2", "3", "4") for name, label in ROWS)]
    (choice,) = unclear(*NAMES, **{"x.csv": table(one).encode()}).choices
    assert choice.reading.label_column == "class"
    more = [*one, *((name, "bird", "1", "2", "5", "6") for name, _ in ROWS)]
    with pytest.raises(UserError, match="labels for detection"):
        place(Listed(*NAMES, **{"x.csv": table(more).encode()}))


def test_a_table_that_does_not_help_says_why() -> None:
    same = table([("file", "label"), *((name, "cat") for name, _ in ROWS)]).encode()
    with pytest.raises(UserError, match=r"“x\.csv” is not used: no column of it divides"):
        place(Listed(*NAMES, **{"x.csv": same}))
    twice = place(Listed(*tree("a", "b", of=6), **{"x.csv": table(HEADED).encode()}))
    assert twice.told().endswith(
        "The table “x.csv” is not used: several files have the names that it lists."
    )
    both = unclear(*tree("train", "test", of=6), **{"x.csv": table(HEADED).encode()})
    assert "“x.csv” is not used: several files have the names" in both.cause
    elsewhere = {"val/x.csv": table([(f"val/{n}", label) for n, label in ROWS]).encode()}
    beside = place(Listed(*tree("train/a", "train/b", "val/images", of=6), **elsewhere))
    assert "is not used: it lists only files outside the class folders" in beside.told()


def test_labels_keep_their_accents_in_any_encoding() -> None:
    rows = table([("f", "l"), ("0.jpg", "été"), ("1.jpg", "été"), ("2.jpg", "hiver"),
                  ("3.jpg", "hiver")])  # fmt: skip
    for encoding in ("utf-8", "utf-16", "latin-1", "cp1252"):
        files = {"x.csv": rows.encode(encoding)}
        found = place(Listed(*NAMES, reading=Reading(tables=("x.csv",)), **files))
        assert {each.label for each in found.placed} == {"été", "hiver"}


def test_sides_come_from_a_column_from_folders_or_from_the_tables_names() -> None:
    sides = ("train", "test") * 3
    rows = [("id", "set", "breed"), *zip("012345", sides, LABELS, strict=True)]
    found = place(
        Listed(*NAMES, reading=Reading(tables=("x.csv",)), **{"x.csv": table(rows).encode()})
    )
    assert [each.split for each in found.placed] == ["train", "test"] * 3
    assert found.reading.split_column == "set"

    rows = [("file", "label"), *((f"{side}/{n}.jpg", LABELS[n]) for side in ("train", "test")
                                 for n in range(6))]  # fmt: skip
    names = (*NAMES, *tree("test", of=6))
    found = place(
        Listed(*names, reading=Reading(tables=("x.csv",)), **{"x.csv": table(rows).encode()})
    )
    assert Counter(each.split for each in found.placed) == {"train": 6, "test": 6}

    files = {
        "train.csv": table([("file", "label"), *ROWS[:4]]).encode(),
        "val.csv": table([("file", "label"), *ROWS[4:]]).encode(),
    }
    (choice, *_) = unclear(*tree("all", of=6), **files).choices
    assert choice.reading.tables == ("train.csv", "val.csv")
    assert dict(choice.sides) == {"train": 4, "validation": 2}


def test_a_table_in_each_sides_folder_as_hugging_face_writes() -> None:
    names = (*NAMES, *tree("valid", of=6))
    files = {f"{side}/metadata.csv": table(HEADED).encode() for side in ("train", "valid")}
    (choice, *_) = unclear(*names, **files).choices
    assert [(name, count) for name, count, _ in choice.classes] == [("cat", 6), ("dog", 6)]
    assert dict(choice.sides) == {"train": 6, "validation": 6}


def test_several_columns_are_asked_about_and_the_telling_one_comes_first() -> None:
    rows = [("file", "camera", "label"),
            *((f"{n}.jpg", "AB"[n % 2], label) for n, label in enumerate(LABELS))]  # fmt: skip
    files = {"x.csv": table(rows).encode()}
    first, second = (each for each in unclear(*NAMES, **files).choices if each.reading.tables)
    assert (first.reading.label_column, second.reading.label_column) == ("label", "camera")
    with pytest.raises(Unclear, match="--label-column camera"):
        place(Listed(*NAMES, reading=Reading(tables=("x.csv",)), **files))
    with pytest.raises(UserError, match="There are: “file”, “camera” and “label”"):
        place(Listed(*NAMES, reading=Reading(tables=("x.csv",), label_column="no"), **files))


def test_what_a_table_does_not_say_is_left_out_with_the_reason() -> None:
    rows = [*HEADED[:5], ("0.jpg", "dog"), ("9.jpg", "cat"), ("x.jpg", "cat"), ("4.jpg", "")]
    names = (*NAMES, "a/x.jpg", "b/x.jpg")
    found = place(
        Listed(*names, reading=Reading(tables=("x.csv",)), **{"x.csv": table(rows).encode()})
    )
    assert [each.member.name for each in found.placed] == [f"train/{n}.jpg" for n in (1, 2, 3)]
    assert dict(found.outside) == {
        "x.csv, row 6: 9.jpg": NO_FILE,
        "x.csv, row 7: x.jpg": TWO_FILES,
        "x.csv, row 8: 4.jpg": NO_LABEL,
        "a/x.jpg": UNLISTED,
        "b/x.jpg": UNLISTED,
        "train/0.jpg": SEVERAL,
        "train/4.jpg": UNLISTED,
        "train/5.jpg": UNLISTED,
    }


def test_a_table_that_says_what_the_folders_say_needs_no_asking() -> None:
    names = tree("00000", "00001", of=3)
    rows = [(f"{folder}/{n}.jpg", str(int(folder))) for folder in ("00000", "00001")
            for n in range(3)]  # fmt: skip
    found = place(Listed(*names, **{"GT.csv": table(rows, ";").encode()}))
    assert {each.label for each in found.placed} == {"00000", "00001"}
    assert not found.reading.tables


def test_a_table_that_says_something_else_than_the_folders_is_asked_about() -> None:
    names = tree("HAM_part_x", "HAM_part_y", of=3, file="ISIC_{}.jpg")
    names = tuple(name.replace("y/ISIC_", "y/ISIC_1") for name in names)
    stems = [name.rpartition("/")[2][:-4] for name in names]
    rows = [("image_id", "dx"), *zip(stems, ("nv", "mel") * 3, strict=True)]
    found = unclear(*names, **{"HAM10000_metadata.csv": table(rows).encode()})
    assert [each.reading.label_column for each in found.choices] == ["dx", ""]
    assert "other classes than the table" in found.cause


@pytest.mark.parametrize(
    "data",
    [b"", b"one\ntwo\n", JPEG * 9, b"a,b\n" + b"\0" * 50, b'"' + b"x" * 300_000, b"," * 9000],
)
def test_what_is_no_table_is_passed_over(data: bytes) -> None:
    assert tables.parse("x.csv", data, tables.Files(())) is None
    found = place(Listed("a/1.jpg", "b/1.jpg", **{"x.csv": data}))
    assert {each.label for each in found.placed} == {"a", "b"}
    with pytest.raises(UserError, match="Expected a table"):
        place(Listed("a/1.jpg", "b/1.jpg", reading=Reading(tables=("x.csv",)), **{"x.csv": data}))


def test_labels_are_only_names() -> None:
    rows = [(f"{n}.jpg", ("../../etc", "c:\\x", "a\x07b")[n % 3]) for n in range(6)]
    found = place(
        Listed(*NAMES, reading=Reading(tables=("x.csv",), label_column="column 2"),
               **{"x.csv": table(rows).encode()})
    )  # fmt: skip
    assert {each.label for each in found.placed} == {"../../etc", "c:\\x"}


def test_a_table_of_files_and_sides_divides_the_folders_classes() -> None:
    names = tree("cat", "dog", of=4)
    rows = [("file", "set"), *((name, "test" if "3" in name else "train") for name in names)]
    files = {"split.csv": table(rows).encode()}
    divided, plain = unclear(*names, **files).choices
    assert [name for name, _, _ in divided.classes] == ["cat", "dog"]
    assert (dict(divided.sides), plain.sides) == ({"train": 6, "test": 2}, ())
    for reading in (divided.reading, Reading(tables=("split.csv",))):
        found = place(Listed(*names, reading=reading, **files))
        assert [each.member.name for each in found.placed if each.split == "test"] == [
            "cat/3.jpg", "dog/3.jpg",
        ]  # fmt: skip
        assert found.told().endswith("by folder, and split by the table “split.csv”.")


@pytest.mark.parametrize(
    ("lists", "sides"),
    [
        ({"meta/train.txt": "012", "meta/test.txt": "3"}, {"train": 6, "test": 2}),
        ({"testing_list.txt": "3", "validation_list.txt": "2"},
         {"train": 4, "validation": 2, "test": 2}),
        ({"TrainImages.txt": "01", "TestImages.txt": "3"}, {"train": 4, "test": 2}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["", ".jpg"])
def test_lists_of_files_named_after_sides_divide_the_folders_classes(
    lists: dict[str, str], sides: dict[str, int], ending: str
) -> None:
    """As Food-101, Speech Commands and MIT's indoor scenes come."""
    names = tree("images/hot dog", "images/pizza", of=4)
    files = {
        name: "".join(f"{label}/{n}{ending}\n" for label in ("hot dog", "pizza") for n in numbers)
        .encode() for name, numbers in lists.items()
    }  # fmt: skip
    divided, _ = unclear(*names, **files).choices
    assert dict(divided.sides) == sides
    assert [name for name, _, _ in divided.classes] == ["hot dog", "pizza"]


def test_lists_that_say_what_the_folders_say_need_no_asking() -> None:
    names = tree("train/a", "train/b", "val/a", "val/b")
    listed = "".join(f"{label}/{n}.jpg\n" for label in "ab" for n in (0, 1)).encode()
    files = {f"{side}.txt": listed
             for side in ("train", "val")}  # fmt: skip
    assert dict(place(Listed(*names, **files)).sides) == {"train": 4, "validation": 4}


def test_folder_and_file_in_two_columns() -> None:
    names = tree("pictures/first", "pictures/second", of=4)
    rows = [("folder", "file", "label"), *((name.split("/")[1], name.split("/")[2],
            "ab"[at // 2 % 2]) for at, name in enumerate(names))]  # fmt: skip
    files = {"x.csv": table(rows).encode()}
    first, *_ = unclear(*names, **files).choices
    assert (first.reading.file_column, first.reading.label_column) == ("folder/file", "label")
    found = place(Listed(*names, reading=first.reading, **files))
    assert [each.label for each in found.placed] == list("aabbaabb")


def test_a_table_beside_two_folders_of_the_same_names_means_that_of_its_side() -> None:
    names = (*tree("train", of=4), *tree("test", of=4))
    files = {
        "train.csv": table([("id", "label"), *((str(n), "ab"[n % 2]) for n in range(4))]).encode(),
        "test.csv": table([("id", "label"), *((str(n), "ba"[n % 2]) for n in range(4))]).encode(),
    }
    first, *_ = unclear(*names, **files).choices
    found = place(Listed(*names, reading=first.reading, **files))
    assert {each.member.name: (each.label, each.split) for each in found.placed} == {
        f"{side}/{n}.jpg": (("ab" if side == "train" else "ba")[n % 2], side)
        for side in ("train", "test") for n in range(4)
    }  # fmt: skip


OBJECTS: dict[str, object] = {
    "a label for each file": dict(ROWS),
    "a list of one label for each file": {name: [label] for name, label in ROWS},
    "what is known of each file": {name: {"label": label, "size": 3} for name, label in ROWS},
    "an object for each file": [{"file_name": name, "label": label} for name, label in ROWS],
    "such a list inside": {"version": 1, "info": {"by": "me"},
                           "images": [{"path": f"train/{n}", "label": {"name": label}}
                                      for n, label in ROWS]},
    "the files of each label": {label: [f"train/{name}" for name, other in ROWS if label == other]
                                for label in ("dog", "cat")},
}  # fmt: skip


@pytest.mark.parametrize("way", OBJECTS)
@pytest.mark.parametrize("name", ["labels.json", "train/x.json", "info.labels"])
def test_labels_in_json(way: str, name: str) -> None:
    files = {name: json.dumps(OBJECTS[way]).encode()}
    first, *_ = unclear(*NAMES, **files).choices
    found = place(Listed(*NAMES, reading=first.reading, **files))
    assert [each.label for each in found.placed] == list(LABELS)


@pytest.mark.parametrize(
    "text",
    ["", "null", "3", "[]", "[1, 2]", "{}", '{"0": "cat"}', '{"cat": [1, 2]}', "[" * 100_000,
     '{"title": "0.jpg", "description": ""}', "9" * 5000, '[{"0.jpg": ', '{"cat": [["0.jpg"]]}',
     '{"images": [{"id": 0, "file_name": "0.jpg"}], "annotations": [{"image_id": 0}]}'],
)  # fmt: skip
def test_json_without_labels_is_passed_over(text: str) -> None:
    found = place(Listed("a/0.jpg", "b/1.jpg", **{"labels.json": text.encode()}))
    assert {each.label for each in found.placed} == {"a", "b"}


def test_workbooks_are_refused_with_the_way_out() -> None:
    for name in ("labels.xlsx", "old.xls", "x.ods"):
        with pytest.raises(UserError, match="workbook has to be saved as CSV first"):
            place(Listed(*NAMES, **{name: b"PK\3\4"}))
        with pytest.raises(UserError, match="workbook has to be saved as CSV first"):
            place(Listed(*NAMES, reading=Reading(tables=(name,)), **{name: b"PK\3\4"}))
        beside = place(Listed(*tree("a", "b"), **{name: b"PK\3\4"}))
        assert beside.told() == "Read as 2 classes (a, b), by folder."


def test_a_column_of_classes_comes_before_one_that_repeats_the_folders() -> None:
    names = tree("a", "b", of=4)
    rows = [("file", "folder", "species"), *((name, name[0], ("cat", "dog")[at % 2])
                                             for at, name in enumerate(names))]  # fmt: skip
    first, *_ = unclear(*names, **{"x.csv": table(rows).encode()}).choices
    assert first.reading.label_column == "species"


def test_lists_for_each_fold_do_not_mix() -> None:
    names = tree("cat", "dog", of=4)
    files = {
        f"split{fold}/{side}.txt": "".join(
            f"{label}/{n}.jpg\n" for label in ("cat", "dog") for n in range(4)
            if (n == fold) == (side == "test")
        ).encode()
        for fold in range(4) for side in ("train", "test")
    }  # fmt: skip
    found = place(Listed(*names, **files))
    assert found.sides == ()
    assert "is not used: it and others list files on several sides" in found.told()
    one = Reading(tables=("split1/train.txt", "split1/test.txt"))
    assert dict(place(Listed(*names, reading=one, **files)).sides) == {"train": 6, "test": 2}


def test_a_file_in_the_tables_of_two_sides_is_left_out() -> None:
    files = {
        "train.csv": table([("file", "label"), *ROWS[:5]]).encode(),
        "test.csv": table([("file", "label"), *ROWS[4:]]).encode(),
    }
    first, *_ = unclear(*NAMES, **files).choices
    found = place(Listed(*NAMES, reading=first.reading, **files))
    assert dict(found.sides) == {"train": 4, "test": 1}
    assert dict(found.outside)["train/4.jpg"] == ON_SEVERAL
