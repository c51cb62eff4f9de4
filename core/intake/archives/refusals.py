"""The sentences with which an archive or a folder as a whole is refused."""

from pathlib import Path

from core import config
from core.errors import UserError
from core.intake import limits
from core.intake.limits import Limits


def refused(name: str, why: str) -> UserError:
    """The error for an archive that is no plain one of class folders."""
    return UserError(f"“{name}” was refused because {why}. Make a plain zip of the class folders.")


def damaged(name: str) -> UserError:
    """The error for an archive that has lost a part of itself."""
    return UserError(
        f"Expected a whole archive, but “{name}” is damaged or cut off. Make or download it again."
    )


def goes_on(name: str) -> UserError:
    """The error for a tar with more behind its end, all of which would be lost."""
    return UserError(
        f"Expected a single whole tar, but “{name}” goes on behind its end: it has a hole, or is "
        "several tars in one file. Make or download it again."
    )


def no_archive(name: str, what: str) -> UserError:
    """The error for a file that is something else."""
    return UserError(
        f"Expected a zip or tar archive, but “{name}” is {what}. "
        "Put the class folders in a zip and try again."
    )


def too_deep(name: str) -> UserError:
    """The error for a source with a maze of folders."""
    return UserError(
        f"Expected class folders at most {Limits.depth} folders deep, but “{name}” goes deeper. "
        "Take the deep folders out."
    )


def too_many(name: str) -> UserError:
    """The error for a source with more files and folders than the owner allows."""
    return UserError(
        f"Expected at most {limits.current().entries:,} files and folders, but “{name}” holds "
        f"more. Take some out, {limits.raised_by(config.ENTRIES)}."
    )


def too_large(name: str) -> UserError:
    """The error for an archive that unpacks to more than the owner allows."""
    return UserError(
        f"Expected at most {limits.current().unpacked_bytes / 1e9:g} GB once unpacked, but "
        f"“{name}” holds more. Divide it, {limits.raised_by(config.UNPACKED)}."
    )


def refuse_many(name: str, images: int) -> None:
    """Refuse more images than a data set may have.

    Raises:
        UserError: They are.
    """
    most = limits.current().images
    if images > most:
        raise UserError(
            f"Expected at most {most:,} images, but “{name}” holds {images:,}. Take some out, "
            f"{limits.raised_by(config.IMAGES)}."
        )


def unwritable(folder: Path, reason: str) -> UserError:
    """The error where a folder of Thaw's own takes nothing."""
    return UserError(
        f"Expected a folder that Thaw can write to, but {folder} cannot be written "
        f"({reason}). Set THAW_HOME to one that can."
    )
