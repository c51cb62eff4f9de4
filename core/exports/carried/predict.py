"""Says what this network sees in pictures: python predict.py PICTURE [PICTURE ...]

One line of JSON for each picture: the class and how confident the network is, whether that is
enough where a cut-off was set, the runners-up, and, where the network can tell, whether it knows
such pictures at all ("known": false means "none of these").
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import picture
import runtime

FOLDER = Path(__file__).resolve().parent
FACTS = json.loads((FOLDER / "answer.json").read_text(encoding="utf-8"))


def answer(outputs: dict[str, np.ndarray], top: int = 3) -> dict[str, Any]:
    """The answer for one picture, in words.

    Args:
        outputs: Of the network for it: "probabilities" [classes] and perhaps "familiar".
        top: How many classes to name.
    """
    probabilities = outputs["probabilities"]
    order = np.argsort(-probabilities, kind="stable")[:top]
    ranked = [[FACTS["classes"][place], round(float(probabilities[place]), 6)] for place in order]
    familiar, threshold = outputs.get("familiar"), FACTS.get("threshold")
    known = None
    if familiar is not None and threshold is not None:
        known = bool(familiar >= threshold)
    cut_off = FACTS.get("cut_off")
    told = {
        "label": ranked[0][0],
        "confidence": ranked[0][1],
        "top": ranked,
        "familiar": None if familiar is None else round(float(familiar), 6),
        "known": known,
        "model": FACTS["model"],
    }
    return told if cut_off is None else {**told, "sure": ranked[0][1] >= cut_off}


def predict(network: runtime.Network, data: bytes, top: int = 3) -> dict[str, Any]:
    """What the network sees in a picture file.

    Args:
        network: As `runtime.Network(FOLDER)` makes it; make it once for many pictures.
        data: The whole file.
        top: How many classes to name.
    """
    return answer(outputs_of(network, data), top)


def outputs_of(network: runtime.Network, data: bytes) -> dict[str, np.ndarray]:
    """What comes out of the network for a picture file."""
    own = getattr(network, "jpeg", None)  # some decode and resize by themselves
    if own and data.startswith(b"\xff\xd8"):
        return own(data)
    return network(picture.prepare(data, FACTS["picture"]))


def show(line: str) -> None:
    """Print a line with names of classes in it; letters that this console lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def main() -> int:
    """Name the pictures of the command line."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    network = runtime.Network(FOLDER)
    for path in map(Path, sys.argv[1:]):
        print(json.dumps({"file": path.name, **predict(network, path.read_bytes())}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
