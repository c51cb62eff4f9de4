"""Real networks in every format: exported in a terminal, unpacked, and run with nothing but what
the zip says that it needs."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import main
from core.datasets.samples import samples
from core.exports import table
from core.exports.table import Precision
from tests.exports import alone

pytestmark = [pytest.mark.timeout(1800), pytest.mark.usefixtures("weights")]

PER_CLASS = 12
NETWORKS: dict[str, tuple[str, ...]] = {
    "all frozen": (),
    "last features": ("--head-sees", "last", "--dense", "16"),
    "partly thawed": ("--frozen-layers", "120", "--epochs", "1"),
    "every layer thawed": ("--frozen-layers", "0", "--epochs", "1", "--square", "pad"),
    "another family": ("--backbone", "mobilenet", "--alpha", "0.25", "--square", "crop"),
    "from scratch": ("--backbone", "resnet18", "--weights", "random", "--epochs", "1"),
}
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
def weights(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "another family" in request.node.name:
        material = request.getfixturevalue("material")
        monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))


def trained(runs: Path, drawings: Path, network: str) -> Path:
    folder = runs / network.replace(" ", "-")
    if not folder.exists():
        options = NETWORKS[network]
        assert main(["train", str(drawings), "--run", str(folder), "--test", "0.25", *options]) == 0
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
    ]


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
    asked = ["export", str(run), "--format", name, "--out", str(tmp_path / "out.zip")]
    assert main([*asked, "--pictures", str(drawings), "--with-pictures", "--json"]) == 0
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
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        archive.extractall(tmp_path / "there")
    (folder,) = (tmp_path / "there").iterdir()
    python = alone.environment(tmp_path / "venv", folder / "requirements.txt")
    assert alone.called(python, folder, "-c", "import core").returncode
    checked = alone.called(python, folder, "check.py")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "5 of 5 answers are as in Thaw." in checked.stdout
    named = alone.called(python, folder, "predict.py", "samples/1.jpg")
    assert json.loads(named.stdout)["label"] in samples.SAMPLES["sketches"].classes
