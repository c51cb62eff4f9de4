"""A run that was backed up and restored elsewhere answers as before."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.main import main
from core.results import handed, predictor
from core.settings import TrainingSettings
from core.storage import home
from core.storage.runs import Run


def test_it_predicts_as_before(
    make_run: Callable[..., Path],
    picture: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = [picture(f"{colour}.png", colour) for colour in ("red", "green", "blue")]

    def seen() -> list[tuple[str, float]]:
        answers = predictor.of_run(home.HOME.runs() / "20260101-000000-abcdef").predict(
            list(handed.pictures(files)), 3
        )
        return [(each.label, each.confidence) for each in answers]

    run = Run.create(
        home.HOME.runs() / "20260101-000000-abcdef", TrainingSettings(), data_name="colours"
    )
    shutil.copytree(make_run(), run.folder, dirs_exist_ok=True)
    before = seen()
    assert [label for label, _ in before] == ["red", "green", "blue"]
    assert main(["backup", str(tmp_path / "backup.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "elsewhere"))
    assert seen() == before
