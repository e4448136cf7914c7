"""How long does an answer take, against the matrix products in it?  The path that serves: NumPy, without the engine.

    python -m benchmarks.inference [--seconds 1] [--record]

Networks of one hidden layer on 784 inputs and 10 classes answer batches of images, as bytes (scaled by the network's
`Rescaling`) and as float32; in turn with each answer its two products alone, (B, 784) · (784, width) and (B, width) · (width, 10), by NumPy's
own BLAS: the limit.  Each with all of the BLAS's threads and with one, in a process of its own.  Told apart, for 1,000
images by the textbook's network: what an answer does beside its products.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record

from why128 import activations
from why128.forward import NUMPY
from why128.layers import Dense, Flatten, Input, Rescaling
from why128.network import Network

INPUTS, CLASSES = (28, 28), 10
WIDTHS, BATCHES = (16, 128, 512), (1, 10, 100, 1000)
TEXTBOOK = 128
THREADS = {"all threads": {}, "one thread": {"OPENBLAS_NUM_THREADS": "1"}}


def network(width: int, rescaling: bool) -> Network:
    """A network of random weights: how long an answer takes does not depend on them."""
    draws = np.random.default_rng(width)
    before = (Rescaling(1 / 255),) if rescaling else ()
    layers = (Input(INPUTS), *before, Flatten(), Dense(width, "relu"), Dense(CLASSES, "softmax"))
    shapes = ((784, width), (width,), (width, CLASSES), (CLASSES,))
    return Network(layers, tuple(draws.normal(0, 0.05, shape).astype(np.float32) for shape in shapes))


def timed(calls: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, list[float]]:
    """Microseconds of each call, taken in turn for so long, so that a noisy machine hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            taken[name].append(1e6 * (time.perf_counter() - began))
    return taken


def told(microseconds: list[float]) -> dict[str, float]:
    least, median, late = np.quantile(microseconds, [0.0, 0.5, 0.99]).tolist()
    return {"n": len(microseconds), "least": least, "median": median, "p99": late}


def answers(width: int, batch: int, seconds: float) -> dict[str, Any]:
    """Microseconds of an answer and of its products, images a second, and the products' share of the time."""
    pixels = np.random.default_rng(0).integers(0, 256, (batch, *INPUTS), np.uint8)
    floats, of_bytes, of_floats = pixels / np.float32(255), network(width, True), network(width, False)
    first, _, second, _ = of_bytes.weights
    x, activity = floats.reshape(batch, -1), np.ones((batch, width), np.float32)  # (B, 784), (B, width)
    taken = timed(
        {
            "bytes": lambda: of_bytes.probabilities(pixels),
            "float32": lambda: of_floats.probabilities(floats),
            "products": lambda: (x @ first, activity @ second),
        },
        seconds,
    )
    found: dict[str, Any] = {name: told(each) for name, each in taken.items()}
    for name in ("bytes", "float32"):
        found[name]["images_per_second"] = 1e6 * batch / found[name]["median"]
        found[name]["share_of_products"] = found["products"]["median"] / found[name]["median"]
    return found


def beside(seconds: float) -> dict[str, Any]:
    """Microseconds of what an answer does beside its products, for 1,000 images by the textbook's network."""
    draws = np.random.default_rng(0)
    pixels = draws.integers(0, 256, (1000, 784), np.uint8)
    sums = draws.normal(0, 1, (TEXTBOOK, 1000)).astype(np.float32)
    scores, biases = sums[:CLASSES].T, sums[:, :1].copy()  # (1000, 10), (128, 1)
    calls = {
        "bytes to float32, scaled": lambda: pixels * np.float32(1 / 255),
        "biases": lambda: sums + biases,
        "relu": lambda: activations.apply(NUMPY, "relu", sums),
        "softmax": lambda: activations.apply(NUMPY, "softmax", scores),
    }
    return {name: told(taken) for name, taken in timed(calls, seconds).items()}


def measured(seconds: float) -> dict[str, Any]:
    """All of it, in this process."""
    found = {
        f"784-{width}-{CLASSES}": {str(batch): answers(width, batch, seconds) for batch in BATCHES} for width in WIDTHS
    }
    return {"networks": found, "beside_the_products": beside(seconds), "imports_jax": "jax" in sys.modules}


def _time(figures: Mapping[str, float]) -> str:
    return f"{figures['median']:,.0f} ({figures['p99']:,.0f})"


def table(found: Mapping[str, Any]) -> str:
    """The figures as lines of text."""
    lines = [
        f"{'':<12}{'images':>7}{'bytes, µs (p99)':>20}{'float32, µs (p99)':>20}{'products, µs':>14}{'images/s':>11}"
    ]
    for name, by_batch in found["networks"].items():
        for batch, each in by_batch.items():
            both = "".join(f"{_time(each[kind]):>20}" for kind in ("bytes", "float32"))
            rate = each["bytes"]["images_per_second"]
            lines.append(f"{name:<12}{batch:>7}{both}{each['products']['median']:>14,.0f}{rate:>11,.0f}")
    parts = ", ".join(f"{name} {each['median']:.0f} µs" for name, each in found["beside_the_products"].items())
    return "\n".join([*lines, f"beside the products, 1,000 images by 128 neurons: {parts}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of measuring, for each network and batch")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        print(json.dumps(measured(given.seconds)))
        return
    figures = {}
    for threads, environment in THREADS.items():
        command = [sys.executable, "-m", "benchmarks.inference", "--here", "--seconds", str(given.seconds)]
        done = subprocess.run(
            command, env=os.environ | environment, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], check=True
        )
        figures[threads] = json.loads(done.stdout)
        print(threads, table(figures[threads]), sep="\n", flush=True)
    assert not any(each["imports_jax"] for each in figures.values()), "an answer waited for the engine"
    if given.record:
        print(f"written to {record.write('inference', figures, ['numpy'])}")


if __name__ == "__main__":
    main()
