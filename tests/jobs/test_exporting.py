"""Exports as jobs: on a real cluster, from the press to the zip, and a stop that leaves nothing."""

import shutil
import zipfile
from pathlib import Path

import pytest

from core.errors import UserError
from core.exports import kept
from core.jobs import exporting
from core.storage import home
from core.storage.job import Job, RunStatus
from core.storage.runs import Run, job_of
from tests.exports.conftest import run as run
from tests.jobs.conftest import Wait
from tests.results.conftest import make_run as make_run


def stored(folder: Path) -> Run:
    there = home.HOME.runs() / home.new_id()
    shutil.copytree(folder, there)
    return Run(there)


@pytest.mark.cluster
def test_an_export_is_made_watched_and_offered(run: Path, shared: Path, wait: Wait) -> None:
    trained = stored(run)
    folder = exporting.submit(trained, "openvino", own_samples=False)
    wait(lambda: exporting.state(folder).status.final)
    state = exporting.state(folder)
    assert (state.status, state.name) == (RunStatus.FINISHED, "openvino"), state.message
    assert {"reading", "converting", "proving"} <= set(state.stages)
    found = kept.kept(folder)
    assert found is not None
    assert found.proof.from_pixels.same == 1
    assert kept.folders(trained) == [folder]
    assert zipfile.ZipFile(found.file).testzip() is None

    stopped = exporting.submit(trained, "openvino", own_samples=False)
    wait(lambda: "converting" in exporting.state(stopped).stages)
    exporting.stop(stopped)
    wait(lambda: exporting.state(stopped).status.final)
    assert exporting.state(stopped).status is RunStatus.STOPPED
    assert kept.kept(stopped) is None
    assert not (stopped / home.EXPORT_ZIP).exists()


def test_a_format_that_there_is_not_is_told_at_once(run: Path, thaw_home: Path) -> None:
    trained = stored(run)
    with pytest.raises(UserError, match="Expected a format among"):
        exporting.submit(trained, "caffe", own_samples=False)
    assert not kept.folders(trained)


def test_its_job_is_found_again_by_its_key(thaw_home: Path) -> None:
    job = Job.of_export(kept.new(Run(home.HOME.runs() / home.new_id())))
    assert job_of(job.key(0)) == job
