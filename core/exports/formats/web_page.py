"""A web page that names pictures in the browser: no server, no internet. ONNX Runtime Web runs it.

`convert` makes the network; `finish` builds the page around it once the samples are there:
`index.html`, all in one file for a double click, and `site/` for a web host.
"""

import base64
import gzip
import json
import lzma
import shutil
from functools import cache
from pathlib import Path

import onnxruntime

from core.exports.formats import onnx_file
from core.exports.order import Order
from core.exports.sharing import LARGEST

_WEB = Path(__file__).parents[1] / "carried" / "web"
_RUNTIME = _WEB / "onnxruntime-web"
_FILES = "<!-- files -->"


def convert(order: Order) -> None:
    """Convert to ONNX, which the page runs.

    Raises:
        UserError: The model is damaged.
    """
    onnx_file.convert(order)


def finish(folder: Path, title: str) -> None:
    """Build the page from what lies in an export.

    Args:
        folder: It holds `answer.json`, `samples/` and `model.onnx`, which moves into `site/`.
        title: What the page is called.
    """
    site = folder / "site"
    site.mkdir()
    (folder / "model.onnx").replace(site / "model.onnx")
    shutil.copyfile(_RUNTIME / "ort.mjs", site / "ort.mjs")
    (site / "ort.wasm.gz").write_bytes(_wasm())
    licences = folder / "LICENSES"
    licences.mkdir()
    shutil.copyfile(_RUNTIME / "LICENSE", licences / "onnxruntime-web.txt")
    notices = Path(onnxruntime.__file__).parent / "ThirdPartyNotices.txt"
    shutil.copyfile(notices, licences / "onnxruntime-web-third-party.txt")
    page = _page(folder, title)
    (site / "index.html").write_text(page.replace(_FILES, _module()), encoding="utf-8")
    inside = "\n".join(
        [
            _text("ort", (site / "ort.mjs").read_text(encoding="utf-8")),
            _text("wasm", _base64((site / "ort.wasm.gz").read_bytes())),
            _text("model", _base64((site / "model.onnx").read_bytes())),
            _module(),
        ]
    )
    whole = page.replace(_FILES, inside).encode()
    if len(whole) <= LARGEST:
        (folder / "index.html").write_bytes(whole)


def _page(folder: Path, title: str) -> str:
    facts = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    samples = json.loads((folder / "samples" / "expected.json").read_text(encoding="utf-8"))
    for each in samples["pictures"]:
        data = (folder / "samples" / each["file"]).read_bytes()
        each["url"] = f"data:image/jpeg;base64,{_base64(data)}"
    page = (_WEB / "page.html").read_text(encoding="utf-8")
    told = [_json("facts", facts | {"title": title}), _json("samples", samples), _FILES]
    return page.replace(_FILES, "\n".join(told))


def _module() -> str:
    code = (_WEB / "prepare.js").read_text(encoding="utf-8").replace("export function", "function")
    code += (_WEB / "page.js").read_text(encoding="utf-8")
    return f'<script type="module">\n{code}</script>'


def _text(name: str, content: str) -> str:
    content = content.replace("</script", "<\\/script")
    return f'<script type="text/plain" id="{name}">{content}</script>'


def _json(name: str, value: object) -> str:
    """Data for the page; “<” is escaped, so that no name ends the script."""
    content = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{content}</script>'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@cache
def _wasm() -> bytes:
    """The runtime as browsers unpack it by themselves."""
    return gzip.compress(lzma.decompress((_RUNTIME / "ort.wasm.xz").read_bytes()), 9, mtime=0)
