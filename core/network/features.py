"""The features of each image from the frozen part, kept on disk so that they are computed once.

Each key has a folder; the key is made of everything that the numbers depend on besides the image.
A folder holds segments: NumPy files of rows (image digest, checksum, features), each written aside
and renamed when complete. So there is never half a segment, two workers may add to one folder at
the same time, and a row that the disk has damaged is found by its checksum and computed again.
"""

import hashlib
import json
import os
import secrets
import threading
import time
import zlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from core import config
from core.storage import files, home

_SEGMENT_BYTES = 64 << 20
_SEGMENT_ROWS = 1000  # seconds of work, which is all that is lost with a process that is killed
_ABANDONED = 3600.0  # seconds that nobody writes one file for
_IN_MEMORY = 128 << 20  # bytes of features that are not worth reading again and again


def cache_key(**facts: Any) -> str:
    """A digest of everything that the numbers depend on."""
    text = json.dumps(facts | {"format": home.FORMAT}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class FeatureCache:
    """Features by image digest, for one key.

    Attributes:
        shape: Of one image's features.
        dtype: Of the features.
    """

    def __init__(self, key: str, shape: tuple[int, ...], dtype: str = "float32") -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self._folder = home.features() / key
        self._row = np.dtype(
            [("digest", "u1", 32), ("checksum", "<u4"), ("features", self.dtype, self.shape)]
        )
        self._segments: list[Any] = []
        self._paths: list[Path] = []
        self._written: set[Path] = set()
        self._where: dict[str, list[tuple[int, int]]] = {}  # the last one counts
        self._sound: set[str] = set()
        self._pending: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()
        self._read_segments()

    def __contains__(self, digest: str) -> bool:
        """Whether this image's features are here and undamaged."""
        if digest in self._pending:
            return True
        if digest in self._sound:
            return True
        places = self._where.get(digest, [])
        while places:
            segment, index = places[-1]
            row = self._segments[segment][index]
            if zlib.crc32(row["features"].tobytes()) == row["checksum"]:
                self._sound.add(digest)
                return True
            places.pop()  # damaged; an image may have been computed again since
        self._where.pop(digest, None)
        return False

    def add(self, digest: str, features: np.ndarray) -> None:
        """Keep one image's features; from any thread. They reach the disk by and by."""
        with self._lock:
            self._pending[digest] = features
            rows = len(self._pending)
            full = rows >= _SEGMENT_ROWS or rows * self._row.itemsize >= _SEGMENT_BYTES
            batch = self._take_pending() if full else {}
        self._write_segment(batch)

    def flush(self) -> None:
        """Write what has been added."""
        with self._lock:
            batch = self._take_pending()
        self._write_segment(batch)

    def rows(self, digests: Iterable[str], channels: slice = slice(None)) -> "Features":
        """The features of these images, in this order.

        Args:
            digests: Which images.
            channels: Which of their last axis.

        Raises:
            KeyError: One is not in the cache.
        """
        self.flush()
        return Features(self._segments, [self._where[digest][-1] for digest in digests], channels)

    def in_use(self) -> set[Path]:
        """Files of all that was added here or asked for and found; they count as used just now."""
        places = {self._where[digest][-1][0] for digest in self._sound}
        found = self._written | {self._paths[segment] for segment in places}
        for path in found:
            with suppress(OSError):
                os.utime(path)  # `drop_oldest` goes by it
        return found

    def _read_segments(self) -> None:
        for path in sorted(self._folder.glob("*.npy")):
            try:
                segment = np.load(path, mmap_mode="r", allow_pickle=False)
                if segment.dtype != self._row or segment.ndim != 1:
                    raise ValueError("another layout")
            except (ValueError, EOFError, OSError):
                path.unlink(missing_ok=True)  # damaged: its images are computed again
                continue
            self._index(segment, path)

    def _index(self, segment: Any, path: Path) -> None:
        number = len(self._segments)
        self._segments.append(segment)
        self._paths.append(path)
        for index, digest in enumerate(segment["digest"]):
            self._where.setdefault(digest.tobytes().hex(), []).append((number, index))

    def _take_pending(self) -> dict[str, np.ndarray]:
        batch, self._pending = self._pending, {}
        return batch

    def _write_segment(self, batch: dict[str, np.ndarray]) -> None:
        if not batch:
            return
        rows = np.empty(len(batch), self._row)
        for row, (digest, features) in zip(rows, batch.items(), strict=True):
            row["digest"] = np.frombuffer(bytes.fromhex(digest), "u1")
            row["features"] = features
            row["checksum"] = zlib.crc32(row["features"].tobytes())
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(8)}.npy"
        with files.replacing(path, sync=True) as aside:
            np.save(aside, rows, allow_pickle=False)
        with self._lock:
            self._index(np.load(path, mmap_mode="r", allow_pickle=False), path)
            self._written.add(path)


