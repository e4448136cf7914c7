"""How soon does a study train?  Seconds from the command to its first checkpoint, which comes a tenth of a second after the first step.

    python -m benchmarks.start [--rounds 5] [--record]

The default study, on the built-in sample and on Fashion-MNIST where this machine has it; with an empty cache of compiled programs, and
again with what was kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import record

from why128.data.catalogue import known

PATIENCE = 60.0  # seconds


def seconds(data: str, folder: Path, cache: Path) -> float:
    """Until the first checkpoint is there; the study is stopped then."""
    command = [sys.executable, "-m", "why128", "study", data, "--out", str(folder)]
    began = time.perf_counter()
    study = subprocess.Popen(
        command,
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(folder.glob("checkpoints/*.npz")):
        if time.perf_counter() - began > PATIENCE or study.poll() is not None:
            raise SystemExit(f"{' '.join(command)}: no checkpoint in {PATIENCE:.0f} s")
        time.sleep(0.002)
    taken = time.perf_counter() - began
    study.terminate()
    study.wait()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    names = [one.name for one in known() if one.name in ("sample", "fashion-mnist") and one.find()]
    found: dict[str, dict[str, list[float]]] = {name: {"empty": [], "kept": []} for name in names}
    with tempfile.TemporaryDirectory() as place:
        for number in range(given.rounds):
            for name in names:
                for cache in ("empty", "kept"):
                    folder = Path(place) / f"{name}-{number}-{cache}"
                    found[name][cache].append(seconds(name, folder, Path(place) / f"cache-{name}-{number}"))
    figures = {name: {cache: record.spread(each) for cache, each in of.items()} for name, of in found.items()}
    for name, of in figures.items():
        for cache, each in of.items():
            print(
                f"{name}, {cache} cache: {each['median']:.2f} s ({each['min']:.2f} to {each['max']:.2f}, n = {each['n']})"
            )
    if given.record:
        record.write("start", figures, ("jax", "jaxlib", "numpy"))


if __name__ == "__main__":
    main()
