"""Runs the code of an export in a separate process: `rehearser.py CODE`.

It imports nothing of Thaw's. The cells of a notebook run one after another, as in Jupyter.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Run it in the folder where it lies."""
    code = Path(sys.argv[1])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(code.parent))
    os.chdir(code.parent)
    text = code.read_text(encoding="utf-8")
    if code.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    else:
        texts = [text]
    names = {"__name__": "__main__"}
    for each in texts:
        exec(compile(each, code.name, "exec"), names)  # noqa: S102
        sys.stdout.flush()


if __name__ == "__main__":
    main()
