"""Which folder names mean a side of a split, and which say nothing about what is in the pictures.

A name is taken apart into words. Words such as “set” or “images”, numbers and single letters add
nothing, so `train`, `Training-Images`, `x_train` and `train2017` all mean the training side. One
word that is left over makes another name of it: `test tube` and `training shoes` are classes.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Split = Literal["train", "validation", "test"]

_WORDS: dict[Split, str] = {
    "train": "train training trainings trainval trn learn learning trainieren lernen entrenamiento "
    "entrenar aprendizaje entrainement entrainer apprentissage treino treinamento treinar "
    "addestramento обучение обучающая 训练 訓練 学習 トレーニング 훈련 학습",
    "validation": "val valid validation validate validating validierung validieren dev devel "
    "development validacion validacao validazione validatie walidacja tuning валидация "
    "валидационная 验证 驗證 検証 バリデーション 검증",
    "test": "test testing tests tst eval evaluation evaluate holdout heldout unseen testen prüfung "
    "evaluierung prueba pruebas evaluacion essai essais teste testes avaliacao prova тест тестовая "
    "测试 測試 テスト 評価 评估 테스트 평가",
}
# The last test, unless there is a test besides.
_EVALUATION_WORDS = "eval evaluation evaluate evaluierung evaluacion avaliacao 評価 评估 평가"
_PICTURES = {
    *("image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos"),
    *("jpegimages", "jpeg", "jpegs", "jpg", "jpgs", "png", "pngs", "bilder", "图像"),
}
_NEUTRAL = {
    *_PICTURES,
    *("set", "sets", "data", "dataset", "datasets", "split", "splits", "subset"),
    *("frame", "frames"),
    *("file", "files", "folder", "folders", "dir", "sample", "samples", "session", "sessions"),
    *("list", "lists"),
    *("part", "parts", "fold", "folds", "batch", "batches", "chunk", "chunks", "shard", "shards"),
    *("raw", "all", "full", "final", "original", "originals", "resized", "cropped"),
    *("labeled", "labelled", "daten", "datensatz", "数据"),
}
# What lies beside the pictures to learn from and is none of them: other versions of the same
# pictures, and pictures without a class.
_APART = {
    *("label", "labels", "groundtruth", "gt", "mask", "masks", "annotation", "annotations"),
    *("segmentation", "segmentations", "segmentationclass", "segmentationobject"),
    *("unlabeled", "unlabelled", "unsorted", "pred", "preds", "predict", "prediction"),
    *("predictions", "submission"),
}
_GLUED = re.compile(
    r"(?P<before>data|images?|imgs?)?"
    r"(?P<side>training|trainings|trainval|train|testing|test|validation|validierungs|valid|val|"
    r"dev|evaluation|eval)"
    r"(?P<after>sets?|data|images?|imgs?|split|dir|folder|files|lists?|daten|datensatz|bilder)?"
)
_CAMERA = re.compile(r"\d{3}[a-z0-9_]{5}")  # as cameras name folders: 100CANON, 101_PANA
_UNNAMED = re.compile(  # as systems call a new folder
    r"(new|untitled) folder|neuer ordner|unbenannter ordner|nouveau dossier|dossier sans titre"
    r"|nueva carpeta|carpeta sin titulo|nuova cartella|cartella senza titolo|nova pasta"
    r"|nieuwe map|nowy folder|новая папка"
    r"|新しいフォルター?|名称未設定フォルタ|新建文件夹|新增資料夾"
)
_OF_A_YEAR = re.compile(r"(photos|fotos|foto) (from|de|von|del|uit) [12]\d{3}")  # Google's copies
_PIECE = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[a-z])(?=[A-Z][a-z])")


@lru_cache(maxsize=4096)  # many files lie in the same folders
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


@lru_cache(maxsize=4096)  # thousands of files lie in a few folders
def says_nothing(name: str) -> bool:
    """Whether a folder's name says nothing about its pictures: `images`, `part_2`, `100CANON`.

    Mere numbers do: they are common names of classes.
    """
    words = _words(name)
    empty = _NEUTRAL | _APART
    if "".join(words) in empty or (_CAMERA.fullmatch(name.casefold()) and not name.isdigit()):
        return True
    if _made_up(name):
        return True
    return any(word in empty for word in words) and all(
        word in empty or len(word) == 1 for word in words
    )


def is_apart(name: str) -> bool:
    """Whether a name holds a word for what is not to be learned from: masks, labels, unsorted."""
    return any(word in _APART for word in _words(name))


def is_no_class(name: str) -> bool:
    """Whether a folder beside class folders is probably none of them: `images`, `unsorted`, `test`.

    `train` is: beside a bus and a car it is a vehicle.
    """
    if side_of(name) in ("validation", "test") or _made_up(name):
        return True
    words = _words(name)
    return bool(words) and all(word in _PICTURES | _APART for word in words)


def _made_up(name: str) -> bool:
    """Whether a program named a folder: new, or the copies of a year."""
    plain = _folded(name)
    return bool(_UNNAMED.fullmatch(plain.split(" (")[0]) or _OF_A_YEAR.fullmatch(plain))


def _folded(text: str) -> str:
    """A text in small letters without accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


_SIDES: dict[str, Split] = {
    _folded(word): side for side, words in _WORDS.items() for word in words.split()
}
_EVALUATION = set(_folded(_EVALUATION_WORDS).split())
# Words that Chinese, Japanese and Korean write behind others without a space: set, for, data, …
_BEHIND = re.compile(_folded("(集|用|データ|セット|画像|图像|图片|数据|資料|데이터|세트)+$"))


def _words(name: str) -> list[str]:
    """The words of a name in small letters without accents, numbers left out."""
    plain = _folded(_HUMP.sub(" ", name))
    plain = re.sub(r"hold[\W_]*out|held[\W_]*out", " holdout ", plain)
    found = []
    for word in _PIECE.findall(plain):
        glued = _GLUED.fullmatch(word)
        before = _BEHIND.sub("", word)
        if glued and word not in _SIDES:
            side = glued["side"]
            side = "validation" if side == "validierungs" else side
            found += [part for part in (glued["before"], side, glued["after"]) if part]
        else:
            found.append(before if before in _SIDES else word)
    return found
