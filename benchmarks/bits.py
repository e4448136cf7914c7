"""What changes the bits of a trained network on one machine, and by how much.

    python -m benchmarks.bits [--seeds 3]

One command (`why128 train`: 128 neurons on the built-in sample, ten epochs) is repeated in processes of its own that
differ in what should not matter (folder, clock's zone, Python's hash seed) and in what may: the number of cores that
XLA sees, and the vector instructions that it may use, as on another processor.  Measured against the plain run, by
seed: whether the file is the same byte for byte, the largest difference of any weight, the largest of any probability
of a test image, the share of test images answered alike, and the difference in accuracy.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record

from why128.data.source import open_data
from why128.formats import keras_file

# name: what differs from the plain run, in the environment or as the cores that are to be seen
VARIANTS: dict[str, dict[str, Any]] = {
    "again": {},
    "another folder, time zone and hash seed": {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"},
    "one core": {"cores": 1},
    "vectors of AVX only": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX"},
    "vectors of SSE 4.2 only": {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"},
}


def trained(folder, seed, cores=None, **environment):
    """The file that one process writes."""
    folder.mkdir(parents=True)
    chosen = [] if cores is None else ["taskset", "-c", ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))]
    command = [*chosen, sys.executable, "-m", "why128", "train", "sample", "--seed", str(seed), "--save", "net.keras"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=os.environ | environment)
    return folder / "net.keras"


def compared(path, plain, images, labels):
    """A file against that of the plain run."""
    mine, its = keras_file.load(path), keras_file.load(plain)
    answers = [each.probabilities(each.preparation.to_input(images)) for each in (mine, its)]
    chosen = [each.argmax(1) for each in answers]
    return {
        "same bytes": float(path.read_bytes() == plain.read_bytes()),
        "weight": max(float(np.abs(a - b).max()) for a, b in zip(mine.weights, its.weights, strict=True)),
        "probability": float(np.abs(answers[0] - answers[1]).max()),
        "answered alike": float((chosen[0] == chosen[1]).mean()),
        "accuracy in points": 100 * abs(float((chosen[0] == labels).mean() - (chosen[1] == labels).mean())),
    }


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=3)
    test = open_data("sample").test
    assert test is not None
    found: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.parse_args().seeds):
            plain = trained(Path(folder) / f"plain-{seed}", seed)
            for number, (name, changes) in enumerate(VARIANTS.items()):
                path = trained(Path(folder) / f"{number}-{seed}", seed, **changes)
                found[name].append(compared(path, plain, test.pixels, test.labels))
    figures = {
        name: {what: record.spread([each[what] for each in runs]) for what in runs[0]} for name, runs in found.items()
    }
    path = record.write("bits", figures, ["jax", "jaxlib", "numpy"])
    for name, each in figures.items():
        least, most = each["same bytes"]["min"], each["same bytes"]["max"]
        same = "all" if least else "some" if most else "none"
        print(f"{name}: same bytes in {same}", end="; ")
        print(", ".join(f"{what} {each[what]['max']:.2g}" for what in each if what != "same bytes"))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
