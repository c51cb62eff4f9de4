"""What Thaw uses of OpenVINO beyond its documented interface: when an upgrade changes it, this says
which of it, where, and what it is for."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.frontend import FrontEndManager

from core.backbones.frameworks import tf

ROOT = Path(__file__).parents[2]


def test_the_graph_iterator_by_which_a_tensorflow_function_gets_into_openvino() -> None:
    """`engine._convert`. Without it there is `ov.convert_model`, if that works on Python 3.13."""
    from openvino.frontend.tensorflow.graph_iterator import GraphIteratorTFGraph

    taken = list(inspect.signature(GraphIteratorTFGraph).parameters)
    assert taken[:2] == ["tf_graph", "share_weights"]
    frontend = FrontEndManager().load_by_framework("tf")
    assert frontend is not None
    weights = tf.Variable(np.arange(3, dtype=np.float32))
    function = tf.function(lambda image: tf.cast(image, tf.float32) * weights)
    concrete = function.get_concrete_function(tf.TensorSpec((1, 3), tf.uint8))
    iterator = GraphIteratorTFGraph(concrete.graph, True)
    graph = frontend.convert(frontend.load(iterator, True))
    (answer,) = ov.Core().compile_model(graph, "CPU")(np.array([[4, 5, 6]], np.uint8)).values()
    np.testing.assert_array_equal(answer, [[0, 5, 12]])


def test_the_telemetry_that_is_kept_out() -> None:
    """`engine` hides `openvino_telemetry`; OpenVINO then takes a stub that sends nothing.

    If this fails, OpenVINO reports under another name: find it before anything is released.
    """
    code = (
        "from core.network import engine; from openvino.tools.ovc import convert_impl as made; "
        "print(made.tm.Telemetry.__module__)"
    )
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert said.stdout.strip() == "openvino.tools.ovc.telemetry_stub", said.stderr


def test_the_kernel_that_tells_whether_bfloat16_pays() -> None:
    """`engine.feature_precision` reads `primitiveType` of each node of the compiled graph."""
    image: Any = ops.parameter([1, 64, 8, 8], ov.Type.f32)
    kernels = np.ones((64, 64, 1, 1), np.float32)
    convolution = ops.convolution(image, kernels, [1, 1], [0, 0], [0, 0], [1, 1])
    compiled = ov.Core().compile_model(
        ov.Model([convolution], [image]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    kernel = [
        str(node.get_rt_info()["primitiveType"].value)
        for node in compiled.get_runtime_model().get_ops()
        if node.get_rt_info()["layerType"].value == "Convolution"
    ]
    assert len(kernel) == 1
    assert kernel[0].endswith("f32")


def test_the_requests_that_run_at_once() -> None:
    """`OPTIMAL_NUMBER_OF_INFER_REQUESTS` of a compiled graph sets the length of the queue."""
    image = ops.parameter([1, 2], ov.Type.f32)
    compiled = ov.Core().compile_model(ov.Model([ops.relu(image)], [image]), "CPU")
    assert compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") >= 1
