"""Reads PyTorch's weight files into NumPy arrays, without PyTorch.

Both formats hold a pickle, and a pickle is a program: this reader admits the few names that a file
of weights needs and refuses every other, so a file can hold numbers and nothing else. The older
layout is that of `torch.serialization._legacy_save`: magic number, protocol, system facts, the
state dict with tensors that point into storages, the list of storages, then the storages
themselves. Since PyTorch 1.6 it is a zip of `data.pkl`, the state dict, and `data/<key>`, a storage
each.
"""

import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import UserError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class _StorageType:
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    elements: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor: _Tensor, *_: Any) -> _Tensor:
    return tensor


# Each caller gets a new one: a pickle can write attributes onto what it is given, and must
# not change what the next file is given.
_ADMITTED: dict[tuple[str, str], Callable[[], Any]] = {
    ("collections", "OrderedDict"): lambda: OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): lambda: partial(_rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): lambda: partial(_rebuild_parameter),
    ("torch", "FloatStorage"): lambda: _StorageType(np.dtype("<f4")),
    ("torch", "LongStorage"): lambda: _StorageType(np.dtype("<i8")),
}


class _WeightsUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]()
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in weights") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_type, key, _device, elements, *_view = pid
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise pickle.UnpicklingError("not a storage")
        return _Storage(str(key), storage_type.dtype, int(elements))


def read_torch_weights(path: Path) -> dict[str, np.ndarray]:
    """Read a `.pth` state dict.

    Returns:
        Arrays by name, in the file's order, in PyTorch's layout (convolutions are
        [out, in, height, width], dense layers [out, in]).

    Raises:
        UserError: The file is not of this format, is cut off, or holds more than weights.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(len(_ZIP)) == _ZIP
            file.seek(0)
            if not zipped:
                return _read_legacy(file)
            with zipfile.ZipFile(file) as archive:
                return _read_zip(archive)
    except (pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, ValueError,
            TypeError, KeyError, AttributeError, IndexError, OverflowError, MemoryError,
            NotImplementedError, RuntimeError, OSError) as error:  # fmt: skip
        raise UserError(
            "Expected a file of PyTorch weights, but {name} is none or is damaged: {error}. "
            "Get it again from where it came.",
            name=path.name,
            error=error,
        ) from error


def _read_zip(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    # PyTorch stores and never compresses: nothing can swell.
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise ValueError("a part of it is compressed")
    programs = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(programs) != 1:
        raise ValueError("it holds no weights, or more than one set of them")
    program = programs[0]
    folder = program.removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise ValueError("big-endian weights are not supported")
    with archive.open(program) as file:
        tensors = _tensors(_WeightsUnpickler(file).load())
    data: dict[str, np.ndarray] = {}
    for storage in {tensor.storage.key: tensor.storage for tensor in tensors.values()}.values():
        member = archive.getinfo(f"{folder}data/{storage.key}")
        if member.file_size != storage.elements * storage.dtype.itemsize:
            raise ValueError("a storage has another size than announced")
        data[storage.key] = np.frombuffer(archive.read(member), dtype=storage.dtype)
    return {name: _array(tensor, data[tensor.storage.key]) for name, tensor in tensors.items()}


def _tensors(state: Any) -> dict[str, _Tensor]:
    return {str(name): value for name, value in state.items() if isinstance(value, _Tensor)}


def _read_legacy(file: BinaryIO) -> dict[str, np.ndarray]:
    if _WeightsUnpickler(file).load() != _MAGIC or _WeightsUnpickler(file).load() != _PROTOCOL:
        raise ValueError("no PyTorch header")
    facts = _WeightsUnpickler(file).load()
    if not facts.get("little_endian"):
        raise ValueError("big-endian weights are not supported")
    tensors = _tensors(_WeightsUnpickler(file).load())
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    data: dict[str, np.ndarray] = {}
    for key in _WeightsUnpickler(file).load():
        storage = storages[key]
        (elements,) = struct.unpack("<q", file.read(8))
        if elements != storage.elements or elements < 0:
            raise ValueError("a storage has another size than announced")
        raw = file.read(elements * storage.dtype.itemsize)
        data[key] = np.frombuffer(raw, dtype=storage.dtype, count=elements)
    return {name: _array(tensor, data[tensor.storage.key]) for name, tensor in tensors.items()}


def _array(tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
    """The tensor's numbers, copied out of its storage; never from beyond it."""
    if len(tensor.shape) != len(tensor.strides) or min((0, *tensor.shape, *tensor.strides)) < 0:
        raise ValueError("a tensor has an impossible layout")
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset < 0 or (0 not in tensor.shape and tensor.offset + last >= storage.size):
        raise ValueError("a tensor reaches beyond its storage")
    if math.prod(tensor.shape) > storage.size:
        raise ValueError("a tensor holds more numbers than its storage")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides)
    return view.copy()
