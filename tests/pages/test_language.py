"""The pages in another language: every sentence has a translation, and no page mixes two."""

import ast
import json
import re
import string
from functools import partial
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from core import apart, saying
from core.errors import UserError
from core.intake.archives import refusals
from core.saying import Sentence, joined, packed, say, several
from core.storage import files
from pages.language import catalogue, extraction
from pages.language.catalogue import FOLDER, LANGUAGES
from pages.parts.shared import words

ROOT = Path(__file__).parents[2]
OTHERS = [language for language in LANGUAGES if language != "en"]


def read(language: str):
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, language)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_a_translation(language: str) -> None:
    """If this fails after a text was edited: make language, then translate what is empty."""
    ours = read(language)
    missing = [
        message.id
        for message in extraction.extracted()
        if message.id
        and not (
            (found := ours.get(message.id))
            and found.string
            and all(found.string if isinstance(found.string, tuple) else [found.string])
        )
    ]
    assert not missing


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_of_a_sentence_that_is_gone(language: str) -> None:
    said = {message.id for message in extraction.extracted()}
    assert not [message.id for message in read(language) if message.id not in said]


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_their_sentence(language: str) -> None:
    wrong = []
    for message in read(language):
        if isinstance(message.id, tuple):
            one, *others = message.string
            pairs = [(message.id[0], one), *((message.id[1], each) for each in others)]
        else:
            pairs = [(message.id, message.string)]
        wrong += [
            pair for pair in pairs if fields(pair[0]) - {"count"} != fields(pair[1]) - {"count"}
        ]
        wrong += [pair for pair in pairs if fields(pair[1]) - fields(message_text(message))]
    assert not wrong


def message_text(message) -> str:
    return " ".join(message.id) if isinstance(message.id, tuple) else message.id


def test_a_template_is_never_pieced_together() -> None:
    """An f-string or a sum in `say` has no translation, for nobody can look it up."""
    pieced = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in [*(ROOT / "pages").rglob("*.py"), ROOT / "streamlit_app.py"]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and extraction.name_of(node) in catalogue.KEYWORDS
        and any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in node.args[:2])
    ]
    assert not pieced


@pytest.mark.parametrize(
    ("template", "plural", "values"),
    [
        ("{a.upper}", None, {"a": "x"}),
        ("{a[0]}", None, {"a": "x"}),
        ("{a.b}", None, {"a": "x"}),
        ("{a:999999999}", None, {"a": "x"}),
        ("{a:{width}}", None, {"a": "x", "width": "999999999"}),
        ("{a!r:>999999999}", None, {"a": "x"}),
        ("{a:.0%}", None, {"a": 10**400}),
        ("{a:.999999999f}", None, {"a": 1}),
        ("{count}", "{count}", {"count": "many"}),
        ("{count}", 3, {"count": 2}),
        ("{", None, {"a": 1}),
        ("{b}", None, {"a": 1}),
    ],
)
def test_a_template_from_somebody_elses_file_is_no_program(
    tmp_path: Path, template: str, plural: object, values: dict[str, object]
) -> None:
    written = {"sentence": template, "plural": plural, "values": values}
    (tmp_path / "said.json").write_text(json.dumps({"told": written}))
    found = files.read_json(tmp_path / "said.json")["told"]
    assert not isinstance(found, Sentence)
    assert found == written


def test_a_refusal_keeps_its_parts_on_its_way_out_of_another_process() -> None:
    refuse = partial(refusals.refuse_many, "zoo", 10**6)
    with pytest.raises(UserError) as here:
        refuse()
    with pytest.raises(UserError) as elsewhere:
        apart.run(refuse, lambda: None)
    assert here.value.said.values["name"] == "zoo"
    assert packed(elsewhere.value.said) == packed(here.value.said)


def test_a_sentence_keeps_its_parts_in_json_and_in_pickles(tmp_path: Path) -> None:
    import copy
    import pickle

    inner = several("{count} file", "{count} files", 2000)
    said = joined([say("“{name}” holds {files}.", name="{x}", files=inner), say("Try again.")])
    assert said == "“{x}” holds 2,000 files. Try again."
    files.write_json(tmp_path / "said.json", {"told": said, "plain": "{x}"})
    found = files.read_json(tmp_path / "said.json")
    for each in (found["told"], pickle.loads(pickle.dumps(said)), copy.deepcopy(said)):  # noqa: S301
        assert isinstance(each, Sentence)
        assert each == said
        assert packed(each) == packed(said)
    assert found["plain"] == "{x}"
    assert not isinstance(found["plain"], Sentence)


def test_an_error_can_be_said_in_another_language() -> None:
    error = UserError("Two of these classes have the same name. Give them different names.")
    assert str(error) == error.said
    assert catalogue.translated(error.said, "de") != error.said
    assert str(UserError("{x} and {y}")) == "{x} and {y}", "no values: no placeholders"


def test_a_name_is_never_translated() -> None:
    assert words.seen("Train") == "Train"
    assert catalogue.translated("Train", "de") == "Train"
    assert catalogue.translated(say("Train"), "de") != "Train"


@pytest.mark.parametrize(
    ("language", "number", "share", "items"),
    [("en", "1,234.5", "90%", "a, b and c"), ("de", "1.234,5", "90\u00a0%", "a, b und c")],
)
def test_numbers_are_written_as_the_language_has_them(
    language: str, number: str, share: str, items: str
) -> None:
    assert catalogue.decimal(1234.5, language, 1) == number
    assert catalogue.percent(0.9, language) == share
    assert catalogue.listed(["a", "b", "c"], language) == items
    said = say("{a} {b:.1f} {c:.0%} {d:g}", a=1234, b=1234.5, c=0.9, d=0.005)
    comma = "," if language == "de" else "."
    there = catalogue.decimal(1234, language)
    assert catalogue.translated(said, language) == f"{there} {number} {share} 0{comma}005"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("de-AT", "de"), ("de", "de"), ("en-US", "en"), ("tlh-AA", "en"), ("", "en"), (None, "en")],
)
def test_the_browsers_language_is_taken_where_there_is_one(wanted: str | None, language: str):
    assert catalogue.fitting(wanted) == language


def test_a_header_names_the_wanted_language() -> None:
    assert catalogue.of_header("tlh-AA,tlh;q=0.9,de;q=0.8,en;q=0.7") == "de"
    assert catalogue.of_header(None) == "en"
    assert catalogue.of_header("\x00;;," * 1000) == "en"


def test_a_script_gets_its_plural_forms_by_category() -> None:
    found = catalogue.for_script(
        'say("Cancel"); several("{count} picture", "{count} pictures", n)', "de"
    )
    assert found["Cancel"] != "Cancel"
    assert set(found["{count} picture"]) == {"one", "other"}
    assert catalogue.for_script('say("Cancel")', "en") == {}


def test_english_is_filled_in_without_a_catalogue() -> None:
    assert saying.say("{n} of {all}", n=1, all=[2000, "x"]) == "1 of 2,000, x"
    assert re.fullmatch(r"1 picture", several("{count} picture", "{count} pictures", 1))
