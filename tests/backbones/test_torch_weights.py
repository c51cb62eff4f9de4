"""The restricted reader of PyTorch files: it reads numbers and nothing else."""

import pickle
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones.catalogue.rows import BACKBONES
from core.backbones.weights import weights
from core.backbones.weights.torch_weights import read_torch_weights
from core.errors import UserError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
FACTS = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
ROOT = Path(__file__).parents[2]
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


def ordered_dict(items: dict[str, bytes]) -> bytes:
    body = b"".join(text(name) + opcodes for name, opcodes in items.items())
    return name_of("collections", "OrderedDict") + b")R(" + body + b"u"


def tensor(key: str, array: np.ndarray, end: bytes, **changed: Any) -> bytes:
    """Opcodes that rebuild an array, contiguous unless said otherwise; `end` is that of its id."""
    strides = tuple(stride // array.itemsize for stride in array.strides)
    layout = {"offset": 0, "shape": array.shape, "strides": strides, "elements": array.size}
    layout |= changed
    storage = STORAGES[array.dtype.str[1:]]
    pid = b"(" + text("storage") + name_of("torch", storage) + text(key) + text("cpu")
    pid += value(layout["elements"]) + end + b"tQ"
    arguments = pid + value(layout["offset"]) + value(layout["shape"]) + value(layout["strides"])
    arguments += value(False) + ordered_dict({})
    return name_of("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def parameter(opcodes: bytes) -> bytes:
    """Opcodes of a tensor that learns."""
    arguments = opcodes + value(True) + ordered_dict({})
    return name_of("torch._utils", "_rebuild_parameter") + b"(" + arguments + b"tR"


def state_of(arrays: dict[str, np.ndarray], end: bytes) -> bytes:
    return ordered_dict({n: tensor(str(i), a, end) for i, (n, a) in enumerate(arrays.items())})


def legacy(path: Path, arrays: dict[str, np.ndarray], state: bytes | None = None) -> Path:
    """Write a legacy PyTorch file; `state` replaces the opcodes of the state dict."""
    state = state_of(arrays, END[legacy]) if state is None else state
    parts = [pickle.dumps(v, protocol=2) for v in (MAGIC, PROTOCOL, FACTS)]
    parts += [program(state), pickle.dumps([str(i) for i in range(len(arrays))], protocol=2)]
    parts += [struct.pack("<q", a.size) + a.tobytes() for a in arrays.values()]
    path.write_bytes(b"".join(parts))
    return path


def members(arrays: dict[str, np.ndarray], state: bytes | None = None) -> dict[str, bytes]:
    """What a PyTorch file since 1.6 is a zip of."""
    state = state_of(arrays, END[zipped]) if state is None else state
    storages = {f"w/data/{i}": array.tobytes() for i, array in enumerate(arrays.values())}
    facts = {"w/version": b"3\n", "w/byteorder": b"little"}
    return {"w/data.pkl": program(state)} | facts | storages


def packed(path: Path, parts: dict[str, bytes], compressed: Collection[str] = ()) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            how = zipfile.ZIP_DEFLATED if name in compressed else zipfile.ZIP_STORED
            archive.writestr(name, data, how)
    return path


def zipped(path: Path, arrays: dict[str, np.ndarray], state: bytes | None = None) -> Path:
    """Write a PyTorch file as it is since 1.6; `state` as for `legacy`."""
    return packed(path, members(arrays, state))


Write = Callable[..., Path]
# What a storage's id ends with: that it is no view of another one, or nothing.
END: dict[Write, bytes] = {legacy: b"N", zipped: b""}
both_formats = pytest.mark.parametrize("write", END)
TWELVE = np.arange(12, dtype="<f4").reshape(3, 4)


@both_formats
def test_reads_what_was_written(tmp_path: Path, write: Write) -> None:
    arrays = {
        "kernel": np.arange(24, dtype="<f4").reshape(2, 3, 4),
        "count": np.array(7, dtype="<i8"),
        "nothing": np.zeros((0, 3), dtype="<f4"),
    }
    read = read_torch_weights(write(tmp_path / "w.pth", arrays))
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@both_formats
def test_reads_a_part_of_a_storage_and_one_turned_around(tmp_path: Path, write: Write) -> None:
    part = tensor("0", TWELVE, END[write], offset=4, shape=(2, 4), strides=(4, 1))
    turned = tensor("0", TWELVE, END[write], shape=(4, 3), strides=(1, 4))
    state = ordered_dict({"part": part, "turned": turned})
    read = read_torch_weights(write(tmp_path / "w.pth", {"both": TWELVE}, state))
    np.testing.assert_array_equal(read["part"], TWELVE[1:])
    np.testing.assert_array_equal(read["turned"], TWELVE.T)


def test_reads_a_legacy_file_with_numbers_that_look_like_a_zip(tmp_path: Path) -> None:
    """A zip is known by its end too, but four bytes of any number may be the same."""
    array = np.frombuffer(b"PK\x05\x06" + bytes(76), "<f4")
    read = read_torch_weights(legacy(tmp_path / "w.pth", {"x": array}))
    np.testing.assert_array_equal(read["x"], array)


@both_formats
def test_reads_parameters_beside_plain_tensors(tmp_path: Path, write: Write) -> None:
    count = np.array([5], dtype="<i8")
    state = {
        "learns": parameter(tensor("0", TWELVE, END[write])),
        "counts": tensor("1", count, END[write]),
    }
    arrays = {"learns": TWELVE, "counts": count}
    read = read_torch_weights(write(tmp_path / "w.pth", arrays, ordered_dict(state)))
    assert list(read) == ["learns", "counts"]
    np.testing.assert_array_equal(read["learns"], TWELVE)
    np.testing.assert_array_equal(read["counts"], count)


@both_formats
def test_what_modules_note_beside_their_weights_is_left_aside(tmp_path: Path, write: Write) -> None:
    """PyTorch gives every module's state dict an attribute with the versions of its parts."""
    items = {"epoch": value(3), "x": tensor("0", TWELVE, END[write])}
    metadata = b"}" + text("_metadata") + ordered_dict({"": value({"version": 1})}) + b"sb"
    file = write(tmp_path / "w.pth", {"x": TWELVE}, ordered_dict(items) + metadata)
    read = read_torch_weights(file)
    assert list(read) == ["x"]
    np.testing.assert_array_equal(read["x"], TWELVE)


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


@both_formats
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "DoubleStorage"),
        ("torch._utils", "_rebuild_device_tensor_from_numpy"),
        ("torch.nn.modules.linear", "Linear"),
        ("collections", "Counter"),
    ],
)
def test_refuses_every_other_name(tmp_path: Path, write: Write, module: str, name: str) -> None:
    trap = tmp_path / "sprung"
    call = name_of(module, name) + b"(" + text(f"touch {trap}") + b"tR"
    file = write(tmp_path / "w.pth", {}, ordered_dict({"x": call}))
    with pytest.raises(UserError, match=rf"w\.pth.*{re.escape(f'{module}.{name}')} has no place"):
        read_torch_weights(file)
    assert not trap.exists()


