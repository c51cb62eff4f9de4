"""Writes NOTICE: whose work Thaw installs and carries, and under which licences.

`make notice`, which is part of `make lock`. What is installed says its own licence; what other
systems alone install (Windows needs colorama), pip is asked about.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PINNED = re.compile(r"([a-z0-9][a-z0-9.-]*)==([^\s;]+)")
_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(?!OSI Approved)(.+)")
_OURS = ("core", "pages", "tests")
_BEGINNING = 500  # letters of a licence, within which it says which one it is
_LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying)")
# How wheels list the libraries inside them: "Name: libde265", and below it "License: LGPLv3".
_INSIDE = re.compile(r"^Name: (.+)\n(?:.+\n)*?License: (.*GPL.*)$", re.MULTILINE)
_NAMES = (
    ("apache", "Apache-2.0"),
    ("mozilla public license", "MPL-2.0"),
    ("mit license", "MIT"),
    ("3-clause", "BSD-3-Clause"),
    ("bsd license", "BSD"),
)
_TOP = """Thaw
Copyright 2025-2026 the authors of Thaw

Thaw is licensed under the Apache License, Version 2.0; see LICENSE.

Others' work in this repository
-------------------------------
{carried}

Packages that Thaw installs
---------------------------
They are not part of this repository. Each comes from its own authors, under its own licence,
which its wheel holds. This list is made from requirements.lock (make notice).

{packages}

Libraries under the GPL or LGPL inside these packages
-----------------------------------------------------
This is what the wheels for Linux on x86-64 say of themselves. Those with the GCC exception put no
conditions on the programs that use them.

{inside}

pillow-heif reads HEIC pictures. Its wheels as a whole are under the GPL, version 2, because they
hold x265. Thaw works without it, and then refuses HEIC pictures. If you pass on something ready to
run that holds these packages, such as a container image, leave pillow-heif out, as Containerfile
does, or follow the GPL.
"""


@dataclass(frozen=True)
class Package:
    """One line of the list.

    Attributes:
        licence: An SPDX expression where the package says one, else the name that it gives.
        inside: GPL and LGPL libraries in its wheel, each with its licence.
    """

    name: str
    version: str
    licence: str
    inside: tuple[tuple[str, str], ...] = ()


def pinned() -> dict[str, str]:
    """The version of each package in requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return dict(found.groups() for line in lines if (found := _PINNED.match(line)))


def installed(name: str, version: str) -> Package | None:
    """What an installed package says of itself; None where this version is not installed."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    if package.version != version:
        return None
    files = [
        path.read_text(encoding="utf-8", errors="replace")
        for each in package.files or ()
        if ".dist-info" in str(each) and _LICENCE_FILE.search(str(each))
        if (path := Path(str(package.locate_file(each)))).is_file()
    ]
    facts = package.metadata
    licence = _licence(
        facts.get("License-Expression"), facts.get("License"), facts.get_all("Classifier"), files
    )
    texts = [*files, facts.get("License") or ""]
    inside = {found for text in texts for found in _INSIDE.findall(_flush_left(text))}
    return Package(name, version, licence, tuple(sorted(inside)))


def asked(wanted: Mapping[str, str]) -> list[Package]:
    """What a registry says of packages that are not installed here."""
    if not wanted:
        return []
    command = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    named = [f"{name}=={version}" for name, version in wanted.items()]
    done = subprocess.run(  # noqa: S603 - names from our own lock
        [sys.executable, "-m", "pip", *command, "--report", "-", *named],
        stdout=subprocess.PIPE,
        check=True,
    )
    facts = [each["metadata"] for each in json.loads(done.stdout)["install"]]
    return [
        Package(
            each["name"].lower(),
            each["version"],
            _licence(
                each.get("license_expression"), each.get("license"), each.get("classifier"), ()
            ),
        )
        for each in facts
    ]


def notice(packages: Iterable[Package]) -> str:
    """The text of NOTICE."""
    known = sorted(packages, key=lambda each: each.name)
    inside = [
        f"{package.name}: {name} ({licence})"
        for package in known
        for name, licence in package.inside
    ]
    return _TOP.format(
        carried="\n".join(_carried()),
        packages="\n".join(f"{each.name} {each.version}: {each.licence}" for each in known),
        inside="\n".join(inside),
    )


def _carried() -> list[str]:
    """Folders of the repository that hold others' work: those with a licence of their own."""
    files = sorted(path for top in _OURS for path in (ROOT / top).rglob("LICENSE"))
    return [
        f"{path.parent.relative_to(ROOT).as_posix()}: {_spdx(path.read_text(encoding='utf-8'))}"
        for path in files
    ]


def _licence(
    expression: str | None, field: str | None, classifiers: list[str] | None, files: Iterable[str]
) -> str:
    """The licence by the first of these that says one: packages of all ages say it differently."""
    if expression:
        return expression
    first = (field or "").strip().partition("\n")[0]
    if first and first != "UNKNOWN" and not first.startswith("Copyright"):
        return _spdx(first.removeprefix("OSI Approved :: "))
    for classifier in classifiers or ():
        if found := _CLASSIFIER.fullmatch(classifier):
            return _spdx(found[1])
    return next(map(_spdx, files), "not said")


def _spdx(said: str) -> str:
    """The short name of a licence that is written out; what is unknown stays as it is."""
    return next((name for words, name in _NAMES if words in said[:_BEGINNING].lower()), said)


def _flush_left(text: str) -> str:
    return re.sub(r"^[ \t]+", "", text, flags=re.MULTILINE)


def main() -> None:
    """Write NOTICE anew."""
    wanted = pinned()
    here = [found for name, version in wanted.items() if (found := installed(name, version))]
    missing = {name: wanted[name] for name in wanted.keys() - {each.name for each in here}}
    (ROOT / "NOTICE").write_text(notice([*here, *asked(missing)]), encoding="utf-8")


if __name__ == "__main__":
    main()
