"""The main job as README tells it, in a fresh checkout; `tests/bare.sh` runs it on a bare Debian.

It needs nothing but Python's own library, since `make run` is what it begins with.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ADDRESS = "http://localhost:8501/_stcore/health"
CLASSES = {"cat": "Kätzchen", "boat": "船"}  # letters that a bare system's locale lacks
BEGAN = time.monotonic()
PICTURES = """
import shutil
from pathlib import Path
from core.datasets.samples import samples
samples.write("sketches", Path("sketches"))
"""


def say(what: str) -> None:
    print(f"== {what} ({time.monotonic() - BEGAN:.0f} s)", flush=True)


def thaw(*words: str) -> Any:
    """What a command answers with --json."""
    command = [".venv/bin/thaw", *words, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.decode().splitlines()[-1])


def served() -> bool:
    try:
        with urllib.request.urlopen(ADDRESS) as answer:
            return answer.read() == b"ok"
    except OSError:
        return False


def main() -> None:
    if served():
        sys.exit(f"Something is served at {ADDRESS} already: end it first.")
    with Path("served.log").open("w+") as log:
        server = subprocess.Popen(
            ["make", "run"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        while not served():
            if server.poll() is not None:
                sys.exit(Path("served.log").read_text())
            time.sleep(1)  # pip takes minutes
        used = subprocess.run(["du", "-sm", ".venv"], stdout=subprocess.PIPE, check=True).stdout
        say(f"installed and served; .venv takes {used.split()[0].decode()} MB")

        subprocess.run([".venv/bin/python", "-c", PICTURES], check=True)
        pictures = Path("pictures")
        pictures.mkdir()
        for name, called in CLASSES.items():
            Path("sketches", name).rename(pictures / called)
            next((pictures / called).iterdir()).rename(f"{name}.png")
        assert thaw("inspect", "pictures")["classes"] == dict.fromkeys(CLASSES.values(), 59)
        thaw("train", "pictures", "--run", "run", "--epochs", "10")
        seen = thaw("predict", "run", *(f"{name}.png" for name in CLASSES))["predictions"]
        assert [each["label"] for each in seen] == list(CLASSES.values()), seen
        accuracy = thaw("evaluate", "run", "pictures")["accuracy"]
        assert accuracy > 0.9, accuracy
        assert served()
        say(f"trained to {accuracy:.0%} and predicted, the page still served")

        os.killpg(server.pid, signal.SIGINT)
        server.wait(60)
        log.seek(0)
        said = log.read()
        print(said[-600:])
        assert "make stop" in said
        assert "Traceback" not in said
        subprocess.run(["make", "stop"], check=True)
        assert thaw("stop")["stopped"] == 0
        say("ended")


if __name__ == "__main__":
    main()
