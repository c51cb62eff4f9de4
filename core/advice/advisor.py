"""Proposes a backbone, how much of it to thaw, and the rates, and says why.

The four classic cases (Stanford CS231n, "Transfer Learning"; Yosinski et al. 2014,
arXiv:1411.1792): few or many images, like or unlike what the network was trained on. Few images
cannot teach many parameters; images unlike photographs need other features than the last layers
hold.
"""

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from core.advice.estimate import LONG, Estimate
from core.advice.likeness import Likeness
from core.backbones.catalogue.backbone import Backbone, Level
from core.backbones.catalogue.rows import BACKBONES, all_backbones, backbone_of
from core.backbones.weights.weights import ready_offline
from core.datasets.dataset import Dataset
from core.saying import Sentence, joined, say, several
from core.settings import ALL, IMAGENET, RANDOM, TrainingSettings
from core.training.racing.candidates import SCARCE, thawed

MANY = 2000  # images to learn from …
MANY_PER_CLASS = 100  # … and for each class on the average
UNEVEN = 3  # times the images of the rarest class that make the commonest too common
_STANDARD = "efficientnet_lite0"  # comes with Thaw


class Case(StrEnum):
    """How many images there are, and what they are like."""

    FEW_LIKE = "few images, like photos"
    FEW_UNLIKE = "few images, unlike photos"
    MANY_LIKE = "many images, like photos"
    MANY_UNLIKE = "many images, unlike photos"


@dataclass(frozen=True)
class Advice:
    """What to choose, and why.

    Attributes:
        case: Which of the four.
        images: How many there are to learn from.
        settings: What to choose.
        reasons: Why.
        likeness: How like photos the images are.
    """

    case: Case
    images: int
    settings: TrainingSettings
    reasons: Sentence
    likeness: Likeness

    @property
    def told(self) -> Sentence:
        """What it is for, in a few words."""
        if self.likeness.like:
            return several(
                "{count} picture to learn from, like photos",
                "{count} pictures to learn from, like photos",
                self.images,
            )
        return several(
            "{count} picture to learn from, unlike photos",
            "{count} pictures to learn from, unlike photos",
            self.images,
        )


def advise(dataset: Dataset, likeness: Likeness) -> Advice:
    """What to choose for a data set.

    Args:
        dataset: The data set.
        likeness: How like ImageNet's photos it is.
    """
    images = dataset.split_counts["train"]
    many = images >= MANY and images >= MANY_PER_CLASS * len(dataset.classes)
    case = {
        (False, True): Case.FEW_LIKE,
        (False, False): Case.FEW_UNLIKE,
        (True, True): Case.MANY_LIKE,
        (True, False): Case.MANY_UNLIKE,
    }[many, likeness.like]
    backbone = BACKBONES[_STANDARD]
    scarce = images < SCARCE * len(dataset.classes)
    settings = _settings(case, backbone, scarce=scarce)
    reasons = _reasons(case, images, likeness, backbone, scarce=scarce)
    counts = Counter(record.label for record in dataset.of("train"))
    (most, many_images), (least, few_images) = counts.most_common()[0], counts.most_common()[-1]
    if many_images >= UNEVEN * few_images:
        settings = replace(settings, balanced=True)
        uneven = say(
            "“{large}” has {many} pictures and “{small}” has {few}: rare classes should count as "
            "much as frequent ones.",
            large=most,
            many=many_images,
            small=least,
            few=few_images,
        )
        reasons = joined([reasons, uneven])
    return Advice(case, images, settings, reasons, likeness)


def _settings(case: Case, backbone: Backbone, *, scarce: bool) -> TrainingSettings:
    plain = TrainingSettings(backbone.name)
    match case:
        case Case.FEW_LIKE:
            return plain
        case Case.FEW_UNLIKE if scarce:
            return plain
        case Case.FEW_UNLIKE:
            return thawed(plain, backbone, Level.WHOLES, thawed_rate=0.1)
        case Case.MANY_LIKE:
            return thawed(plain, backbone, Level.WHOLES, thawed_rate=0.03, epochs=10)
        case Case.MANY_UNLIKE:
            return thawed(plain, backbone, Level.TEXTURES, thawed_rate=0.3)


def cheaper(
    settings: TrainingSettings, estimate: Estimate
) -> tuple[str, TrainingSettings, float] | None:
    """A choice that takes at most half as long, where there is one.

    Args:
        settings: What was going to be trained.
        estimate: What that would cost.

    Returns:
        What it is in a few words, the settings, and about how many seconds they take.
    """
    backbone = backbone_of(settings)
    kept = IMAGENET if settings.weights == RANDOM else settings.weights
    frozen = replace(settings, frozen_layers=ALL, weights=kept)
    found = []
    if settings.frozen_layers != ALL and (kept != IMAGENET or ready_offline(backbone)):
        found.append((say("All layers frozen"), frozen, estimate.frozen_seconds))
    for other in all_backbones().values():
        # What a hub module computes is not known.
        if other.multiply_adds and backbone.multiply_adds and ready_offline(other):
            seconds = estimate.frozen_seconds * other.multiply_adds / backbone.multiply_adds
            chosen = replace(frozen, backbone=other.name, alpha=1.0, weights=IMAGENET)
            name = say("{network}, all layers frozen", network=other.title)
            found.append((name, chosen, seconds))
    fitting = [choice for choice in found if choice[2] <= estimate.seconds / 2]
    # The smallest change that brings it below a warning, else the fastest.
    return next(
        (choice for choice in fitting if choice[2] < LONG),
        min(fitting, key=lambda choice: choice[2], default=None),
    )


def _reasons(
    case: Case, images: int, likeness: Likeness, backbone: Backbone, *, scarce: bool
) -> Sentence:
    seen = (
        say(
            "Your pictures look like the photos that the network knows (similarity {value:.2f}; "
            "photos reach 0.4 or more).",
            value=likeness.value,
        )
        if likeness.like
        else say(
            "Your pictures look little like the photos that the network knows (similarity "
            "{value:.2f}; photos reach 0.4 or more).",
            value=likeness.value,
        )
    )
    match case:
        case Case.FEW_LIKE:
            what = say(
                "{count} pictures are enough to train a new last layer, but could spoil the other "
                "layers: keep all of {network} frozen.",
                count=images,
                network=backbone.title,
            )
        case Case.FEW_UNLIKE if scarce:
            what = say(
                "The network's edges, textures and parts still help, but {count} pictures are too "
                "few to thaw layers: keep all of {network} frozen and let the new last layer look "
                "at every stage.",
                count=images,
                network=backbone.title,
            )
        case Case.FEW_UNLIKE:
            what = say(
                "The network's edges, textures and parts still help, but with {count} pictures its "
                "last blocks should learn your shapes: thaw those, with a small learning rate.",
                count=images,
            )
        case Case.MANY_LIKE:
            what = say(
                "{count} pictures are enough to fine-tune the last blocks too: thaw those, with a "
                "very small learning rate.",
                count=images,
            )
        case Case.MANY_UNLIKE:
            what = say(
                "{count} pictures are enough to teach it new textures, parts and shapes: thaw "
                "everything but the edges.",
                count=images,
            )
    return joined([seen, what])
