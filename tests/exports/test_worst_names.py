"""Classes and runs with the worst names: exports stay valid, and a name is nothing but text."""

import ast
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core import shown
from core.datasets import changes, store
from core.datasets.dataset import Record
from core.exports import making, papers, table
from core.exports import pictures as choosing
from core.exports.formats import web_page
from core.exports.lesson import cells
from core.exports.proof import Agreement, Proof
from core.intake.archives.archive import open_source
from core.intake.pictures.preparation import Preparation
from core.results import evaluation
from core.settings import SplitSettings, TrainingSettings
from core.storage import files
from core.storage.runs import Run
from tests import tiny_network
from tests.exports.in_c import TELL, answered, compiled, compiled_here
from tests.exports.test_lesson import COLOURS, SETTINGS, paint, planned, ran
from tests.exports.test_micro import sketch

NAMES = (
    *("0", "1", "con", "../x", "C:\\x", "", " ", "a", "a\t", "a (9)", "x" * 200),
    *("🙂", "👩\u200d🚀", "עברית", "عربي 1", "\u202eevil", "zero\u200bwidth", "é", "猫"),
    *("two\nlines\r\n", "\x00\x1b[2Jescape", "\u2028separator", "\ufeffmark"),
    *('"double"', "'single'", "back\\slash", '"""', "'''", "?\\?/ trigraph", "*/ /* //"),
    *("</script><img src=x onerror=alert(1)>", "<!-- files -->", "<!--<script>", "]]>", "&lt;"),
    *("[a](javascript:alert(1))", "![a](http://x.invalid/a.png)", "<http://x.invalid>", "[x]: /y"),
    *("`code`", "```", "*em*", "__strong__", "_em_", "~~gone~~", "a|b", "$x$", "snake_case"),
    *("{format}", "{0}", "%s%n", "$(reboot)", "; reboot #", "=1+1", "-1", "@a", "# %%", "null"),
    *("__proto__", "constructor", "train", "validation", "test"),
)
SIZE = 32
CALLED = making.called(NAMES)


def run_of(folder: Path, names: Sequence[str], name: str) -> Run:
    """A run that has ended, but for its model."""
    folder.mkdir()
    settings = {"data": name, "dataset": None, "version": None}
    files.write_json(
        folder / "settings.json", settings | {"settings": TrainingSettings().to_dict()}
    )
    files.write_json(folder / "name.json", {"name": name})
    files.write_json(folder / "model.json", {"classes": names, "input_size": SIZE})
    records = [
        Record(f"{n}.png", label, "validation", f"{n}", 9, 9, 9) for n, label in enumerate(names)
    ]
    wrong = np.roll(np.eye(len(names)), 1, axis=0)  # each is mixed up with another
    found = evaluation.evaluate(wrong, records, names)
    files.write_json(folder / "results.json", found | {"split": "validation"})
    return Run(folder)


def text_of(tokens: Sequence[Token]) -> str:
    """What a reader sees of Markdown; signs that make anything else of a name are missing."""
    seen = []
    for token in tokens:
        assert token.type not in ("html_block", "html_inline", "image", "link_open"), token.content
        seen.append(text_of(token.children) if token.children else token.content)
    return "".join(seen)


def test_names_are_on_one_line_and_no_two_are_alike() -> None:
    assert len(set(CALLED)) == len(NAMES)
    for name in CALLED:
        assert name
        assert len(name.splitlines()) == 1
        assert shown.visible(name) == name.strip() == name
    plain = ("cat", "Füchse", "猫", "👩\u200d🚀", "a/b", "<b>")
    assert making.called(plain) == plain, "what is harmless stays as it is"


@pytest.mark.parametrize("name", ["onnx", "arduino", "web"])
def test_readme_and_card_show_every_name_as_text(name: str, tmp_path: Path) -> None:
    agreed = Agreement(1.0, 0.0, 0.9)
    proof = Proof(200, True, False, agreed, agreed, 0.9, 1000, 1.0, 0)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for place, title in enumerate(NAMES):
        if not title.strip():
            continue  # no run is called so
        run = run_of(tmp_path / f"{place}", NAMES[:9], title)
        classes = CALLED if place == 0 else CALLED[:9]
        results = run.results()
        assert results is not None
        about = papers.About(
            run=run,
            format=table.find(name),
            classes=classes,
            size=SIZE,
            preparation=Preparation(),
            results=results,
            weaknesses=[f"Copies of “{title}”. {title}"],
            pictures={"train": 5},
            own=False,
            deciding={"threshold": 0.5},
        )
        one_line = shown.visible(" ".join(title.split()))
        readme = text_of(parser.parse(papers.readme(about, proof, tmp_path)))
        assert one_line in readme
        assert all(each in readme for each in classes)
        card = text_of(parser.parse(papers.model_card(about, proof)))
        assert card.count(one_line) >= 4


