"""What a folder holds; no file in it is read yet."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.data import limits
from core.data.limits import Limits
from core.data.member_names import is_junk, texts_of
from core.data.refusals import too_deep, too_many
from core.data.tar_safety import LINK, NO_FILE


@dataclass(frozen=True)
class File:
    """Where a file lies, and its bytes."""

    path: Path
    size: int


def checked(path: Path, name: str) -> tuple[dict[str, File], dict[str, str]]:
    """What a folder holds, hidden and system files aside.

    Args:
        path: The folder.
        name: What the user calls it.

    Returns:
        Files by the name shown, and the reasons why others, links and whole folders are left out.

    Raises:
        UserError: It holds more than the owner allows, or a maze of folders.
        OSError: The folder itself cannot be read.
    """
    most = limits.current().entries
    sizes: dict[Path, int] = {}
    reasons: dict[Path, str] = {}

    def leave_out(where: Path, reason: str) -> None:
        reasons[where] = reason
        if len(sizes) + len(reasons) > most:
            raise too_many(name)

    def closed(error: OSError) -> None:
        if (where := Path(error.filename)) == path:
            raise error
        leave_out(where, f"a folder that cannot be opened ({error.strerror})")

    for folder, folders, files in os.walk(path, onerror=closed):
        if len(Path(folder).relative_to(path).parts) >= Limits.depth:
            raise too_deep(name)
        folders[:] = [each for each in folders if not is_junk(each)]
        # among the folders are links to some
        for each in (*folders, *(file for file in files if not is_junk(file))):
            where = Path(folder, each)
            try:
                status = where.lstat()
            except OSError as error:  # the folder tells its names but lets nobody in
                leave_out(where, f"cannot be opened ({error.strerror})")
                continue
            if stat.S_ISDIR(status.st_mode):
                continue
            if stat.S_ISREG(status.st_mode):
                sizes[where] = status.st_size
                if len(sizes) + len(reasons) > most:
                    raise too_many(name)
            else:
                leave_out(where, LINK if stat.S_ISLNK(status.st_mode) else NO_FILE)
    met = [*sizes, *reasons]
    shown = texts_of([os.fsencode(each.relative_to(path).as_posix()) for each in met])
    named = dict(zip(met, shown, strict=True))
    return (
        {named[where]: File(where, size) for where, size in sizes.items()},
        {named[where]: reason for where, reason in reasons.items()},
    )
