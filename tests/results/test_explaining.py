"""Heat maps: contributions add up to scores, and the difference lies where it was painted."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.backbones.frameworks import keras, tf
from core.datasets.feed import SourceFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.results.explaining import contributions, drawing, maps, why
from core.results.explaining.explained import Why
from core.results.explaining.maps import Method
from core.results.predictor import of_run
from core.settings import SplitSettings, TrainingSettings
from core.storage import files
from core.storage.runs import Run
from core.training import fit

layers = keras.layers
SIZE = 32
CLASSES = ("ant", "bee", "cat")


def network(*, stages: bool, hidden: tuple[int, ...] = (), scaled: bool = False) -> Any:
    """A small network of the form that trainings leave, with random weights."""
    keras.utils.set_random_seed(5)
    inner = layers.Input((SIZE, SIZE, 3))
    first = layers.Conv2D(6, 3, 2, padding="same", activation="relu")(inner)
    second = layers.Conv2D(9, 3, 2, padding="same", activation="relu")(first)
    body = keras.Model(inner, [first, second] if stages else second)
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    made = body(layers.Rescaling(1 / 255)(images))
    pooled = [layers.GlobalAveragePooling2D()(each) for each in (made if stages else [made])]
    x = layers.Concatenate()(pooled) if stages else pooled[0]
    if scaled:
        rng = np.random.default_rng(0)
        numbers = x.shape[-1]
        x = layers.Rescaling(
            rng.uniform(1, 3, numbers).tolist(), rng.normal(size=numbers).tolist()
        )(x)
    for units in hidden:
        x = layers.Dense(units, activation="relu", bias_initializer="random_normal")(x)
        x = layers.Dropout(0.5)(x)
    x = layers.Dense(3, activation="softmax", bias_initializer="random_normal", name="classes")(x)
    return keras.Model(images, x)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8)


def explained(model: Any, tmp_path: Path, images: np.ndarray) -> list[maps.Explanation]:
    model.save(tmp_path / "model.keras")
    made = contributions.build(tmp_path / "model.keras")
    return [maps.read(vector, CLASSES) for vector in np.asarray(made(images))]


def logits(model: Any, images: np.ndarray) -> np.ndarray:
    """What the class layer gives before the softmax, by Keras itself."""
    last = model.get_layer("classes")
    before = keras.Model(model.inputs[0], last.input)(images, training=False)
    return np.asarray(before) @ np.asarray(last.kernel) + np.asarray(last.bias)


@pytest.mark.parametrize("stages", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
def test_of_a_linear_head_contributions_add_up_to_the_logits(
    tmp_path: Path, stages: bool, scaled: bool
) -> None:
    model, images = network(stages=stages, scaled=scaled), pictures(4)
    expected = logits(model, images)
    found = explained(model, tmp_path, images)
    for each, scores in zip(found, expected, strict=True):
        assert each.method is Method.EXACT
        assert each.scores == pytest.approx(scores, abs=1e-4)
        assert each.maps.sum(axis=(0, 1)) + each.rest == pytest.approx(scores, abs=1e-4)
        # What no place contributes is the same for every picture: the class's bias alone.
        assert each.rest == pytest.approx(np.asarray(model.get_layer("classes").bias), abs=1e-4)


@pytest.mark.parametrize("hidden", [(8,), (12, 7)])
def test_with_hidden_layers_it_is_the_gradient_times_the_feature_map(
    tmp_path: Path, hidden: tuple[int, ...]
) -> None:
    """HiResCAM by TensorFlow's own gradient."""
    model, images = network(stages=False, hidden=hidden), pictures(3)
    (pooling,) = [e for e in model.layers if isinstance(e, layers.GlobalAveragePooling2D)]
    features = keras.Model(model.inputs[0], pooling.input)
    head = keras.Model(pooling.input, model.get_layer("classes").input)
    last = model.get_layer("classes")
    for picture, each in zip(images, explained(model, tmp_path, images), strict=True):
        assert each.method is Method.HIRESCAM
        maps_of = tf.convert_to_tensor(features(picture[None]))
        for place in range(3):
            with tf.GradientTape() as tape:
                tape.watch(maps_of)
                score = head(maps_of, training=False) @ last.kernel[:, place : place + 1]
            gradient = tape.gradient(score, maps_of)
            expected = np.asarray(tf.reduce_sum(gradient * maps_of, -1))[0]
            assert each.maps[..., place].sum() == pytest.approx(expected.sum(), abs=1e-4)
            side = len(expected)
            rows = maps.spread(side)
            assert each.maps[..., place] == pytest.approx(rows @ expected @ rows.T, abs=1e-4)


