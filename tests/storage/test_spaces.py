"""A space: where what it holds lies, and which space a folder is in."""

from pathlib import Path

import pytest

from core.errors import UserError
from core.settings import TrainingSettings
from core.storage import home, runs
from core.storage.home import HOME, Space
from core.storage.job import Job
from core.storage.runs import Run, all_runs, job_of, open_run
from tests import spaces

RUN = "20250101-000000-abcdef"


def test_a_folder_is_in_its_space(thaw_home: Path) -> None:
    other = Space("others")
    assert home.space_of(other.runs() / RUN) == other
    assert home.space_of(other.datasets() / ".copy-x" / RUN) == other
    assert home.space_of(HOME.uploads() / "x" / "content") == HOME
    assert other.folder == thaw_home / "others"


def test_a_run_of_a_terminal_belongs_to_home(tmp_path: Path, thaw_home: Path) -> None:
    assert Run(tmp_path / "others" / "runs" / RUN).space == HOME
    assert Run(Path("run")).space == HOME


@pytest.mark.parametrize("id_", ["", "..", "../others/datasets/x", "a/b", "A", "x" * 65])
def test_what_is_no_id_is_no_data_set(id_: str) -> None:
    with pytest.raises(UserError, match="no such data set"):
        HOME.dataset(id_)


def test_a_run_knows_its_data_set_in_its_own_space(thaw_home: Path) -> None:
    other = Space("others")
    for space in (HOME, other):
        run = Run.create(
            space.runs() / RUN, TrainingSettings(), data_name="pets", dataset_id="20250101-pets"
        )
        assert run.dataset_folder == space.datasets() / "20250101-pets"
    alone = Run.create(other.runs() / "alone", TrainingSettings(), data_name="pets")
    assert not alone.dataset_folder.exists()


def test_runs_of_the_same_id_are_two(thaw_home: Path) -> None:
    other = Space("others")
    mine, theirs = (
        Run.create(space.runs() / RUN, TrainingSettings(), data_name=space.name)
        for space in (HOME, other)
    )
    assert open_run(HOME, RUN).data_name == "home"
    assert open_run(other, RUN).data_name == "others"
    theirs.put_aside()
    assert [each.id for each in all_runs(HOME)] == [RUN]
    assert all_runs(other) == []
    assert [each.space for each in runs.aside(other)] == [other]
    assert runs.aside(HOME) == []
    with pytest.raises(UserError):
        open_run(other, RUN)
    assert mine.folder.is_dir()


def test_a_job_carries_its_space_to_the_queue(thaw_home: Path) -> None:
    other = Space("others")
    keys = set()
    for space in (HOME, other):
        for job in (Run(space.runs() / RUN), Job.of_checkup(space.datasets() / RUN)):
            keys.add(job.key(2))
            found = job_of(job.key(2))
            assert found == job
            assert found.space == space
    assert len(keys) == 4


def test_what_concerns_everybody_goes_through_all_spaces(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.spaces() == (HOME,)
    other = spaces.beside(monkeypatch)
    assert {HOME.folder, other.folder} < set(home.everything())
