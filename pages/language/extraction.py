"""Brings the catalogues up to date with the sentences in the code: `make language`.

New sentences come without a translation, which a test then asks for. A reworded one is a new one;
what nothing says any more is dropped.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from pages.language.catalogue import ENGLISH, FOLDER, KEYWORDS, LANGUAGES, said_in_script

ROOT = Path(__file__).parents[2]
Said = str | tuple[str, str]  # a template, or those for one and for many
_HEADER = "# Thaw's pages in another language. See pages/language/catalogue.py.\n#"


def extracted() -> Catalog:
    """Every sentence that can be translated, with the files that say it."""
    catalog = Catalog(header_comment=_HEADER, fuzzy=False)
    files = [ROOT / "streamlit_app.py"]
    for folder in ("core", "pages"):
        files += sorted([*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.js")])
    for path in files:
        for said in said_in(path):
            catalog.add(said, None, [(path.relative_to(ROOT).as_posix(), 0)])
    return catalog


def said_in(path: Path) -> Iterator[Said]:
    """What a file of Python or JavaScript says, by its calls of KEYWORDS."""
    if path.suffix == ".js":
        yield from said_in_script(path.read_text(encoding="utf-8"))
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and name_of(node) in KEYWORDS and node.args:
            places = [place for place in KEYWORDS[name_of(node)] if place < len(node.args)]
            templates = [_literals(node.args[place]) for place in places]
            if len(templates) == 2 and all(templates):
                yield templates[0][0], templates[1][0]
            elif len(templates) == 1:
                yield from templates[0]


def name_of(call: ast.Call) -> str:
    """The name of the function that is called, without the module before it."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _literals(node: ast.expr) -> list[str]:
    """The text of an argument; of `a if b else c`, both."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp():
            return _literals(node.body) + _literals(node.orelse)
        case _:
            return []


def updated(language: str) -> bytes:
    """A language's catalogue with all sentences there are now."""
    path = FOLDER / f"{language}.po"
    with path.open("rb") as file:
        before = read_po(file, language)
    catalog = extracted()
    catalog.locale = language
    for message in catalog:
        known = before.get(message.id)
        if known is not None and message.id:
            message.string = known.string
    written = io.BytesIO()
    write_po(written, catalog, width=100, include_lineno=False, sort_by_file=True, omit_header=True)
    head = path.read_bytes().partition(b"\n\n")[0]  # as translators have written it
    return head + b"\n\n" + written.getvalue()


if __name__ == "__main__":
    for each in LANGUAGES:
        if each != ENGLISH:
            (FOLDER / f"{each}.po").write_bytes(updated(each))
