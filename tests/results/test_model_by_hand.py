"""The lines in docs/run-folder.md name a picture as Thaw does."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.intake.pictures import images
from core.results.predictor import of_run

(LINES,) = re.findall(
    r"```python\n(.*?)```",
    (Path(__file__).parents[2] / "docs" / "run-folder.md").read_text(encoding="utf-8"),
    re.S,
)
TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize("square", ["squash", "crop", "pad"])
@pytest.mark.parametrize("size", [(61, 40), (32, 32), (33, 57)])
@pytest.mark.parametrize("exif", [None, TURNED], ids=["upright", "turned"])
def test_the_lines_in_the_docs_do_as_thaw_does(
    make_run: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    square: str,
    size: tuple[int, int],
    exif: Any,
) -> None:
    run = make_run()
    facts = json.loads((run / "model.json").read_text())
    (run / "model.json").write_text(json.dumps(facts | {"square": square}))
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype="uint8")
    Image.fromarray(noise).save(run / "picture.jpg", quality=95, exif=exif or Image.Exif())
    data = (run / "picture.jpg").read_bytes()

    monkeypatch.chdir(run)
    names: dict[str, Any] = {}
    exec(LINES, names)  # noqa: S102 - our own documentation

    side = facts["input_size"]
    expected = images.to_square(images.decode(data, side), side, images.Squaring(square))
    np.testing.assert_array_equal(np.array(names["paper"]), expected)
    (seen,) = of_run(run).predict([("picture.jpg", data)], top=1)
    assert facts["classes"][names["answer"].argmax()] == seen.label
    assert names["answer"].max() == pytest.approx(seen.confidence, abs=2e-5)
