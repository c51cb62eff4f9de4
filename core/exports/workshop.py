"""What all exports are made with: the limits of their processes, and the zip in the end."""

import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core import apart, config, limited
from core.errors import UserError
from core.exports.table import Format
from core.storage import incidents
from core.storage.job import Stage

Report = Callable[[Stage, int, int], None]

MEMORY = 24 << 30  # bytes of address space; TensorFlow reserves far more than it uses
_SECONDS = 900.0  # for a conversion, and as long for its proof
_MADE = (1980, 1, 1, 0, 0, 0)  # the same export makes the same zip


def watched(stage: Stage, report: Report) -> Callable[[int, int], None]:
    """Receives how far a process has come, and ends one that takes too long."""
    began = time.monotonic()

    def tell(done: int, total: int) -> None:
        report(stage, done, total)
        if time.monotonic() - began > _SECONDS:
            raise UserError(
                "This export took more than {minutes} minutes and was ended. Try again when the "
                "computer is less busy, or export to another format.",
                minutes=round(_SECONDS / 60),
            )

    return tell


@dataclass(frozen=True)
class Outcome:
    """How a script ended.

    Attributes:
        code: 0 where it came to its end.
        said: What it printed.
        complaints: What it wrote to standard error.
    """

    code: int
    said: str
    complaints: str

    def log(self) -> None:
        """Keep why it failed: the last lines of its complaints."""
        incidents.record(RuntimeError("\n".join(self.complaints.strip().splitlines()[-20:])))


def outside(script: Path, *given: Path, folder: Path, tell: Callable[[Path], None]) -> Outcome:
    """Run a script that knows nothing of Thaw, in a process whose memory is limited.

    Args:
        script: The script.
        given: Its arguments.
        folder: Where it works, and where what it says is kept.
        tell: Called several times a second with the file that holds what it has printed so far;
            what it raises ends the process and is raised.
    """
    said, complaints = folder / "said", folder / "complaints"
    with said.open("wb") as out, complaints.open("wb") as wrong:
        process = subprocess.Popen(  # noqa: S603
            # UTF-8 mode: classes are printed, and some systems' own encoding lacks their letters.
            [sys.executable, "-I", "-X", "utf8", limited.__file__, str(MEMORY), script, *given],
            cwd=folder,
            env=config.environment() | {"KERAS_HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=wrong,
        )
        apart.wait(process, lambda: tell(said))
    texts = (each.read_text(encoding="utf-8", errors="replace") for each in (said, complaints))
    return Outcome(process.returncode, *texts)


def pack(folder: Path, file: Path, format: Format) -> None:
    """A zip of one folder, whose name owes nothing to what anybody typed."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = f"thaw-{format.name}/{path.relative_to(folder).as_posix()}"
            entry = zipfile.ZipInfo(name, _MADE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
