"""`python -m core inspect --doctor`: the data doctor from a terminal."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.slow


def test_what_is_the_matter_is_told(thaw: Callable[..., Any], painted: Path) -> None:
    shutil.copy(painted / "blue" / "0.png", painted / "blue" / "again.png")
    shutil.copy(painted / "blue" / "1.png", painted / "orange" / "really-blue.png")
    Image.new("RGB", (200, 200), "white").save(painted / "orange" / "empty.png")
    said = thaw("inspect", painted, "--doctor", "--json")
    assert said.code == 0, said.err
    found = {each["kind"]: each for each in said.json["doctor"]["findings"]}
    assert {"exact copy", "two classes", "blank", "small class"} <= set(found)
    assert found["blank"]["cases"][0]["files"] == ["orange/empty.png"]
    (fix,) = found["exact copy"]["cases"][0]["fixes"]
    assert fix["action"] == "remove"
    assert len(said.json["doctor"]["map"]) == said.json["images"] - 2  # a copy lies where it is
    assert said.json["images"] == said.json["doctor"]["images"]
    assert "orange/empty.png: the same colour everywhere" in said.out
    assert said.out.startswith("blue\t")
