"""TensorFlow Hub modules that the server's owner adds to the catalogue."""

import functools
import json
import logging
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.backbone import HubModule, Preprocessing
from core.backbones.catalogue.rows import (
    BACKBONES,
    all_backbones,
    backbone_named,
    backbone_of,
)
from core.backbones.frameworks import tf
from core.backbones.hub import hub_modules
from core.backbones.weights import weights
from core.cli import main as terminal
from core.errors import UserError
from core.settings import TrainingSettings
from core.storage import home

URL = "https://tfhub.dev/google/imagenet/mobilenet_v1_025_224/feature_vector/5"
NAME = "hub-tfhub-dev-google-imagenet-mobilenet-v1-025-224-feature-vector-5"


def table(features: int = 5, trainable: int = 20, fixed: int = 5) -> dict[str, Any]:
    """What `hub.described` would say, less the input size."""
    module = ["module", "SealedModule", [[trainable], [fixed]], trainable, 0, features]
    return {
        "features": features,
        "layers": [["input", "InputLayer", [], 0, 0, 3072], module],
        "blocks": [["module", 0, 1, "whole things"]],
        "shared": 2,
        "head": [],
    }


def no_report(done: int, total: int) -> None:
    pass


def test_nothing_was_added_yet() -> None:
    assert hub_modules.added() == {}
    assert all_backbones() == BACKBONES


def test_what_was_added_is_in_the_catalogue() -> None:
    classes = HubModule("https://tfhub.dev/google/imagenet/mobilenet_v1_025_224/classification/5")
    row = hub_modules.add(HubModule(URL), "MobileNet of ours", 32, table(), classes)
    assert all_backbones() == BACKBONES | {NAME: row}
    assert backbone_named(NAME) == row
    assert (row.name, row.title, row.input_size, row.features) == (NAME, "MobileNet of ours", 32, 5)
    assert row.preprocessing is Preprocessing.UNIT
    assert (row.weights, row.head) == (HubModule(URL), classes)
    assert row.sealed
    assert row.can_thaw
    assert row.parameters == 25
    assert [block.name for block in row.blocks] == ["module"]
    assert [path.name for path in home.hub().iterdir()] == [f"{NAME}.json"]


def test_a_module_may_have_no_classes() -> None:
    row = hub_modules.add(HubModule(URL), "Ours", 32, table())
    assert row.head is None
    assert backbone_named(NAME).head is None


def test_a_run_may_start_from_it() -> None:
    hub_modules.add(HubModule(URL), "Ours", 32, table())
    assert backbone_of(TrainingSettings(backbone=NAME)).title == "Ours"
    assert backbone_of(TrainingSettings(backbone=NAME, frozen_layers=0)).title == "Ours"


def test_one_that_cannot_learn_only_stays_frozen() -> None:
    row = hub_modules.add(HubModule(URL), "Ours", 32, table(trainable=0, fixed=25))
    assert not row.can_thaw
    assert backbone_of(TrainingSettings(backbone=NAME)) == row
    with pytest.raises(UserError, match="Ours was published without what training needs"):
        backbone_of(TrainingSettings(backbone=NAME, frozen_layers=0))


def test_the_same_module_again_takes_its_place() -> None:
    hub_modules.add(HubModule(URL), "Before", 32, table(features=5))
    assert backbone_named(NAME).features == 5
    hub_modules.add(HubModule(URL), "After", 64, table(features=7))
    row = backbone_named(NAME)
    assert (row.title, row.input_size) == ("After", 64)
    assert row.features == 7
    assert len(hub_modules.added()) == 1


def test_two_folders_with_the_same_last_name_are_two_modules(tmp_path: Path) -> None:
    handles = [HubModule(str(tmp_path / name / "feature_vector")) for name in ("one", "two")]
    rows = [hub_modules.add(handle, "Ours", 32, table()) for handle in handles]
    assert {row.weights for row in hub_modules.added().values()} == set(handles)
    assert rows[0].name != rows[1].name


def test_two_addresses_that_differ_in_their_signs_are_two_modules() -> None:
    handles = [HubModule(f"https://example.org/a{sign}b/1") for sign in "/-"]
    for handle in handles:
        hub_modules.add(handle, "Ours", 32, table())
    assert {row.weights for row in hub_modules.added().values()} == set(handles)


