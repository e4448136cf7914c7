"""What a network costs: numbers to learn, bytes to keep, seconds to train, and the time that an answer takes, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128.network import Network
from why128.studies.budget import BYTES_EACH

MANY = 1000  # images answered at a time, beside one
AT_LEAST = 3  # calls, so that there is a median; more while they fit into the time
AT_MOST = 500  # calls: the quartiles of more say nothing new
SECONDS_EACH = 0.01  # of measuring: a thousand images by 512 neurons take about that, one takes microseconds


@dataclass(frozen=True)
class Timing:
    """Seconds that a call takes: the median, and the quartiles, because a busy machine makes a long tail."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Cost:
    """What a network costs on this machine."""

    neurons: int  # hidden ones, all together
    parameters: int
    bytes_float32: int  # of the parameters
    bytes_int8: int  # of the parameters, quantised by layer
    seconds: float  # of training
    latency_one: Timing  # to answer one image
    latency_thousand: Timing  # to answer a thousand at once

    @classmethod
    def of(cls, document: dict[str, Any]) -> Cost:
        """The cost that was written with `dataclasses.asdict`."""
        timings = {name: Timing(**document[name]) for name in ("latency_one", "latency_thousand")}
        return cls(**document | timings)


def measure(network: Network, seconds: float) -> Cost:
    """The cost of a network that took so many seconds to train; takes some hundredths of a second.

    To be asked when nothing else is running: what is timed is `network.probabilities`, which shares the machine.
    """
    images = _images(network)
    return Cost(
        neurons=sum(network.width),
        parameters=network.parameters,
        bytes_float32=network.parameters * BYTES_EACH,
        bytes_int8=bytes_int8(network),
        seconds=seconds,
        latency_one=timing(lambda: network.probabilities(images[:1])),
        latency_thousand=timing(lambda: network.probabilities(images)),
    )


def bytes_int8(network: Network) -> int:
    """What its parameters take in 8-bit integers: a byte a weight, four a bias, and four a layer for the scale.

    A size announced, not a file written: TensorFlow Lite's scheme with one scale a layer (Jacob et al. 2018, section 2),
    in which biases stay 32-bit integers.
    """
    kernels = [w for w in network.weights if w.ndim == 2]
    biases = [w for w in network.weights if w.ndim == 1]
    return sum(w.size for w in kernels) + 4 * sum(w.size for w in biases) + 4 * len(kernels)


def timing(call: Callable[[], object]) -> Timing:
    """How long a call takes, once warm."""
    call()  # the first one packs the weights and fills the cache
    taken: list[float] = []
    began = now = time.perf_counter()
    while len(taken) < AT_LEAST or (now - began < SECONDS_EACH and len(taken) < AT_MOST):
        before = time.perf_counter()
        call()
        now = time.perf_counter()
        taken.append(now - before)
    low, median, high = np.quantile(taken, [0.25, 0.5, 0.75]).tolist()
    return Timing(median, low, high)


def _images(network: Network) -> np.ndarray:
    """Pictures to be answered, of noise: how long an answer takes does not depend on what they show.  # (1000, …)"""
    noise = np.random.default_rng(0).integers(0, 256, (MANY, *network.input_shape), np.uint8)
    return noise if network.preparation.scale == (0.0, 255.0) else network.preparation.to_input(noise)
