"""How deep and see-through pictures are read: told on the Data page, and open to change."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import additions, store
from core.intake.archives.archive import open_source
from core.intake.pictures.preparation import Paper, Preparation
from core.jobs import adding
from core.settings import SplitSettings
from core.storage import home
from tests.pages.painting import Open, button, buttons, shown, store_dataset


def deep_dataset(tmp_path: Path) -> str:
    for place, label in enumerate(("dark", "light")):
        (tmp_path / "deep" / label).mkdir(parents=True)
        for number in range(3):
            values = np.linspace(900, 1500 + 500 * place + number, 64 * 48).reshape(48, 64)
            file = tmp_path / "deep" / label / f"{number}.tif"
            Image.fromarray(values.astype(np.uint16)).save(file)
    chosen = home.new_id()
    source = open_source(tmp_path / "deep")
    store.import_dataset(source, home.HOME.datasets() / chosen, split=SplitSettings(), name="deep")
    return chosen


def test_levels_are_told_changed_and_taken_back(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = deep_dataset(tmp_path)
    before = store.load(home.HOME.datasets() / chosen).preparation
    assert before.levels is not None
    ordered: list[Preparation] = []

    def submit(dataset: Path, preparation: Preparation) -> str:
        ordered.append(preparation)
        additions.read_otherwise(dataset, preparation, lambda *_: None)
        return "19700101-000000-00000000"  # it is done already, and nobody need hear of it

    monkeypatch.setattr(adding, "submit_preparation", submit)
    app = open_page("data", data=chosen)
    black, white = before.levels
    assert f"{black:g} is black and {white:g} is white" in shown(app)
    fields = {field.label: field for field in app.number_input}
    assert fields["White level"].value == white
    fields["White level"].set_value(3000.0)
    fields["Black level"].set_value(0.0)
    next(each for each in app.selectbox if each.key.startswith("paper")).set_value(Paper.BLACK)
    button(app, "read-like-this").click().run()
    assert not app.exception
    assert ordered == [Preparation((0.0, 3000.0), paper=Paper.BLACK)]
    app = open_page("data", data=chosen)
    assert "0 is black and 3000 is white" in shown(app)
    assert "Transparent parts are on black" in shown(app)
    button(app, "undo").click().run()
    assert f"{black:g} is black and {white:g} is white" in shown(app)
    assert store.load(home.HOME.datasets() / chosen).preparation == before


def test_levels_the_wrong_way_round_are_refused_in_a_sentence(
    open_page: Open, tmp_path: Path
) -> None:
    chosen = deep_dataset(tmp_path)
    app = open_page("data", data=chosen)
    fields = {field.label: field for field in app.number_input}
    fields["Black level"].set_value(9000.0)
    button(app, "read-like-this").click().run()
    assert not app.exception
    assert "Expected a black level below the white level" in app.error[0].value


def test_of_other_pictures_nothing_is_said(open_page: Open) -> None:
    app = open_page("data", data=store_dataset("pets", {"cat": 3, "dog": 3}))
    assert "How pictures are read" not in shown(app)
    assert not buttons(app, "read-like-this")
