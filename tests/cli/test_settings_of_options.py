"""What the options of `train` come to."""

from argparse import Namespace

import pytest

from core.cli.commands.train import _settings
from core.settings import ALL, THAWED, TrainingSettings


def settings_of(**options: object) -> object:
    return _settings(Namespace(recipe="quick", **options))


@pytest.mark.parametrize("options", [{}, {"learning_rate": 0.1}, {"backbone": "mobilenet"}])
def test_all_layers_and_as_many_as_there_are_come_to_the_same(options: dict[str, object]) -> None:
    count = {"mobilenet": 86}.get(str(options.get("backbone")), 141)
    everything = settings_of(frozen_layers=count, **options)
    assert everything == settings_of(frozen_layers=ALL, **options)
    assert everything.epochs == TrainingSettings.epochs  # type: ignore[attr-defined]
    thawed = settings_of(frozen_layers=count - 1, **options)
    assert {name: getattr(thawed, name) for name in THAWED} == THAWED | options_among(options)


def options_among(options: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if name in THAWED}