HANDLES = [
    URL,
    "google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2",
    "https://example.org/../../etc/passwd",
    "https://example.org/a?b=../c&d=%2e%2e%2f#e",
    "http://../..",
    "../../planted",
    "..\\..\\planted",
    "C:\\planted",
    "file:///etc/passwd",
    "/../../planted",
    "/etc/passwd",
    "nul\0byte",
    "line\nbreak",
    "猫/模型",
    "x" * 5000,
    "x/" * 3000,
    "猫" * 200,
    "https://",
    "/",
    "/some/folder/___",
    "...",
]


@pytest.mark.parametrize("handle", HANDLES, ids=lambda handle: ascii(handle)[:60])
def test_a_name_made_from_a_handle_is_a_plain_name(
    thaw_home: Path, tmp_path: Path, handle: str
) -> None:
    row = hub_modules.add(HubModule(handle), "Ours", 32, table())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [
        thaw_home / "hub" / f"{row.name}.json"
    ]
    assert row.name.replace("-", "").isalnum()
    assert len(row.name.encode()) <= 255 - len(".json")
    assert hub_modules.added() == {row.name: row}
    assert HubModule(handle).file.replace("-", "").isalnum()


def test_a_handle_that_is_no_address_is_told_when_it_is_wanted() -> None:
    row = hub_modules.add(HubModule("../../planted"), "Ours", 32, table())
    assert not weights.ready_offline(row)
    with pytest.raises(UserError, match="Expected the handle of a TensorFlow Hub module"):
        weights.obtain(row, no_report)


def facts(**changed: Any) -> bytes:
    whole = {"title": "Ours", "handle": URL, "classes": None, "input_size": 32}
    return json.dumps(whole | table() | changed).encode()


def without(*names: str) -> bytes:
    whole = json.loads(facts())
    return json.dumps({name: whole[name] for name in whole if name not in names}).encode()


