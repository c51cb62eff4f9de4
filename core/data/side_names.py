"""Which folder names mean a side of a split, and which say nothing about what is in the pictures.

A name is taken apart into words. Words such as “set” or “images”, numbers and single letters add
nothing, so `train`, `Training-Images`, `x_train` and `train2017` all mean the training side. One
word that is left over makes another name of it: `test tube` and `training shoes` are classes.
"""

import re
import unicodedata
from typing import Literal

Split = Literal["train", "validation", "test"]

_WORDS: dict[Split, str] = {
    "train": "train training trainings trainval trn learn learning entrenamiento entrainement "
    "apprentissage treino treinamento addestramento обучение обучающая 训练 訓練 学習",
    "validation": "val valid validation validate validating validierung dev devel development "
    "validacion validacao validazione validatie walidacja tuning валидация "
    "валидационная 验证 驗證 検証",
    "test": "test testing tst eval evaluation evaluate holdout heldout unseen prueba teste тест "
    "тестовая "
    "测试 測試 テスト",
}
_SIDES: dict[str, Split] = {word: side for side, words in _WORDS.items() for word in words.split()}
_EVALUATION = {"eval", "evaluation", "evaluate"}  # the last test, unless there is a test besides
_NEUTRAL = {
    *("set", "sets", "data", "dataset", "datasets", "split", "splits", "subset"),
    *("image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos"),
    *("jpegimages", "jpeg", "jpegs", "jpg", "jpgs", "png", "pngs", "frame", "frames"),
    *("file", "files", "folder", "folders", "dir", "sample", "samples", "session", "sessions"),
    *("part", "parts", "fold", "folds", "batch", "batches", "chunk", "chunks", "shard", "shards"),
    *("raw", "all", "full", "final", "original", "originals", "resized", "cropped"),
    *("labeled", "labelled", "unlabeled", "unlabelled", "label", "labels", "groundtruth", "gt"),
    *("mask", "masks", "annotation", "annotations", "segmentation", "segmentations"),
    *("segmentationclass", "segmentationobject", "daten", "datensatz", "bilder", "数据", "图像"),
}
_GLUED = re.compile(
    r"(?P<before>data|images?|imgs?)?"
    r"(?P<side>training|trainings|trainval|train|testing|test|validation|validierungs|valid|val|"
    r"dev|evaluation|eval)"
    r"(?P<after>sets?|data|images?|imgs?|split|dir|folder|files|daten|datensatz|bilder)?"
)
_CAMERA = re.compile(r"\d{3}[a-z0-9_]{5}")  # as cameras name folders: 100CANON, 101_PANA
_PIECE = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def side_of(name: str) -> Split | None:
    """The side of a split that a folder's name means; None if it means something else."""
    side, rest = side_and_rest(name)
    return None if rest else side


def side_and_rest(name: str) -> tuple[Split | None, str]:
    """The side that a name holds, and what else it says: “seg” for `seg_train`."""
    sides: list[Split] = []
    rest: list[str] = []
    words = _words(name)
    for word in words:
        if word in _SIDES:
            sides.append(_SIDES[word])
        elif word not in _NEUTRAL and len(word) > 1:
            rest.append(word)
    met = set(sides)
    if met == {"train", "validation"} and "dev" not in words:  # both in one, to be divided later
        return "train", " ".join(rest)
    if met == {"validation", "test"}:
        return "test", " ".join(rest)
    if len(met) != 1:  # none, or a name such as “train and test”
        return None, " ".join(rest)
    return sides[0], " ".join(rest)


def is_evaluation(name: str) -> bool:
    """Whether a name means the test side by a word that some use for validation."""
    return any(word in _EVALUATION for word in _words(name))


def says_nothing(name: str) -> bool:
    """Whether a folder's name says nothing about its pictures: `images`, `part_2`, `100CANON`.

    Mere numbers do: they are common names of classes.
    """
    words = _words(name)
    if "".join(words) in _NEUTRAL or (_CAMERA.fullmatch(name.casefold()) and not name.isdigit()):
        return True
    return any(word in _NEUTRAL for word in words) and all(
        word in _NEUTRAL or len(word) == 1 for word in words
    )


def _words(name: str) -> list[str]:
    """The words of a name in small letters without accents, numbers left out."""
    plain = unicodedata.normalize("NFKD", _HUMP.sub(" ", name))
    plain = "".join(each for each in plain if not unicodedata.combining(each)).casefold()
    plain = re.sub(r"hold[\W_]*out|held[\W_]*out", " holdout ", plain)
    found = []
    for word in _PIECE.findall(plain):
        glued = _GLUED.fullmatch(word)
        chinese = word.endswith("集") and word[:-1] in _SIDES
        if glued and word not in _SIDES:
            side = glued["side"]
            side = "validation" if side == "validierungs" else side
            found += [part for part in (glued["before"], side, glued["after"]) if part]
        else:
            found.append(word[:-1] if chinese else word)
    return found
