"""Fetches the browser libraries that this repository carries: `make vendor`.

Each lies in a folder with a `package.json` of ours: name and version, which file comes from where
in npm's package, and digests. A version without `integrity` is taken as it comes and noted; after
that nothing else is accepted. Users need none of this: what it fetches is committed.
"""

import base64
import hashlib
import json
import lzma
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    ROOT / "core" / "exports" / "carried" / "web" / "onnxruntime-web",
    ROOT / "tests" / "browser" / "axe-core",
)
_MAP = re.compile(rb"\n//# sourceMappingURL=[^\n]*\n?$")  # which is not carried


def noted(folder: Path) -> dict[str, Any]:
    """What a folder says of the package in it."""
    return dict(json.loads((folder / "package.json").read_text(encoding="utf-8")))


def digest(path: Path) -> str:
    """SHA-256 of what a file holds; of an `.xz`, of what it unpacks to."""
    data = path.read_bytes()
    return hashlib.sha256(lzma.decompress(data) if path.suffix == ".xz" else data).hexdigest()


def renew(folder: Path) -> None:
    """Write a folder's files as npm's package has them.

    Raises:
        SystemExit: npm gives another package of that version than before.
    """
    package = noted(folder)
    with tempfile.TemporaryDirectory() as scratch:
        named = f"{package['name']}@{package['version']}"
        packing = ["npm", "pack", "--silent", "--pack-destination", scratch, named]
        subprocess.run(packing, check=True)  # noqa: S603
        (packed,) = Path(scratch).iterdir()
        data = packed.read_bytes()
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        if package.setdefault("integrity", integrity) != integrity:
            sys.exit(f"{named} is not the package that package.json names: {integrity}")
        with tarfile.open(packed) as archive:
            for name, file in package["files"].items():
                member = archive.extractfile(f"package/{file['from']}")
                if member is None:
                    sys.exit(f"{named} has no {file['from']}")
                content = _MAP.sub(b"\n", member.read())
                path = folder / name
                file["sha256"] = hashlib.sha256(content).hexdigest()
                if not path.exists() or digest(path) != file["sha256"]:
                    compressed = path.suffix == ".xz"
                    path.write_bytes(lzma.compress(content, preset=9) if compressed else content)
    text = json.dumps(package, indent=2, ensure_ascii=False)
    (folder / "package.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in FOLDERS:
        renew(each)