def test_refuses_a_trap_in_place_of_the_header(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    call = program(name_of("os", "system") + b"(" + text(f"touch {trap}") + b"tR")
    bare = tmp_path / "w.pth"
    bare.write_bytes(call)
    for file in (bare, packed(tmp_path / "z.pth", {"w/data.pkl": call})):
        with pytest.raises(UserError, match=r"os\.system has no place"):
            read_torch_weights(file)
    assert not trap.exists()


@both_formats
def test_a_file_cannot_change_how_later_ones_are_read(tmp_path: Path, write: Write) -> None:
    """A pickle may set attributes of what it names, and the names outlive the file.

    In a process of its own: were it to succeed, no other test could read weights any more.
    """
    meddling = name_of("torch", "FloatStorage") + value({"dtype": ">i2"}) + b"b"
    write(tmp_path / "meddler.pth", {}, ordered_dict({"x": meddling}))
    write(tmp_path / "honest.pth", {"x": TWELVE})
    reading = (
        "import sys; from contextlib import suppress; from pathlib import Path\n"
        "from core.backbones.weights.torch_weights import read_torch_weights\n"
        "from core.errors import UserError\n"
        "with suppress(UserError): read_torch_weights(Path(sys.argv[1], 'meddler.pth'))\n"
        "print(read_torch_weights(Path(sys.argv[1], 'honest.pth'))['x'].tolist())"
    )
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", reading, tmp_path], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.stdout.strip() == str(TWELVE.tolist()), ended.stderr


@both_formats
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
def test_never_reads_beyond_a_storage(
    tmp_path: Path, write: Write, changed: dict[str, Any]
) -> None:
    state = ordered_dict({"x": tensor("0", TWELVE, END[write], **changed)})
    file = write(tmp_path / "w.pth", {"x": TWELVE}, state)
    with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
        read_torch_weights(file)


@both_formats
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, write: Write) -> None:
    whole = write(tmp_path / "w.pth", {"x": np.arange(6, dtype="<f4")}).read_bytes()
    cut = tmp_path / "cut.pth"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
            read_torch_weights(cut)


def test_a_zip_that_lost_its_beginning_is_refused(tmp_path: Path) -> None:
    """Its directory is at the end and then points to before the file."""
    whole = zipped(tmp_path / "w.pth", {"x": np.arange(6, dtype="<f4")}).read_bytes()
    rest = tmp_path / "rest.pth"
    for lost in range(1, len(whole)):
        rest.write_bytes(whole[lost:])
        with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
            read_torch_weights(rest)


