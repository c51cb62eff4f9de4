"""Small painted images, each different, for the tests of this folder."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image


def png(number: int, size: tuple[int, int] = (12, 9)) -> bytes:
    """A plain picture whose colour is its number."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (number % 256, number // 256 % 256, 77)).save(buffer, "PNG")
    return buffer.getvalue()


def endless_scans(times: int) -> bytes:
    """A progressive JPEG whose last scan is there again and again."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + data[-2:]


def deep_jpeg_2000(mode: str, bits: int, **options: object) -> bytes:
    """A JPEG 2000 that says of its first colour that it has so many bits."""
    buffer = io.BytesIO()
    Image.new(mode, (64, 48)).save(buffer, "JPEG2000", **options)
    data = bytearray(buffer.getvalue())
    data[data.index(b"\xff\x4f\xff\x51") + 42] = bits - 1
    return bytes(data)


def folder_of(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zip_of(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def classes(counts: Mapping[str, int], before: str = "", start: int = 0) -> dict[str, bytes]:
    """Class folders with so many different images each."""
    numbers: Iterable[int] = range(start, start + sum(counts.values()))
    each = iter(numbers)
    return {
        f"{before}{name}/{index}.png": png(next(each))
        for name, count in counts.items()
        for index in range(count)
    }


def peak_mb() -> int:
    """The most memory that this process has had; `ru_maxrss` would count who started it as well."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) >> 10
