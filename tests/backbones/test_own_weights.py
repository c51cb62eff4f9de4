"""Weights files that people bring: checked, kept under no name but their digest, and let go."""

import dataclasses
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.catalogue.backbone import Backbone, Table
from core.backbones.catalogue.rows import BACKBONES, backbone_named
from core.backbones.weights import own_weights
from core.errors import UserError
from core.storage import home
from tests import official_weights

pytestmark = pytest.mark.slow

MOBILENET = BACKBONES["mobilenet"]
GONE = "no longer here"
HOSTILE = [
    "../../planted.h5",
    "/etc/passwd",
    "..",
    "",
    "a/b/c.h5",
    "C:\\windows\\x.h5",
    "nul\0byte.h5",
    "line\nbreak.h5",
    "\x1b[2J.h5",
    "x" * 5000 + ".h5",
    "猫.h5",
    "\udcff.h5",
]


def network(width: int = 4, name: str = "small") -> Backbone:
    """A row for a network of one convolution."""
    facts = {
        "features": width,
        "layers": [
            ["input", "InputLayer", [], 0, 0, 192],
            ["conv", "Conv2D", [[3, 3, 3, width], [width]], 28 * width, 0, 64 * width],
        ],
        "blocks": [["stem", 0, 1, "edges"]],
        "shared": 2,
        "head": [],
    }
    table = Table.from_dict(facts)
    return dataclasses.replace(
        MOBILENET, name=name, title="SmallNet", alpha=width / 4, widths=(), described=table
    )


def weights_of(backbone: Backbone, path: Path, seed: int = 0) -> Path:
    """A file in the layout of those that Keras Applications publishes."""
    numbers = np.random.default_rng(seed)
    layers = backbone.layers
    official_weights.write(
        path, [(each.name, official_weights.random_arrays(each.shapes, numbers)) for each in layers]
    )
    return path


@pytest.fixture
def small() -> Backbone:
    return network()


@pytest.fixture
def brought(tmp_path: Path, small: Backbone) -> Path:
    return weights_of(small, tmp_path / "mine.h5")


def kept_files() -> list[str]:
    folder = home.HOME.weights()
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_kept_under_the_digest_of_its_bytes(small: Backbone, brought: Path) -> None:
    own = own_weights.keep(home.HOME, brought, "My best weights.h5", small)
    assert own.digest == hashlib.sha256(brought.read_bytes()).hexdigest()
    assert (own.name, own.backbone, own.alpha) == ("My best weights.h5", "small", 1.0)
    kept = own_weights.find(home.HOME, own.digest)
    assert kept == home.HOME.weights() / f"{own.digest}.h5"
    assert kept.read_bytes() == brought.read_bytes()
    assert kept_files() == [f"{own.digest}.h5", f"{own.digest}.json"]
    assert own_weights.every(home.HOME) == [own]


def test_what_somebody_brought_stays_theirs(small: Backbone, brought: Path) -> None:
    before = brought.read_bytes()
    own = own_weights.keep(home.HOME, brought, brought.name, small)
    assert brought.read_bytes() == before
    own_weights.delete(home.HOME, own.digest)
    assert brought.read_bytes() == before


def test_a_file_of_the_catalogue_is_kept_at_its_width(material: Path) -> None:
    file = material / "keras_home/models/mobilenet_2_5_224_tf_no_top.h5"
    narrow = MOBILENET.of_width(0.25)
    own = own_weights.keep(home.HOME, file, file.name, narrow)
    assert (own.backbone, own.alpha) == ("mobilenet", 0.25)
    assert own_weights.every(home.HOME, narrow) == [own]
    assert own_weights.every(home.HOME, MOBILENET) == []


