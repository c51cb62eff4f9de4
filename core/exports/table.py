"""The formats that a run can be exported to: one table, without any of their libraries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import UserError
from core.saying import Sentence, later


class Precision(StrEnum):
    """What an export computes with, which decides how far its answers may differ."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT8 = "int8"


@dataclass(frozen=True)
class Format:
    """One of them.

    Attributes:
        name: What it is called on the command line.
        title: As people write it.
        description: Who wants it, in one sentence.
        module: Of `core.exports.formats`; its `convert` makes the files.
        runtime: The file of `carried/runtimes` that runs them.
        precision: What it computes with.
        packages: What its sample code needs, by their names on PyPI.
        contents: The files that `convert` makes, for the README: name and what it is.
        scripts: Whether sample code in Python goes with it.
        samples: Further sample code of `carried/` that does.
        finishes: Whether its module has a `finish`, which builds what people open around the
            network.
        lesson: The file of code that trains the network again; None for a trained network.
    """

    name: str
    title: str
    description: Sentence
    module: str
    runtime: str
    precision: Precision
    packages: tuple[str, ...]
    contents: tuple[tuple[str, str], ...]
    scripts: bool = True
    samples: tuple[str, ...] = ()
    finishes: bool = False
    lesson: str | None = None


def _lesson(name: str, title: str, file: str, description: Sentence) -> Format:
    """Code that repeats the training."""
    return Format(
        name=name,
        title=title,
        description=description,
        module="",
        runtime="",
        precision=Precision.FLOAT32,
        packages=("keras", "tensorflow"),
        contents=(
            (file, "the training, from the pictures to the trained network"),
            ("backbone.keras", "the network that it begins with"),
        ),
        scripts=False,
        lesson=file,
    )


_TFLITE = (("model.tflite", "the network, one picture at a time; signature “serve”"),)
_CAMERA = ("camera.py",)

FORMATS = {
    each.name: each
    for each in (
        Format(
            name="web",
            title="Web page",
            description=later(
                "Opens in a browser, from a stick or a web host, and names pictures without "
                "internet."
            ),
            module="web_page",
            runtime="onnx",
            precision=Precision.FLOAT32,
            packages=("onnxruntime",),
            contents=(
                ("index.html", "the page in one file: open it in a browser, also from a USB stick"),
                ("site/", "the same page for a web host: upload the whole folder"),
                ("LICENSES/", "of ONNX Runtime Web, which runs the network in the page"),
            ),
            scripts=False,
            finishes=True,
        ),
        Format(
            name="keras",
            title="Keras",
            description=later("For Python with Keras: look inside, change it, train it further."),
            module="keras_file",
            runtime="keras",
            precision=Precision.FLOAT32,
            packages=("keras", "tensorflow"),
            contents=(("model.keras", "the network; plain Keras opens it"),),
        ),
        Format(
            name="savedmodel",
            title="TensorFlow SavedModel",
            description=later("For servers (TensorFlow Serving): it takes JPEG files as they are."),
            module="saved_model",
            runtime="savedmodel",
            precision=Precision.FLOAT32,
            packages=("tensorflow",),
            contents=(
                (
                    "saved_model/",
                    "the network, with two signatures: serving_default takes JPEG files (input "
                    "“jpeg”), pixels takes uint8 pixels (input “images”)",
                ),
            ),
        ),
        Format(
            name="litert",
            title="LiteRT (TensorFlow Lite)",
            description=later("For Android, iOS and the Raspberry Pi: the exact answers of Thaw."),
            module="litert",
            runtime="litert",
            precision=Precision.FLOAT32,
            packages=("ai-edge-litert",),
            contents=_TFLITE,
            samples=_CAMERA,
        ),
        Format(
            name="litert-f16",
            title="LiteRT, float16",
            description=later("Half the size of LiteRT, with nearly the same answers."),
            module="litert",
            runtime="litert",
            precision=Precision.FLOAT16,
            packages=("ai-edge-litert",),
            contents=_TFLITE,
            samples=_CAMERA,
        ),
        Format(
            name="litert-int8",
            title="LiteRT, int8",
            description=later(
                "A quarter of the size, in whole numbers alone: for small devices and accelerators."
            ),
            module="litert",
            runtime="litert",
            precision=Precision.INT8,
            packages=("ai-edge-litert",),
            contents=_TFLITE,
            samples=_CAMERA,
        ),
        Format(
            name="arduino",
            title="Arduino and ESP32",
            description=later(
                "For makers: a sketch for a microcontroller with a camera. Needs the network "
                "MobileNet 0.25 for 96 or 128 pixels."
            ),
            module="arduino",
            runtime="litert",
            precision=Precision.INT8,
            packages=("ai-edge-litert",),
            contents=(
                ("thaw_sketch/", "the sketch, with the network as a C array in `model.h`"),
                *_TFLITE,
            ),
            finishes=True,
        ),
        Format(
            name="onnx",
            title="ONNX",
            description=later("For nearly every language and runtime, on any system."),
            module="onnx_file",
            runtime="onnx",
            precision=Precision.FLOAT32,
            packages=("onnxruntime",),
            contents=(("model.onnx", "the network; any number of pictures at once, opset 18"),),
        ),
        Format(
            name="openvino",
            title="OpenVINO",
            description=later("Fastest on Intel processors and graphics."),
            module="openvino_ir",
            runtime="openvino",
            precision=Precision.FLOAT32,
            packages=("openvino",),
            contents=(
                ("model.xml", "the network; any number of pictures at once"),
                ("model.bin", "its weights"),
            ),
        ),
        _lesson(
            "python",
            "Python code",
            "train.py",
            later("The training itself as a short script in plain Keras, to read and to change."),
        ),
        _lesson(
            "notebook",
            "Notebook",
            "train.ipynb",
            later("The same as a Jupyter notebook, step by step."),
        ),
    )
}


def find(name: str, among: Sequence[str] = tuple(FORMATS)) -> Format:
    """A format by its name.

    Raises:
        UserError: There is none of that name.
    """
    if name not in FORMATS:
        raise UserError(
            "Expected a format among {formats}, received “{name}”.",
            formats=list(among),
            name=name,
        )
    return FORMATS[name]
