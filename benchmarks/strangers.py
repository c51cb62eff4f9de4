"""Ways to tell that a picture is of nothing that a network was taught, against one another.

python -m benchmarks.strangers FOLDER [FOLDER …] [--only FOLDER …] [--seeds 3] [--each 0 20 10]

Each folder holds class folders. A head is solved on three quarters of each of the first ones, and
the pictures of all others are strangers to it, also those of `--only`, and plain colours, noise,
drawings and screenshots. Two folders that hold the same things are no strangers: write
them as FOLDER=FOLDER. Far: what share of strangers is refused where the threshold accepts 95 % of
the training pictures, each left out in turn, and what share of the held-out quarter it accepts.
Near: each class is left out in turn and is the stranger (area under the ROC curve).
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.__main__ import keep
from benchmarks.recipes import sides
from core.backbones.catalogue.rows import backbone_of
from core.datasets.feed import SourceFeed
from core.datasets.samples import samples
from core.intake.archives.archive import open_source
from core.network import ridge
from core.network.familiarity import Memory
from core.settings import SplitSettings, TrainingSettings
from core.storage.runs import Run
from core.training import fit
from core.training.exact import choose, spread

Scores = dict[str, np.ndarray]
Set = tuple[np.ndarray, np.ndarray]
SETTINGS = TrainingSettings()
STAGES = backbone_of(SETTINGS).stages
SHOTS = Path(__file__).parents[1] / "docs" / "images"
PAINTED = ("noise", "plain", "screenshots")
THAWS = "as in Thaw: 3 neighbours and the probability, gated"
PROBABLE = "neighbours of probable classes"
MOST_OWN, MOST_STRANGE = 400, 200  # pictures that scores are measured on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--only", type=Path, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--each", type=int, nargs="*", default=[0, 20, 10])
    args = parser.parse_args()
    alike = [{Path(part).name for part in each.split("=")} for each in args.folders]
    own = [Path(part) for each in args.folders for part in each.split("=")]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["THAW_HOME"] = scratch
        drawn = paint(Path(scratch) / "drawn")
        found = {each.name: features(each, Path(scratch)) for each in (*own, *args.only, *drawn)}
        x, y = found.pop("painted")
        found |= {kind: (x[y == place], y[y == place]) for place, kind in enumerate(PAINTED)}
        for each in own:
            (same,) = [names for names in alike if each.name in names]
            strange = {name: x for name, (x, _) in found.items() if name not in same}
            for count in args.each:
                rows += far(each.name, found[each.name], strange, count, args.seeds)
            rows += near(each.name, found[each.name], args.seeds)
    keep("strangers", rows)


def paint(folder: Path) -> list[Path]:
    """Pictures of nothing that anybody teaches, and drawings, in folders of class folders."""
    rng = np.random.default_rng(0)
    plain = [np.full((224, 224, 3), rng.integers(0, 256, 3), np.uint8) for _ in range(40)]
    noise = [
        Image.fromarray(rng.integers(0, 256, (side, side, 3)).astype(np.uint8)).resize((224, 224))
        for side in (4, 16, 64, 224)
        for _ in range(10)
    ]
    shots = sorted(SHOTS.glob("*.webp"))
    screens = [Image.open(shots[place]) for place in rng.permutation(len(shots))[:40]]
    for kind, pictures in zip(PAINTED, (noise, plain, screens), strict=True):
        (folder / "painted" / kind).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
            image.convert("RGB").save(folder / "painted" / kind / f"{number}.png")
    for name in ("sketches", "digits"):
        samples.write(name, folder / name)
    return [folder / name for name in ("painted", "sketches", "digits")]


def features(folder: Path, scratch: Path) -> Set:
    """Pooled outputs of all stages of each picture, and the place of its class."""
    feed = SourceFeed(open_source(folder), SplitSettings(validation=0.1))
    run = Run.create(scratch / f"run-{folder.name}", SETTINGS, data_name=folder.name)
    fit.help_out(run, feed, 0, 1)
    return sides(feed, SETTINGS, "train", "validation", "test")


class Scorer:
    """Every way of scoring, fitted on the same pictures; higher is more familiar.

    Attributes:
        left_out: The scores of these pictures, each by all others.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.left_out: Scores = {}
        self._ways: list[Callable[[np.ndarray], Scores]] = []
        self._neighbours(x)
        self._mahalanobis("Mahalanobis, one", x, np.zeros_like(y))
        if y.max():
            self._mahalanobis("Mahalanobis, classes", x, y)
            self._head(x, y)

    def __call__(self, x: np.ndarray) -> Scores:
        told = {name: score for way in self._ways for name, score in way(x).items()}
        self.together(told)
        return told

    def together(self, told: Scores) -> None:
        """Add neighbours and probability together, each in units of its own spread."""
        own = self.left_out
        for weight in (0.4, 1.0) if "probability" in own else ():
            total = 0.0
            for name, factor in (("3 neighbours", 1.0), ("probability", weight)):
                middle, low = np.quantile(own[name], [0.5, 0.05])
                total = total + factor * (told[name] - middle) / (middle - low + 1e-9)
            told[f"3 neighbours + {weight} probability"] = np.asarray(total)

    def _neighbours(self, x: np.ndarray) -> None:
        own = last(x)
        cosines = own @ own.T
        np.fill_diagonal(cosines, -np.inf)
        counts = (1, 3, 5, 10)
        for k in counts:
            self.left_out[f"{k} neighbours"] = np.sort(cosines, axis=1)[:, -k:].mean(axis=1)
        self._ways.append(
            lambda new: {
                f"{k} neighbours": np.sort(last(new) @ own.T, axis=1)[:, -k:].mean(axis=1)
                for k in counts
            }
        )

    def _mahalanobis(self, name: str, x: np.ndarray, y: np.ndarray) -> None:
        """Least distance to a class, with one covariance, drawn towards a sphere (MDS++)."""
        f = last(x).astype(np.float64)
        counts = np.bincount(y)
        means = np.stack([f[y == place].mean(axis=0) for place in range(len(counts))])
        off = f - means[y]
        _, sizes, axes = np.linalg.svd(off / np.sqrt(len(f)), full_matrices=False)
        spread = sizes**2
        least = 10 * spread.sum() / f.shape[1]
        shrunk = spread / (spread + least)

        def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            inside = ((a @ axes.T) * shrunk * (b @ axes.T)).sum(axis=1)
            return np.asarray(((a * b).sum(axis=1) - inside) / least)

        grown = (counts / np.maximum(counts - 1, 1))[y]
        rest = np.maximum(1 - grown / len(f) * product(off, off), 1e-6)
        apart = []
        for place, mean in enumerate(means):
            d = (f - mean) * np.where(y == place, grown, 1)[:, None]
            apart.append(product(d, d) + grown / len(f) * product(d, off) ** 2 / rest)
        self.left_out[name] = -np.min(apart, axis=0)
        self._ways.append(
            lambda new: {
                name: -np.min([product(last(new) - m, last(new) - m) for m in means], axis=0)
            }
        )

    def _head(self, x: np.ndarray, y: np.ndarray) -> None:
        """Thaw's exact solution: its calibrated probability, and the energy of its scores."""
        classes = int(y.max()) + 1
        weights = np.ones(len(y))
        choice = choose(x, y, weights, [STAGES], classes)
        solved = choice.solution(x, y, weights, classes)
        found = ridge.leave_one_out(
            x * choice.scale + choice.offset, y, classes, weights, choice.penalties
        )
        self.left_out["probability"] = found.probabilities.max(axis=1)
        own = last(x)
        cosines = own @ own.T
        np.fill_diagonal(cosines, -np.inf)
        usual = nearest(cosines, 3)

        def together(cosines: np.ndarray, probabilities: np.ndarray) -> Scores:
            """Neighbours count by how unusual their nearness and how probable their class is."""
            probable = np.log(np.maximum(probabilities, 1e-12))[:, y]
            score = nearest(cosines - 0.75 * usual + 0.2 * probable, 5)
            missing = np.maximum(np.quantile(usual, 0.05) - nearest(cosines, 3), 0)
            return {PROBABLE: score, f"{PROBABLE}, gated": score - 20 * missing}

        self.left_out |= together(cosines, found.probabilities)
        order = spread(y, len(y))
        sure = np.full(len(y), np.nan)
        sure[choice.left_out] = choice.answers.max(axis=1)
        memory = Memory.of(own[order], sure[order])
        assert memory is not None
        self.left_out[THAWS] = np.arange(1, len(y) + 1) / (len(y) + 1)  # that is what it says

        def told(new: np.ndarray) -> Scores:
            scores = (new * choice.scale + choice.offset) @ solved.kernel + solved.bias
            top = scores.max(axis=1)
            energy = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
            probabilities = ridge.softmax(scores)
            alone = {"probability": probabilities.max(axis=1), "energy": energy}
            thaws = {THAWS: memory.familiar(last(new), probabilities)}
            return alone | together(last(new) @ own.T, probabilities) | thaws

        self._ways.append(told)


