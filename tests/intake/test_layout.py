"""What paths say about classes and splits, and where they need somebody to ask."""

from collections import Counter
from pathlib import Path

import pytest

from core.errors import UserError
from core.intake.archives.archive import Member, open_source
from core.intake.layouts.labelling import ALONE, Reading, Unclear
from core.intake.layouts.layout import (
    OUTSIDE,
    Layout,
    place,
)
from core.intake.layouts.side_names import is_no_class, says_nothing, side_of
from tests.intake.painted import classes, zip_of

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
NOTES = b"some words"


class Listed:
    """Files in memory: what is called like a picture begins as one, unless bytes are given."""

    name = "pictures"
    left_out: tuple[tuple[str, str], ...] = ()

    def __init__(self, *names: str, reading: Reading | None = None, **given: bytes) -> None:
        self.reading = reading
        self._given = given
        self.members = tuple(Member(name, 44) for name in sorted({*names, *given}))

    def read(self, member: Member) -> bytes:
        picture = member.name.lower().endswith((".jpg", ".jpeg", ".png", ".ppm", ".tif"))
        return self._given.get(member.name, JPEG if picture else NOTES)

    def head(self, member: Member, size: int) -> bytes:
        return self.read(member)[:size]

    def close(self) -> None:
        """Nothing is held open."""


def placed(*names: str) -> tuple[dict[str, tuple[str, str | None]], dict[str, str], bool]:
    found: Layout = place(Listed(*names))
    return (
        {each.member.name: (each.label, each.split) for each in found.placed},
        dict(found.outside),
        found.said,
    )


def unclear(*names: str, **given: bytes) -> Unclear:
    with pytest.raises(Unclear) as raised:
        place(Listed(*names, **given))
    return raised.value


PLAIN = ("daisy/1.jpg", "daisy/2.jpg", "rose/1.jpg", "rose/2.jpg")


@pytest.mark.parametrize("wrap", ["", "flowers/", "my data/Flowers 2024/images/"])
def test_plain_and_wrapped(wrap: str) -> None:
    files, outside, said = placed(*[wrap + name for name in PLAIN])
    assert files == {wrap + name: (name.split("/")[0], None) for name in PLAIN}
    assert not outside
    assert not said


