"""An epoch of partly thawed layers against plain Keras: python -m benchmarks.thawed FOLDER

EfficientNet-Lite0 with the same layers frozen, the same images, split and weights, one after the
other. Seconds an epoch, validation included, once everything is traced. Writes
benchmarks/results/thawed-<name of the data>.csv.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.__main__ import divided, keep, timed
from core.backbones.catalogue.backbone import Level
from core.backbones.catalogue.rows import BACKBONES
from core.training.racing.candidates import first_of

_EPOCHS = 4  # the first one traces, and in Thaw the head warms up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plain", type=int, help="train plain Keras with so many layers frozen")
    args = parser.parse_args()
    if args.plain is not None:
        print(json.dumps({"epochs": plain(args.folder, args.plain)}))
        return
    backbone = BACKBONES["efficientnet_lite0"]
    count = len(backbone.layers)
    depths = [first_of(backbone, Level.WHOLES), count // 3, 0]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        split = divided(args.folder, work / "split", seed=0)
        for frozen in depths:
            run = work / f"run-{frozen}"
            command = ["core", "train", str(split), "--run", str(run), "--json"]
            asked = ["--frozen-layers", str(frozen), "--epochs", str(_EPOCHS + 1)]
            timed([*command, *asked], work / "home")
            events = map(json.loads, (run / "progress.jsonl").read_text().splitlines())
            ours = [event["seconds"] for event in events if event["event"] == "epoch"][2:]
            _, output = timed(["benchmarks.thawed", str(split), "--plain", str(frozen)], work)
            theirs = output["epochs"][1:]
            rows.append(row(frozen, count, ours, theirs))
            print(*rows[-1].values(), sep="\t", flush=True)
    keep(f"thawed-{args.folder.name}", rows)


def row(frozen: int, count: int, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    thaw, keras = statistics.median(ours), statistics.median(theirs)
    return {
        "frozen": frozen,
        "of": count,
        "thaw_s": round(thaw, 2),
        "plain_s": round(keras, 2),
        "ratio": round(keras / thaw, 2),
    }


def plain(folder: Path, frozen: int) -> list[float]:
    """Seconds of each epoch: the whole network in the graph, its first layers frozen."""
    from benchmarks.plain_keras import datasets
    from core.backbones import load
    from core.backbones.frameworks import keras
    from core.backbones.weights import weights

    backbone = BACKBONES["efficientnet_lite0"]
    file = weights.find(backbone)
    assert file is not None
    body = load.load(backbone, file)
    for layer in body.layers[:frozen]:
        layer.trainable = False
    for layer in body.layers[frozen:]:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # as the tutorials do it
    training, validation = datasets(folder, backbone.input_size, 32, 0)
    images = keras.layers.Input((backbone.input_size, backbone.input_size, 3))
    x = body(load.preprocess(backbone.preprocessing, images))
    x = keras.layers.GlobalAveragePooling2D()(x)
    classes = len(list((folder / "train").iterdir()))
    model = keras.Model(images, keras.layers.Dense(classes, activation="softmax")(x))
    optimizer = keras.optimizers.Adam(1e-4)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    times: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            times.append(-time.perf_counter())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times[-1] += time.perf_counter()

    model.fit(training, validation_data=validation, epochs=_EPOCHS, verbose=0, callbacks=[Clock()])
    return times


if __name__ == "__main__":
    main()