def nearest(cosines: np.ndarray, count: int) -> np.ndarray:
    """The mean of the largest of each row."""
    return np.asarray(np.sort(cosines, axis=1)[:, -count:].mean(axis=1))


def last(x: np.ndarray) -> np.ndarray:
    """The last features, of length 1."""
    f = x[:, -STAGES[-1] :]
    return np.asarray(f / np.maximum(np.linalg.norm(f, axis=1, keepdims=True), 1e-12))


def divided(y: np.ndarray, seed: int, count: int) -> np.ndarray:
    """Which pictures to learn from: three quarters of each class, at most `count` if not 0."""
    rng = np.random.default_rng(seed)
    learns = np.zeros(len(y), bool)
    for place in np.unique(y):
        order = rng.permutation(np.flatnonzero(y == place))
        most = round(0.75 * len(order))
        learns[order[: min(most, count) if count else most]] = True
    return learns


def far(
    name: str, own: Set, strange: dict[str, np.ndarray], count: int, seeds: int
) -> list[dict[str, Any]]:
    """One row for each way: what is accepted and refused, on average over seeds."""
    x, y = own
    told: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        learns = divided(y, seed, count)
        rng = np.random.default_rng(seed)
        scorer = Scorer(x[learns], y[learns])
        held = scorer(x[rng.permutation(np.flatnonzero(~learns))[:MOST_OWN]])
        others = {
            each: scorer(features[rng.permutation(len(features))[:MOST_STRANGE]])
            for each, features in strange.items()
        }
        scorer.together(scorer.left_out)
        for way, left_out in scorer.left_out.items():
            ordered = np.sort(left_out)
            ranks = np.arange(1, len(ordered) + 1) / (len(ordered) + 1)
            threshold = np.interp(0.05, ranks, ordered)
            shares = {each: float((s[way] < threshold).mean()) for each, s in others.items()}
            told.setdefault(way, []).append(
                shares | {"accepted": float((held[way] >= threshold).mean())}
            )
    rows = []
    for way, found in told.items():
        mean = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
        accepted = mean.pop("accepted")
        worst = min(mean, key=mean.__getitem__)
        row = {"data": name, "each": count or "all", "way": way, "accepted": round(accepted, 4)}
        row |= {"refused": round(float(np.mean(list(mean.values()))), 4)}
        row |= {"worst": worst, "worst_refused": round(mean[worst], 4), "auroc": ""}
        print(row, flush=True)
        rows.append(row)
    return rows


