"""Real networks in every format: exported in a terminal, unpacked, and run with nothing but what
the zip says that it needs."""

import io
import json
import re
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

from core.cli.main import main
from core.datasets.samples import samples
from core.exports import table
from core.exports.lesson import rehearser
from core.exports.table import Precision
from core.results import predictor
from tests.exports import alone, in_c

pytestmark = [pytest.mark.timeout(1800), pytest.mark.usefixtures("weights")]

PER_CLASS = 12
NETWORKS: dict[str, tuple[str, ...]] = {
    "all frozen": (),
    "last features": ("--head-sees", "last", "--dense", "16"),
    "partly thawed": ("--frozen-layers", "120", "--epochs", "1"),
    "every layer thawed": ("--frozen-layers", "0", "--epochs", "1", "--square", "pad"),
    "two networks": ("--beside", "efficientnet_lite2"),
    "another family": ("--backbone", "mobilenet", "--alpha", "0.25", "--square", "crop"),
    "for a board": ("--backbone", "mobilenet_96", "--square", "crop"),
    "a sealed module": ("--backbone", "hub-mobilenet-v1-025-224-feature-vector"),
    "from scratch": ("--backbone", "resnet18", "--weights", "random", "--epochs", "1"),
}
OF_THE_MATERIAL = ("another family", "for a board", "a sealed module")
SMALL = ("another family", "for a board")  # the others are too large for a microcontroller
REFUSED = {("a sealed module", "keras"): "contains a TensorFlow Hub module"}
DAILY = ("all frozen", "litert")


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawings")
    samples.write("sketches", folder)
    for file in folder.rglob("*.png"):
        if int(file.stem.rpartition("-")[2]) > PER_CLASS:
            file.unlink()
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def weights(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, thaw_home: Path
) -> None:
    if any(name in request.node.name for name in OF_THE_MATERIAL):
        material = request.getfixturevalue("material")
        monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
        if "sealed" in request.node.name:
            module = material / "hub_style" / "mobilenet_v1_025_224_feature_vector"
            assert main(["backbones", "--add", str(module)]) == 0


def trained(runs: Path, drawings: Path, network: str, *, test: bool = True) -> Path:
    folder = runs / f"{network.replace(' ', '-')}-{test}"
    if not folder.exists():
        options = (*NETWORKS[network], *(("--test", "0.25") if test else ()))
        assert main(["train", str(drawings), "--run", str(folder), *options]) == 0
    return folder


def _cases() -> list[Any]:
    return [
        pytest.param(
            network,
            name,
            marks=pytest.mark.slow if (network, name) == DAILY else pytest.mark.exhaustive,
        )
        for network in NETWORKS
        for name, format in table.FORMATS.items()
        if format.scripts  # for the web page, see test_web_page.py
        if name != "arduino" or network in SMALL
        if (network, name) not in REFUSED
    ]


def exported(run: Path, drawings: Path, there: Path, name: str, *options: str) -> Path:
    """The folder that an export unpacks to; what the command says of it is printed."""
    archive = there / "out.zip"
    asked = ["export", str(run), "--format", name, "--out", str(archive), *options]
    assert main([*asked, "--pictures", str(drawings), "--json"]) == 0
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(there / "there")
    (folder,) = (there / "there").iterdir()
    return folder


