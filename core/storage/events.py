"""An append-only log of events, one JSON object a line, that survives a crash of its writer."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

from core import saying

Event = dict[str, Any]


class EventLog:
    """The file `progress.jsonl` of a run or of a data set that is being read.

    One process appends at a time; any number may read. A line that a dying writer left half
    written is passed over by readers and closed by the next writer.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def line(event: Event) -> bytes:
        """An event as a line of the log."""
        return json.dumps(saying.packed(event)).encode() + b"\n"

    def append(self, event: str, **fields: Any) -> None:
        """Add one event with the time of now (seconds since 1970).

        Raises:
            OSError: It could not be written, or not all of it.
        """
        line = self.line({"event": event, "time": round(time.time(), 3), **fields})
        with self.path.open("ab+", buffering=0) as file:  # one write, so lines never mix
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            if file.write(line) != len(line):  # the last free bytes take a part, without an error
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read(self, offset: int = 0) -> tuple[list[Event], int]:
        """Events from a byte offset on.

        Returns:
            The events, and the offset to read on from.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        events = []
        for line in whole.splitlines():
            try:
                event = json.loads(line, object_hook=saying.unpacked)
            except ValueError:
                continue  # what a dying writer left
            if isinstance(event, dict) and "event" in event:
                events.append(event)
        return events, offset + len(whole)
