"""What Thaw is compared with: transfer learning as the tutorials do it, whole network in the graph.

python -m benchmarks.plain_keras FOLDER --seeds 0,1: trains once per seed on FOLDER/train
and FOLDER/validation, and prints one JSON object.
"""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import tensorflow  # noqa: F401 first, as it comes: on some processors Thaw asks for other kernels

from core.backbones.catalogue.rows import BACKBONES
from core.backbones.frameworks import keras
from core.backbones.weights import weights


def datasets(folder: Path, side: int, batch_size: int, seed: int) -> tuple[Any, Any]:
    return tuple(
        keras.utils.image_dataset_from_directory(
            folder / split, image_size=(side, side), batch_size=batch_size, seed=seed,
            shuffle=split == "train", verbose=False,
        ).prefetch(2)
        for split in ("train", "validation")
    )  # fmt: skip


def train(body: Any, folder: Path, seed: int, epochs: int) -> float:
    """Freeze the network, add a dense layer, fit; returns the best validation accuracy."""
    from core.backbones import load

    backbone = BACKBONES["efficientnet_lite0"]
    keras.utils.set_random_seed(seed)
    training, validation = datasets(folder, backbone.input_size, 32, seed)
    body.trainable = False
    images = keras.layers.Input((backbone.input_size, backbone.input_size, 3))
    x = body(load.preprocess(backbone.preprocessing, images), training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    classes = len(list((folder / "train").iterdir()))
    model = keras.Model(images, keras.layers.Dense(classes, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(training, validation_data=validation, epochs=epochs, verbose=0).history
    model.evaluate(validation, verbose=0)
    return float(max(history["val_accuracy"]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    from core.backbones import load

    backbone = BACKBONES["efficientnet_lite0"]
    file = weights.find(backbone)
    assert file is not None
    body = load.load(backbone, file)
    runs = []
    for seed in map(int, args.seeds.split(",")):
        began = time.perf_counter()
        accuracy = train(body, args.folder, seed, args.epochs)
        runs.append({"seed": seed, "val_accuracy": accuracy, "fit": time.perf_counter() - began})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(json.dumps({"runs": runs, "peak_rss_mb": peak}))


if __name__ == "__main__":
    main()