@pytest.mark.parametrize(("network", "name"), _cases())
def test_it_answers_as_in_thaw(
    runs: Path,
    drawings: Path,
    tmp_path: Path,
    network: str,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = trained(runs, drawings, network)
    capsys.readouterr()
    folder = exported(run, drawings, tmp_path, name, "--with-pictures")
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    precision = table.find(name).precision
    assert found["proof"]["held_out"]
    if precision is Precision.FLOAT32:
        assert found["agreement"] == 1
        assert found["largest_difference"] <= 1e-3
        assert found["proof"]["from_file"]["same"] >= 0.99
    elif precision is Precision.FLOAT16:
        assert found["agreement"] >= 0.995
    else:
        fell = found["proof"]["accuracy"] - found["accuracy"]
        assert fell <= 0.01 or found["proof"]["warnings"]
    python = alone.environment(tmp_path / "venv", folder / "requirements.txt")
    assert alone.called(python, folder, "-c", "import core").returncode
    checked = alone.called(python, folder, "check.py")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "5 of 5 answers are as in Thaw." in checked.stdout
    if name == "arduino" and in_c.COMPILER:
        assert_the_sketch_agrees(run, folder)
    named = alone.called(python, folder, "predict.py", "samples/1.jpg")
    assert json.loads(named.stdout)["label"] in samples.SAMPLES["sketches"].classes


@pytest.mark.exhaustive
@pytest.mark.parametrize(("network", "name"), REFUSED)
def test_what_cannot_be_exported_is_refused_in_words(
    runs: Path,
    drawings: Path,
    tmp_path: Path,
    network: str,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = trained(runs, drawings, network)
    out = tmp_path / "out.zip"
    asked = ["export", str(run), "--format", name, "--out", str(out), "--pictures", str(drawings)]
    assert main(asked) != 0
    assert REFUSED[network, name] in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["python", "notebook"])
@pytest.mark.parametrize("network", ["all frozen", "partly thawed", "another family"])
def test_the_code_is_as_accurate_with_nothing_but_its_requirements(
    runs: Path,
    drawings: Path,
    tmp_path: Path,
    network: str,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = trained(runs, drawings, network, test=False)
    capsys.readouterr()
    folder = exported(run, drawings, tmp_path, name)
    proof = json.loads(capsys.readouterr().out.splitlines()[-1])["proof"]
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for file in drawings.rglob("*.png"):
            archive.write(file, file.relative_to(drawings))
    python = alone.environment(tmp_path / "venv", folder / "requirements.txt")
    code = str(table.find(name).lesson)
    command = [str(rehearser.__file__), code] if name == "notebook" else [code]
    done = alone.called(python, folder, *command)
    assert done.returncode == 0, done.stderr
    told = re.search(r"^accuracy: ([0-9.]+) of (\d+) pictures$", done.stdout, re.MULTILINE)
    assert told is not None, done.stdout
    assert int(told[2]) == proof["pictures"]
    assert abs(float(told[1]) - proof["accuracy"]) <= max(0.02, 1 / proof["pictures"]) + 1e-6


def assert_the_sketch_agrees(run: Path, folder: Path) -> None:
    """Frames of a camera, prepared and answered in C, with LiteRT in place of the board's runtime.

    Where TensorFlow Lite Micro is installed, it runs the network too, in the memory that the
    sketch gives it.
    """
    sketch = folder / "thaw_sketch"
    told = json.loads((folder / "proof.json").read_text())
    prepare = in_c.compiled(sketch, in_c.PREPARE).rename(sketch / "prepare")
    tell = in_c.compiled(sketch, in_c.TELL)
    interpreter = Interpreter(
        str(folder / "model.tflite"), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()
    header = (sketch / "model.h").read_text()
    places = {
        name: int(re.search(rf"NETWORK_{name.upper()} (\d+)", header)[1])  # type: ignore[index]
        for name in ("probabilities", "familiar")
    }
    ours = predictor.of_run(run)
    for picture in sorted((folder / "samples").glob("*.jpg")):
        image = Image.open(picture).convert("RGB").resize((320, 240))
        frame = in_c.given((320, 240), False, image.tobytes())
        pixels = np.frombuffer(in_c.answered(prepare, frame).stdout, np.int8)
        interpreter.set_tensor(taken["index"], pixels.reshape(taken["shape"]))
        interpreter.invoke()
        outputs = [interpreter.get_tensor(each["index"])[0] for each in given]
        numbers = [np.ravel(outputs[places[name]]) for name in ("familiar", "probabilities")]
        said = in_c.answered(tell, np.concatenate(numbers).astype(np.int8).tobytes())
        label, rest = said.stdout.decode().split("\n")[:2]
        png = io.BytesIO()
        image.save(png, "PNG")
        (thaws,) = ours.predict([("frame.png", png.getvalue())], top=1)
        assert label == thaws.label
        assert float(rest.split()[0]) == pytest.approx(thaws.confidence, abs=0.15)
        if find_spec("tflite_micro"):
            memory = told["needs"]["ram"]
            assert_micro_agrees(folder, memory, pixels.reshape(taken["shape"]), outputs)


def assert_micro_agrees(
    folder: Path, memory: int, pixels: np.ndarray, outputs: list[np.ndarray]
) -> None:
    from tflite_micro import runtime  # type: ignore[import-not-found]

    network = runtime.Interpreter.from_file(str(folder / "model.tflite"), arena_size=memory)
    network.set_input(pixels, 0)
    network.invoke()
    for place, expected in enumerate(outputs):
        found = network.get_output(place)[0].astype(int)
        np.testing.assert_array_equal(found, expected)