def test_what_is_copied_into_a_terminal_is_one_command(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", ["a", "b"], "x")
    settings = files.read_json(run.folder / "settings.json")
    settings["settings"]["backbone"] = "x; reboot `reboot` $(reboot)"
    files.write_json(run.folder / "settings.json", settings)
    assert papers._options(Run(run.folder)) == "--backbone 'x; reboot `reboot` $(reboot)'"


@compiled_here
def test_c_has_every_name(tmp_path: Path) -> None:
    program = compiled(sketch(tmp_path, {"classes": list(CALLED)}), TELL)
    numbers = np.full((len(CALLED), len(CALLED) + 1), -128, np.int8)
    numbers[:, 0] = 127
    numbers[np.arange(len(CALLED)), np.arange(len(CALLED)) + 1] = 127
    found = answered(program, numbers.tobytes())
    assert found.returncode == 0, found.stderr
    assert tuple(found.stdout.decode().split("\n")[:-1:2]) == CALLED


class Elements(HTMLParser):
    """The elements of a page, and what scripts of data hold."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.data: dict[str, Any] = {}
        self._in: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in = dict(attrs).get("id") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._in:
            self.data[self._in] = json.loads(data)
            self._in = None


def page_of(folder: Path, classes: Sequence[str], title: str) -> Elements:
    (folder / "samples").mkdir(parents=True)
    (folder / "samples" / "1.jpg").write_bytes(b"\xff\xd8")
    sample = {"file": "1.jpg", "label": classes[0], "probabilities": dict.fromkeys(classes, 0.1)}
    for file, told in (
        (folder / "answer.json", {"classes": list(classes)}),
        (folder / "samples" / "expected.json", {"pictures": [sample]}),
    ):
        file.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    found = Elements()
    found.feed(web_page._page(folder, title))
    return found


def test_a_web_page_holds_names_as_data_alone(tmp_path: Path) -> None:
    plain = page_of(tmp_path / "plain", ["a", "b"], "pets")
    for place, title in enumerate(NAMES):
        found = page_of(tmp_path / str(place), CALLED, title)
        assert found.tags == plain.tags
        assert found.data["facts"] == {"classes": list(CALLED), "title": title}
        assert list(found.data["samples"]["pictures"][0]["probabilities"]) == list(CALLED)


@pytest.mark.parametrize("name", NAMES)
def test_code_is_valid_whatever_its_run_is_called(name: str) -> None:
    made = cells.write(planned(SETTINGS["exact solution"], name=name), ["block2a"])
    script = cells.script(made)
    ast.parse(script)
    plain = cells.script(cells.write(planned(SETTINGS["exact solution"], name="a"), ["block2a"]))
    assert ast.dump(ast.parse(script)) == ast.dump(ast.parse(plain)), "a name is no code"
    told = json.loads(cells.notebook(made))
    title = "".join(told["cells"][0]["source"])
    shows = text_of(MarkdownIt("commonmark").parse(title.split("\n\n")[0]))
    one_line = shown.visible(" ".join(name.split()))
    assert " ".join(one_line.split()) in " ".join(shows.split())


@pytest.mark.slow
def test_code_reads_folders_that_are_called_like_sides(tmp_path: Path, thaw_home: Path) -> None:
    paint(tmp_path / "odd" / "pictures", 12)
    folder = thaw_home / "home" / "datasets" / "20260101-000000-aaaaaa"
    store.import_dataset(open_source(tmp_path / "odd"), folder, split=SplitSettings(), name="odd")
    for label, name in zip(COLOURS, ("train", "validation", "test"), strict=True):
        store.keep(folder, changes.rename(store.load(folder), label, name), "renamed")
    dataset = store.load(folder)
    assert dataset.classes == ("test", "train", "validation")
    told = planned(
        SETTINGS["exact solution"],
        dataset,
        backbone=tiny_network.row(),
        size=tiny_network.SIZE,
        images=len(dataset.of("validation")),
        accuracy=1.0,
        interval=(0.2, 1.0),
    )
    said, _ = ran(tmp_path / "tried", told, (folder, dataset), "python")
    assert said.pictures == told.images


DAILY = "web"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == DAILY else pytest.mark.exhaustive)
        for name, each in table.FORMATS.items()
        if each.lesson is None
    ],
)
def test_a_whole_export_works(name: str, pictures: Path, tmp_path: Path) -> None:
    from core.backbones.frameworks import keras, tf

    images = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = keras.layers.Conv2D(8, 3, 2, activation="relu")(keras.layers.Rescaling(1 / 255)(images))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(images, keras.layers.Dense(len(NAMES), activation="softmax")(x))
    run = run_of(tmp_path / "run", NAMES, "</script> \U0001f642 `x`")
    model.save(run.folder / "model.keras")
    with closing(open_source(pictures)) as source:
        known = choosing.of_source(source, run, lambda *_: None)
        making.export(run, name, tmp_path / "out.zip", lambda *_: None, known=known)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert all(each.isascii() for each in archive.namelist())
        archive.extractall(tmp_path / "there")
    (folder,) = (tmp_path / "there").iterdir()
    labels = (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1]
    facts = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "samples" / "expected.json").read_text(encoding="utf-8"))
    assert tuple(labels) == tuple(facts["classes"]) == CALLED
    assert all(set(each["probabilities"]) == set(CALLED) for each in expected["pictures"])
    if table.find(name).scripts:
        checked = subprocess.run(
            [sys.executable, "check.py"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "5 of 5 answers are as in Thaw." in checked.stdout
    if name == "savedmodel":
        loaded = tf.saved_model.load(str(folder / "saved_model"))
        jpeg = (folder / "samples" / "1.jpg").read_bytes()
        found = loaded.signatures["serving_default"](jpeg=tf.constant([jpeg]))["classes"]
        assert [each.decode() for each in found.numpy()[0]] == list(CALLED)
