"""For makers: the int8 network as a C array, and a sketch for a microcontroller with a camera.

`convert` makes the network and its header; `finish` puts the sketch around it once the facts are
there. TensorFlow Lite Micro runs it on the board.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.backbones.frameworks import bring_in
from core.exports import graph
from core.exports.formats import litert
from core.exports.micro import arena, boards, header
from core.exports.micro.boards import Needs
from core.exports.micro.header import Whole
from core.exports.order import Order

SKETCH = "thaw_sketch"  # Arduino wants a sketch and its folder to have the same name

# The score for "none of these" means nothing in whole numbers; its operations occur nowhere else,
# but for those of the head, which are as quick.
_IN_FLOAT = [
    *("FULLY_CONNECTED", "SOFTMAX", "CONCATENATION", "STRIDED_SLICE", "L2_NORMALIZATION"),
    *("REDUCE_MAX", "GREATER_EQUAL", "SELECT_V2", "MINIMUM"),
]
_CARRIED = Path(__file__).parents[1] / "carried" / "arduino"


def convert(order: Order) -> dict[str, int]:
    """Convert to int8, with operations alone that TensorFlow Lite Micro has.

    Returns:
        The fields of `Needs`.

    Raises:
        UserError: No board has room for it; or TensorFlow Lite Micro lacks an operation of it.
    """
    model = graph.load(order.model)
    boards.check(Needs(0, model.count_params()))  # a byte each, and it need not be converted
    model = graph.for_micro(graph.taking_floats(model))
    made = litert.whole_numbers(model, order.calibration, floats=_IN_FLOAT)
    flatbuffer = bring_in("ai_edge_litert.schema_py_generated").ModelT.InitFromPackedBuf(made)
    needs = Needs(arena.size(flatbuffer), len(made))
    boards.check(needs)
    text = header.network(made, order.size, needs.ram, _operations(flatbuffer), _outputs(made))
    (order.folder / "model.tflite").write_bytes(made)
    sketch = order.folder / SKETCH
    sketch.mkdir()
    (sketch / "model.h").write_text(text, encoding="utf-8")
    return asdict(needs)


def finish(folder: Path, title: str) -> None:
    """Put the sketch beside its network.

    Args:
        folder: The export's; it holds `answer.json`.
        title: What the run is called; the sketch does not say it.
    """
    told = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    (folder / SKETCH / "facts.h").write_text(header.facts(told), encoding="utf-8")
    for file in _CARRIED.iterdir():
        shutil.copyfile(file, folder / SKETCH / file.name)


def _operations(flatbuffer: Any) -> list[str]:
    """The operations of a network, by their names in the schema."""
    schema = bring_in("ai_edge_litert.schema_py_generated").BuiltinOperator
    names = {number: name for name, number in vars(schema).items() if isinstance(number, int)}
    codes = flatbuffer.operatorCodes
    return [names[max(each.builtinCode, each.deprecatedBuiltinCode)] for each in codes]


def _outputs(made: bytes) -> dict[str, Whole]:
    """What the network's outputs are, by their names."""
    interpreter = bring_in("ai_edge_litert.interpreter").Interpreter(model_content=made)
    places = [each["index"] for each in interpreter.get_output_details()]
    found = interpreter.get_signature_runner(litert.SIGNATURE).get_output_details()
    outputs = {}
    for name, each in found.items():
        scale, zero = each["quantization"]
        outputs[name] = Whole(places.index(each["index"]), float(scale), int(zero))
    return outputs
