"""Thaw without pillow-heif, as in ready-made images: HEIC is refused by name, all else is read."""

import subprocess
import sys
from pathlib import Path

from mutated import good_pictures

ROOT = Path(__file__).parents[2]
CODE = """
import sys
sys.modules["pillow_heif"] = None
from pathlib import Path
from core.intake.pictures import images
for file in map(Path, sys.argv[1:]):
    assert images.begins_as_picture(file.read_bytes())
    try:
        print(file.name, images.picture(file.read_bytes()).image.size)
    except images.UnreadableImage as error:
        print(file.name, error)
print(images.LIBRARIES)
"""


def test_heic_is_refused_with_a_reason_and_a_way_out(tmp_path: Path) -> None:
    files = []
    for name in ("heic", "jpeg", "png"):
        files.append(tmp_path / f"picture.{name}")
        files[-1].write_bytes(good_pictures()[name])
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", CODE, *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    heic, jpeg, png, libraries = done.stdout.splitlines()
    assert "installed without the library" in heic
    assert "export it as a JPEG" in heic
    assert "(" in jpeg
    assert "(" in png
    assert libraries.endswith("pillow-heif none")
