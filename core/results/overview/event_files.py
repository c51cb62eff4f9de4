"""The curves of runs as event files, which TensorBoard reads. They are written without TensorFlow.

A file is a sequence of records (TFRecord): length, checksum of it, content, checksum of that. Each
content is an `Event` message of TensorFlow's protocol buffers with one `Summary.Value`.
"""

import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from core.results.overview.rows import Row
from core.results.overview.sheet import csv_of
from core.storage.events import Event
from core.storage.runs import Run, RunState

_SIDES = {"training": "", "validation": "val_"}  # a folder each, so that the two share a chart
_MEASURES = ("accuracy", "loss")
_POLYNOMIAL = 0x82F63B78  # of CRC-32C, its bits reversed
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5  # how a field of a message is written


def write(
    target: "Path | IO[bytes]", rows: Sequence[Row], state_of: Callable[[Run], RunState]
) -> int:
    """Write the curves of all runs that have some, and `runs.csv`, which names them.

    The folder of a run is called by its id, since its name may be anything.

    Args:
        target: A folder, made where there is none, or a file for a zip of it.
        rows: The runs.
        state_of: Tells the state of one.

    Returns:
        How many runs have curves.
    """
    table = csv_of(rows, state_of).encode()
    found = [(row, state_of(row.run).history) for row in rows]
    learned = [(row, history) for row, history in found if history]
    if isinstance(target, Path):
        for name, data in _files(learned, table):
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    else:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in _files(learned, table):
                archive.writestr(name, data)
    return len(learned)


def _files(
    learned: Sequence[tuple[Row, Sequence[Event]]], table: bytes
) -> Iterator[tuple[str, bytes]]:
    yield "runs.csv", table
    for row, history in learned:
        for side, prefix in _SIDES.items():
            name = f"{row.run.id}/{side}/events.out.tfevents.{int(row.created):010}.thaw"
            yield name, events(history, prefix, row.name)


def events(history: Sequence[Event], prefix: str, name: str) -> bytes:
    """An event file with accuracy and loss of each epoch.

    Args:
        history: One event an epoch, as the log of a run has them.
        prefix: "val_" for those of the validation images.
        name: What the run is called; a text that TensorBoard shows.
    """
    first = history[0]["time"] if history else 0.0
    made = [_event(first, _field(3, b"brain.Event:2"))]
    made.append(_event(first, _field(5, _field(1, _text("name", name)))))
    made += [
        _event(
            row["time"], _number(2, row["epoch"]) + _field(5, _field(1, _scalar(measure, value)))
        )
        for row in history
        for measure in _MEASURES
        if (value := row.get(f"{prefix}{measure}")) is not None
    ]
    return b"".join(map(_record, made))


def _event(time: float, rest: bytes) -> bytes:
    return _tag(1, _DOUBLE) + struct.pack("<d", time) + rest


def _scalar(measure: str, value: float) -> bytes:
    return _field(1, measure.encode()) + _tag(2, _FLOAT) + struct.pack("<f", value)


def _text(title: str, text: str) -> bytes:
    """A `Summary.Value` of a text: its metadata name the plugin, its tensor holds one string."""
    metadata = _field(9, _field(1, _field(1, b"text")))
    tensor = _number(1, 7) + _field(2, b"") + _field(8, text.encode("utf-8", "replace"))
    return _field(1, title.encode()) + metadata + _field(8, tensor)


def _field(number: int, content: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _tag(number, _VARINT) + _varint(value)


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return b"".join((length, _masked(length), content, _masked(content)))


def _masked(data: bytes) -> bytes:
    """CRC-32C of some bytes, turned and shifted as TFRecord wants it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_entry, range(256)))
