"""What a race tries, in order: the cheap first, and the smaller before the larger."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.backbones.catalogue.backbone import Backbone, Level
from core.backbones.catalogue.rows import backbone_named, backbone_of
from core.backbones.weights.weights import ready_offline
from core.saying import Sentence, say
from core.settings import ALL, IMAGENET, THAWED, Sees, TrainingSettings

# What is tried beside the network of the settings: the first that is here. Both together gain more
# than the larger one alone (benchmarks/README.md), which is therefore not tried.
SECOND = ("efficientnet_lite2", "efficientnet_lite0")
# Images of each class below which thawing gains less than a head that looks at every stage: of 24
# letters, 12 times each, that got .957 right, and the thawed blocks .932 (benchmarks/README.md).
SCARCE = 40
# Where the images call for thawing. Few photos do not, and learned less with it.
GENTLE: dict[str, Any] = {"learning_rate": 0.003, "weight_decay": 0.0}


def candidates(
    settings: TrainingSettings, enough: Callable[[], bool]
) -> Iterator[TrainingSettings]:
    """What to try for a data set: what takes seconds first, so that there is a network soon.

    Args:
        settings: What was chosen. All but what a candidate is about stays as it says.
        enough: Whether there are enough images to thaw layers; asked at the end.
    """
    plain = replace(settings, budget=0)
    if settings.weights != IMAGENET:  # somebody's own, or none: there is nothing like them
        yield plain
        return
    backbone, thaws = backbone_of(settings), settings.frozen_layers != ALL
    frozen = _frozen(plain)
    if not thaws:
        yield plain
    if frozen != plain:
        yield frozen
    second = next((name for name in SECOND if name != backbone.name and _ready(name)), None)
    if second and not backbone.sealed and not settings.beside:
        yield replace(frozen, beside=second)
    if thaws:
        yield plain
    elif not backbone.sealed and enough():
        yield thawed(plain, backbone, Level.WHOLES, thawed_rate=0.1)


def _frozen(settings: TrainingSettings) -> TrainingSettings:
    """All layers frozen, and a head that looks at every stage."""
    usual = TrainingSettings()
    if settings.frozen_layers == ALL:
        return replace(settings, head_sees=Sees.STAGES)
    return replace(
        settings,
        frozen_layers=ALL,
        head_sees=Sees.STAGES,
        epochs=usual.epochs,
        learning_rate=usual.learning_rate,
        weight_decay=usual.weight_decay,
    )


def _ready(name: str) -> bool:
    return ready_offline(backbone_named(name))


def thawed(
    settings: TrainingSettings, backbone: Backbone, level: Level, **chosen: Any
) -> TrainingSettings:
    """The same with the layers thawed from a level on."""
    values: dict[str, Any] = {"frozen_layers": first_of(backbone, level), "beside": ""}
    return replace(settings, **values | THAWED | GENTLE | chosen)


def first_of(backbone: Backbone, level: Level) -> int:
    """How many layers lie before the first that tells this apart."""
    return next(block.first for block in backbone.blocks if block.level is level)


def told(settings: TrainingSettings) -> Sentence:
    """A candidate in a few words."""
    backbone = backbone_of(settings)
    if settings.pair:
        second = backbone_named(settings.beside)
        return say("{first} and {second} together", first=backbone.title, second=second.title)
    if settings.frozen_layers == ALL:
        return say("{network}, all layers frozen", network=backbone.title)
    return say(
        "{network}, {frozen} of {layers} layers frozen",
        network=backbone.title,
        frozen=settings.frozen_layers,
        layers=len(backbone.layers),
    )


def verdict(tried: Mapping[str, Any]) -> Sentence:
    """What became of a candidate, as a race's `judged` event holds it."""
    if tried["given_up"]:
        return say("no time for it")
    accuracy = tried["val_accuracy"]
    if tried["leads"]:
        return say(
            "{accuracy:.1%} of the validation pictures right, the best so far", accuracy=accuracy
        )
    if tried["ended"] < tried["epochs"]:
        return say("{accuracy:.1%} right, ended early: it could not win", accuracy=accuracy)
    return say("{accuracy:.1%} right, not clearly better", accuracy=accuracy)


def why(tried: Sequence[Mapping[str, Any]], winner: int) -> Sentence:
    """Who won a race, and why."""
    won = told(TrainingSettings.from_dict(tried[winner]["settings"]))
    judged = sum(not each["given_up"] for each in tried)
    if judged == 1:
        return say("{winner}: there was no time to try anything else.", winner=won)
    if winner == 0:
        return say("{winner}: nothing else was clearly better, so the simplest stays.", winner=won)
    return say(
        "{winner}: clearly better on pictures that it had not learned from than all that came "
        "before it.",
        winner=won,
    )
