"""Logs stay within their bounds, however many processes write to them."""

import subprocess
import sys
from pathlib import Path

from core.storage import home, incidents, logs

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from core.storage import home, logs
logs.LARGEST = 20_000
for number in range(300):
    logs.append(home.logs() / "some.log", f"{sys.argv[1]} {number} {'x' * 100}\\n")
"""
# As a cluster's processes do: one file, opened for appending by their parent and kept open.
SAYS_MUCH = """
import sys
for number in range(2000):
    print(sys.argv[1], number, "x" * 100, flush=True)
"""


def sizes() -> list[int]:
    return [path.stat().st_size for path in home.logs().glob("*.log*")]


def test_several_processes_write_whole_lines_within_the_bounds(thaw_home: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(each)], cwd=ROOT)  # noqa: S603
        for each in range(3)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    log = home.logs() / "some.log"
    assert max(sizes()) <= 20_000
    lines = [
        line for path in (logs.earlier(log), log) for line in path.read_text("utf-8").splitlines()
    ]
    whole = {f"{each} {number} {'x' * 100}" for each in range(3) for number in range(300)}
    assert len(lines) == len(set(lines)) > 200
    assert set(lines[1:]) <= whole
    assert lines[-1].split()[1] == "299", "the newest are kept"


def test_a_log_that_others_hold_open_is_emptied_and_written_on(thaw_home: Path) -> None:
    log = home.logs() / "cluster.log"
    log.parent.mkdir(parents=True)
    with log.open("ab") as out:
        speakers = [
            subprocess.Popen([sys.executable, "-c", SAYS_MUCH, str(each)], stdout=out)  # noqa: S603
            for each in range(2)
        ]
        for speaker in speakers:
            speaker.wait(60)
        assert log.stat().st_size > 200_000
        logs.LARGEST, before = 10_000, logs.LARGEST
        try:
            logs.keep_small(log)
        finally:
            logs.LARGEST = before
        assert log.read_bytes() == b""
        assert logs.earlier(log).stat().st_size == 10_000
        subprocess.run([sys.executable, "-c", "print('on')"], stdout=out, check=True)
    assert log.read_bytes() == b"on\n", "at its beginning, not behind a hole"


def test_what_fits_is_left_alone(thaw_home: Path) -> None:
    log = home.logs() / "some.log"
    logs.keep_small(log)
    logs.append(log, "one\n")
    logs.keep_small(log)
    logs.append(log, "two\n")
    assert log.read_text("utf-8") == "one\ntwo\n"
    assert not logs.earlier(log).exists()


def test_an_error_with_an_endless_message_takes_little_room(thaw_home: Path) -> None:
    incident = incidents.record(ValueError("begins " + "x" * 50_000_000 + " ends"))
    text = incidents.log_path().read_text("utf-8")
    assert f"incident {incident}" in text
    assert "begins" in text
    assert text.rstrip().endswith("ends")
    assert len(text) < 110_000
