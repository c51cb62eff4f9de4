"""Settings in one line."""

from core.backbones.catalogue.rows import summary
from core.settings import TrainingSettings


def test_what_is_left_at_its_default_is_not_told() -> None:
    assert summary(TrainingSettings()) == (
        "EfficientNet-Lite0 · all layers frozen · 40 epochs · adam, learning rate 0.01"
    )


def test_everything_else_is() -> None:
    settings = TrainingSettings(
        "vgg16",
        frozen_layers=15,
        dense=(64, 32),
        epochs=2,
        learning_rate=0.003,
        square="crop",  # type: ignore[arg-type]
        augment="light",  # type: ignore[arg-type]
        balanced=True,
    )
    assert summary(settings, epochs=1) == (
        "VGG16 · 15 of 19 layers frozen · dense 64 + 32 · 1 epoch · adam, learning rate 0.003 · "
        "pictures cropped · light augmentation · class weights"
    )


def test_a_module_that_is_gone_is_told_by_its_name() -> None:
    told = summary(TrainingSettings("hub_gone", frozen_layers=0))
    assert told.startswith("hub_gone · 0 layers frozen · ")
    assert "from scratch" in summary(TrainingSettings(weights="random", frozen_layers=0))
    assert "from a file" in summary(TrainingSettings(weights="ab" * 32))
