"""How many copies the data doctor finds, and how many it sees where there are none.

`python -m benchmarks.near_duplicates FOLDER [--originals 150]` makes copies of photos: saved again,
resized, cropped a little, and all of these together. Prints a table and writes
benchmarks/results/near_duplicates.csv.
"""

import argparse
import io
import random
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.__main__ import Row, keep
from core.datasets.feed import SourceFeed
from core.doctor import looking
from core.doctor.findings import duplicates
from core.intake.archives.archive import open_source
from core.settings import SplitSettings

WAYS = ("saved again", "resized", "cropped", "all three")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--originals", type=int, default=150)
    args = parser.parse_args()
    rows = measured(args.folder, args.originals)
    keep("near_duplicates", rows)
    for each in rows:
        print(f"{each['what']:24} {each['found']:>5} of {each['of']:>5}  {each['share']:.1%}")


def measured(folder: Path, originals: int) -> list[Row]:
    """Found copies of each way, and images of the folder itself that are called copies."""
    with tempfile.TemporaryDirectory() as scratch:
        made = with_copies(folder, originals, Path(scratch))
        sight = looking.look(SourceFeed(open_source(made), SplitSettings()), lambda *_: None)
    by_digest = {record.digest: record for record in sight.dataset.records}
    found: set[tuple[str, str]] = set()
    false: set[str] = set()
    for group in duplicates.near(sight, duplicates.neighbours(sight), lambda *_: None):
        names = [Path(by_digest[digest].file).stem for digest in group]
        numbers = [name.partition("-")[0] for name in names]
        found |= {
            tuple(name.split("-"))
            for name, number in zip(names, numbers, strict=True)
            if "-" in name and number in names
        }
        if len(set(numbers)) > 1:  # copies of one original belong together, others do not
            false |= set(numbers)
    count = len(by_digest) - originals * len(WAYS)
    rows = [
        row(f"copies found, {way}", sum(each == str(at) for _, each in found), originals)
        for at, way in enumerate(WAYS)
    ]
    total = row("copies found, all", len(found), originals * len(WAYS))
    return [*rows, total, row("images taken for copies", len(false), count)]


def row(what: str, found: int, of: int) -> Row:
    return {"what": what, "found": found, "of": of, "share": found / of}


def with_copies(folder: Path, originals: int, target: Path) -> Path:
    """All photos of a folder, and of some of them a copy of each way, under numbers."""
    from core.datasets import reading

    records = list(reading.read(open_source(folder), split=None, at_least=64).records)
    chance = random.Random(0)
    copied = {record.file for record in chance.sample(records, originals)}
    for number, record in enumerate(records):
        to = target / record.label
        to.mkdir(parents=True, exist_ok=True)
        data = (folder / record.file).read_bytes()
        (to / f"{number}.jpg").write_bytes(data)
        if record.file in copied:
            for way in range(len(WAYS)):
                (to / f"{number}-{way}.jpg").write_bytes(copy_of(data, way, chance))
    return target


def copy_of(data: bytes, way: int, chance: random.Random) -> bytes:
    """A copy of a photo.

    Args:
        data: The photo's file.
        way: The place in WAYS.
        chance: Draws JPEG's quality (40 to 90), the factor of size (0.4 to 1.5) and what is
            cropped off each side (0 to 10 %).
    """
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    quality = 92
    if way in (2, 3):
        width, height = image.size
        left, right = (chance.uniform(0, 0.1) for _ in range(2))
        top, bottom = (chance.uniform(0, 0.1) for _ in range(2))
        box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
        image = image.crop(tuple(round(edge) for edge in box))
    if way in (1, 3):
        factor = chance.uniform(0.4, 1.5)
        image = image.resize(tuple(max(8, round(side * factor)) for side in image.size))
    if way in (0, 3):
        quality = chance.randint(40, 90)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
