"""Reads PyTorch's legacy weight files (before 1.6) into NumPy arrays, without PyTorch.

The format is a pickle, and a pickle is a program: this reader admits the four names that a file
of weights needs and refuses every other, so a file can hold numbers and nothing else. The layout
is that of `torch.serialization._legacy_save`: magic number, protocol, system facts, the state
dict with tensors that point into storages, the list of storages, then the storages themselves.
"""

import math
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import UserError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


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


_ADMITTED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): _StorageType(np.dtype("<f4")),
    ("torch", "LongStorage"): _StorageType(np.dtype("<i8")),
}


class _WeightsUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in weights") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_type, key, _device, elements, _view = pid
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise pickle.UnpicklingError("not a storage")
        return _Storage(str(key), storage_type.dtype, int(elements))


def read_torch_weights(path: Path) -> dict[str, np.ndarray]:
    """Read a legacy `.pth` state dict.

    Returns:
        Arrays by name, in the file's order, in PyTorch's layout (convolutions are
        [out, in, height, width], dense layers [out, in]).

    Raises:
        UserError: The file is not of this format, is cut off, or holds more than weights.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, struct.error, EOFError, ValueError, TypeError, KeyError,
            AttributeError, IndexError, OverflowError, MemoryError) as error:  # fmt: skip
        raise UserError(
            f"Expected a file of PyTorch weights (legacy format), but {path.name} is none or is "
            f"damaged: {error}. Get it again from where it came."
        ) from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _WeightsUnpickler(file).load() != _MAGIC or _WeightsUnpickler(file).load() != _PROTOCOL:
        raise ValueError("no PyTorch header")
    facts = _WeightsUnpickler(file).load()
    if not facts.get("little_endian"):
        raise ValueError("big-endian weights are not supported")
    state = _WeightsUnpickler(file).load()
    tensors = {str(name): value for name, value in state.items() if isinstance(value, _Tensor)}
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
