"""Which backbones a test is run on: all in `make test-all`, one or a few of them every day."""

import pytest

from core.backbones.catalog import BACKBONES

SEALED = [name for name, backbone in BACKBONES.items() if backbone.sealed]
BUILT = [name for name in BACKBONES if name not in SEALED]
# Quick to build, so it is also in `make check`.
_QUICK = "efficientnet_lite0"


def _marks(name: str) -> list[pytest.MarkDecorator]:
    family = BACKBONES[name].family
    first = next(other for other in BUILT if BACKBONES[other].family == family)
    if name == _QUICK:
        return []
    return [pytest.mark.slow if name == first else pytest.mark.exhaustive]


# One of each family in `make test`.
each_network = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_marks(name)) for name in BUILT]
)
# The quick one alone in `make test`.
one_network = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name == _QUICK else pytest.mark.exhaustive) for name in BUILT],
)
