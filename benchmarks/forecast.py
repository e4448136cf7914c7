"""Does a study take what it says before?  Seconds from the command's start to its end, and the memory of its processes.

    python -m benchmarks.forecast [--rounds 3] [--only batch] [--record]

Each round and study: what `why128 study --dry-run --json` says, then the study itself, with an empty cache of programs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.memory import peak

STUDIES = {
    "the default study": ("sample",),
    "8 neurons, 20 replicates": ("sample", "--widths", "8", "--replicates", "20"),
    "batch 32": ("sample", "--batch-size", "32"),
    "all of Fashion-MNIST": ("fashion-mnist",),
}


def told(options: tuple[str, ...], environment: dict[str, str]) -> dict[str, Any]:
    """What is said before."""
    command = [sys.executable, "-m", "why128", "study", *options, "--dry-run", "--json"]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)["forecast"]


def taken(options: tuple[str, ...], folder: str, environment: dict[str, str]) -> tuple[float, int]:
    """Seconds, and the most bytes that the crew's process has held."""
    command = [sys.executable, "-m", "why128", "study", *options, "--out", f"{folder}/study"]
    began, most = time.perf_counter(), 0
    study = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while study.poll() is None:
        with suppress(OSError):
            for child in Path(f"/proc/{study.pid}/task/{study.pid}/children").read_text().split():
                most = max(most, peak(int(child)))
        time.sleep(0.02)
    if study.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {study.returncode}")
    return time.perf_counter() - began, most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="a part of a study's name")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in STUDIES if given.only in name}
    for _ in range(given.rounds):
        for name, found in rounds.items():
            with tempfile.TemporaryDirectory() as folder:
                environment = os.environ | {"XDG_CACHE_HOME": folder}
                before = told(STUDIES[name], environment)
                seconds, most = taken(STUDIES[name], folder, environment)
            found.append({"told": before["seconds"], "taken": seconds, "memory_told": before["memory"], "memory": most})
            print(f"{name}: {found[-1]}, {seconds / before['seconds']:.2f} of what was told", flush=True)
    figures = {
        name: {
            "rounds": found,
            "of_what_was_told": record.spread([each["taken"] / each["told"] for each in found]),
            "of_the_memory_told": record.spread([each["memory"] / each["memory_told"] for each in found]),
        }
        for name, found in rounds.items()
    }
    if given.record:
        print(f"written to {record.write('forecast', figures, ['jax', 'jaxlib', 'numpy'])}")


if __name__ == "__main__":
    main()