def test_a_changed_number_in_a_zip_is_noticed(tmp_path: Path) -> None:
    """The legacy format has no checksums, a zip has one for each storage."""
    file = zipped(tmp_path / "w.pth", {"x": TWELVE})
    whole, numbers = file.read_bytes(), TWELVE.tobytes()
    at = whole.index(numbers)
    for place in range(at, at + len(numbers)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
            read_torch_weights(file)


def test_reads_a_zip_with_all_that_pytorch_puts_in(tmp_path: Path) -> None:
    """As version 2.14 writes it."""
    others = {
        "w/.format_version": b"1",
        "w/.storage_alignment": b"64",
        "w/.data/serialization_id": b"0689529564785206557810796467705749273898",
    }
    file = packed(tmp_path / "w.pth", members({"x": TWELVE}) | others)
    np.testing.assert_array_equal(read_torch_weights(file)["x"], TWELVE)


def test_reads_a_zip_that_says_nothing_of_the_order_of_its_bytes(tmp_path: Path) -> None:
    parts = members({"x": TWELVE})
    del parts["w/byteorder"]
    read = read_torch_weights(packed(tmp_path / "w.pth", parts))
    np.testing.assert_array_equal(read["x"], TWELVE)


@pytest.mark.parametrize("order", [b"big", b""])
def test_a_zip_of_another_order_of_bytes_is_refused(tmp_path: Path, order: bytes) -> None:
    parts = members({"x": TWELVE}) | {"w/byteorder": order}
    with pytest.raises(UserError, match="big-endian"):
        read_torch_weights(packed(tmp_path / "w.pth", parts))


@pytest.mark.parametrize("part", ["w/data.pkl", "w/byteorder", "w/data/0"])
def test_nothing_in_a_zip_may_be_compressed(tmp_path: Path, part: str) -> None:
    """PyTorch compresses nothing, and a megabyte can swell to a gigabyte."""
    file = packed(tmp_path / "w.pth", members({"x": TWELVE}), {part})
    with pytest.raises(UserError, match=r"Expected a file of PyTorch weights.*compressed"):
        read_torch_weights(file)


def test_a_zip_without_one_of_its_storages_is_refused(tmp_path: Path) -> None:
    parts = members({"x": TWELVE, "y": TWELVE})
    del parts["w/data/1"]
    with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
        read_torch_weights(packed(tmp_path / "w.pth", parts))


@pytest.mark.parametrize("size", [0, 1, 44, 47, 49, 52, 96])
def test_a_storage_of_another_size_than_announced_is_refused(tmp_path: Path, size: int) -> None:
    parts = members({"x": TWELVE}) | {"w/data/0": bytes(size)}
    with pytest.raises(UserError, match="a storage has another size than announced"):
        read_torch_weights(packed(tmp_path / "w.pth", parts))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"readme.txt": b"A zip of something else."},
        {"w/byteorder": b"little", "w/data/0": bytes(48)},
        {"w/data.pkl/": b""},
        {"w/mydata.pkl": program(ordered_dict({}))},
    ],
    ids=lambda parts: ", ".join(parts) or "nothing",
)
def test_a_zip_of_something_else_is_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    with pytest.raises(UserError, match=r"^Expected a file of PyTorch weights, but w\.pth is none"):
        read_torch_weights(packed(tmp_path / "w.pth", parts))


def test_a_zip_of_two_state_dicts_is_refused(tmp_path: Path) -> None:
    parts = members({"x": TWELVE})
    second = {name.replace("w/", "v/"): data for name, data in parts.items()}
    with pytest.raises(UserError, match="Expected a file of PyTorch weights"):
        read_torch_weights(packed(tmp_path / "w.pth", parts | second))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a pickle",
        pickle.dumps(5),
        pickle.dumps([1, 2]),
        pickle.dumps("weights"),
        program(name_of("torch", "FloatStorage")),
        program(tensor("0", TWELVE, END[zipped])),
        program(b"(" + text("storage") + b"tQ"),
        program(state_of({"x": TWELVE}, END[zipped]).replace(text("storage"), text("module"))),
    ],
)
def test_a_zip_whose_pickle_holds_no_state_dict_is_refused(tmp_path: Path, data: bytes) -> None:
    parts = members({"x": TWELVE}) | {"w/data.pkl": data}
    with pytest.raises(UserError, match=r"^Expected a file of PyTorch weights"):
        read_torch_weights(packed(tmp_path / "w.pth", parts))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not weights at all",
        b"PK\x03\x04 the beginning of a zip",
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