class Features:
    """Features of a list of images, read from disk a batch at a time unless they are few."""

    def __init__(
        self,
        segments: list[Any],
        places: list[tuple[int, int]],
        channels: slice,
    ) -> None:
        self._segments = segments
        self._places = places
        self._channels = channels
        one = segments[places[0][0]][places[0][1]]["features"].nbytes if places else 0
        few = one * len(places) <= _IN_MEMORY
        self._all = self._read(range(len(places))) if places and few else None
        if self._all is not None:
            self._segments = []  # which keep files open

    def __len__(self) -> int:
        return len(self._places)

    def take(self, indices: Iterable[int]) -> np.ndarray:
        """The features at these positions, [n, *shape]."""
        if self._all is not None:
            chosen: np.ndarray = self._all[np.asarray(indices)]
            return chosen
        return self._read(indices)

    def _read(self, indices: Iterable[int]) -> np.ndarray:
        places = [self._places[index] for index in indices]
        return np.stack(
            [self._segments[s][row]["features"][..., self._channels] for s, row in places]
        )


class Together:
    """Features that several networks made of each image, side by side."""

    def __init__(self, caches: Sequence[FeatureCache]) -> None:
        """
        Args:
            caches: One for each network, with one number a channel.
        """
        self._caches = caches

    def __contains__(self, digest: str) -> bool:
        """Whether all of them are here and undamaged."""
        return all(digest in cache for cache in self._caches)

    def rows(self, digests: Iterable[str], channels: slice = slice(None)) -> "SideBySide":
        """The features of these images, as for `FeatureCache.rows`."""
        digests = list(digests)
        if len(self._caches) > 1:
            assert channels == slice(None)
        return SideBySide([cache.rows(digests, channels) for cache in self._caches])


class SideBySide:
    """Features of a list of images by several networks."""

    def __init__(self, each: Sequence[Features]) -> None:
        self._each = each

    def __len__(self) -> int:
        return len(self._each[0])

    def take(self, indices: Iterable[int]) -> np.ndarray:
        """The features at these positions, [n, numbers]."""
        indices = np.asarray(indices)
        taken = [features.take(indices) for features in self._each]
        return taken[0] if len(taken) == 1 else np.concatenate(taken, axis=1)


def limit() -> int:
    """Bytes that all features together may take on disk."""
    return int(config.CACHE.value * 1e9)


def drop_oldest(spare: Collection[Path]) -> None:
    """Delete the files of features that were used longest ago until what is left fits the limit.

    Args:
        spare: Files that somebody works with.
    """
    _sweep()
    segments = []
    for path in home.features().glob("*/*.npy"):
        with suppress(FileNotFoundError):  # another process drops some, too
            facts = path.stat()
            segments.append((facts.st_mtime, facts.st_size, path))
    over = sum(size for _, size, _ in segments) - limit()
    for _, size, path in sorted(segments):
        if over <= 0:
            return
        if path not in spare and _unlinked(path):
            over -= size


def _sweep() -> None:
    """What a process was writing when it was killed."""
    for path in home.features().glob("*/.new-*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                files.remove(path)


def _unlinked(path: Path) -> bool:
    """Delete a file; not where Windows keeps it because a process reads it."""
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
        return True
    return False


def empty_cache() -> None:
    """Delete every kept feature and converted graph; downloaded weights stay."""
    # File by file: a training that is adding to a folder must find it again.
    _sweep()
    for segment in home.features().glob("*/*.npy"):
        _unlinked(segment)
    for graph in home.graphs().glob("[!.]*"):
        files.remove(graph)
    files.remove(home.probes())  # they counted what was in it
    files.mark(home.ahead_end())  # or what is made just now would count as there
