"""Several backbones trained on the same split with the same settings, one after another."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import all_backbones, backbone_of, one_spelling
from core.backbones.weights.weights import ready_offline
from core.jobs import queue
from core.settings import ALL, IMAGENET, RANDOM, TrainingSettings
from core.storage import home


def candidates(settings: TrainingSettings) -> list[Backbone]:
    """The backbones that can be trained as these settings say, the ones on this machine first.

    Each has the width in which it is on this machine, and if there are several the one nearest
    to 1.

    Args:
        settings: What would be trained.
    """
    found = [_of_width(each, settings) for each in all_backbones().values()]
    fit = (
        each
        for each in found
        if (settings.frozen_layers == ALL or each.can_thaw)
        and not (each.sealed and settings.from_scratch)
        and (ready_offline(each) or each.download_bytes())
    )
    return sorted(fit, key=lambda each: not ready_offline(each))


def _of_width(backbone: Backbone, settings: TrainingSettings) -> Backbone:
    if not backbone.widths:
        return backbone
    if backbone.name == settings.backbone:
        return backbone.of_width(settings.alpha)
    widths = [backbone.of_width(width.alpha) for width in backbone.widths]
    here = [width for width in widths if ready_offline(width)]
    return min(here or widths, key=lambda width: abs(width.alpha - 1))


def alike(settings: TrainingSettings, backbone: Backbone) -> TrainingSettings:
    """The same settings for another backbone.

    The same share of its layers is frozen. It is trained alone: no second network, no race.
    """
    frozen = settings.frozen_layers
    if frozen != ALL and frozen:
        frozen = round(frozen / len(backbone_of(settings).layers) * len(backbone.layers))
    return one_spelling(
        replace(
            settings,
            backbone=backbone.name,
            alpha=backbone.alpha,
            weights=RANDOM if settings.from_scratch else IMAGENET,
            frozen_layers=frozen,
            beside="",
            budget=0,
        )
    )


def submit(dataset: Path, settings: TrainingSettings, backbones: Sequence[Backbone]) -> str:
    """Queue one training for each backbone.

    Args:
        dataset: The folder of a stored data set; all of them learn from its present version.
        settings: What to train, but for the backbone.
        backbones: Some of `candidates`.

    Returns:
        The comparison's id, which each run keeps.

    Raises:
        UserError: As for `queue.submit_training`. What was queued before stays queued.
    """
    comparison = home.new_id()
    # The smallest first, since their results come soonest.
    for each in sorted(backbones, key=lambda each: each.multiply_adds):
        queue.submit_training(dataset, alike(settings, each), comparison=comparison)
    return comparison