@pytest.mark.parametrize("wrap", ["", "flowers/", "a/b/"])
@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"), ("Training", "Validation", "Testing"), ("TRAIN", "Valid", "TEST"),
        ("train", "val", None), ("train", None, "test"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inside", ["", "images/"])
def test_split_folders(
    wrap: str, train: str, validation: str | None, test: str | None, inside: str
) -> None:
    sides = {"train": train, "validation": validation, "test": test}
    expected = {
        f"{wrap}{folder}/{inside}{label}/{number}.jpg": (label, split)
        for split, folder in sides.items()
        if folder
        for label in ("daisy", "rose")
        for number in (1, 2)
    }
    files, outside, said = placed(*expected)
    assert files == expected
    assert not outside
    assert said


def test_split_folder_may_lack_a_class() -> None:
    files, _, said = placed("train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg")
    assert said
    assert files["val/a/2.jpg"] == ("a", "validation")


@pytest.mark.parametrize("wrap", ["", "flowers/"])
@pytest.mark.parametrize("inside", ["", "images/"])
def test_what_to_learn_is_what_the_training_folder_holds(wrap: str, inside: str) -> None:
    files, outside, said = placed(
        *[f"{wrap}train/{inside}{label}/1.jpg" for label in ("cat", "dog")],
        *[f"{wrap}val/{inside}{label}/2.jpg" for label in ("cat", "dog", "bird")],
        f"{wrap}test/unknown/3.jpg",
        f"{wrap}test/4.jpg",
    )
    assert said
    assert files == {
        f"{wrap}{folder}/{inside}{label}/{number}.jpg": (label, split)
        for folder, split, number in (("train", "train", 1), ("val", "validation", 2))
        for label in ("cat", "dog")
    }
    assert outside == {
        f"{wrap}val/{inside}bird/2.jpg": "its class “bird” is not among those to learn",
        f"{wrap}test/unknown/3.jpg": "its class “unknown” is not among those to learn",
        f"{wrap}test/4.jpg": OUTSIDE,
    }


def test_capital_letters_play_no_part_between_the_sides() -> None:
    files, outside, said = placed(
        "train/Cat/1.jpg", "train/dog/1.jpg", "val/cat/2.jpg", "val/Dog/2.jpg", "extra/3.jpg"
    )
    assert said
    assert sorted(files.values()) == [
        ("Cat", "train"),
        ("Cat", "validation"),
        ("dog", "train"),
        ("dog", "validation"),
    ]
    assert list(outside) == ["extra/3.jpg"]


def test_classes_that_differ_by_capital_letters_alone_are_joined_after_asking() -> None:
    names = ("Cat/1.jpg", "cat/2.jpg", "cat/3.jpg", "dog/4.jpg")
    (choice,) = unclear(*names).choices
    assert choice.reading == Reading(join_cases=True)
    assert choice.reading.options() == "--join-cases"
    joined = place(Listed(*names, reading=choice.reading))
    assert Counter(each.label for each in joined.placed) == {"cat": 3, "dog": 1}


def test_whether_a_single_class_is_meant_is_asked() -> None:
    names = [f"mugs/{number}.jpg" for number in range(ALONE)]
    asked = unclear(*names)
    assert "at least 2 classes" in asked.cause
    assert "only one was found, “mugs”" in asked.cause
    (choice,) = asked.choices
    assert choice.reading == Reading(one_class=True)
    assert choice.reading.options() == "--one-class"
    assert Reading.from_dict(choice.reading.to_dict()) == choice.reading
    found = place(Listed(*names, reading=choice.reading))
    assert {each.label for each in found.placed} == {"mugs"}
    assert found.reading.one_class


@pytest.mark.parametrize(
    "names",
    [
        [f"mugs/{number}.jpg" for number in range(ALONE - 1)],  # too few to learn it alone
        [f"images/{number}.jpg" for number in range(ALONE)],  # a name that says nothing
    ],
)
def test_what_is_hardly_a_class_is_not_asked_about(names: list[str]) -> None:
    assert len({each.label for each in place(Listed(*names)).placed}) < 2


def test_known_classes_lend_their_spelling() -> None:
    found = place(Listed("CAT/1.jpg", "dog/2.jpg"), least=1, known=("Cat", "Dog"))
    assert [each.label for each in found.placed] == ["Cat", "Dog"]
    found = place(Listed("CAT/1.jpg"), least=1, known=("CAT", "cat"))
    assert [each.label for each in found.placed] == ["CAT"]


def test_sides_beside_other_folders_are_asked_about() -> None:
    found = unclear("train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg", "bus/1.jpg")
    assert [each.reading for each in found.choices] == [
        Reading((("train", "train"), ("test", "test"))),
        Reading((("", None),)),
    ]


def test_trains_are_a_class_and_flat_sides_are_asked_about() -> None:
    for names in (
        ("train", "bus", "car"),
        ("test", "control"),
        ("train", "plane", "training shoes"),
    ):
        files, outside, said = placed(*[f"{name}/1.jpg" for name in names])
        assert not said
        assert not outside
        assert {label for label, _ in files.values()} == set(names)
    for names in (("train", "test"), ("Training", "dev"), ("train", "test", "bus")):
        found = unclear(*[f"{name}/1.jpg" for name in names])
        assert "named like the sides of a split" in found.cause
        (choice,) = found.choices
        assert choice.reading.options() == "--root ."
        chosen = place(Listed(*[f"{name}/1.jpg" for name in names], reading=choice.reading))
        assert {each.label for each in chosen.placed} == set(names)


def test_unlabelled_test_folder_is_left_out() -> None:
    files, outside, said = placed("train/a/1.jpg", "train/b/1.jpg", "test/1.jpg", "test/2.jpg")
    assert said
    assert {split for _, split in files.values()} == {"train"}
    assert outside == {"test/1.jpg": OUTSIDE, "test/2.jpg": OUTSIDE}


def test_train_alone_is_an_outer_folder() -> None:
    files, _, said = placed("train/a/1.jpg", "train/b/1.jpg")
    assert not said
    assert files == {"train/a/1.jpg": ("a", None), "train/b/1.jpg": ("b", None)}


def test_folders_within_a_class_belong_to_it() -> None:
    files, outside, _ = placed("daisy/batch 1/1.jpg", "daisy/x/y/2.jpg", "daisy/3.jpg", *PLAIN)
    assert files["daisy/batch 1/1.jpg"] == ("daisy", None)
    assert files["daisy/x/y/2.jpg"] == ("daisy", None)
    assert not outside


def test_loose_files_are_told() -> None:
    names = [f"flowers/{name}" for name in PLAIN]
    files, outside, _ = placed("a.jpg", "flowers/b.png", "README.txt", "flowers/labels.csv", *names)
    assert set(files) == set(names)
    assert outside == {
        "a.jpg": OUTSIDE,
        "flowers/b.png": OUTSIDE,
        "README.txt": "not an image",
        "flowers/labels.csv": "not an image",
    }


def test_folder_of_notes_is_no_class() -> None:
    files, outside, _ = placed("images/a/1.jpg", "images/b/1.jpg", "annotations/xml/1.xml")
    assert {label for label, _ in files.values()} == {"a", "b"}
    assert list(outside) == ["annotations/xml/1.xml"]


def test_bytes_decide_where_endings_do_not() -> None:
    names = ("birds/1.jpg_large", "cats/1.jpg", "dogs/1.jpg.1", "fish/a", "newts/1.jpg?width=3")
    given = dict.fromkeys(names, JPEG) | {"notes/README": NOTES, "words/a.dat": NOTES}
    found = place(Listed(**given))
    assert {each.label for each in found.placed} == {"birds", "cats", "dogs", "fish", "newts"}
    assert [name for name, _ in found.outside] == ["notes/README", "words/a.dat"]
    files, _, _ = placed("a/1.dat", "a/2.jpg", "b/1.jpg", "b/notes.txt")
    assert set(files) == {"a/1.dat", "a/2.jpg", "b/1.jpg", "b/notes.txt"}


@pytest.mark.parametrize("packed", [False, True])
def test_bytes_are_looked_at_in_archives_too(tmp_path: Path, packed: bool) -> None:
    files = {name.replace(".png", ".png_large"): data for name, data in classes({"a": 2}).items()}
    files |= classes({"b": 2}) | {"labels/a": b"<annotation/>"}
    path = tmp_path / "x.zip"
    zip_of(path, files)
    if not packed:
        path = tmp_path / "x"
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    assert {each.label for each in place(open_source(path)).placed} == {"a", "b"}


def test_single_class() -> None:
    files, _, _ = placed("flowers/daisy/1.jpg", "flowers/daisy/2.jpg")
    assert {label for label, _ in files.values()} == {"daisy"}


def test_accents_have_one_spelling() -> None:
    files, _, _ = placed("cafe\u0301/1.jpg", "caf\u00e9/2.jpg", "rose/1.jpg")
    assert {label for label, _ in files.values()} == {"caf\u00e9", "rose"}


def test_a_very_deep_path() -> None:
    deep = "a/" * 5000 + "x.jpg"
    files, _, _ = placed(deep, "b/1.jpg")
    assert files == {deep: ("a", None), "b/1.jpg": ("b", None)}
    files, _, _ = placed(deep)
    assert files == {deep: ("a", None)}


def test_nothing() -> None:
    assert placed() == ({}, {}, False)


SIDES = {
    "train": "train training Train train_set Train_Set training-images 1_train trainset TrainSet "
    "x_train train2017 train_data TRAIN entrenamiento treino 训练集 "
    "trainval train_val Trainingsdaten imagestrain traindir обучающая learn tRAIN trainA "
    "trainieren entrenar トレーニング 訓練データ 训练图像集 훈련",
    "validation": "val valid Validation val2017 dev valid_set 2-val Validierungsdaten validatie "
    "検証用 バリデーション 검증",
    "test": "test testing test1 Test_Set test_images eval evaluation holdout held-out hold_out "
    "Testdaten val_test imagestest tEST Prüfung testen essai pruebas "
    "テストデータ 評価用 테스트세트",
    None: "trainers test_tube training_shoes bus invalid daisy 0 validity contest images latest "
    "learner train_dev train_and_test train_masks train_labels test_unlabeled 用 データ",
}


@pytest.mark.parametrize(
    ("name", "side"), [(name, side) for side, names in SIDES.items() for name in names.split()]
)
def test_names_of_sides(name: str, side: str | None) -> None:
    assert side_of(name) == side


def test_names_that_say_nothing() -> None:
    for name in (
        "images",
        "part_2",
        "fold1",
        "100CANON",
        "images_001",
        "JPEGImages",
        "Photos",
        "New folder",
        "Neuer Ordner (2)",
        "新しいフォルダー",
        "Photos from 2023",
        "unlabeled",
    ):
        assert says_nothing(name), name
    for name in ("0", "007", "cat", "with mask", "no_mask", "train", "100"):
        assert not says_nothing(name), name


def test_names_that_are_probably_no_class_beside_classes() -> None:
    for name in ("images", "unlabeled", "test", "masks", "New folder (2)", "Fotos von 2022"):
        assert is_no_class(name), name
    for name in ("train", "raw", "data", "full", "part 1", "test tube", "photos of cats", "0"):
        assert not is_no_class(name), name


def tree(*folders: str, of: int = 2, file: str = "{}.jpg") -> tuple[str, ...]:
    """So many files in each folder."""
    return tuple(f"{folder}/{file.format(number)}" for folder in folders for number in range(of))


# What people have, and what comes out: classes with their pictures, and the sides that were named.
CLEAR: dict[str, tuple[tuple[str, ...], dict[str, int], dict[str, int]]] = {
    "Kaggle's Intel scenes": (
        (*tree("seg_train/seg_train/sea", "seg_train/seg_train/street", of=3),
         *tree("seg_test/seg_test/sea", "seg_test/seg_test/street"), *tree("seg_pred/seg_pred")),
        {"sea": 5, "street": 5}, {"train": 6, "test": 4},
    ),
    "chest X-rays, wrapped twice, with what macOS adds": (
        tree(*[f"chest_xray/chest_xray/{side}/{label}" for side in ("train", "test", "val")
               for label in ("NORMAL", "PNEUMONIA")]),
        {"NORMAL": 6, "PNEUMONIA": 6}, {"train": 4, "validation": 4, "test": 4},
    ),
    "chest X-rays with a second copy inside": (
        tree(*[f"chest_xray/{copy}{side}/{label}" for copy in ("", "chest_xray/")
               for side in ("train", "test") for label in ("NORMAL", "PNEUMONIA")]),
        {"NORMAL": 4, "PNEUMONIA": 4}, {"train": 4, "test": 4},
    ),
    "dogs and cats, every side in a folder of its own name": (
        tree("training_set/training_set/cats", "training_set/training_set/dogs",
             "test_set/test_set/cats", "test_set/test_set/dogs"),
        {"cats": 4, "dogs": 4}, {"train": 4, "test": 4},
    ),
    "fastai's Imagenette": (
        tree("imagenette2/train/n01440764", "imagenette2/train/n02102040",
             "imagenette2/val/n01440764", "imagenette2/val/n02102040"),
        {"n01440764": 4, "n02102040": 4}, {"train": 4, "validation": 4},
    ),
    "CUB birds": (
        (*tree("CUB/images/001.Black_footed_Albatross", "CUB/images/002.Laysan_Albatross"),
         "CUB/README", "CUB/classes.txt"),
        {"001.Black_footed_Albatross": 2, "002.Laysan_Albatross": 2}, {},
    ),
    "Caltech 101": (
        tree("101_ObjectCategories/BACKGROUND_Google", "101_ObjectCategories/ant",
             "101_ObjectCategories/bass"),
        {"BACKGROUND_Google": 2, "ant": 2, "bass": 2}, {},
    ),
    "Tiny ImageNet": (
        (*tree("tiny/train/n01/images", "tiny/train/n02/images"), *tree("tiny/val/images"),
         *tree("tiny/test/images"), "tiny/val/val_annotations.txt", "tiny/train/n01/n01_boxes.txt"),
        {"n01": 2, "n02": 2}, {"train": 4},
    ),
    "GTSRB's numbered folders": (
        tree("GTSRB/Final_Training/Images/00000", "GTSRB/Final_Training/Images/00001",
             file="{}.ppm"),
        {"00000": 2, "00001": 2}, {},
    ),
    "Roboflow's classification": (
        tree("train/helmet", "train/none", "valid/helmet", "valid/none", "test/helmet"),
        {"helmet": 6, "none": 4}, {"train": 4, "validation": 4, "test": 2},
    ),
    "a Hugging Face folder": (
        tree("data/train/cat", "data/train/dog", "data/validation/cat", "data/validation/dog"),
        {"cat": 4, "dog": 4}, {"train": 4, "validation": 4},
    ),
    "wrapped three times": (tree("a/data/data/x", "a/data/data/y"), {"x": 2, "y": 2}, {}),
    "numbers": (tree("0", "1", "2"), {"0": 2, "1": 2, "2": 2}, {}),
    "batches in each class": (
        tree("cats/batch 1", "cats/batch 2", "dogs/batch 1", "dogs/batch 2"),
        {"cats": 4, "dogs": 4}, {},
    ),
    "one class in batches": (
        tree("cats/monday", "cats/tuesday", "dogs"), {"cats": 4, "dogs": 2}, {},
    ),
    "sides inside the classes": (
        tree("cats/train", "cats/test", "dogs/train", "dogs/test"),
        {"cats": 4, "dogs": 4}, {"train": 4, "test": 4},
    ),
    "annotations beside the pictures, without ending": (
        (*tree("images/Images/n1-dog", "images/Images/n2-dog"),
         *tree("annotations/Annotation/n1-dog", "annotations/Annotation/n2-dog", file="n_{}")),
        {"n1-dog": 2, "n2-dog": 2}, {},
    ),
    "masks": (tree("with_mask", "without_mask"), {"with_mask": 2, "without_mask": 2}, {}),
    "good and bad": (tree("valid", "invalid"), {"valid": 2, "invalid": 2}, {}),
    "evaluation alone": (
        tree("train/Bread", "train/Soup", "evaluation/Bread", "evaluation/Soup"),
        {"Bread": 4, "Soup": 4}, {"train": 4, "test": 4},
    ),
    "evaluation beside a test": (
        tree("train/Bread", "train/Soup", "eval/Bread", "eval/Soup", "test/Bread"),
        {"Bread": 6, "Soup": 4}, {"train": 4, "validation": 4, "test": 2},
    ),
    "sides inside the classes, with a folder of images in each": (
        tree("cats/train/images", "cats/test/images", "dogs/train/images", "dogs/test/images"),
        {"cats": 4, "dogs": 4}, {"train": 4, "test": 4},
    ),
    "capital letters at random": (
        tree("TRAIN/Cat", "TRAIN/Dog", "Val/cat", "Val/dog", "tEST/CAT", "tEST/DOG"),
        {"Cat": 6, "Dog": 6}, {"train": 4, "validation": 4, "test": 4},
    ),
    "sides in German": (
        tree("Training/Hund", "Training/Katze", "Prüfung/Hund", "Prüfung/Katze"),
        {"Hund": 4, "Katze": 4}, {"train": 4, "test": 4},
    ),
    "sides in French": (
        tree(*[f"{side}/{label}" for side in ("entraînement", "validation", "essai")
               for label in ("chat", "chien")]),
        {"chat": 6, "chien": 6}, {"train": 4, "validation": 4, "test": 4},
    ),
    "sides in Spanish": (
        tree("entrenar/gato", "entrenar/perro", "pruebas/gato", "pruebas/perro"),
        {"gato": 4, "perro": 4}, {"train": 4, "test": 4},
    ),
    "sides in Japanese": (
        tree(*[f"{side}/{label}" for side in ("訓練データ", "検証用", "テストデータ")
               for label in "犬猫"]),
        {"犬": 6, "猫": 6}, {"train": 4, "validation": 4, "test": 4},
    ),
    "several folders to test with": (
        tree(*[f"{side}/{label}" for side in ("train", "test_easy", "test_hard")
               for label in "ab"]),
        {"a": 6, "b": 6}, {"train": 4, "test": 8},
    ),
    "sides inside the classes, one of them without a test": (
        tree("cats/train", "cats/test", "dogs/train"), {"cats": 4, "dogs": 2},
        {"train": 4, "test": 2},
    ),
    "folders as databases name them": (
        tree(*[f"split={side}/class={label}" for side in ("train", "test")
               for label in ("cat", "dog")]),
        {"cat": 4, "dog": 4}, {"train": 4, "test": 4},
    ),
    "numbers before the names": (
        tree("1. train/01_cat", "1. train/02_dog", "2. test/01_cat", "2. test/02_dog"),
        {"01_cat": 4, "02_dog": 4}, {"train": 4, "test": 4},
    ),
    "a folder of its own name in each class": (
        tree("cat/cat", "dog/dog_pictures"), {"cat": 2, "dog": 2}, {},
    ),
    "a folder without classes among the sides": (
        tree("train/1", "train/2", "test/1", "test/2", "unlabeled_images"),
        {"1": 4, "2": 4}, {"train": 4, "test": 4},
    ),
    "two parts of the training side": (
        tree(*[f"{side}/{label}" for side in ("train_1", "train_2", "val") for label in "ab"]),
        {"a": 6, "b": 6}, {"train": 8, "validation": 4},
    ),
    "a class that only the test side has": (
        tree("train/a", "train/b", "test/a", "test/b", "test/c"), {"a": 4, "b": 4},
        {"train": 4, "test": 4},
    ),
    "notes of Google's beside each picture": (
        (*tree("Takeout/Google Photos/Cats", "Takeout/Google Photos/Dogs"),
         "Takeout/Google Photos/Cats/0.jpg.supplemental-metadata.json"),
        {"Cats": 2, "Dogs": 2}, {},
    ),
    "Edge Impulse": (
        tree("training/lamp", "training/plant", "testing/lamp", "testing/plant"),
        {"lamp": 4, "plant": 4}, {"train": 4, "test": 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAR)
def test_layouts_that_are_clear(case: str) -> None:
    names, counts, sides = CLEAR[case]
    found = place(Listed(*names))
    assert {label: count for label, count, _ in found.classes} == counts
    assert dict(found.choice("").sides) == sides
    assert f"{len(counts)} classes" in found.told()
    # given as the options that stand for it, the same comes out
    again = place(Listed(*names, reading=found.reading))
    assert again.placed == found.placed


# What people have that cannot be told from the folders alone, and the choices with what they give.
ASKED: dict[str, tuple[tuple[str, ...], dict[str, set[str]]]] = {
    "Kaggle's dogs and cats": (
        (*tree("train", file="cat.{}.jpg"), *tree("train", file="dog.{}.jpg"), *tree("test1")),
        {"--label-pattern": {"cat", "dog"}, "--root .": {"train", "test1"}},
    ),
    "Oxford pets": (
        (*tree("images", file="Abyssinian_{}.jpg"), *tree("images", file="great_pyrenees_{}.jpg")),
        {"--label-pattern": {"Abyssinian", "great_pyrenees"}},
    ),
    "no folder at all": (
        tuple(f"{label}-{number}.jpg" for label in ("ok", "broken") for number in range(3)),
        {"--label-pattern": {"ok", "broken"}},
    ),
    "Office-31": (
        tree(*[f"{domain}/images/{label}" for domain in ("amazon", "dslr")
               for label in ("bike", "mug", "pen")]),
        {"--root amazon/images": {"bike", "mug", "pen"},
         "--root dslr/images": {"bike", "mug", "pen"},
         "--root amazon/images --root dslr/images": {"bike", "mug", "pen"},
         "--root .": {"amazon", "dslr"}},
    ),
    "PlantVillage": (
        tree(*[f"raw/{kind}/{label}" for kind in ("color", "grayscale", "segmented")
               for label in ("Apple_scab", "Apple_healthy")]),
        {"--root raw/color": {"Apple_scab", "Apple_healthy"}},
    ),
    "folds": (
        tree(*[f"fold{fold}/{label}" for fold in (1, 2, 3) for label in ("cat", "dog")]),
        {"--root fold1 --root fold2 --root fold3": {"cat", "dog"}},
    ),
    "domains with sides": (
        tree(*[f"{domain}/{side}/{label}" for domain in ("photo", "sketch")
               for side in ("train", "test") for label in ("cat", "dog")]),
        {"--sides train=photo/train,test=photo/test": {"cat", "dog"}},
    ),
    "a camera's card": (
        tree("DCIM/100CANON", "DCIM/101CANON"), {"--root DCIM": {"100CANON", "101CANON"}},
    ),
    "chest pictures in numbered folders": (
        tree("images_001/images", "images_002/images"), {"--root .": {"images_001", "images_002"}},
    ),
    "pictures and their masks": (tree("images", "masks"), {"--root .": {"images", "masks"}}),
    "classes beside more pictures": (
        tree("images/cat", "images/dog", "extra"), {"--root images": {"cat", "dog"}},
    ),
    "families and kinds": (
        tree("animals/cat", "animals/dog", "plants/fern", "plants/rose"),
        {"--root .": {"animals", "plants"},
         "--root animals --root plants": {"cat", "dog", "fern", "rose"}},
    ),
    "classes and sides in one name": (
        tree("cats_train", "cats_test", "dogs_train", "dogs_test"),
        {"--label-pattern": {"cats", "dogs"},
         "--root .": {"cats_train", "cats_test", "dogs_train", "dogs_test"}},
    ),
    "sides and classes in one name": (
        tree("pets/train-cats", "pets/train-dogs", "pets/val-cats", "pets/val-dogs"),
        {"--label-pattern": {"cats", "dogs"}},
    ),
    "classes and sides run together": (
        tree("catsTrain", "catsTest", "dogsTrain", "dogsTest"),
        {"--label-pattern": {"cats", "dogs"}},
    ),
    "pictures in sides of doubled names": (
        (*tree("train/train", file="cat{}.jpg"), *tree("train/train", file="dog{}.jpg"),
         *tree("test/test")),
        {"--label-pattern": {"cat", "dog"}},
    ),
    "sides in words that nobody has listed": (
        (*tree("naucz/cat", "naucz/dog", of=3), *tree("proba/cat", "proba/dog")),
        {"--sides train=naucz,test=proba": {"cat", "dog"},
         "--root naucz --root proba": {"cat", "dog"}},
    ),
    "a training side beside one of another name": (
        tree("train/cat", "train/dog", "gallery/cat", "gallery/dog"),
        {"--sides train=train,test=gallery": {"cat", "dog"}},
    ),
    "pictures and masks on each side": (
        tree("train/images/cat", "train/images/dog", "train/masks/cat", "train/masks/dog",
             "test/images/cat"),
        {"--sides train=train/images,test=test/images": {"cat", "dog"}},
    ),
    "a family of one kind": (
        tree("animals/cat", "animals/dog", "plants/fern"),
        {"--root .": {"animals", "plants"}, "--root animals --root plants": {"cat", "dog", "fern"}},
    ),
    "digits in names": (
        tuple(f"{label}_{number}.jpg" for label in range(3) for number in range(3)),
        {"--label-pattern": {"0", "1", "2"}},
    ),
    "fruits beside papers": (
        tree("fruits/f-360/Training/Apple", "fruits/f-360/Training/Pear", "fruits/f-360/Test/Pear",
             "fruits/f-360/test-multiple_fruits", "fruits/papers"),
        {"--sides train=fruits/f-360/Training,test=fruits/f-360/Test": {"Apple", "Pear"}},
    ),
    "a data set beside a few more pictures": (
        tree("pets/cat", "pets/dog", "pets/newt", "scans"), {"--root pets": {"cat", "dog", "newt"}},
    ),
    "raw beside training": (
        tree("train/cat", "train/dog", "test/cat", "test/dog", "more/cat", "more/dog"),
        {"--sides train=train,test=test": {"cat", "dog"}},
    ),
    "two cases": (tree("Cat", "cat", "dog"), {"--join-cases": {"Cat", "dog"}}),
    "each class in a part of its own": (
        tree("takeout-001/Takeout/Google Photos/Cats", "takeout-002/Takeout/Google Photos/Dogs"),
        {"--root 'takeout-001/Takeout/Google Photos' --root 'takeout-002/Takeout/Google Photos'":
            {"Cats", "Dogs"},
         "--root .": {"takeout-001", "takeout-002"}},
    ),
    "a year for each class": (
        tree("2022/cat", "2023/dog"),
        {"--root 2022 --root 2023": {"cat", "dog"}, "--root .": {"2022", "2023"}},
    ),
    "a camera's folders with classes inside": (
        tree("DCIM/100MEDIA/cats", "DCIM/101MEDIA/dogs"),
        {"--root DCIM/100MEDIA --root DCIM/101MEDIA": {"cats", "dogs"}},
    ),
    "a second copy beside the classes, as malaria's": (
        tree("cells/Parasitized", "cells/Uninfected", "cells/cells/Parasitized",
             "cells/cells/Uninfected"),
        {"--root cells --root cells/cells": {"Parasitized", "Uninfected"},
         "--root cells/cells": {"Parasitized", "Uninfected"}},
    ),
    "pictures for validation inside the training folder": (
        tree("train/cat", "train/dog", "train/val/cat", "train/val/dog"),
        {"--sides train=train,validation=train/val": {"cat", "dog"}},
    ),
    "pictures without a class beside the classes": (
        tree("cat", "dog", "unlabeled"), {"--root . --root unlabeled": {"cat", "dog"}},
    ),
    "a test folder without classes beside the classes": (
        tree("cat", "dog", "test"), {"--root . --root test": {"cat", "dog"},
                                     "--root .": {"cat", "dog", "test"}},
    ),
    "Google's copies by year": (
        tree("Cats", "Dogs", "Photos from 2023"),
        {"--root . --root 'Photos from 2023'": {"Cats", "Dogs"}},
    ),
    "new folders": (
        tree("Neuer Ordner", "Neuer Ordner (2)"),
        {"--root .": {"Neuer Ordner", "Neuer Ordner (2)"}},
    ),
    "masks beside the sides": (
        tree(*[f"{side}/{label}" for side in ("train", "train_masks", "test") for label in "ab"]),
        {"--sides train=train,test=test": {"a", "b"}},
    ),
    "labels as pictures beside the sides": (
        tree(*[f"{side}{more}/{label}" for side in ("train", "val") for more in ("", "_labels")
               for label in "ab"]),
        {"--sides train=train,validation=val": {"a", "b"}},
    ),
    "varied pictures beside the sides": (
        tree(*[f"{side}/{label}" for side in ("train", "train_aug", "test") for label in "ab"]),
        {"--sides train=train,test=test": {"a", "b"},
         "--sides train=train,test=test,train=train_aug": {"a", "b"}},
    ),
    "two kinds without class folders, as CycleGAN has them": (
        tree("trainA", "trainB", "testA", "testB"), {"--label-pattern": {"A", "B"}},
    ),
    "the side again in the classes' names": (
        tree("train/train_cat", "train/train_dog", "test/test_cat", "test/test_dog"),
        {"--label-pattern": {"cat", "dog"}},
    ),
    "other classes on the test side": (
        tree("train/a", "train/b", "test/c", "test/d"),
        {"--root train --root test": {"a", "b", "c", "d"},
         "--sides train=train,test=test": {"a", "b"}},
    ),
    "flaws only in the test, as MVTec has them": (
        tree("bottle/train/good", "bottle/test/good", "bottle/test/broken"),
        {"--root bottle/test": {"good", "broken"},
         "--root bottle/train --root bottle/test": {"good", "broken"}},
    ),
    "sides inside one class alone": (
        tree("cats/train", "cats/test", "dogs"), {"--label-pattern": {"cats", "dogs"}},
    ),
    "the same pictures with sides and without": (
        tree("big/big/train/ok", "big/big/train/bad", "big/big/test/ok", "big/big/test/bad",
             "small/small/ok", "small/small/bad"),
        {"--sides train=big/big/train,test=big/big/test": {"ok", "bad"},
         "--root small/small": {"ok", "bad"}},
    ),
    "a folder for each of many persons": (
        tree(*[f"person {number}/{label}" for number in range(30) for label in ("old", "young")]),
        {"--label-pattern": {"old", "young"}},
    ),
    "a project of Teachable Machine": (
        tuple(f"{label}-!-{number}.png" for label in ("hot-dog", "Class 2") for number in range(3)),
        {"--label-pattern": {"hot-dog", "Class 2"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_layouts_that_need_asking(case: str) -> None:
    names, expected = ASKED[case]
    found = unclear(*names)
    for option, classes_ in expected.items():
        (choice, *_) = [
            each
            for each in found.choices
            if each.reading.options() == option
            or (option == "--label-pattern" and each.reading.pattern)
        ]
        assert {name for name, _, _ in choice.classes} == classes_
        chosen = place(Listed(*names, reading=choice.reading))
        assert {each.label for each in chosen.placed} == classes_
        assert option in str(found)
    assert Unclear.from_dict(found.to_dict()).choices == found.choices


@pytest.mark.parametrize(
    ("kind", "names", "given"),
    [
        ("YOLO", (*tree("images/train", "images/val"),),
         {f"labels/{side}/{n}.txt": b"0 .5 .5 .2 .2\n" for side in ("train", "val")
          for n in (0, 1)}),
        ("YOLO", (*tree("train/images", "valid/images"),),
         {f"{side}/labels/{n}.txt": b"3 0.5 0.5 0.2 0.2\n" for side in ("train", "valid")
          for n in (0, 1)}),
        ("Pascal VOC", tree("VOC2012/JPEGImages", "VOC2012/SegmentationClass"),
         {f"VOC2012/Annotations/{n}.xml": b"<annotation><object/>" for n in (0, 1)}),
        ("COCO", tree("train2017", "val2017"),
         {"annotations/instances.json": b'{"annotations": [{"bbox": [1, 2, 3, 4]}]}'}),
        ("CreateML", tree("train", "test"),
         {"train/_annotations.createml.json": b'[{"image": "0.jpg", "annotations": [{"label": '
          b'"cat", "coordinates": {"x": 1, "y": 2}}]}]'}),
        ("LabelMe", tree("pictures"),
         {f"pictures/{n}.json": b'{"shapes": [{"label": "cat", "points": [[1, 2], [3, 4]]}]}'
          for n in (0, 1)}),
        ("COCO", tree("train", "valid"),
         {"train/_annotations.coco.json": b'{"annotations": [{"bbox": [1, 2, 3, 4]}]}'}),
    ],
)  # fmt: skip
def test_detection_is_named(kind: str, names: tuple[str, ...], given: dict[str, bytes]) -> None:
    with pytest.raises(UserError, match=rf"labels for detection \({kind}\)"):
        place(Listed(*names, **given))


def test_whole_folders_that_are_left_out_are_named() -> None:
    found = place(Listed(*tree("train/a", "train/b", "test/a", "pred/x", of=3)))
    assert found.lost == (("pred", 3),)
    assert found.told() == (
        "Read as 2 classes (a, b), train (6) and test (3), by folder. "
        "A whole folder of pictures is left out: “pred” (3)."
    )


def test_sides_in_the_names_of_folders_are_read() -> None:
    names = tree("cats_train", "cats_test", "dogs_train", "dogs_test")
    (choice, *_) = unclear(*names).choices
    assert dict(choice.sides) == {"train": 4, "test": 4}
    sides = {each.member.name: each.split for each in place(
        Listed(*names, reading=choice.reading)).placed}  # fmt: skip
    assert (sides["cats_test/0.jpg"], sides["dogs_train/1.jpg"]) == ("test", "train")


def test_a_folder_beside_the_classes_without_any_picture_is_named() -> None:
    found = place(Listed(*tree("cats", "dogs"), **{f"birds/{n}.mp4": NOTES for n in range(3)}))
    assert found.told() == (
        "Read as 2 classes (cats, dogs), by folder. "
        "A folder without any picture is left out: “birds” (3)."
    )


def test_pictures_are_found_behind_many_notes_of_the_same_ending() -> None:
    given = {f"a/{n:02}.bin": JPEG if n > 8 else NOTES for n in range(14)}
    found = place(Listed("b/1.jpg", "b/2.jpg", **given))
    assert {each.label for each in found.placed} == {"a", "b"}


def test_a_root_that_is_not_there() -> None:
    with pytest.raises(UserError, match="there is no “nowhere”"):
        place(Listed("a/1.jpg", "b/1.jpg", reading=Reading((("nowhere", None),))))


PATTERNS = {r"^(?P<label>[a-z]+)_": {"cat", "dog"}, r"_(\d)": {"1", "2"}}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern: str) -> None:
    names = ("x/cat_1.jpg", "x/cat_2.jpg", "y/dog_1.jpg", "y/dog_2.jpg", "y/.jpg", "n.txt")
    found = place(Listed(*names, reading=Reading(pattern=pattern)))
    assert {each.label for each in found.placed} == PATTERNS[pattern]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "Expected a regular expression"),
        ("[a-z]+", "with the class in brackets"),
        ("(" * 501, "at most 500 letters"),
        (r"^(([a-z])+)+$", "takes too long"),
    ],
)
def test_patterns_that_cannot_be_used(
    pattern: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.intake.layouts.name_patterns._SECONDS", 1.0)
    names = (f"a/{'a' * 60}!.jpg", "b/1.jpg")
    with pytest.raises(UserError, match=told):
        place(Listed(*names, reading=Reading(pattern=pattern)))


def test_hundreds_of_folders_with_the_same_folders_inside() -> None:
    names = tree(*[f"{person}/{label}" for person in range(800) for label in ("old", "young")])
    found = unclear(*names)
    first = found.choices[0]
    assert [(name, count) for name, count, _ in first.classes] == [("old", 1600), ("young", 1600)]
    assert len(str(found)) < 3000, "no list of them all"
