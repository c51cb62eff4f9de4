"""Whether an answer is as its JSON Schema says: as much of the standard as that schema uses."""

import re
from typing import Any

from core.results.prediction import ANSWER

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_USED = {
    *("type", "properties", "required", "additionalProperties", "items", "prefixItems"),
    *("minItems", "maxItems", "minimum", "maximum", "pattern", "anyOf"),
}


def check(answer: dict[str, Any]) -> None:
    """Fail where an answer, as JSON gives it, is not as it should be."""
    _check(answer, ANSWER)
    assert answer["top"][0] == [answer["label"], answer["confidence"]]


def _check(value: Any, schema: dict[str, Any]) -> None:
    assert set(schema) <= _USED, "this checker knows no other words of JSON Schema"
    if "anyOf" in schema:
        assert any(_fits(value, each) for each in schema["anyOf"]), value
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert any(_is(value, each) for each in types), (value, types)
    if isinstance(value, dict):
        assert value.keys() >= set(schema.get("required", ())), value
        known = schema["properties"]
        assert schema["additionalProperties"] or value.keys() <= known.keys(), value
        for name, each in value.items():
            _check(each, known[name])
    if isinstance(value, list):
        assert schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        first = schema.get("prefixItems", [])
        for place, each in enumerate(value):
            _check(each, first[place] if place < len(first) else schema["items"])
    if _is(value, "number"):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if isinstance(value, str) and "pattern" in schema:
        assert re.search(schema["pattern"], value), value


def _is(value: Any, type_: str) -> bool:
    if isinstance(value, bool):
        return type_ == "boolean"
    return isinstance(value, _TYPES[type_])


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    try:
        _check(value, schema)
    except AssertionError:
        return False
    return True
