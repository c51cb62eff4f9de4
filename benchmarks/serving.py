"""`thaw serve` under load: python -m benchmarks.serving [RUN] [--requests 10000] [--clients 20]

Clients on this computer, each of which keeps its connection and sends a small picture as soon as it
has the answer to the one before, or at a pace (--rate pictures a second, all clients together).
Without RUN, the default recipe is trained on the sketches of the starter set. Prints pictures a
second, how long an answer took, processor time of the server, its memory as it goes, and errors.
"""

import argparse
import contextlib
import http.client
import io
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from PIL import Image

from benchmarks.__main__ import Row, keep, machine
from core.datasets.samples import samples

_TOKEN = "benchmark-" + "0" * 16
_SIDE = 160  # pixels of a small picture
_DIFFERENT = 64  # pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--rate", type=float, help="pictures a second; without it, all they can")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = args.run or trained(Path(scratch))
        with served(run) as (address, process):
            row = load(address, process, args.requests, args.clients, args.rate)
    name = "serving" if args.rate is None else "serving-paced"
    facts = {"machine": machine(), "load before": f"{os.getloadavg()[2]:.1f} in 15 minutes"}
    keep(name, [row], facts)
    for what, value in (row | facts).items():
        print(f"{what:28} {value}")


def trained(folder: Path) -> Path:
    """A run of the default recipe on the sketches."""
    samples.write("sketches", folder / "sketches")
    command = ["train", str(folder / "sketches"), "--run", str(folder / "run"), "--epochs", "2"]
    subprocess.run([sys.executable, "-m", "core", *command], check=True, capture_output=True)
    return folder / "run"


@contextlib.contextmanager
def served(run: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server of its own for the run: its address and process."""
    command = ["serve", str(run), "--port", "0", "--token", _TOKEN, "--rate", "10000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "core", *command], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr
        line = next((each for each in process.stderr if "http://" in each), None)
        if line is None:
            raise SystemExit("the server did not start")
        address = next(word for word in line.split() if word.startswith("http://"))
        yield address, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def load(
    address: str, process: psutil.Process, requests: int, clients: int, rate: float | None
) -> Row:
    """Ask so many times, and measure."""
    host = urlsplit(address).netloc
    pictures = drawn()
    headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "image/jpeg"}
    seconds: list[float] = []
    errors: list[str] = []
    memory: list[float] = []
    left, lock = iter(range(requests)), threading.Lock()

    def ask(seed: int) -> None:
        mix = random.Random(seed)
        line = http.client.HTTPConnection(host, timeout=60)
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            if rate is not None:  # each picture has its moment, however late the one before was
                due = began + number / rate
                time.sleep(max(0.0, due - time.perf_counter()))
            asked = time.perf_counter() if rate is None else due
            try:
                line.request("POST", "/predict", mix.choice(pictures), headers)
                answer = line.getresponse()
                said = json.loads(answer.read())
                if answer.status != 200 or "label" not in said:
                    errors.append(f"{answer.status} {said}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                errors.append(repr(error))
                line.close()
            seconds.append(time.perf_counter() - asked)
            if number % max(1, requests // 20) == 0:
                memory.append(process.memory_info().rss / 1e6)

    began = time.perf_counter()
    for _ in range(clients):  # warm: caches are filled, threads started
        left = iter(range(clients))
        ask(0)
    seconds.clear(), memory.clear()
    left = iter(range(requests))
    opened, before, began = process.num_fds(), process.cpu_times(), time.perf_counter()
    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    took, after = time.perf_counter() - began, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    cuts = statistics.quantiles(seconds, n=100)
    for each in errors[:3]:
        print(each, file=sys.stderr)
    return {
        "requests": requests,
        "clients": clients,
        "asked a second": "as fast as they can" if rate is None else rate,
        "answered a second": round(requests / took, 1),
        "median ms": round(1000 * cuts[49], 1),
        "p95 ms": round(1000 * cuts[94], 1),
        "p99 ms": round(1000 * cuts[98], 1),
        "server's processor ms each": round(1000 * cpu / requests, 2),
        "errors": len(errors),
        "files opened and not closed": process.num_fds() - opened,
        "memory MB": " ".join(f"{each:.0f}" for each in memory),
    }


def drawn() -> list[bytes]:
    """Small noisy photos as JPEGs."""
    mix, made = random.Random(0), []
    for _ in range(_DIFFERENT):
        small = Image.frombytes("RGB", (12, 12), mix.randbytes(432))
        file = io.BytesIO()
        small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        made.append(file.getvalue())
    return made


if __name__ == "__main__":
    main()
