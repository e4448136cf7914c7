"""A cohort: what is trained as one compiled program, and what changes while it learns.

`Cohort` is the frozen description: its ladder, its optimiser, its loss, its batch.  Two cohorts that are equal share
their programs (programs.py), whatever the seed, the replicate, the learning rates, the weight decays and the images: a second
replicate compiles nothing, and neither does a second study.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from why128.ladder import Ladder, Parameters
from why128.losses import Loss
from why128.optimizers import Optimizer

# Images looked at together when nothing is learned, and never fewer, so that any number of them takes the same program: large
# enough for a busy product, small enough for the cache.
ASSESSED_AT_ONCE = 512


@dataclass(frozen=True)
class Cohort:
    """What to train together, and how; equal cohorts share their compiled programs."""

    ladder: Ladder
    optimizer: Optimizer
    loss: Loss
    batch_size: int
    precision: str = "float32"  # while learning: recipe.PRECISIONS
    telling: bool = False  # whether it also tells what it answered while it learned, for metrics


class State(NamedTuple):
    """What training changes: the weights, and what the optimiser remembers."""

    parameters: Parameters
    moments: object


class Pace(NamedTuple):
    """How fast each parameter moves, and how fast it decays: data, so that no program is compiled for either."""

    rates: Parameters  # learning rates
    decays: Parameters  # weight decays
    factors: jax.Array | np.ndarray  # (S,) of each step of the epoch, on the learning rates


class Sums(NamedTuple):
    """Over an epoch so far, by candidate, while it learned."""

    loss: jax.Array | np.ndarray  # (K,)
    hits: jax.Array | np.ndarray  # (K,) int32, images answered rightly

    @classmethod
    def nothing(cls, candidates: int) -> Sums:
        """Of an epoch that has not begun."""
        return cls(np.zeros(candidates, np.float32), np.zeros(candidates, np.int32))
