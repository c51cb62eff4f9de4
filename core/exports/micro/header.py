"""The C of an export for makers: the network as an array, and what its numbers mean.

C that does not depend on the run lies in `carried/arduino`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UserError

# Operations of TensorFlow Lite Micro, by their names in the schema: how its resolver adds them.
_ADDED = {
    "ADD": "AddAdd", "AVERAGE_POOL_2D": "AddAveragePool2D", "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D", "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEQUANTIZE": "AddDequantize", "FULLY_CONNECTED": "AddFullyConnected",
    "GREATER_EQUAL": "AddGreaterEqual", "HARD_SWISH": "AddHardSwish",
    "L2_NORMALIZATION": "AddL2Normalization", "LOGISTIC": "AddLogistic",
    "MAX_POOL_2D": "AddMaxPool2D", "MAXIMUM": "AddMaximum", "MEAN": "AddMean",
    "MINIMUM": "AddMinimum", "MUL": "AddMul", "PAD": "AddPad", "PADV2": "AddPadV2",
    "QUANTIZE": "AddQuantize", "REDUCE_MAX": "AddReduceMax", "RELU": "AddRelu",
    "RELU6": "AddRelu6", "RESHAPE": "AddReshape",
    "RESIZE_BILINEAR": "AddResizeBilinear", "RSQRT": "AddRsqrt",
    "SELECT_V2": "AddSelectV2", "SOFTMAX": "AddSoftmax", "SQRT": "AddSqrt",
    "SQUARE": "AddSquare", "SQUEEZE": "AddSqueeze", "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub", "SUM": "AddSum", "DIV": "AddDiv",
}  # fmt: skip
_A_LINE = 24  # bytes of the network on one line
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_.,+()")
_SQUARES = {"squash": 0, "crop": 1, "pad": 2}


@dataclass(frozen=True)
class Whole:
    """What stands for a number in an int8 network: (whole - zero) * scale.

    Attributes:
        place: Which of the network's outputs it is.
        scale: The step.
        zero: What stands for 0.
    """

    place: int
    scale: float
    zero: int


def operations(names: Sequence[str]) -> list[str]:
    """How the operations of a network are added to TensorFlow Lite Micro.

    Args:
        names: As the schema calls them.

    Raises:
        UserError: It lacks one of them.
    """
    missing = sorted(set(names) - set(_ADDED))
    if missing:
        raise UserError(
            "TensorFlow Lite Micro lacks operations of this network ({missing}), so it cannot run "
            "on a microcontroller. Train again with the network MobileNet 0.25, 96 px.",
            missing=missing,
        )
    return [_ADDED[name] for name in sorted(set(names))]


def network(
    data: bytes, size: int, arena: int, names: Sequence[str], outputs: Mapping[str, Whole]
) -> str:
    """`model.h`: the network, where its numbers are, and the memory that it needs.

    Args:
        data: The flatbuffer.
        size: Side of the picture that it sees.
        arena: Bytes of working memory.
        names: Its operations.
        outputs: `probabilities`, and `familiar` where there is a score for "none of these".
    """
    added = operations(names)
    rows = [data[at : at + _A_LINE] for at in range(0, len(data), _A_LINE)]
    told = [
        ("NETWORK_SIDE", f"{size}  // pixels of the square picture that it sees"),
        ("NETWORK_ARENA", f"{arena}  // bytes of working memory, with a little to spare"),
        ("NETWORK_BYTES", f"{len(data)}"),
    ]
    for name, whole in outputs.items():
        prefix = f"NETWORK_{name.upper()}"
        told += [
            (prefix, f"{whole.place}  // which output; its numbers are (whole - zero) * scale"),
            (f"{prefix}_SCALE", f"{whole.scale!r}f"),
            (f"{prefix}_ZERO", f"({whole.zero})"),
        ]
    told += [
        ("NETWORK_OPERATIONS", f"{len(added)}"),
        ("NETWORK_ADD_OPERATIONS(to)", "".join(f"\\\n  to.{name}();" for name in added)),
    ]
    lines = [
        "// The network, int8, for TensorFlow Lite Micro. Made by Thaw; do not edit.",
        "#pragma once",
        "",
        *_defined(told),
        "",
        "// In flash. TensorFlow Lite Micro wants it to begin at a multiple of 16.",
        "static const unsigned char NETWORK[NETWORK_BYTES] __attribute__((aligned(16))) = {",
        *(",".join(map(str, row)) + "," for row in rows),
        "};",
    ]
    return "\n".join(lines) + "\n"


def facts(told: Mapping[str, Any]) -> str:
    """`facts.h`: classes, thresholds and preparation.

    Args:
        told: What `answer.json` says.
    """
    classes: list[str] = told["classes"]
    paper = {"PICTURE_SQUARE": f"{_SQUARES[told['picture']['square']]}"}
    lines = [
        "// What the network's numbers mean. Made by Thaw.",
        "#pragma once",
        "",
        "// How a picture becomes square: 0 squashes it, 1 takes the largest square in its middle,",
        "// 2 fits it in and fills the rest with grey.",
        *_defined(list(paper.items())),
        "",
        f"#define ANSWER_CLASSES {len(classes)}",
        "static const char *const ANSWER_LABELS[ANSWER_CLASSES] = {",
        *(f"    {_string(name)}," for name in classes),
        "};",
        "",
        "// Below this confidence the answer is not to be trusted; 0 where no cut-off was set.",
        f"#define ANSWER_CUT_OFF {float(told.get('cut_off') or 0)!r}f",
        "// Below this familiarity the answer is “none of these”; only where the network tells it.",
        f"#define ANSWER_THRESHOLD {float(told.get('threshold') or 0)!r}f",
    ]
    return "\n".join(lines) + "\n"


def _defined(told: Sequence[tuple[str, str]]) -> list[str]:
    return [f"#define {name} {value}" for name, value in told]


def _string(text: str) -> str:
    """A name that somebody typed, as a C string in UTF-8; what C could misread is escaped."""
    one_line = " ".join(text.split())
    plain = (chr(b) if chr(b) in _PLAIN else f"\\{b:03o}" for b in one_line.encode())
    return f'"{"".join(plain)}"'
