"""On a disk that fills up at any moment of a training, the run ends with a reason and can go on."""

import json
from pathlib import Path

import numpy as np
import pytest
import small_disk
from PIL import Image

KILOBYTES = [4, 60, 150, 2000]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# In each round a new disk, mounted over the one before, holds THAW_HOME.
SCRIPT = """
import json, os, sys
from pathlib import Path

from core import home
from core.backbones.catalog import BACKBONES
from core.data import store
from core.data.archive import open_source
from core.jobs import tasks
from core.jobs.job import Job, Kind
from core.runs import Run
from core.settings import SplitSettings, TrainingSettings
from tests import tiny_network
from tests.small_disk import leave, mount, tell

disk = Path(sys.argv[1])
folder = disk.parent
BACKBONES["tiny"] = tiny_network.row()
brought = folder / "stick"
brought.mkdir()
os.environ["THAW_WEIGHTS"] = str(brought)
tiny_network.build().save_weights(brought / BACKBONES["tiny"].weights.file)


for kilobytes in json.loads(sys.argv[2]):
    mount(disk)
    home.root().mkdir(exist_ok=True)
    source = open_source(folder / "painted")
    store.import_dataset(source, home.datasets() / "one", split=SplitSettings(), name="one")
    chosen = TrainingSettings("tiny", dense=(256,), frozen_layers=4, epochs=4)
    run = Run.create(home.runs() / "one", chosen, data="one", dataset="one")
    leave(disk, kilobytes)
    def go():
        try:
            tasks.train(str(run.folder), str(home.datasets() / "one"))
        except OSError:
            pass  # not even the end could be written
    go()
    first = run.state()
    leave(disk, 19_000)
    if not first.status.final:  # as the cluster does when it finds out
        Job(Kind.TRAINING, run.folder).lose("nobody works on it", 0)
        first = run.state()
    told = {"kilobytes": kilobytes, "first": first.status, "message": first.message}
    if first.status != "finished":
        run.resume()
        go()
    last = run.state()
    epochs = [row["epoch"] for row in last.history]
    told |= {"last": last.status, "epochs": epochs, "why": last.message}
    tell(told)
"""


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    """Pictures of two colours."""
    random = np.random.default_rng(0)
    for name, ground in (("blue", 60), ("orange", 180)):
        (tmp_path / "painted" / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(ground - 40, ground + 40, (40, 40, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "painted" / name / f"{number}.png")
    return tmp_path / "painted"


def test_a_full_disk_ends_a_run_with_a_reason_and_it_can_go_on(
    painted: Path, tmp_path: Path
) -> None:
    said, said_wrong = small_disk.told(SCRIPT, tmp_path, json.dumps(KILOBYTES))
    told = [one for (one,) in said]
    assert [one["kilobytes"] for one in told] == KILOBYTES, said_wrong[-3000:]
    assert told[-1]["first"] == "finished"
    filled = [one for one in told if one["first"] != "finished"]
    assert len(filled) >= 2, "the disk was never full"
    for one in filled:
        assert one["first"] in ("failed", "interrupted"), one
        assert one["message"], one
    assert any("disk is full" in one["message"] for one in filled)
    for one in told:
        assert one["last"] == "finished", one
        assert one["epochs"] == [1, 2, 3, 4], one
