"""The Runs page shows a report of a problem before it is saved."""

from core.storage import report
from tests.pages.painting import Open


def test_a_report_is_shown_before_it_is_saved(open_page: Open) -> None:
    app = open_page("runs")
    app.session_state["belongings"] = "Disk"
    app.run()
    assert not app.get("download_button")
    app.session_state["problem"] = True
    app.run()
    shown = [each.value.strip() for each in app.code]
    assert [text.strip() in shown for text in report.texts().values()] == [True] * 3
    assert len(app.get("download_button")) == 1
