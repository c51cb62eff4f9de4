"""A conversion in a process of its own: stopped wherever it is, and its failures are told."""

import errno
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import small_disk

from core import apart
from core.backbones.catalogue.rows import BACKBONES
from core.backbones.weights import weights
from core.doctor import looking
from core.errors import StopRequested, UserError
from core.network import engine
from core.network.conversion import convert_apart

LITE = BACKBONES["efficientnet_lite0"]

ON_A_SMALL_DISK = """
import sys
from functools import partial
from pathlib import Path

from core.backbones.catalogue.rows import BACKBONES
from core.backbones.weights import weights
from core.doctor import looking
from core.network import engine
from core.network.conversion import convert_apart
from core.storage import home
from tests.small_disk import LARGE, leave, mount, tell

disk = Path(sys.argv[1])
mount(disk)
home.root().mkdir()
lite = BACKBONES["efficientnet_lite0"]
build = partial(looking._build, lite, weights.find(lite).absolute())
for kilobytes in (3000, LARGE):
    leave(disk, kilobytes)
    try:
        convert_apart("key", build)
        said = "converted"
    except OSError as error:
        said = error.errno
    tell(said, engine.is_converted("key") is (said == "converted"))
"""


@pytest.fixture(autouse=True)
def _without_tensorflow(thaw_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the processes that convert apart."""
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)


def build(file: Path | None = None) -> Callable[[], Any]:
    file = file or weights.find(LITE)
    assert file is not None
    return partial(looking._build, LITE, file.absolute())


def has_loaded(library: str) -> bool:
    for child in psutil.Process().children():
        try:
            if any(library in each.path for each in child.memory_maps()):
                return True
        except psutil.Error:
            continue
    return False


@pytest.mark.skipif(sys.platform == "darwin", reason="does not tell what a process has loaded")
@pytest.mark.parametrize(
    "library", ["", pytest.param("openvino_tensorflow", marks=pytest.mark.slow)]
)
def test_a_stop_ends_it_wherever_it_is(library: str) -> None:
    before = psutil.Process().children()

    def go_on() -> None:
        if has_loaded(library):
            raise StopRequested

    with pytest.raises(StopRequested):
        convert_apart("key", build(), go_on)
    assert psutil.Process().children() == before, "it goes on"
    assert not engine.is_converted("key")


def test_a_users_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "weights.h5"
    file.write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"weights\.h5"):
        convert_apart("key", build(file))


@pytest.mark.slow
def test_it_leaves_the_graph_and_is_not_done_twice() -> None:
    convert_apart("key", build())
    assert engine.is_converted("key")
    convert_apart("key", lambda: None)


def test_what_a_file_makes_the_system_say_is_unexpected(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="incident"):
        apart.run(partial(Path.read_bytes, tmp_path / "gone"), lambda: None)


@pytest.mark.slow
def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    said, wrong = small_disk.told(ON_A_SMALL_DISK, tmp_path)
    assert said == [[errno.ENOSPC, True], ["converted", True]], wrong[-3000:]
