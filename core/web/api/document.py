"""What the routes for programs are called, take and answer: as an OpenAPI document, and as a page.

The answer's schema is the one that tests hold every answer to, so the document can't say anything
else. The page is made of the document. It needs no script and nothing from the internet.
"""

from html import escape
from typing import Any

from core.results.prediction import ANSWER
from core.web import text_page
from core.web.api import examples

TOP = 5  # classes that are named where a request doesn't say how many
MOST_TOP = 1000
_MEANINGS = {
    "label": "The most probable class. It is the best guess also where the picture is unknown.",
    "confidence": "How sure the network is, calibrated: of 100 answers at 0.8, about 80 are right.",
    "top": "The most probable classes, each with its confidence, the surest first.",
    "familiar": "0.3 means: 30 of 100 pictures like the training pictures look less familiar. "
    "Null where the network can't tell.",
    "known": "Whether the picture looks like something that the network was taught. Null where it "
    "can't tell.",
    "model": "SHA-256 of the network: it changes when the network was trained again.",
    "sure": "Only where somebody saved a cut-off: whether the confidence reaches it.",
}
_ERRORS = {
    400: "The request is not as described here.",
    401: "The token is missing or wrong.",
    403: "The server doesn't answer to this name, or to pages of this website.",
    404: "There is no network at this address.",
    408: "The picture came too slowly.",
    413: "The picture is too large.",
    422: "This is not a picture, or it is damaged.",
    429: "Too many requests. Wait as many seconds as the header Retry-After says.",
    500: "Something went wrong in Thaw itself; its log says what.",
}
_PLAIN = (403, 408)  # said before the routes are reached, in a line of text
_STYLE = """
:root { color-scheme: light dark; background: Canvas; color: CanvasText }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
pre { padding: .8rem; border: 1px solid #8886; border-radius: .6rem }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0 }
"""
HEADERS = text_page.headers(_STYLE)


def openapi(size: int) -> dict[str, Any]:
    """The OpenAPI 3.1 document. It says nothing of the network, so anybody may read it.

    Args:
        size: Bytes that a request may have.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Thaw",
            "version": "1",
            "description": "Ask a network that was trained with Thaw what is in a picture.",
        },
        "servers": [{"url": "./"}],  # wherever this document lies
        "paths": {"/predict": {"post": _predict(size)}, "/health": {"get": _health()}},
        "components": {
            "schemas": {"Answer": _answer(), "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, in a sentence."}},
    "required": ["error"],
}


def _answer() -> dict[str, Any]:
    properties = {
        name: schema | {"description": _MEANINGS[name]}
        for name, schema in ANSWER["properties"].items()
    }
    return ANSWER | {"properties": properties}


def _predict(size: int) -> dict[str, Any]:
    picture = {"schema": {"type": "string", "format": "binary"}}
    form = {
        "type": "object",
        "properties": {"image": {"type": "string", "format": "binary"}},
        "required": ["image"],
    }
    return {
        "summary": "What is in a picture",
        "description": "The picture is the body, or the only file of a form. It may have "
        f"{size / 2**20:g} MiB. Every format that Thaw reads will do, such as JPEG or PNG.",
        "operationId": "predict",
        "security": [{"token": []}],
        "parameters": [
            {
                "name": "top",
                "in": "query",
                "description": "How many classes to name.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST_TOP, "default": TOP},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "image/*": picture,
                "application/octet-stream": picture,
                "multipart/form-data": {"schema": form},
            },
        },
        "responses": {
            "200": _response("What the network says of it.", "Answer"),
            **{str(code): _refused(code) for code in _ERRORS},
        },
    }


def _health() -> dict[str, Any]:
    status = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
    return {
        "summary": "Whether the server answers",
        "operationId": "health",
        "responses": {
            "200": {"description": "It does.", "content": {"application/json": {"schema": status}}},
            **{str(code): _refused(code) for code in (403, 404)},
        },
    }


def _refused(code: int) -> dict[str, Any]:
    if code in _PLAIN:
        text = {"text/plain": {"schema": {"type": "string"}}}
        return {"description": _ERRORS[code], "content": text}
    return _response(_ERRORS[code], "Error")


def _response(meaning: str, schema: str) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": meaning, "content": {"application/json": content}}


def page(address: str, size: int) -> str:
    """The document as a page for people.

    Args:
        address: Of the page, as a browser asked for it, with a slash at its end.
        size: Bytes that a request may have.
    """
    told = openapi(size)
    parts = [f"<h1>{escape(told['info']['title'])}</h1><p>{escape(told['info']['description'])}"]
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation))
    properties = told["components"]["schemas"]["Answer"]["properties"]
    rows = [(name, each["description"]) for name, each in properties.items()]
    parts.append(f"<h2>The answer</h2>{_table(rows)}")
    curl, python = (escape(make(address, "TOKEN")) for make in (examples.curl, examples.python))
    parts.append(f"<h2>Examples</h2><pre>{curl}</pre><pre>{python}</pre>")
    parts.append(
        '<p>For programs: <a href="openapi.json">the OpenAPI document</a>, and '
        '<a href="thaw_client.py">a client in Python</a>, one file without dependencies.'
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Thaw: ask a network'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f"<h2>{method.upper()} {escape(path[1:])}</h2><p>{escape(operation['summary'])}."]
    if "security" in operation:
        parts.append("<p>With the header <code>Authorization: Bearer TOKEN</code>.")
    if "description" in operation:
        parts.append(f"<p>{escape(operation['description'])}")
    given = [
        (f"?{each['name']}=", f"{each['description']} {_range(each['schema'])}")
        for each in operation.get("parameters", ())
    ]
    if given:
        parts.append(_table(given))
    answers = [(code, each["description"]) for code, each in operation["responses"].items()]
    return "".join([*parts, "<h3>What comes back</h3>", _table(answers)])


def _range(schema: dict[str, Any]) -> str:
    return f"{schema['minimum']} to {schema['maximum']}; {schema['default']} if not said."


def _table(rows: list[tuple[str, str]]) -> str:
    cells = (f"<tr><th>{escape(name)}<td>{escape(meaning)}" for name, meaning in rows)
    return f"<table>{''.join(cells)}</table>"