def near(name: str, own: Set, seeds: int) -> list[dict[str, Any]]:
    """One row for each way: each class left out in turn, on average over classes and seeds."""
    x, y = own
    told: dict[str, list[float]] = {}
    places = range(0, int(y.max()) + 1, 1 + int(y.max()) // 8)
    for place in places:
        for seed in range(seeds):
            learns = divided(y, seed, 0)
            held = np.flatnonzero(~learns & (y != place))[:MOST_OWN]
            learns &= y != place
            renumbered = np.unique(y[learns], return_inverse=True)[1]
            scorer = Scorer(x[learns], renumbered)
            mine, theirs = scorer(x[held]), scorer(x[y == place])
            for way, scores in mine.items():
                told.setdefault(way, []).append(auroc(scores, theirs[way]))
    rows = []
    for way, found in told.items():
        row = {"data": name, "each": "all", "way": way, "accepted": "", "refused": ""}
        row |= {"worst": "", "worst_refused": "", "auroc": round(float(np.mean(found)), 4)}
        print(row, flush=True)
        rows.append(row)
    return rows


def auroc(higher: np.ndarray, lower: np.ndarray) -> float:
    """How often one of the first scores higher than one of the second."""
    above = (higher[:, None] > lower).mean()
    return float(above + (higher[:, None] == lower).mean() / 2)


if __name__ == "__main__":
    main()