DAMAGED = {
    "empty": b"",
    "text": b"not JSON",
    "cut off": facts()[:100],
    "no UTF-8": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"5",
    "nothing": b"null",
    "an empty object": b"{}",
    "brackets without end": b"[" * 100_000,
    "no title": without("title"),
    "no handle": without("handle"),
    "no size": without("input_size"),
    "no classes": without("classes"),
    "no layers": without("layers"),
    "a size in words": facts(input_size="large"),
    "an unknown level": facts(blocks=[["module", 0, 1, "smells"]]),
    "a short layer": facts(layers=[["input", "InputLayer"]]),
    "a long layer": facts(layers=[["input", "InputLayer", [], 0, 0, 0, 0, 0]]),
    "layers in words": facts(layers="two"),
    "a shape in words": facts(layers=[["input", "InputLayer", [["wide"]], 0, 0, 3072]]),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_entry_is_left_out_and_said(
    content: bytes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    row = hub_modules.add(HubModule(URL), "Ours", 32, table())
    (home.hub() / "hub-damaged.json").write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="thaw"):
        assert all_backbones() == BACKBONES | {NAME: row}
    assert "hub-damaged.json is damaged and left out of the catalogue" in caplog.text
    assert terminal.main(["backbones"]) == 0
    listed = [line.partition("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == ["name", *BACKBONES, NAME]


def test_other_files_beside_the_entries_are_not_looked_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = hub_modules.add(HubModule(URL), "Ours", 32, table())
    (home.hub() / "README.txt").write_text("Notes of the owner")
    (home.hub() / "folder").mkdir()
    assert hub_modules.added() == {NAME: row}
    assert caplog.text == ""


def test_none_of_these_takes_the_place_of_a_network_of_the_catalogue() -> None:
    for name in BACKBONES:
        hub_modules.add(HubModule(name), "Ours", 32, table())
    assert {name: all_backbones()[name] for name in BACKBONES} == BACKBONES


# The command


def saved(folder: Path, outputs: int = 5) -> Path:
    """A module that gives multiples of the mean of each picture."""
    root = tf.train.Checkpoint()
    root.scale = tf.Variable(np.arange(outputs, dtype=np.float32), name="scale")
    root.variables = root.trainable_variables = [root.scale]
    root.__call__ = tf.function(
        lambda inputs: tf.reduce_mean(inputs, (1, 2, 3))[:, None] * root.scale
    )
    root.__call__.get_concrete_function(tf.TensorSpec([None, 32, 32, 3], tf.float32))
    tf.saved_model.save(root, str(folder))
    return folder


@pytest.mark.slow
def test_a_folder_is_added_and_used_from_where_it_lies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "My module")
    classes = saved(tmp_path / "classes", 1001)
    command = ["backbones", "--add", str(folder), "--title", "Ours", "--classes", str(classes)]
    assert terminal.main([*command, "--json"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "hub-my-module\t5 features\t32 px\tcan be thawed whole"
    assert json.loads(lines[1])["added"]["name"] == "hub-my-module"
    row = backbone_named("hub-my-module")
    assert row.title == "Ours"
    assert weights.find(row) == folder
    assert weights.find(row, head=True) == classes
    body = load.load(row, weights.obtain(row, no_report))
    pictures = np.full((2, 32, 32, 3), 0.5, np.float32)
    np.testing.assert_allclose(np.asarray(body(pictures)), [np.arange(5) / 2] * 2)
    assert load.load(row, classes, top=True).output_shape == (None, 1000)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a small module's archive."""
    module = saved(tmp_path / "module")
    (tmp_path / "site").mkdir()
    with tarfile.open(tmp_path / "site/module.tar.gz", "w:gz") as archive:
        archive.add(module, ".")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(Quiet, directory=tmp_path / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}/module.tar.gz"
        serving.shutdown()
        thread.join()


def test_an_address_is_added_and_kept_for_later(
    published: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.main(["backbones", "--add", published]) == 0
    name = capsys.readouterr().out.partition("\t")[0]
    (tmp_path / "site/module.tar.gz").unlink()
    row = backbone_named(name)
    assert row.weights == HubModule(published)
    folder = weights.obtain(row, no_report)
    assert folder.is_relative_to(home.cache())
    assert load.load(row, folder).output_shape == (None, 5)


def mistake(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is told in one line; nothing is added."""
    assert terminal.main(["backbones", "--add", *arguments]) == 2
    assert hub_modules.added() == {}
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


def test_what_is_no_handle_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Expected the handle of a TensorFlow Hub module" in mistake(["mobilenet"], capsys)


def test_an_address_without_https_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    told = mistake(["http://example.org/module.tar.gz"], capsys)
    assert "Expected an address that begins with https://" in told
    assert "'http://example.org/module.tar.gz'" in told


def test_a_folder_without_a_module_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    told = mistake([str(tmp_path / "photos")], capsys)
    assert "a folder with a saved_model.pb, but photos has none" in told


def test_an_address_with_nothing_behind_it_is_told(
    published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = mistake([published.replace("module.tar", "other.tar")], capsys)
    assert "could not be downloaded: the server answered 404" in told


def test_classes_that_are_not_those_of_imagenet_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "module")
    told = mistake([str(folder), "--classes", str(saved(tmp_path / "classes", 10))], capsys)
    assert "1000 or 1001 classes, but" in told
    assert "gives 10 numbers" in told


def test_an_added_folder_that_is_gone_leaves_the_catalogue_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = hub_modules.add(HubModule(str(tmp_path / "gone")), "Ours", 32, table())
    assert not weights.ready_offline(row)
    assert terminal.main(["backbones"]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("hub-gone\t")]
    assert "ready" not in line
    assert "download" not in line  # there is nowhere to download it from


@pytest.mark.exhaustive
def test_real_modules_are_added(material: Path, capsys: pytest.CaptureFixture[str]) -> None:
    style = material / "hub_style"
    features = style / "mobilenet_v1_025_224_feature_vector"
    classes = style / "mobilenet_v1_025_224_classification"
    assert terminal.main(["backbones", "--add", str(features), "--classes", str(classes)]) == 0
    name, *said = capsys.readouterr().out.rstrip().split("\t")
    assert name == "hub-mobilenet-v1-025-224-feature-vector"
    assert said == ["256 features", "224 px", "stays frozen"]
    row = backbone_named(name)
    assert not row.can_thaw
    assert weights.find(row, head=True) == classes
