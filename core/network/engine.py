"""Runs a network that no longer changes, as fast as this machine can.

That is the frozen part during training, and the whole network once it is trained. OpenVINO runs it
on the CPU, at twice TensorFlow's speed and the same float32 numbers. It takes one image at a time
and answers in any order. (Where there is a GPU, that runs the frozen part: `gpu.py`.)

Features may be computed in bfloat16, which is faster still where the processor has it. What they
lose by it is less than chance (benchmarks/README.md); predictions stay in float32.
"""

import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import numpy as np

from core.intake import room
from core.storage import files, home

# OpenVINO's converter reports to Google Analytics and writes an id into the home folder unless
# its telemetry module cannot be imported; it then uses a stub.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino as ov  # noqa: E402
from openvino import opset13 as ops  # noqa: E402
from openvino.frontend import FrontEndManager  # noqa: E402

# OpenVINO fills tables when it first meets an array. Two threads that do so at once can each wait
# for what the other has, forever; an import is one thread's.
ov.Tensor(np.zeros(1, np.uint8)).data  # noqa: B018

Answer = Callable[[str, np.ndarray], None]
Result = TypeVar("Result")
FLOAT32, BFLOAT16 = "float32", "bfloat16"
HINTS = {FLOAT32: "f32", BFLOAT16: "bf16"}
_GRAPHS_KEPT = 20


class Engine(Protocol):
    """What runs images through a network. One thread at a time uses it.

    Images are uint8 [size, size, 3].
    """

    def submit(self, key: str, pixels: np.ndarray) -> None:
        """Take one image; waits while the machine has enough to do."""

    def wait(self) -> None:
        """Return when every submitted image has been answered, or raise what went wrong."""


@cache
def feature_precision() -> str:
    """What features are computed with: bfloat16 where that is faster on this processor.

    It is with Intel's AMX, and with the AVX512-BF16 of AMD, which does twice as many operations in
    bfloat16 as in float32. Intel's AVX512-BF16 does not: without AMX, networks took 1.7 to 1.9
    times as long as in float32 (benchmarks/README.md).
    """
    core = ov.Core()
    if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return FLOAT32
    if core.get_property("CPU", "FULL_DEVICE_NAME").startswith("AMD "):
        return BFLOAT16
    # OpenVINO does not tell of AMX, but how it would compute something small.
    image, kernels = ops.parameter([1, 64, 8, 8], ov.Type.f32), np.ones((64, 64, 1, 1), np.float32)
    convolution = ops.convolution(image, kernels, [1, 1], [0, 0], [0, 0], [1, 1])
    trial = core.compile_model(
        ov.Model([convolution], [image]), "CPU", {"INFERENCE_PRECISION_HINT": HINTS[BFLOAT16]}
    )
    done_by = [
        str(node.get_rt_info()["primitiveType"].value)
        for node in trial.get_runtime_model().get_ops()
        if "primitiveType" in node.get_rt_info()
    ]
    return BFLOAT16 if any("amx" in kernel for kernel in done_by) else FLOAT32


def name() -> str:
    """What computes: part of every cache key."""
    return f"openvino {ov.__version__}"


def compile_model(
    key: str, build: Callable[[], Any], answer: Answer, precision: str = FLOAT32
) -> Engine:
    """Make a network ready to run.

    Args:
        key: The graph's cache key: all that its numbers depend on.
        build: Makes the Keras model, from uint8 images [N, size, size, 3] to float32
            [N, ...]. It is not called when the converted graph is in the cache, so TensorFlow
            stays out of it.
        answer: Told the key of each image and its float32 output [...], from any thread.
        precision: What it computes with; bfloat16 only where `feature_precision` says so.

    Raises:
        OSError: There is no room for the converted graph.
    """
    return _OpenVinoEngine(compiled(key, build, precision), answer)


def compiled(key: str, build: Callable[[], Any], precision: str = FLOAT32) -> "Compiled":
    """The same network for callers who each want their own answer."""
    return Compiled(_graph(key, build), precision)


def is_converted(key: str) -> bool:
    """Whether a graph is in the cache (it may still turn out to be damaged)."""
    return (home.graphs() / key).is_dir()


def join(key: str, parts: Sequence[tuple[str, Callable[[], Any]]], behind: Any) -> None:
    """Make a graph of others: what they say of one image, side by side, goes through more.

    Where those are converted it takes a tenth of the time that it takes to convert all of it.

    Args:
        key: The cache key of the graph to be.
        parts: Key and `build`, as for `compile_model`, of those from an image to one row of
            numbers.
        behind: A Keras model of such rows, side by side.

    Raises:
        OSError: There is no room for it.
    """
    graphs = [_graph(*part) for part in parts]
    images, *same = (graph.get_parameters()[0] for graph in graphs)
    for other in same:
        other.output(0).replace(images.output(0))
    rows = [graph.get_results()[0].input_value(0) for graph in graphs]
    last = _convert(behind)
    last.get_parameters()[0].output(0).replace(ops.concat(rows, 1).output(0))
    room.ready(sum((home.graphs() / part / home.GRAPH_WEIGHTS).stat().st_size for part, _ in parts))
    _keep(key, ov.Model(last.get_results(), [images]))


