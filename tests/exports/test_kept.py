"""How many exports of a run are kept: older ones of a format make way for newer ones."""

from pathlib import Path

import pytest

from core import sharing as links
from core.exports import kept, sharing, table
from core.exports.proof import Agreement, Proof
from core.storage import files, home
from core.storage.runs import Run

SAME = Agreement(1.0, 0.0, 1.0)
PROOF = Proof(40, True, False, SAME, SAME, 1.0, 1000, 1.0, 0)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def exported(run: Run, number: int, name: str = "onnx") -> Path:
    folder = run.folder / home.EXPORTS / f"20261129-1200{number:02}-aaaaaa"
    folder.mkdir(parents=True)
    (folder / home.EXPORT_ZIP).write_bytes(b"PK")
    kept.keep(folder, table.find(name), PROOF, own_samples=False)
    return folder


def make_way(run: Run, name: str = "onnx") -> None:
    kept.make_way(run, table.find(name), sharing.is_shared)


def test_the_latest_of_each_format_stay(run: Run) -> None:
    first, *later = (exported(run, number) for number in range(kept.OF_EACH + 1))
    other = exported(run, 30, "keras")
    make_way(run, "keras")
    assert first.exists()
    make_way(run)
    assert not first.exists()
    assert all(folder.exists() for folder in (*later, other))


def test_a_shared_one_stays_until_its_link_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = exported(run, 0)
    made = kept.kept(first)
    assert made
    link = sharing.share(first, made, 3600)
    latest = [exported(run, number) for number in range(1, kept.OF_EACH + 2)]
    make_way(run)
    assert [each.exists() for each in (first, *latest)] == [True, False, *[True] * kept.OF_EACH]
    monkeypatch.setattr(links.time, "time", lambda: link.until + 1)
    make_way(run)
    assert [each.exists() for each in (first, *latest)] == [False, False, *[True] * kept.OF_EACH]


def test_what_is_under_way_or_damaged_is_left_alone(run: Run) -> None:
    under_way = exported(run, 0)
    (under_way / home.EXPORT).unlink()
    damaged = exported(run, 1)
    files.write_json(damaged / home.EXPORT, {"export": "onnx"})
    hidden = exported(run, 2)
    files.write_json(hidden / home.SHARE, {"token": 1, "until": None})
    ready = [exported(run, number) for number in range(3, kept.OF_EACH + 4)]
    make_way(run)
    assert [each.exists() for each in (under_way, damaged, hidden)] == [True, True, True]
    assert [each.exists() for each in ready] == [False, *[True] * kept.OF_EACH]