@pytest.mark.parametrize("side", [1, 7, 14, 56, 15, 112])
def test_bringing_maps_to_one_grid_loses_and_adds_nothing(side: int) -> None:
    rows = maps.spread(side)
    assert rows.sum(axis=0) == pytest.approx(np.ones(side))
    assert rows.min() >= 0


def test_contributions_that_do_not_add_up_are_never_shown(tmp_path: Path) -> None:
    model = network(stages=True)
    model.save(tmp_path / "model.keras")
    vector = np.array(contributions.build(tmp_path / "model.keras")(pictures(1)))[0]
    vector[-1] += 1
    with pytest.raises(ValueError, match="do not add up"):
        maps.read(vector, CLASSES)


def test_another_output_beside_the_classes_is_let_be(tmp_path: Path) -> None:
    """As of a model that also says how familiar a picture is; Keras sorts outputs by name."""
    model, images = network(stages=True), pictures(2)
    pooled = model.get_layer("classes").input
    familiar = layers.Dense(1, activation="sigmoid", name="familiar")(pooled[:, -9:])
    both = {"probabilities": model.outputs[0], "familiar": familiar}
    found = explained(keras.Model(model.inputs[0], both), tmp_path, images)
    for each, scores in zip(found, logits(model, images), strict=True):
        assert each.method is Method.EXACT
        assert each.scores == pytest.approx(scores, abs=1e-4)


def averaged() -> Any:
    """Two networks whose answers are averaged: no sum of places gives these."""
    one, other = network(stages=True), network(stages=False)
    other = keras.models.clone_model(other)
    images = layers.Input((SIZE, SIZE, 3), dtype="uint8")
    return keras.Model(images, layers.Average()([one(images), other(images)]))


def test_what_cannot_be_taken_apart_is_refused(tmp_path: Path) -> None:
    averaged().save(tmp_path / "model.keras")
    with pytest.raises(contributions.Unexplained):
        contributions.build(tmp_path / "model.keras")


def run_of(model: Any, folder: Path) -> Path:
    folder.mkdir()
    model.save(folder / "model.keras")
    files.write_json(folder / "model.json", {"classes": CLASSES, "input_size": SIZE})
    return folder


def jpeg(pixels: np.ndarray, path: Path) -> bytes:
    Image.fromarray(pixels).save(path, "PNG")
    return path.read_bytes()


def test_a_run_is_explained_by_the_way_that_its_network_allows(tmp_path: Path) -> None:
    (picture,) = pictures(1)
    data = jpeg(picture, tmp_path / "p.png")
    for name, model, method in (
        ("exact", network(stages=True, scaled=True), Method.EXACT),
        ("hidden", network(stages=True, hidden=(8,)), Method.HIRESCAM),
        ("averaged", averaged(), Method.OCCLUSION),
    ):
        run = run_of(model, tmp_path / name)
        found = why.explain(run, data)
        assert found.method is method
        (expected,) = np.asarray(model(picture[None], training=False))
        order = np.argsort(-expected)
        assert found.classes == tuple(CLASSES[place] for place in order)
        assert found.confidence == pytest.approx(expected[order], abs=1e-4)
        assert np.array_equal(found.pixels, picture)
        assert found.heat.shape == (3, maps.GRID, maps.GRID)
    with pytest.raises(UserError, match="knows ant, bee, cat, but not “dog”"):
        why.explain(run, data, "dog")
    with pytest.raises(UserError, match="Expected a picture"):
        why.explain(run, b"no picture")


def test_occlusion_finds_the_spot_that_decides() -> None:
    """A made-up classifier that looks at one spot alone."""

    def probabilities(asked: Any) -> np.ndarray:
        reds = [picture[20:28, 4:12, 0].mean() / 255 for picture in asked]
        return np.array([[0.98 * red + 0.01, 0.99 - 0.98 * red] for red in reds])

    picture = np.full((SIZE, SIZE, 3), 30, np.uint8)
    picture[20:28, 4:12, 0] = 255
    found = maps.occluded(picture, probabilities, ("red", "other"))
    row, column = np.unravel_index(found.of(0).argmax(), (maps.GRID, maps.GRID))
    assert 20 <= (row + 0.5) * SIZE / maps.GRID < 28
    assert 4 <= (column + 0.5) * SIZE / maps.GRID < 12


def test_there_is_no_map_of_a_single_class() -> None:
    """Its score is never learned: whatever places add to it means nothing."""
    heat = np.ones((1, maps.GRID, maps.GRID), np.float32)
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    found = Why(Method.EXACT, pixels, ("mug",), (1.0,), heat)
    assert "single class" in str(found.refused(0))
    both = Why(Method.EXACT, pixels, ("mug", "cup"), (0.9, 0.1), np.concatenate([heat, heat]))
    assert both.refused(0) is None


