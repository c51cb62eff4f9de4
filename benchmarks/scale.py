"""Memory and time by the number of images: python -m benchmarks.scale FOLDER [--counts 1000 5000]

The command with nothing changed but the epochs, cold, on seeded crops of the photos in FOLDER.
Writes benchmarks/results/scale.csv.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.__main__ import keep, timed
from benchmarks.photos import several
from core.storage import files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 5000, 20_000])
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for count in args.counts:
            work = Path(scratch) / str(count)
            photos = several(args.folder, count, work / "photos")
            command = ["core", "train", str(photos), "--run", str(work / "run"), "--json"]
            seconds, output = timed([*command, "--epochs", "5"], work / "home")
            rows.append(
                {
                    "images": count,
                    "seconds": round(seconds, 1),
                    "ms_an_image": round(1000 * seconds / count, 2),
                    **{name: round(took, 1) for name, took in output["seconds"].items()},
                    "peak_mb": output["peak_rss_mb"],
                    "features_mb": files.disk_used(work / "home" / "cache" / "features") >> 20,
                }
            )
            print(rows[-1], flush=True)
    keep("scale", rows)


if __name__ == "__main__":
    main()