def test_a_whole_network_with_its_classes_is_kept_too(material: Path) -> None:
    file = material / "keras_home/models/mobilenet_2_5_224_tf.h5"
    own = own_weights.keep(home.HOME, file, file.name, MOBILENET.of_width(0.25))
    assert own_weights.find(home.HOME, own.digest).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_never_a_path(tmp_path: Path, small: Backbone, brought: Path, name: str) -> None:
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(home.root())}
    own = own_weights.keep(home.HOME, brought, name, small)
    assert kept_files() == [f"{own.digest}.h5", f"{own.digest}.json"]
    assert own_weights.every(home.HOME) == [own]
    assert own.name == name.replace("\udcff", "?")  # half a character is none
    after = {path for path in tmp_path.rglob("*") if not path.is_relative_to(home.root())}
    assert after == before


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_in_a_refusal_is_no_path_either(tmp_path: Path, small: Backbone, name: str) -> None:
    (tmp_path / "x.h5").write_bytes(b"no weights")
    with pytest.raises(UserError, match="Expected a Keras weights file") as told:
        own_weights.keep(home.HOME, tmp_path / "x.h5", name, small)
    assert str(tmp_path) not in str(told.value)
    assert kept_files() == []


def test_the_same_file_twice_is_one(tmp_path: Path, small: Backbone, brought: Path) -> None:
    first = own_weights.keep(home.HOME, brought, "one.h5", small)
    copy = tmp_path / "copy.h5"
    copy.write_bytes(brought.read_bytes())
    second = own_weights.keep(home.HOME, copy, "two.h5", small)
    assert first.digest == second.digest
    assert kept_files() == [f"{first.digest}.h5", f"{first.digest}.json"]
    assert own_weights.every(home.HOME) == [second]


def test_those_that_fit_are_listed_newest_first(tmp_path: Path, small: Backbone) -> None:
    wide = network(width=8)
    other = network(name="other")
    mine = [
        own_weights.keep(
            home.HOME, weights_of(small, tmp_path / f"{n}.h5", seed=n), f"{n}.h5", small
        )
        for n in range(3)
    ]
    of_wide = own_weights.keep(home.HOME, weights_of(wide, tmp_path / "w.h5"), "w.h5", wide)
    of_other = own_weights.keep(
        home.HOME, weights_of(other, tmp_path / "o.h5", seed=9), "o.h5", other
    )
    assert own_weights.every(home.HOME, small) == mine[::-1]
    assert own_weights.every(home.HOME, wide) == [of_wide]
    assert own_weights.every(home.HOME, other) == [of_other]
    assert own_weights.every(home.HOME) == [of_other, of_wide, *mine[::-1]]


def test_nothing_was_brought_yet() -> None:
    assert own_weights.every(home.HOME) == []


def test_a_file_for_another_width_is_refused(tmp_path: Path, small: Backbone) -> None:
    wide = weights_of(network(width=8), tmp_path / "wide.h5")
    with pytest.raises(UserError) as told:
        own_weights.keep(home.HOME, wide, "wide.h5", small)
    assert str(told.value).startswith("Expected the weights of SmallNet, but wide.h5 has ")
    assert "3 × 3 × 3 × 8 numbers for layer conv (Conv2D), not 3 × 3 × 3 × 4" in str(told.value)
    assert kept_files() == []


def test_a_real_file_for_another_width_is_refused(material: Path) -> None:
    file = material / "keras_home/models/mobilenet_2_5_224_tf_no_top.h5"
    with pytest.raises(UserError, match=r"weights of MobileNet 0\.75, but mine has .* not "):
        own_weights.keep(home.HOME, file, "mine", backbone_named("mobilenet", 0.75))
    assert kept_files() == []


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_what_is_no_weights_file_is_refused(
    tmp_path: Path, small: Backbone, content: bytes
) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(UserError, match=r"but photo\.h5 is"):
        own_weights.keep(home.HOME, tmp_path / "x.h5", "photo.h5", small)
    assert kept_files() == []


