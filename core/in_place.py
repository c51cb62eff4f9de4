"""Installs Thaw where it is, and nowhere else: `pip install -e .` and `uv run`.

Its packages are called core and pages. Those are no names to put among other people's packages, and
the app is started from its own folder.
"""

from typing import NoReturn

from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def build_wheel(*_: object, **__: object) -> NoReturn:
    """Refuse `pip install .`"""
    raise SystemExit("Thaw runs in its own folder. Install it with: pip install -e .")


build_sdist = build_wheel
