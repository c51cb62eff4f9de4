"""Many photos out of few: seeded crops of those in a folder, each another image."""

import random
from pathlib import Path

from PIL import Image

from core.datasets import reading
from core.intake.archives.archive import open_source
from core.settings import SplitSettings


def several(folder: Path, count: int, target: Path) -> Path:
    """Make class folders of so many photos.

    Args:
        folder: Class folders.
        count: How many photos to make, of the classes in turn.
        target: Where they go; a new folder.

    Returns:
        The target.
    """
    found = reading.read(open_source(folder), split=SplitSettings(), at_least=64)
    by_class = {label: [r for r in found.records if r.label == label] for label in found.classes}
    chance = random.Random(0)
    for number in range(count):
        label = found.classes[number % len(found.classes)]
        records = by_class[label]
        record = records[number // len(found.classes) % len(records)]
        with Image.open(folder / record.file) as photo:
            width, height = photo.size
            share = chance.uniform(0.85, 1)
            wide, high = int(width * share), int(height * share)
            left, top = chance.randint(0, width - wide), chance.randint(0, height - high)
            crop = photo.convert("RGB").crop((left, top, left + wide, top + high))
        to = target / label / f"{number}.jpg"
        to.parent.mkdir(parents=True, exist_ok=True)
        crop.save(to, quality=90)
    return target
