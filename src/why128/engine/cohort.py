"""A cohort: what is trained as one compiled program, and the two programs that it is compiled to.

`Cohort` is the frozen description: its ladder, its optimiser, its loss, its batch.  Two cohorts that are equal share
their programs, whatever the seed, the replicate, the learning rates, the weight decays and the images: a second replicate compiles
nothing, and neither does a second study.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from why128 import ladder as ladders
from why128.engine.arithmetic import JAX, MixedBfloat16
from why128.engine.data import NOBODY, Pool
from why128.engine.devices import mapped, on_each, spread
from why128.engine.updates import direction
from why128.ladder import Ladder, Parameters
from why128.layers import Dropout
from why128.losses import Loss, cross_entropy
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


class State(NamedTuple):
    """What training changes: the weights, and what the optimiser remembers."""

    parameters: Parameters
    moments: object


class Pace(NamedTuple):
    """How fast each parameter moves, and how fast it decays: data, so that no program is compiled for either."""

    rates: Parameters  # learning rates
    decays: Parameters  # weight decays


class Sums(NamedTuple):
    """Over an epoch so far, by candidate, while it learned."""

    loss: jax.Array | np.ndarray  # (K,)
    hits: jax.Array | np.ndarray  # (K,) int32, images answered rightly

    @classmethod
    def nothing(cls, candidates: int) -> Sums:
        """Of an epoch that has not begun."""
        return cls(np.zeros(candidates, np.float32), np.zeros(candidates, np.int32))


_TRACING = threading.Lock()  # it is Python's work: two programs at once would both be late

# By itself XLA uses half of a register of AVX-512: for the optimiser's loops, whose numbers are near, that is too little.
_WIDE_REGISTERS = {"xla_cpu_prefer_vector_width": 512}


class Program:
    """A function of arrays, compiled once for each set of shapes, also when several threads ask at once.

    Over devices it is mapped: `own` says of which arguments each replicate has its own (devices.mapped).
    """

    def __init__(self, function: Callable, own: Sequence[bool], over: Mesh | None, donated: tuple[int, ...] = ()):
        placed: dict[str, Any] = {}
        if over is not None:
            function = mapped(function, over, own)
            places = tuple(spread(over) if each else on_each(over) for each in own)
            placed = {"in_shardings": places, "out_shardings": spread(over)}
        self._jitted = jax.jit(function, donate_argnums=donated, **placed)
        # An accelerator would round what it multiplies to fewer digits than float32 has, and answer otherwise.
        self._precision = None if over is None and jax.default_backend() == "cpu" else "highest"
        self._options = _WIDE_REGISTERS if jax.default_backend() == "cpu" else None
        self._compiled: dict[tuple, Callable] = {}
        self._one_at_a_time = threading.Lock()

    def ready(self, *arguments) -> Callable:
        """The compiled function for arguments of these shapes; compiles it the first time."""
        shapes = tuple((a.shape, str(a.dtype)) for a in jax.tree.leaves(arguments))
        with self._one_at_a_time:
            if shapes not in self._compiled:
                with _TRACING, jax.default_matmul_precision(self._precision):
                    lowered = self._jitted.lower(*arguments)
                self._compiled[shapes] = lowered.compile(self._options)
            return self._compiled[shapes]

    def __call__(self, *arguments):
        return self.ready(*arguments)(*arguments)


class Programs(NamedTuple):
    """The two programs of a cohort; mapped, what changes from replicate to replicate has a first axis R."""

    # a stretch: (state, Sums, Pool, batches (S, B), begin, first, last, pace, key (2,)) -> (state, Sums)
    learn: Program
    assess: Program  # (parameters, Pool, batch (B,)) -> (losses (K, B), hits (K, B))


def programs(cohort: Cohort, over: Mesh | None = None) -> Programs:
    """The programs of a cohort, or of several replicates of it over devices; the same objects for equal cohorts."""
    return _programs(cohort, over)


@lru_cache(maxsize=64)
def _programs(cohort: Cohort, over: Mesh | None) -> Programs:
    own = True, True, False, True, False, False, False, False, True  # state, sums and batches, and what dropout drops
    return Programs(
        Program(_learn(cohort), own, over, donated=(0, 1)), Program(_assess(cohort), (True, False, True), over)
    )


def _learn(cohort: Cohort) -> Callable:
    """A stretch of an epoch: one batch after the other, from each of which every candidate learns.

    Where it begins and ends is data, so that one program serves every stretch, and how an epoch is cut changes no bit.
    """
    turn = direction(cohort.optimizer).turn

    def step(xp, state: State, pool: Pool, batch: jax.Array, pace: Pace, key: jax.Array):
        gradients, sums = jax.grad(_loss, argnums=2, has_aux=True)(xp, cohort, state.parameters, pool, batch, key)
        directions, moments = turn(gradients, state.moments)
        parameters = jax.tree.map(_moved, state.parameters, directions, *pace)
        return State(parameters, moments), sums

    def stretch(
        state: State,
        sums: Sums,
        pool: Pool,
        batches: jax.Array,
        begin: jax.Array,
        first: jax.Array,
        last: jax.Array,
        pace: Pace,
        key: jax.Array,
    ):
        xp = JAX if cohort.precision == "float32" else MixedBfloat16(first < last)

        def one(number: jax.Array, carried: tuple[State, Sums]):
            own = jax.random.fold_in(jax.random.wrap_key_data(key), number)
            state, more = step(xp, carried[0], pool, batches[number - begin], pace, own)
            return state, jax.tree.map(jnp.add, carried[1], more)

        return jax.lax.fori_loop(first, last, one, (state, sums))

    return stretch


def _moved(parameter: jax.Array, direction: jax.Array, rate: jax.Array, decay: jax.Array) -> jax.Array:
    """A parameter after a step, with its decay apart from the gradient (Loshchilov & Hutter 2019), as Keras has it."""
    return parameter - rate * (direction + decay * parameter)


def _loss(
    xp, cohort: Cohort, parameters: Parameters, pool: Pool, batch: jax.Array, key: jax.Array
) -> tuple[jax.Array, Sums]:
    """The loss of a batch (B,) of rows, *summed* over candidates: a mean would divide each one's gradient by K."""
    ladder, present, rows = cohort.ladder, batch != NOBODY, jnp.maximum(batch, 0)
    weights = jnp.where(present, pool.weights[rows], 0.0)  # (B,)
    scores = ladders.scores(xp, ladder, parameters, pool.images[rows], _drop(key))  # (K, B, C)
    labels = pool.labels[rows]
    losses = cross_entropy(xp, scores, labels[None], ladder.answer, cohort.loss.from_logits) * weights[None]  # (K, B)
    hits = (ladders.choices(xp, ladder, scores) == labels[None]) & present[None]
    return losses.sum() / present.sum().astype(jnp.float32), Sums(losses.sum(1), hits.sum(1, dtype=jnp.int32))


def _assess(cohort: Cohort) -> Callable:
    """Losses and hits of a batch, image by image, of candidates that do not learn; NOBODY's are to be left out."""

    def assess(parameters: Parameters, pool: Pool, batch: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = jnp.maximum(batch, 0)  # (B,)
        scores = ladders.scores(JAX, cohort.ladder, parameters, pool.images[rows])  # (K, B, C)
        labels = pool.labels[rows][None]
        losses = cross_entropy(JAX, scores, labels, cohort.ladder.answer, cohort.loss.from_logits)
        return losses, ladders.choices(JAX, cohort.ladder, scores) == labels

    return assess


def _drop(key: jax.Array) -> ladders.Drop:
    """Dropout by address: the numbers belong to the candidate and the layer, not to its place in the cohort."""

    def drop(layer: Dropout, activity: jax.Array, address: tuple[int, ...]) -> jax.Array:
        own = jax.random.fold_in(key, zlib.crc32(repr(address).encode()))
        kept = jax.random.bernoulli(own, 1.0 - layer.rate, activity.shape)
        return jnp.where(kept, activity / np.float32(1.0 - layer.rate), 0.0)

    return drop
