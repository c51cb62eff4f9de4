"""A disk that fills up during a training, a prediction or a check-up ends it with a reason."""

import json
from pathlib import Path

import numpy as np
import pytest
import small_disk
from PIL import Image

KILOBYTES = [4, 150, 2000]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# In each round a new disk, mounted over the one before, holds THAW_HOME.
SCRIPT = """
import json, os, shutil, sys
from pathlib import Path

from core.storage import home
from core.backbones.catalogue.rows import BACKBONES
from core.intake import room
from core.datasets import store
from core.intake.archives.archive import open_source
from core.errors import UserError
from core.jobs import checkup, tasks, worker
from core.storage.job import Job, Kind
from core.results import predictor
from core.storage.runs import Run
from core.settings import SplitSettings, TrainingSettings
from tests import tiny_network
from tests.small_disk import LARGE, leave, mount, tell

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
    store.import_dataset(source, home.HOME.datasets() / "one", split=SplitSettings(), name="one")
    chosen = TrainingSettings("tiny", dense=(256,), frozen_layers=4, epochs=4)
    run = Run.create(home.HOME.runs() / "one", chosen, data_name="one", dataset_id="one")
    leave(disk, kilobytes)
    def go():
        try:
            worker.perform(run, tasks.train, home.HOME.datasets() / "one")
        except OSError:
            pass  # not even the end could be written
    go()
    first = run.state()
    leave(disk, 19_000)
    if not first.status.final:  # as the cluster does when it finds out
        run.lose("nobody works on it", 0)
        first = run.state()
    told = {"kilobytes": kilobytes, "first": first.status, "message": first.message}
    if first.status != "finished":
        run.resume()
        go()
    last = run.state()
    epochs = [row["epoch"] for row in last.history]
    told |= {"last": last.status, "epochs": epochs, "why": last.message}
    tell(told)

picture = next((folder / "painted" / "blue").iterdir())
one = home.HOME.datasets() / "one"
job = Job.of_checkup(one)


def predict():
    predictor._warm.cache_clear()
    return worker.answer(Kind.PREDICTION, tasks.predict, run.folder, [picture], 1)[0].label


def check_up():
    job.folder.mkdir(exist_ok=True)
    job.log.append("queued", cluster={})
    worker.perform(job, tasks.look_over)
    state = job.state()
    return state.message or [str(state.status), len(checkup.read(one / "checkup.json").findings)]


def said_of(work):
    try:
        return work()
    except UserError as error:
        return str(error)
    except OSError as error:  # before there was anything to write it to
        return room.told(error)


for kilobytes in (0, 300, LARGE):
    leave(disk, LARGE)
    shutil.rmtree(home.cache(), ignore_errors=True)
    (one / "checkup.json").unlink(missing_ok=True)
    leave(disk, kilobytes)
    tell(said_of(predict), said_of(check_up))
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


def test_on_a_full_disk_everything_ends_with_a_reason_and_can_go_on(
    painted: Path, tmp_path: Path
) -> None:
    said, said_wrong = small_disk.told(SCRIPT, tmp_path, json.dumps(KILOBYTES))
    told = [one for (one,) in said[: len(KILOBYTES)]]
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
    asked = said[len(KILOBYTES) :]
    assert len(asked) == 3, said_wrong[-3000:]
    *filled, (seen, checked) = asked
    assert seen in ("blue", "orange")
    assert checked[0] == "finished", (checked, said_wrong[-6000:])
    assert all("disk" in one for one in filled[0]), filled
    for prediction, check_up in filled:
        assert prediction == seen or "disk is full" in prediction
        assert check_up == checked or "disk is full" in check_up, said_wrong[-9000:]
