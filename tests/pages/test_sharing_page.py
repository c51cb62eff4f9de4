"""A shared project on the Data page: its link, and what became of one that was not written."""

import pytest

from core import sharing as links
from core.jobs import exporting
from core.projects import sharing
from core.storage import home
from core.storage.job import Job
from core.web import addresses
from tests.pages.painting import Open, button, buttons, shown, store_dataset
from tests.web.test_shared_projects import shared_project


@pytest.fixture(autouse=True)
def reached_as_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_site", addresses.Site(urls=("http://localhost:8501",)))


def test_a_link_is_there_until_somebody_takes_it_back(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    folder = shared_project(dataset)
    link = links.at(folder)
    assert link is not None
    app = open_page("data", data=dataset)
    assert "Shared: 6 pictures (" in shown(app)
    assert any(link.token in code.value for code in app.code)
    assert "this computer alone" in shown(app)
    button(app, "stop-sharing").click().run()
    assert not app.code
    assert sharing.folders(home.HOME.dataset(dataset)) == []


def queued_share() -> tuple[str, Job]:
    """A data set, and the job that is to write it for those with a link."""
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    folder = sharing.new(home.HOME.dataset(dataset))
    folder.mkdir(parents=True)
    job = Job.of_export(folder)
    job.log.append("queued", cluster=None, name="", upload=None)
    return dataset, job


def test_without_pictures_it_says_so(open_page: Open) -> None:
    dataset = store_dataset("pets", {"cat": 3, "dog": 3})
    shared_project(dataset, pictures=False)
    assert "Shared: no pictures (" in shown(open_page("data", data=dataset))


def test_of_one_that_was_cancelled_nothing_stays(open_page: Open) -> None:
    dataset, job = queued_share()
    job.stopped()
    app = open_page("data", data=dataset)
    assert not buttons(app, "dismiss-share")
    assert sharing.folders(home.HOME.dataset(dataset)) == []


def test_why_one_could_not_be_written_stays_until_it_is_dismissed(open_page: Open) -> None:
    dataset, job = queued_share()
    job.fail("The disk is *full*.")
    assert exporting.state(job.folder).status.final
    app = open_page("data", data=dataset)
    assert "The disk is" in shown(app)
    button(app, "dismiss-share").click().run()
    assert not job.folder.exists()
    assert not buttons(app, "dismiss-share")
