"""What all tests share: a Thaw home of their own, and where the real material lies."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from xdist.scheduler import Scheduling

from tests import scheduling

# Test modules import Keras while they are collected, and it writes its settings at once.
os.environ["THAW_HOME"] = tempfile.mkdtemp(prefix="thaw-tests-")
atexit.register(shutil.rmtree, os.environ["THAW_HOME"], ignore_errors=True)

MATERIAL = Path(
    os.environ.get("THAW_MATERIAL") or Path(__file__).parents[2] / "shared" / "material"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    scheduling.longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return scheduling.OneApp(config, log)


@pytest.fixture(autouse=True)
def thaw_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary THAW_HOME, so that no test sees or leaves anything of the user's."""
    home = tmp_path / "thaw"
    monkeypatch.setenv("THAW_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features as precise as Keras' own, which tests compare them with, on every processor."""
    engine, gpu = (sys.modules.get(f"core.network.{name}") for name in ("engine", "gpu"))
    if engine:
        monkeypatch.setattr(engine, "feature_precision", lambda: engine.FLOAT32)
    if gpu:
        monkeypatch.setattr(gpu, "precision", lambda: gpu.FLOAT32)


@pytest.fixture
def material() -> Path:
    """Real weights and data sets; tests that want them are skipped where there are none."""
    if not MATERIAL.is_dir():
        pytest.skip("needs the real material (set THAW_MATERIAL)")
    return MATERIAL
