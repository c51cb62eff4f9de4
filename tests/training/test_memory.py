"""What a run leaves in its process."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorflow.python.framework.func_graph import FuncGraph

from core.data.archive import open_source
from core.data.feed import SourceFeed
from core.runs import Run
from core.settings import SplitSettings, TrainingSettings
from core.training import fit, memory

pytestmark = pytest.mark.slow


def graphs() -> int:
    gc.collect()
    return sum(isinstance(each, FuncGraph) for each in gc.get_objects())


@pytest.mark.parametrize(
    "settings",
    [{}, {"frozen_layers": 4}, {"weights": "random", "frozen_layers": 0}],
    ids=["all frozen", "thawed", "from scratch"],
)
def test_no_graph_of_a_run_stays(
    painted: Callable[..., Path], tiny: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder = painted(8)
    memory.give_back()
    before = graphs()
    chosen = TrainingSettings("tiny", epochs=2, batch_size=8, **settings)
    run = Run.create(tmp_path / "run", chosen, data="painted")
    fit.train(run, SourceFeed(open_source(folder), SplitSettings()))
    memory.give_back()
    assert graphs() == before
