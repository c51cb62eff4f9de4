"""Which backbones a test is run on: all in `make test-all`, one or a few of them every day."""

from collections.abc import Collection

import pytest

from core.backbones.catalogue.rows import BACKBONES

SEALED = [name for name, backbone in BACKBONES.items() if backbone.sealed]
BUILT = [name for name in BACKBONES if name not in SEALED]


def _daily(names: Collection[str]) -> pytest.MarkDecorator:
    """Some in `make test`, the others in `make test-all`."""
    marks = {name: pytest.mark.slow if name in names else pytest.mark.exhaustive for name in BUILT}
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=mark) for name, mark in marks.items()]
    )


one_network = _daily(["efficientnet_lite0"])
# With it: a builder of our own, and one whose blocks are joined to all that come later.
each_network = _daily(["efficientnet_lite0", "resnet18", "densenet121"])
