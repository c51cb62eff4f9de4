"""Others may run part of the images through the frozen part; nothing depends on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.datasets import store
from core.datasets.feed import StoredFeed
from core.intake.archives.archive import open_source
from core.network import features
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import extraction, fit

pytestmark = pytest.mark.slow

Painted = Callable[..., Path]
SETTINGS: dict[str, Any] = {"frozen_layers": 4, "augment": "light", "views": 2}


@pytest.fixture
def feed(painted: Painted, tmp_path: Path) -> StoredFeed:
    folder = tmp_path / "stored"
    source = open_source(painted(12))
    store.import_dataset(source, folder, split=SplitSettings(), name="painted")
    return StoredFeed(folder)


@pytest.fixture
def gone_through(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been through the frozen part."""
    seen: list[str] = []
    add = extraction.Extraction.add

    def told(self: Any, digest: str, pixels: Any) -> None:
        seen.append(digest)
        add(self, digest, pixels)

    monkeypatch.setattr(extraction.Extraction, "add", told)
    return seen


def created(tmp_path: Path, name: str) -> Run:
    settings = TrainingSettings("tiny", epochs=3, batch_size=8, **SETTINGS)
    return Run.create(tmp_path / name, settings, data_name="painted")


class Crew:
    """Helps when it is waited for; or has been called away, and does not."""

    def __init__(self, run: Run, feed: StoredFeed, comes: bool) -> None:
        self._run, self._feed, self._comes = run, feed, comes
        self.asked: list[int] = []

    def call(self, images: int) -> int:
        self.asked.append(images)
        return 3

    def finish(self) -> None:
        if self._comes:
            for part in (1, 2):
                fit.help_out(self._run, self._feed, part, 3)


# That others come is seen on a cluster as well, in tests/jobs.
@pytest.mark.parametrize("comes", [pytest.param(True, marks=pytest.mark.exhaustive), False])
def test_with_or_without_help_it_is_the_same_training(
    feed: StoredFeed, tiny: Path, tmp_path: Path, gone_through: list[str], comes: bool
) -> None:
    run = created(tmp_path, "helped")
    crew = Crew(run, feed, comes)
    helped = fit.train(run, feed, crew)
    assert crew.asked == [feed.count]
    made = sorted(gone_through)
    features.empty_cache()
    gone_through.clear()
    alone = fit.train(created(tmp_path, "alone"), feed)
    assert made == sorted(gone_through)  # nothing twice that is made once alone
    assert helped["history"] == alone["history"]
    later = Crew(run, feed, comes)
    fit.train(created(tmp_path, "later"), feed, later)
    assert later.asked == [0]  # who is called for nothing is waited for


def test_a_helper_stops_with_the_training(
    feed: StoredFeed, tiny: Path, tmp_path: Path, gone_through: list[str]
) -> None:
    run = created(tmp_path, "run")
    run.request_stop()
    fit.help_out(run, feed, 1, 2)
    assert gone_through == []
