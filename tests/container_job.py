"""Runs the steps of Containerfile in a bare Debian root, then what its user does.

`sh tests/bare.sh trixie container` makes the root, in namespaces of its own, and calls this as root
with the root's folder. It needs nothing but Python's own library. A root is not an image: what is
tried are the commands, the user, the files that are copied and the environment.
"""

import fnmatch
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ADDRESS = "http://localhost:8501/_stcore/health"
KNOWN = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "CMD"}
BEGAN = time.monotonic()
# As the image's user: pictures, a training with what the network has learned before, an answer.
JOB = """
set -e
cd "$(mktemp -d)"
[ "$(id -u)" != 0 ]
! touch /thaw/core/written 2>/dev/null
/thaw/.venv/bin/python -c "
from pathlib import Path
from core.datasets.samples import samples
samples.write('sketches', Path('sketches'))"
mkdir pictures
mv sketches/cat sketches/boat pictures
mv "$(ls -d pictures/cat/* | head -1)" cat.png
thaw=/thaw/.venv/bin/thaw
$thaw train pictures --run run --epochs 5
$thaw predict run cat.png --json | tail -1 | grep '"label": "cat"'
printf '\\0\\0\\0\\30ftypheic\\0\\0\\0\\0heicmif1' >photo.heic
$thaw predict run photo.heic cat.png 2>&1 | grep 'installed without the library'
$thaw backup backup.zip
$thaw report report.zip >/dev/null
"""


def say(what: str) -> None:
    print(f"== {what} ({time.monotonic() - BEGAN:.0f} s)", flush=True)


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions: each with its word and the rest, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [line.split(None, 1) for line in "\n".join(lines).replace("\\\n", " ").splitlines()]
    unknown = {word for word, _ in found} - KNOWN
    assert not unknown, f"{unknown} in Containerfile: teach tests/container_job.py what they do"
    return [(word, rest) for word, rest in found]


def ignored(path: Path) -> bool:
    """Whether .dockerignore leaves a path out; it holds names, folders and patterns."""
    patterns = (HERE / ".dockerignore").read_text().split()
    parts = path.parts
    return any(
        fnmatch.fnmatch("/".join(parts[:depth]), pattern)
        or (pattern.startswith("**/") and fnmatch.fnmatch(parts[depth - 1], pattern[3:]))
        for pattern in patterns
        for depth in range(1, len(parts) + 1)
    )


class Box:
    """The root, as the instructions so far have left it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user = "root"
        self.folder = "/"
        self.command: list[str] = []
        self.set: dict[str, str] = {}
        self.network = dict(
            line.split("=", 1) for line in (root / "settings").read_text().splitlines()
        )

    def inside(self, command: str, **more: object) -> "subprocess.Popen[str]":
        """Start a command as the present user, in the present folder."""
        home = f"/home/{self.user}" if self.user != "root" else "/root"
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.Popen(  # noqa: S603
            [
                *(
                    "chroot",
                    f"--userspec={self.user}",
                    str(self.root),
                ),  # numeric groups: the user's
                *("sh", "-c", f"cd {shlex.quote(self.folder)} && {command}"),
            ],
            env={"PATH": path, "HOME": home, **self.network, **self.set},
            text=True,
            **more,  # type: ignore[call-overload]
        )

    def run(self, command: str) -> None:
        """Run a command to its end.

        Raises:
            SystemExit: It failed.
        """
        if self.inside(command).wait():
            sys.exit(f"failed: {command}")

    def copy(self, what: str, into: str) -> None:
        """COPY, of one file or of all that .dockerignore lets in."""
        to = self.root / self.folder.strip("/") / into
        for path in sorted(HERE.rglob("*")) if what == "." else [HERE / what]:
            name = path.relative_to(HERE)
            if path.is_file() and not ignored(name):
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to / name)

    def do(self, word: str, rest: str) -> None:
        """Carry out one instruction."""
        if word == "RUN":
            self.run(rest)
        elif word == "WORKDIR":
            self.folder = rest
            (self.root / rest.strip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            self.copy(*rest.split())
        elif word == "USER":
            self.user = rest
        elif word == "ENV":
            name, value = rest.split("=", 1)
            self.set[name] = value
        elif word == "CMD":
            self.command = json.loads(rest)


def served() -> bool:
    try:
        with urllib.request.urlopen(ADDRESS) as answer:
            return bool(answer.read() == b"ok")
    except OSError:
        return False


def main() -> None:
    box = Box(Path(sys.argv[1]))
    for word, rest in steps((HERE / "Containerfile").read_text()):
        say(f"{word} {rest[:70]}")
        box.do(word, rest)
    assert box.user != "root"
    if served():
        sys.exit(f"Something is served at {ADDRESS} already: end it first.")
    log = box.root / "served.log"
    with log.open("w") as out:
        server = box.inside(f"exec {shlex.join(box.command)}", stdout=out, stderr=subprocess.STDOUT)
        while not served():
            if server.poll() is not None:
                sys.exit(log.read_text())
            time.sleep(0.5)
        owner = (box.root / "proc" / str(server.pid)).stat().st_uid
        assert owner == 1000, owner
        say("served, by a user that is not root")
        box.run(JOB)
        say("trained, predicted, backed up; HEIC refused")
        os.kill(server.pid, signal.SIGTERM)  # as a container is stopped
        server.wait(30)
    said = log.read_text()
    print(said)
    assert "http://localhost:8501/?token=" in said
    assert "Traceback" not in said
    box.run("/thaw/.venv/bin/thaw stop")
    say("stopped")


if __name__ == "__main__":
    main()