def _graph(key: str, build: Callable[[], Any]) -> Any:
    """The converted graph, from the cache or made and put there."""
    graph = _read(key)
    if graph is None:
        model = build()
        room.ready(model.count_params() * 4)  # OpenVINO itself would not say that the disk is full
        _keep(key, _convert(model))
        # What was converted shares its weights with the Keras model. Once that is gone, they are
        # whatever comes to lie in that memory: so the model stays until here, and the file is read.
        del model
        graph = ov.Core().read_model(home.graphs() / key / home.GRAPH)
    return graph


def _read(key: str) -> Any | None:
    """A graph from the cache, if it is there and undamaged."""
    folder = home.graphs() / key
    if not folder.is_dir():
        return None
    try:
        if (folder / home.DIGEST).read_text() != _digest(folder):
            raise ValueError("not what was written")
        graph = ov.Core().read_model(folder / home.GRAPH)
        os.utime(folder)  # the oldest are dropped first
        return graph
    except (RuntimeError, ValueError, OSError):
        files.remove(folder)
        return None


def _keep(key: str, graph: Any) -> None:
    """Put a graph into the cache."""
    home.graphs().mkdir(parents=True, exist_ok=True)
    with files.replacing(home.graphs() / key) as aside:
        aside.mkdir()
        ov.save_model(graph, aside / home.GRAPH, compress_to_fp16=False)
        (aside / home.DIGEST).write_text(_digest(aside))
    _drop_oldest()


def _digest(folder: Path) -> str:
    """Of both files of a graph: OpenVINO itself would not notice a flipped bit in a weight."""
    digest = hashlib.sha256()
    for name in (home.GRAPH, home.GRAPH_WEIGHTS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _convert(model: Any) -> Any:
    """An OpenVINO graph of the same numbers, for one image at a time."""
    from core.backbones.frameworks import tf

    taken_in = model.inputs[0]
    function = tf.function(lambda images: model(images, training=False), autograph=False)
    shape = tf.TensorSpec((1, *taken_in.shape[1:]), taken_in.dtype)
    concrete = function.get_concrete_function(shape)
    # What `ov.convert_model` does inside. On Python 3.13 that function fails before it gets here:
    # it imports TensorFlow with `exec` and expects a local variable.
    from openvino.frontend.tensorflow.graph_iterator import GraphIteratorTFGraph

    frontend = FrontEndManager().load_by_framework("tf")
    iterator = GraphIteratorTFGraph(concrete.graph, True)  # True: weights are not copied
    return frontend.convert(frontend.load(iterator, True))


def _drop_oldest() -> None:
    with suppress(FileNotFoundError):  # somebody empties the cache just now
        folders = [f for f in home.graphs().iterdir() if not f.name.startswith(".")]
        folders.sort(key=lambda folder: folder.stat().st_mtime)
        for folder in folders[:-_GRAPHS_KEPT]:
            files.remove(folder)


class Pixels:
    """The engine of a network of which nothing is frozen: each image is its own features."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def submit(self, key: str, pixels: np.ndarray) -> None:
        self._answer(key, pixels)

    def wait(self) -> None:
        """Nothing is under way."""


class Compiled:
    """A graph on the CPU, which runs several images at once. Any number of threads may ask it.

    A thread waits for each image, rather than OpenVINO's `AsyncInferQueue` calling back. That keeps
    its function in C++, where the garbage collector doesn't see it: the function leads to whoever
    wants the answers, so queue and network would stay for good. And destroying such a queue right
    after its last answer can wait forever for a thread that waits for Python's lock.
    """

    def __init__(self, graph: Any, precision: str) -> None:
        # Throughput mode with one image a request is as fast as large batches, and a single
        # image waits for nobody. Without the hint a CPU with bfloat16 would use it unasked.
        hints = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "INFERENCE_PRECISION_HINT": HINTS[precision],
        }
        compiled = ov.Core().compile_model(graph, "CPU", hints)
        # Twice as many as run at once: while Python takes one's answer, the next is at hand.
        requests = 2 * compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(requests):
            self._idle.put(compiled.create_infer_request())
        self._pool = ThreadPoolExecutor(requests, "engine")

    def ask(self, pixels: np.ndarray) -> Future[np.ndarray]:
        """The float32 output for one image, once it is there; waits while there is enough to do."""
        return self.then(pixels, lambda output: output)

    def then(self, pixels: np.ndarray, use: Callable[[np.ndarray], Result]) -> Future[Result]:
        """As `ask`; the output goes through `use`, in a thread of the network's."""
        return self._pool.submit(self._run, self._idle.get(), pixels, use)

    def answer(self, pixels: np.ndarray) -> np.ndarray:
        """The same in the caller's own thread."""
        return self._run(self._idle.get(), pixels, lambda output: output)

    def _run(self, request: Any, pixels: np.ndarray, use: Callable[[np.ndarray], Result]) -> Result:
        try:
            request.start_async({0: pixels[np.newaxis]})
            request.wait()
            return use(request.get_output_tensor(0).data[0].copy())
        finally:
            self._idle.put(request)


class _OpenVinoEngine:
    def __init__(self, network: Compiled, answer: Answer) -> None:
        self._network = network
        self._answer = answer
        self._under_way: deque[Future[None]] = deque()

    def submit(self, key: str, pixels: np.ndarray) -> None:
        while self._under_way and self._under_way[0].done():
            self._under_way.popleft().result()  # raises what went wrong
        self._under_way.append(self._network.then(pixels, partial(self._answer, key)))

    def wait(self) -> None:
        while self._under_way:
            self._under_way.popleft().result()
