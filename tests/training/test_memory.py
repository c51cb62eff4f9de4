"""What a run leaves in its process."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keras.src.trainers.data_adapters.generator_data_adapter import GeneratorDataAdapter
from tensorflow.python.framework.func_graph import FuncGraph

from core.datasets.feed import SourceFeed
from core.intake.archives.archive import open_source
from core.jobs import memory
from core.network import engine
from core.results.predictor import of_run
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit

pytestmark = pytest.mark.slow


def held() -> dict[int, object]:
    """TensorFlow's graphs, what feeds them, and compiled networks in this process."""
    gc.collect()
    kinds = FuncGraph, GeneratorDataAdapter, engine.Compiled
    return {id(each): each for each in gc.get_objects() if isinstance(each, kinds)}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"frozen_layers": 4},
        pytest.param({"weights": "random", "frozen_layers": 0}, marks=pytest.mark.exhaustive),
    ],
    ids=["all frozen", "thawed", "from scratch"],
)
def test_no_graph_and_no_compiled_network_of_a_run_stays(
    painted: Callable[..., Path], tiny: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder = painted(8)
    memory.give_back()
    before = held()
    chosen = TrainingSettings("tiny", epochs=2, batch_size=8, **settings)
    run = Run.create(tmp_path / "run", chosen, data_name="painted")
    fit.train(run, SourceFeed(open_source(folder), SplitSettings()), ready=True)
    of_run(run.folder)
    memory.give_back()
    assert held().keys() - before.keys() == set()  # what other tests have left may go
