"""The sentences with which an archive or a folder as a whole is refused."""

from pathlib import Path

from core import config
from core.errors import UserError
from core.intake import limits
from core.intake.limits import Limits
from core.saying import Sentence


def refused(name: str, why: Sentence) -> UserError:
    """The error for an archive that is no plain one of class folders."""
    return UserError(
        "“{name}” was refused: {why}. Make a plain zip of the class folders.",
        name=name,
        why=why,
    )


def damaged(name: str) -> UserError:
    """The error for an archive that has lost a part of itself."""
    return UserError(
        "Expected a complete archive, but “{name}” is damaged or incomplete. Create or download it "
        "again.",
        name=name,
    )


def goes_on(name: str) -> UserError:
    """The error for a tar with more behind its end, all of which would be lost."""
    return UserError(
        "Expected a single complete tar, but “{name}” has data after its end marker: it has a "
        "gap, or is several tars in one file. Create or download it again.",
        name=name,
    )


def no_archive(name: str, what: Sentence) -> UserError:
    """The error for a file that is something else."""
    return UserError(
        "Expected a zip or tar archive, but “{name}” is {what}. Put the class folders in "
        "a zip and try again.",
        name=name,
        what=what,
    )


def a_project(name: str) -> UserError:
    """The error for a project where pictures are expected."""
    return UserError(
        "“{name}” is a project that Thaw has saved, not a zip of pictures. Open it on the Data "
        "page, where new pictures are added, or with “project open” in a terminal.",
        name=name,
    )


def too_deep(name: str) -> UserError:
    """The error for a source with a maze of folders."""
    return UserError(
        "Expected class folders at most {depth} folders deep, but “{name}” is nested deeper. "
        "Remove the deep folders.",
        depth=Limits.depth,
        name=name,
    )


def too_many(name: str) -> UserError:
    """The error for a source with more files and folders than the owner allows."""
    return UserError(
        "Expected at most {entries} files and folders, but “{name}” holds more. Remove "
        "some. {raised_by}",
        entries=limits.current().entries,
        name=name,
        raised_by=limits.raised_by(config.ENTRIES),
    )


def too_large(name: str) -> UserError:
    """The error for an archive that unpacks to more than the owner allows."""
    return UserError(
        "Expected at most {unpacked_bytes:g} GB once unpacked, but “{name}” holds more. "
        "Split it. {raised_by}",
        unpacked_bytes=limits.current().unpacked_bytes / 1e9,
        name=name,
        raised_by=limits.raised_by(config.UNPACKED),
    )


def refuse_many(name: str, images: int) -> None:
    """Refuse more images than a data set may have.

    Raises:
        UserError: They are.
    """
    most = limits.current().images
    if images > most:
        raise UserError(
            "Expected at most {most} pictures, but “{name}” holds {images}. Remove some. "
            "{raised_by}",
            most=most,
            name=name,
            images=images,
            raised_by=limits.raised_by(config.IMAGES),
        )


def unwritable(folder: Path, reason: str) -> UserError:
    """The error where a folder of Thaw's own takes nothing."""
    return UserError(
        "Expected a folder that Thaw can write to, but {folder} cannot be written "
        "({reason}). Set THAW_HOME to one that can.",
        folder=folder,
        reason=reason,
    )
