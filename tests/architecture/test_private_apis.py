"""What Thaw uses of other packages beyond what they promise: an upgrade that breaks it is named.

Each row is one use; its id says whose it is and where. A row that fails after an upgrade names the
file to look at.
"""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _has(owner: str, *names: str) -> Callable[[], None]:
    def look() -> None:
        module, _, inner = owner.partition(":")
        found = importlib.import_module(module)
        for part in filter(None, inner.split(".")):
            found = getattr(found, part)
        missing = [name for name in names if not hasattr(found, name)]
        assert not missing, f"{owner} has no {missing} any more"

    return look


def _takes(owner: str, function: str, *names: str) -> Callable[[], None]:
    def look() -> None:
        module, _, inner = owner.partition(":")
        found = getattr(importlib.import_module(module), inner)
        given = list(inspect.signature(getattr(found, function)).parameters)
        assert given[: len(names)] == list(names), f"{owner}.{function} takes {given}"

    return look


def _keras_nodes() -> None:
    from core.backbones.frameworks import keras

    first = keras.Input((4,))
    layer = keras.layers.Dense(2)
    model = keras.Model(first, layer(first))
    (node,) = layer._inbound_nodes
    assert [tensor.shape for tensor in node.input_tensors] == [(None, 4)]
    assert layer._outbound_nodes == []
    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    assert layer in [node.operation for node in nodes]
    assert layer in list(model._flatten_layers())


def _openvino_kernel_names() -> None:
    from core.network import engine

    core = engine.ov.Core()
    image = engine.ops.parameter([1, 4], engine.ov.Type.f32)
    compiled = core.compile_model(engine.ov.Model([engine.ops.relu(image)], [image]), "CPU")
    nodes = compiled.get_runtime_model().get_ops()
    assert any("primitiveType" in node.get_rt_info() for node in nodes)


def _openvino_telemetry_stub() -> None:
    import sys

    import core.network.engine  # noqa: F401

    assert sys.modules["openvino_telemetry"] is None
    module = importlib.import_module("openvino.tools.ovc.telemetry_utils")
    source = inspect.getsource(module)
    assert "telemetry_stub" in source, "OpenVINO reports by another way"


def _pillow_open() -> None:
    from PIL import Image

    Image.init()
    factory, accept = Image.OPEN["PNG"]
    assert callable(factory)
    assert accept is not None
    assert accept(b"\x89PNG\r\n\x1a\n")


def _streamlit_script_state() -> None:
    import streamlit

    static = Path(streamlit.__file__).parent / "static"
    scripts = static.rglob("*.js")
    assert any("data-test-script-state" in path.read_text("utf-8") for path in scripts)


def _streamlit_address_of_the_server() -> None:
    from streamlit import file_util

    static = Path(file_util.get_static_dir())
    assert (static / "index.html").read_text("utf-8").count("<head>") == 1
    scripts = [path.read_text("utf-8") for path in static.rglob("index.*.js")]
    assert any("window.__streamlit" in each and "BACKEND_BASE_URL" in each for each in scripts)


USES: dict[str, Callable[[], None]] = {
    "dask valid_workers, core/jobs/cluster/plugins.py": _takes(
        "distributed:Scheduler", "valid_workers", "self", "ts"
    ),
    "dask waiting tasks, core/jobs/cluster/plugins.py": _takes(
        "distributed:Scheduler", "bulk_schedule_unrunnable_after_adding_worker", "self", "ws"
    ),
    "dask transitions, core/jobs/cluster/plugins.py": _takes(
        "distributed:Scheduler", "transitions", "self", "recommendations", "stimulus_id"
    ),
    "dask worker resources, core/jobs/cluster/plugins.py": _has(
        "distributed.scheduler:WorkerState", "resources", "used_resources"
    ),
    "dask task resources, core/jobs/cluster/plugins.py": _has(
        "distributed.scheduler:TaskState", "resource_restrictions", "state"
    ),
    "dask forkserver, core/jobs/cluster/program.py": _has(
        "distributed.utils", "_forkserver_preload_set"
    ),
    "dask nanny, core/jobs/cluster/program.py": _has("distributed:Nanny", "finished", "status"),
    "dask task status, core/jobs/queue.py": _has("distributed:Scheduler", "get_task_status"),
    "keras nodes, core/network": _keras_nodes,
    "openvino kernels, core/network/engine.py": _openvino_kernel_names,
    "openvino telemetry, core/network/engine.py": _openvino_telemetry_stub,
    "pillow Image.OPEN, core/intake/pictures/images.py": _pillow_open,
    "streamlit App, streamlit_app.py": _has("streamlit", "App"),
    "streamlit Page, pages/parts/shared/rail.py": _has("streamlit.navigation.page", "Page"),
    "streamlit address of the server, pages/parts/shell": _streamlit_address_of_the_server,
    "streamlit script state, tests/browser": _streamlit_script_state,
}


@pytest.mark.parametrize("use", USES)
def test_what_is_used_beyond_what_is_promised_is_there(use: str) -> None:
    USES[use]()
