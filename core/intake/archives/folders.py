"""What a folder holds; no file in it is read yet."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.intake import limits
from core.intake.archives import litter
from core.intake.archives.member_names import texts_of
from core.intake.archives.refusals import too_deep, too_many
from core.intake.archives.tar_safety import LINK, NO_FILE
from core.intake.limits import Limits
from core.saying import Sentence, say


@dataclass(frozen=True)
class File:
    """Where a file lies, and its bytes."""

    path: Path
    size: int


def checked(
    path: Path, name: str, *, follow: bool = False
) -> tuple[dict[str, File], dict[str, Sentence]]:
    """What a folder holds, apart from what systems leave there.

    Args:
        path: The folder.
        name: What the user calls it.
        follow: Whether a link to a file, or to a folder elsewhere, is read as if that lay here.
            Links inside such a folder are not followed, so nothing leads in a circle.

    Returns:
        Files by the name shown, and the reasons why others, links and whole folders are left out.

    Raises:
        UserError: It holds more than the owner allows, or a maze of folders.
        OSError: The folder itself cannot be read.
    """
    most = limits.current().entries
    files: dict[Path, File] = {}
    reasons: dict[Path, Sentence] = {}
    linked: list[Path] = []
    root = path.resolve()

    def leave_out(where: Path, reason: Sentence) -> None:
        reasons[where] = reason
        refuse_many()

    def refuse_many() -> None:
        if len(files) + len(reasons) > most:
            raise too_many(name)

    def closed(error: OSError) -> None:
        if (where := Path(error.filename)) == path:
            raise error
        leave_out(where, say("a folder that cannot be opened ({error})", error=error.strerror))

    def look_at(where: Path, shown: str, may_follow: bool) -> None:
        if left := litter.found(shown):
            leave_out(where, left[1])
            return
        try:
            mode, size = (status := where.lstat()).st_mode, status.st_size
        except OSError as error:  # the folder tells its names but lets nobody in
            leave_out(where, say("cannot be opened ({error})", error=error.strerror))
            return
        if stat.S_ISREG(mode):
            files[where] = File(where, size)
            refuse_many()
        elif stat.S_ISLNK(mode):
            target = _target(where, root) if may_follow else LINK
            if isinstance(target, Sentence):
                leave_out(where, target)
            elif target.is_dir():
                linked.append(where)
            else:
                files[where] = File(target, target.stat().st_size)
                refuse_many()
        elif not stat.S_ISDIR(mode):
            leave_out(where, NO_FILE)

    def walk(top: Path, may_follow: bool) -> None:
        for folder, folders, names in os.walk(top, onerror=closed):
            if len(Path(folder).relative_to(path).parts) >= Limits.depth:
                raise too_deep(name)
            for each in folders:  # links to folders are among them
                look_at(Path(folder, each), f"{each}/", may_follow)
            folders[:] = [each for each in folders if not litter.is_litter(each)]
            for each in names:
                look_at(Path(folder, each), each, may_follow)

    walk(path, follow)
    for each in linked:
        walk(each, may_follow=False)
    met = [*files, *reasons]
    shown = texts_of([os.fsencode(each.relative_to(path).as_posix()) for each in met])
    named = dict(zip(met, shown, strict=True))
    return (
        {named[where]: file for where, file in files.items()},
        {named[where]: reason for where, reason in reasons.items()},
    )


def _target(link: Path, root: Path) -> Path | Sentence:
    """The file or folder that a link leads to, or why it is not followed.

    Args:
        link: The link.
        root: The folder that is read, which must not be read twice.
    """
    try:
        target = link.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError):  # RuntimeError: in a circle, up to Python 3.12
        return say("a link that leads nowhere")
    if stat.S_ISREG(mode):
        return target
    if not stat.S_ISDIR(mode):
        return NO_FILE
    if target.is_relative_to(root):
        return say("a link to a folder that is read anyway")
    if root.is_relative_to(target):
        return say("a link that leads back to the folder around it")
    return target
