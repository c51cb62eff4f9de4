"""What the options of `train` come to."""

from argparse import Namespace

import pytest

from core.cli.train import _settings
from core.settings import EPOCHS


def settings_of(**options: object) -> object:
    return _settings(Namespace(recipe="quick", **options), None)


@pytest.mark.parametrize("options", [{}, {"learning_rate": 0.1}, {"backbone": "mobilenet"}])
def test_all_layers_and_as_many_as_there_are_come_to_the_same(options: dict[str, object]) -> None:
    count = {"mobilenet": 86}.get(str(options.get("backbone")), 141)
    everything = settings_of(frozen_layers=count, **options)
    assert everything == settings_of(frozen_layers=None, **options)
    assert everything.epochs == EPOCHS  # type: ignore[attr-defined]
    assert settings_of(frozen_layers=count - 1, **options).epochs == 15  # type: ignore[attr-defined]
