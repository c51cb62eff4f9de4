"""Checks that this export answers here as it did in Thaw: python check.py

It names the pictures in samples/ and compares the answers with samples/expected.json. Run it once
on every machine and after every change of a package's version.
"""

import json
import sys

import predict
import runtime


def main() -> int:
    """Compare, and say so; exits with 1 where an answer differs."""
    samples = predict.FOLDER / "samples"
    expected = json.loads((samples / "expected.json").read_text(encoding="utf-8"))
    network, wrong = runtime.Network(predict.FOLDER), 0
    for each in expected["pictures"]:
        top = len(predict.FACTS["classes"])
        data = (samples / each["file"]).read_bytes()
        found = dict(predict.predict(network, data, top)["top"])
        difference = max(abs(found[name] - sure) for name, sure in each["probabilities"].items())
        good = difference <= each["tolerance"]
        wrong += not good
        label = max(found, key=found.__getitem__)
        told = "as in Thaw" if good else f"Thaw says {each['label']}"
        predict.show(
            f"{each['file']}  {label} {found[label]:.3f}  {told} (differs by {difference:.5f})"
        )
    count = len(expected["pictures"])
    print(f"{count - wrong} of {count} answers are as in Thaw.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
