"""`thaw compare`: runs side by side, on what they held back or on labelled pictures."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from terminal_calls import ROOT

from core.cli import main as terminal
from core.cli.commands import compare
from core.errors import UserError
from core.results.answers import kept
from core.storage import files
from core.storage.runs import Run
from tests.pages.painting import paint_answers, paint_run, store_dataset
from tests.results.conftest import make_run as make_run
from tests.results.conftest import picture as picture


def compared(*given: object) -> dict[str, object]:
    found = compare.run(terminal.parse(["compare", *map(str, given)]))
    return dict(json.loads(json.dumps(found)))


@pytest.fixture
def runs() -> list[Run]:
    dataset = store_dataset("pets", {"cat": 4, "dog": 4})
    right = {f"cat/{n}.png": {"cat": 0.9} for n in range(4)}
    wrong = right | {"cat/0.png": {"dog": 0.9}, "cat/3.png": {"dog": 0.6}}
    fewer = {name: right[name] for name in list(right)[:3]}
    found = []
    for said in (right, wrong, fewer):
        run = paint_run(dataset)
        paint_answers(run, said)
        found.append(run)
    return found


def test_on_the_held_out_pictures_that_both_have(
    runs: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (run.folder for run in runs)
    found = compared(first, second)
    assert (found["images"], found["on"], found["best"]) == (4, "held out", 0)
    assert [row["correct"] for row in found["runs"]] == [4, 2]  # type: ignore[attr-defined]
    assert found["pairs"] == [
        {
            "runs": [0, 1],
            "only_first_right": ["cat/0.png", "cat/3.png"],
            "only_second_right": [],
            "mcnemar_p": 0.5,
            "holm_p": 0.5,
        }
    ]
    explained = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    keys = {*found, *found["runs"][0], *found["pairs"][0]}  # type: ignore[index]
    assert not [key for key in keys if f"`{key}`" not in explained]
    said = capsys.readouterr()
    assert said.out.splitlines()[0].split("\t")[:2] == [first.name, "1.0000"]
    assert "can well be luck" in said.err
    found = compared(second, third)
    assert found["images"] == 3
    assert len(compared(first, second, third)["pairs"]) == 3  # type: ignore[arg-type]


def test_runs_of_other_pictures_or_of_an_earlier_thaw_are_told(runs: list[Run]) -> None:
    first, other, earlier = runs
    answers = kept.read(other.folder)
    assert answers is not None
    kept.keep(other.folder, replace(answers, digests=tuple(f"{n:064x}" for n in range(4))))
    with pytest.raises(UserError, match="no held-out image in common"):
        compared(first.folder, other.folder)
    (earlier.folder / "judged.npz").unlink()
    with pytest.raises(UserError, match="kept only its mistakes"):
        compared(first.folder, earlier.folder)
    files.write_json(earlier.results_path, (earlier.results() or {}) | {"alone": {}})
    with pytest.raises(UserError, match="a single class"):
        compared(first.folder, earlier.folder)
    unfinished = paint_run(None, ending=None)
    with pytest.raises(UserError, match="has not been evaluated"):
        compared(first.folder, unfinished.folder)


def test_one_run_or_none_is_told(runs: list[Run], tmp_path: Path) -> None:
    for given in ([runs[0].folder], [runs[0].folder, tmp_path], [tmp_path]):
        with pytest.raises(UserError, match="two runs or more"):
            compared(*given)


def test_on_labelled_pictures(
    make_run: Callable[..., Path], picture: Callable[..., Path], tmp_path: Path
) -> None:
    good, inverted = make_run("good"), make_run("inverted", sharpness=-8.0)
    for made in (good, inverted):
        shutil.copyfile(paint_run(None).folder / "settings.json", made / "settings.json")
    for colour in ("red", "green", "blue"):
        for number in range(3):
            picture(f"data/{colour}/{number}.png", colour, number)
    found = compared(good, inverted, tmp_path / "data")
    assert (found["images"], found["on"]) == (9, "images")
    assert [row["correct"] for row in found["runs"]] == [9, 0]  # type: ignore[attr-defined]
    (pair,) = found["pairs"]  # type: ignore[misc]
    assert len(pair["only_first_right"]) == 9
    assert pair["mcnemar_p"] == 2 / 2**9
    assert "“good” is better" in found["told"][0]  # type: ignore[index]
