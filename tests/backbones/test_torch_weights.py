"""The restricted reader of PyTorch files: it reads numbers and nothing else."""

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import weights
from core.backbones.catalog import BACKBONES
from core.backbones.torch_weights import read_torch_weights
from core.errors import UserError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
FACTS = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
STORAGES = {"f4": "FloatStorage", "i8": "LongStorage", "f8": "DoubleStorage"}


def name_of(module: str, name: str) -> bytes:
    return b"c" + f"{module}\n{name}\n".encode()


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def value(thing: Any) -> bytes:
    """A plain value as pickle opcodes, without the frame around it."""
    return pickle.dumps(thing, protocol=2)[2:-1]


def program(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def tensor(key: str, array: np.ndarray, **changed: Any) -> bytes:
    """Opcodes that rebuild an array, contiguous unless said otherwise."""
    strides = tuple(stride // array.itemsize for stride in array.strides)
    layout = {"offset": 0, "shape": array.shape, "strides": strides, "elements": array.size}
    layout |= changed
    storage = STORAGES[array.dtype.str[1:]]
    pid = b"(" + text("storage") + name_of("torch", storage) + text(key) + text("cpu")
    pid += value(layout["elements"]) + b"NtQ"
    arguments = pid + value(layout["offset"]) + value(layout["shape"]) + value(layout["strides"])
    arguments += value(False) + name_of("collections", "OrderedDict") + b")R"
    return name_of("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def legacy(path: Path, arrays: dict[str, np.ndarray], state: bytes | None = None) -> Path:
    """Write a legacy PyTorch file; `state` replaces the opcodes of the state dict."""
    if state is None:
        items = b"".join(text(n) + tensor(str(i), a) for i, (n, a) in enumerate(arrays.items()))
        state = name_of("collections", "OrderedDict") + b")R(" + items + b"u"
    parts = [pickle.dumps(v, protocol=2) for v in (MAGIC, PROTOCOL, FACTS)]
    parts += [program(state), pickle.dumps([str(i) for i in range(len(arrays))], protocol=2)]
    parts += [struct.pack("<q", a.size) + a.tobytes() for a in arrays.values()]
    path.write_bytes(b"".join(parts))
    return path


def state_of(name: str, opcodes: bytes) -> bytes:
    return name_of("collections", "OrderedDict") + b")R(" + text(name) + opcodes + b"u"


def test_reads_what_was_written(tmp_path: Path) -> None:
    arrays = {
        "kernel": np.arange(24, dtype="<f4").reshape(2, 3, 4),
        "count": np.array(7, dtype="<i8"),
        "nothing": np.zeros((0, 3), dtype="<f4"),
    }
    read = read_torch_weights(legacy(tmp_path / "w.pth", arrays))
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_reads_a_part_of_a_storage_and_one_turned_around(tmp_path: Path) -> None:
    base = np.arange(12, dtype="<f4").reshape(3, 4)
    opcodes = tensor("0", base, offset=4, shape=(2, 4), strides=(4, 1))
    read = read_torch_weights(legacy(tmp_path / "a.pth", {"x": base}, state_of("x", opcodes)))
    np.testing.assert_array_equal(read["x"], base[1:])
    opcodes = tensor("0", base, shape=(4, 3), strides=(1, 4))
    read = read_torch_weights(legacy(tmp_path / "b.pth", {"x": base}, state_of("x", opcodes)))
    np.testing.assert_array_equal(read["x"], base.T)


def test_reads_the_real_weights() -> None:
    file = weights.find(BACKBONES["efficientnet_lite0"])
    assert file is not None
    read = read_torch_weights(file)
    assert read["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert read["_blocks.1._depthwise_conv.weight"].shape == (96, 1, 3, 3)
    assert read["_conv_head.weight"].shape == (1280, 320, 1, 1)
    assert read["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(array).all() for array in read.values())
    assert (read["_bn0.running_var"] >= 0).all()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "DoubleStorage"),
        ("torch._utils", "_rebuild_parameter"),
        ("collections", "Counter"),
    ],
)
def test_refuses_every_other_name(tmp_path: Path, module: str, name: str) -> None:
    trap = tmp_path / "sprung"
    call = name_of(module, name) + b"(" + text(f"touch {trap}") + b"tR"
    file = legacy(tmp_path / "w.pth", {}, state_of("x", call))
    with pytest.raises(UserError, match=rf"w\.pth.*{module}\.{name}"):
        read_torch_weights(file)
    assert not trap.exists()


def test_refuses_a_trap_in_place_of_the_header(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    file = tmp_path / "w.pth"
    file.write_bytes(program(name_of("os", "system") + b"(" + text(f"touch {trap}") + b"tR"))
    with pytest.raises(UserError):
        read_torch_weights(file)
    assert not trap.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"offset": 1},
        {"offset": 12},
        {"offset": -1},
        {"shape": (3, 5)},
        {"strides": (5, 1)},
        {"strides": (-4, 1)},
        {"shape": (-3, 4)},
        {"shape": (12,)},
        {"shape": (1 << 40, 1 << 40), "strides": (0, 1)},
        {"shape": (1 << 62, 4), "strides": (1 << 62, 1)},
        {"shape": (13, 1), "strides": (0, 1)},  # one number, said to be many: a bomb
        {"shape": "no shape"},
        {"elements": 11},
        {"elements": 1 << 40},
    ],
    ids=str,
)
def test_never_reads_beyond_a_storage(tmp_path: Path, changed: dict[str, Any]) -> None:
    base = np.arange(12, dtype="<f4").reshape(3, 4)
    file = legacy(tmp_path / "w.pth", {"x": base}, state_of("x", tensor("0", base, **changed)))
    with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
        read_torch_weights(file)


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = legacy(tmp_path / "w.pth", {"x": np.arange(6, dtype="<f4")}).read_bytes()
    cut = tmp_path / "cut.pth"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_torch_weights(cut)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not weights at all",
        b"PK\x03\x04 a newer, zipped PyTorch file",
        pickle.dumps({"a": 1}),
        pickle.dumps(MAGIC) + pickle.dumps(PROTOCOL) + pickle.dumps({"little_endian": False}),
        pickle.dumps(MAGIC) + pickle.dumps(PROTOCOL) + pickle.dumps([1]),
        b"".join(pickle.dumps(v) for v in (MAGIC, PROTOCOL, FACTS, [1, 2], [])),
        b"".join(pickle.dumps(v) for v in (MAGIC, PROTOCOL, FACTS, {}, ["unknown"])),
        b"".join(pickle.dumps(v) for v in (MAGIC, PROTOCOL, FACTS, {}, 5)),
        program(b"(" * 10 + text("storage") + b"Q"),
    ],
)
def test_other_files_are_refused_in_plain_words(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(data)
    with pytest.raises(UserError, match=r"^Expected a file of PyTorch weights"):
        read_torch_weights(file)