def test_the_overlay_shows_the_picture_alone_and_the_map_at_its_place() -> None:
    pixels = np.full((480, 480, 3), 90, np.uint8)
    heat = np.zeros((14, 14))
    heat[0, 0] = 1
    heat[7, 7] = -5
    assert np.array_equal(np.asarray(drawing.overlay(pixels, heat, 0.0)), pixels)
    drawn = np.asarray(drawing.overlay(pixels, heat, 1.0)).astype(int)
    assert drawn[10, 10, 0] > 200
    assert drawn[250, 250].max() <= 90, "what speaks against it is not lit"
    assert np.array_equal(np.asarray(drawing.overlay(pixels, -heat * 0, 0.0)), pixels)


# On real weights


def scene(label: str, rng: random.Random, side: int) -> Image.Image:
    """Random shapes; the class shows in the upper left corner alone."""
    image = Image.new("RGB", (224, 224), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(10):
        x, y, r = rng.randrange(224), rng.randrange(224), rng.randrange(8, 40)
        colour = tuple(rng.randrange(256) for _ in range(3))
        rng.choice([draw.ellipse, draw.rectangle])((x - r, y - r, x + r, y + r), fill=colour)
    return corner(image, label, side)


def corner(image: Image.Image, label: str, side: int) -> Image.Image:
    draw, m, r = ImageDraw.Draw(image), side // 2, side // 3
    draw.rectangle((0, 0, side - 1, side - 1), fill=(128, 128, 128))
    if label == "disc":
        draw.ellipse((m - r, m - r, m + r, m + r), fill=(220, 40, 40))
    else:
        draw.line((m - r, m - r, m + r, m + r), fill=(40, 60, 220), width=6)
        draw.line((m - r, m + r, m + r, m - r), fill=(40, 60, 220), width=6)
    return image


@pytest.mark.exhaustive
@pytest.mark.parametrize(("side", "sees"), [(56, "stages")])
def test_the_map_lights_the_corner_where_the_only_difference_is(
    tmp_path: Path, side: int, sees: str
) -> None:
    rng = random.Random(0)
    for label in ("cross", "disc"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(40):
            scene(label, rng, side).save(tmp_path / "data" / label / f"{number}.png")
    run = Run.create(tmp_path / "run", TrainingSettings(head_sees=sees), data_name="corners")
    fit.train(run, SourceFeed(open_source(tmp_path / "data"), SplitSettings()))
    predictor = of_run(run.folder)
    cells = round(side / 224 * maps.GRID)
    peaks, shares, flips, new = 0, [], 0, random.Random(99)
    for number in range(40):
        label, other = ("cross", "disc") if number % 2 else ("disc", "cross")
        image = scene(label, new, side)
        found = why.explain(run.folder, jpeg(np.asarray(image), tmp_path / "asked.png"))
        assert found.method is Method.EXACT
        heat = np.maximum(found.heat[0], 0)
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        peaks += row < cells and column < cells
        shares.append(heat[:cells, :cells].sum() / heat.sum())
        painted_over = np.asarray(corner(image.copy(), other, side))
        said = int(predictor.probabilities([painted_over])[0].argmax())
        flips += predictor.classes[said] != found.classes[0]
    assert peaks >= 0.95 * 40
    assert np.mean(shares) >= 2.5 * (side / 224) ** 2
    assert flips >= 0.9 * 40


def test_from_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thaw_home: Path
) -> None:
    from core.cli.main import main

    run = run_of(network(stages=True), tmp_path / "run")
    asked = tmp_path / "p.png"
    jpeg(pictures(1)[0], asked)
    out = tmp_path / "why.png"
    assert main(["explain", str(run), str(asked), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["method"] == "exact"
    assert said["label"] in CLASSES
    assert Image.open(out).size == (480, 480)
    for wrong, why_not in (
        ([str(run), str(tmp_path / "gone.png"), "--out", str(out)], "cannot be read"),
        ([str(run), str(asked), "--out", str(tmp_path / "no" / "x.png")], "cannot be written"),
        ([str(run), str(asked), "--out", str(tmp_path / "x.nothing")], "cannot be written"),
        ([str(run), str(asked), "--out", str(out), "--label", "dog"], "but not “dog”"),
        ([str(run), str(asked), "--out", str(out), "--strength", "2"], "from 0 to 1"),
    ):
        assert main(["explain", *wrong]) == 2
        assert why_not in capsys.readouterr().err