def test_a_file_too_large_is_refused_unread(tmp_path: Path, small: Backbone) -> None:
    with (tmp_path / "x.h5").open("wb") as file:
        file.truncate(own_weights.MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(UserError, match=r"at most 2 GB, received 2\.1 GB"):
        own_weights.keep(home.HOME, tmp_path / "x.h5", "x.h5", small)
    assert kept_files() == []


def test_a_sealed_backbone_has_weights_of_its_own(brought: Path) -> None:
    with pytest.raises(UserError, match="MobileNetV2 from TensorFlow Hub is one sealed block"):
        own_weights.keep(home.HOME, brought, "mine.h5", BACKBONES["hub_mobilenet_v2"])
    assert kept_files() == []


# Files that the HDF5 library itself does not get through


def heap_in_a_circle(content: bytearray) -> None:
    """The free places of a group's heap are a chain; the first follows the first, and each takes
    memory."""
    place = content.find(b"HEAP")
    assert place > 0
    while place >= 0:
        (data,) = struct.unpack_from("<Q", content, place + 24)
        struct.pack_into("<Q", content, place + 16, 16)
        struct.pack_into("<QQ", content, data + 16, 16, 16)
        place = content.find(b"HEAP", place + 1)


def heap_without_end(content: bytearray) -> None:
    """The names of layers lie in a heap whose first place takes no room: the next is the same."""
    place = content.find(b"GCOL")
    assert place > 0
    content[place + 16 : place + 32] = bytes(16)


@pytest.mark.parametrize("harm", [heap_in_a_circle, heap_without_end])
def test_a_file_that_is_never_read_to_its_end_is_refused(
    small: Backbone,
    brought: Path,
    harm: Callable[[bytearray], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = bytearray(brought.read_bytes())
    harm(content)
    brought.write_bytes(content)
    monkeypatch.setattr(own_weights, "_SECONDS", 3)  # a minute is long for a test
    with pytest.raises(UserError, match=r"but mine\.h5 is .*damaged"):
        own_weights.keep(home.HOME, brought, "mine.h5", small)
    assert kept_files() == []


# Letting go


def test_a_file_that_was_deleted_is_told_plainly(small: Backbone, brought: Path) -> None:
    own = own_weights.keep(home.HOME, brought, "mine.h5", small)
    own_weights.delete(home.HOME, own.digest)
    assert kept_files() == []
    assert own_weights.every(home.HOME) == []
    with pytest.raises(UserError, match=GONE):
        own_weights.find(home.HOME, own.digest)
    own_weights.delete(home.HOME, own.digest)  # twice is once


def test_only_that_file_is_deleted(tmp_path: Path, small: Backbone, brought: Path) -> None:
    own = own_weights.keep(home.HOME, brought, "mine.h5", small)
    other = own_weights.keep(home.HOME, weights_of(small, tmp_path / "o.h5", seed=1), "o.h5", small)
    own_weights.delete(home.HOME, own.digest)
    assert own_weights.every(home.HOME) == [other]
    assert own_weights.find(home.HOME, other.digest).is_file()


def test_a_deleted_file_may_come_again(small: Backbone, brought: Path) -> None:
    own = own_weights.keep(home.HOME, brought, "mine.h5", small)
    own_weights.delete(home.HOME, own.digest)
    again = own_weights.keep(home.HOME, brought, "mine.h5", small)
    assert own_weights.find(home.HOME, again.digest).read_bytes() == brought.read_bytes()


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "x",
        "../planted",
        "../" * 9 + "etc/passwd",
        "A" * 64,
        "0" * 63,
        "0" * 65,
        "0" * 64 + "\n",
    ],
    ids=ascii,
)
def test_a_digest_is_never_a_path(thaw_home: Path, digest: str) -> None:
    planted = home.HOME.weights().parent / "planted.h5"
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"not to be found")
    with pytest.raises(UserError, match=GONE):
        own_weights.find(home.HOME, digest)
    own_weights.delete(home.HOME, digest)
    assert planted.is_file()


@pytest.mark.parametrize(
    "facts", [b"", b"{", b"[]", b"{}", b'{"digest": 1}', b"\xff\xfe"], ids=ascii
)
def test_one_damaged_entry_does_not_hide_the_others(
    small: Backbone, brought: Path, facts: Any
) -> None:
    own = own_weights.keep(home.HOME, brought, "mine.h5", small)
    (home.HOME.weights() / f"{'0' * 64}.json").write_bytes(facts)
    assert own_weights.every(home.HOME) == [own]
