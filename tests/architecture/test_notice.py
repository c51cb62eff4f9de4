"""LICENSE is the Apache License, and NOTICE says whose work Thaw installs, as the lock has it."""

import hashlib
import platform
import re
import sys
from pathlib import Path

import pytest

from tests import notice

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
LINES = dict(re.findall(r"^([a-z0-9.-]+) (\S+: .+)$", NOTICE, re.MULTILINE))
HERE = [found for name, version in notice.pinned().items()
        if (found := notice.installed(name, version))]  # fmt: skip


def test_the_licence_is_the_apache_licence_to_the_letter() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE


def test_notice_lists_what_the_lock_pins() -> None:
    """If this fails after requirements.lock was renewed: make notice."""
    listed = {name: line.partition(":")[0] for name, line in LINES.items()}
    assert listed == notice.pinned()


def test_every_licence_is_as_its_package_says() -> None:
    assert len(HERE) > 70
    assert {each.name: LINES[each.name] for each in HERE} == {
        each.name: f"{each.version}: {each.licence}" for each in HERE
    }
    assert "not said" not in NOTICE


def test_nothing_under_the_gpl_comes_in_unnoticed() -> None:
    """A new one needs a decision: may Thaw install it, and may a ready-made image hold it?"""
    assert not [line for line in LINES.values() if re.search(r"GPL|General Public", line)]
    gcc = re.compile(r"GCC|libquadmath")  # under the GPL too, but for programs they are part of
    inside = {
        (each.name, library)
        for each in HERE
        for library, licence in each.inside
        if not gcc.search(library + licence)
    }
    assert {name for name, _ in inside} == {"pillow-heif"}
    assert {"x265", "libde265"} <= {library for _, library in inside}


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the wheels are others here"
)
def test_libraries_inside_wheels_are_named() -> None:
    for each in HERE:
        for library, licence in each.inside:
            assert f"\n{each.name}: {library} ({licence})\n" in NOTICE


def test_what_the_repository_carries_is_named() -> None:
    assert "\ntests/browser/axe-core: MPL-2.0\n" in NOTICE


@pytest.mark.parametrize(
    ("facts", "licence"),
    [
        (("MIT", "BSD", ["License :: OSI Approved :: BSD License"], []), "MIT"),
        ((None, "Apache 2.0", None, []), "Apache-2.0"),
        ((None, "UNKNOWN", ["License :: OSI Approved"], ["Mozilla Public License 2.0"]), "MPL-2.0"),
        ((None, "Copyright (c) 2001", ["License :: OSI Approved :: MIT License"], []), "MIT"),
        ((None, None, None, ["  Apache License\n  Version 2.0"]), "Apache-2.0"),
        ((None, None, None, []), "not said"),
        ((None, "GNU Affero General Public License v3", None, []), None),
    ],
)
def test_packages_of_all_ages_are_understood(facts: tuple[object, ...], licence: str) -> None:
    expression, field, classifiers, files = facts
    said = notice._licence(expression, field, classifiers, files)  # type: ignore[arg-type]
    assert said == (licence or field)
