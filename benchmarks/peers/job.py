"""What a peer is asked, and what it answers: one JSON document on standard input, one on standard output.

A peer is a file with `train(job, images)`, which imports its library, trains, and yields a Group for what it trained
together.  It runs as `python -m benchmarks.peers.NAME` in a process of its own, so that its threads and its memory are
its own.  Reading the images is not timed; importing the library is.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Job:
    """Which networks to train, on what, for how long."""

    data: str  # the data set's name, for who reads it by itself
    images: str  # an NPZ file: images, labels, held_out_images, held_out_labels
    widths: tuple[int, ...]  # neurons of the hidden layer; 0 is softmax regression
    replicates: int  # networks of each width
    seed: int  # of the first replicate; the others follow
    batch: int
    epochs: int
    cores: int | None = None  # how many to use; None is all
    precision: str = "float32"  # this engine's, while it learns

    @property
    def seeds(self) -> range:
        """One a replicate."""
        return range(self.seed * self.replicates, (self.seed + 1) * self.replicates)


class Images(NamedTuple):
    """The images to learn from and those to judge by, between 0 and 1, flat."""

    learned: np.ndarray  # (N, D) float32
    labels: np.ndarray  # (N,) int64
    held_out: np.ndarray  # (N', D) float32
    held_out_labels: np.ndarray  # (N',) int64

    @classmethod
    def of(cls, file: str) -> Images:
        """Those of a file that `bench.py` wrote."""
        with np.load(file) as arrays:
            pixels = (arrays[name] / np.float32(255) for name in ("images", "held_out_images"))
            labels = (arrays[name].astype(np.int64) for name in ("labels", "held_out_labels"))
            (learned, held_out), (own, others) = pixels, labels
        return cls(learned, own, held_out, others)


@dataclass(frozen=True)
class Group:
    """Networks that were trained together: one, or a population."""

    widths: tuple[int, ...]  # of each network
    epochs: tuple[float, ...]  # seconds of each epoch, the first with its compiling
    accuracies: tuple[float, ...]  # of each network on the images to judge by


class Clock:
    """Seconds between `start` and `stop`, one after the other."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def start(self) -> None:
        self._began = time.perf_counter()

    def stop(self) -> None:
        self.seconds.append(time.perf_counter() - self._began)


def initial(width: int, seed: int, inputs: int = 784, classes: int = 10) -> list[np.ndarray]:
    """Glorot-uniform kernels (inputs, units) of each layer, Keras's default; biases start at 0."""
    draws, sizes = np.random.default_rng([seed, width]), [inputs, *([width] if width else []), classes]
    return [
        draws.uniform(-((6 / (a + b)) ** 0.5), (6 / (a + b)) ** 0.5, (a, b)).astype(np.float32)
        for a, b in pairwise(sizes)
    ]


def answer(train: Callable[[Job, Images], Iterator[Group]], *packages: str) -> None:
    """Do the job on standard input, and write what it gave; what is not installed is said to be missing."""
    job = asked()
    images = Images.of(job.images)
    began = time.perf_counter()
    try:
        groups = [asdict(group) for group in train(job, images)]
    except ModuleNotFoundError as missing:
        tell({"missing": missing.name})
        return
    seconds = time.perf_counter() - began
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tell({"seconds": seconds, "memory": memory, "groups": groups, "versions": versions(*packages)})


def asked() -> Job:
    """The job on standard input; from here on this process keeps to its cores."""
    job = Job(**json.load(sys.stdin))
    if job.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.cores])
    return job


def tell(document: dict[str, Any]) -> None:
    """The answer, as the last line of standard output: libraries may have written there before."""
    print(json.dumps(document), flush=True)


def versions(*packages: str) -> dict[str, str]:
    return {package: version(package) for package in packages}
