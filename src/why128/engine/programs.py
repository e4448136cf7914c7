"""The two programs of a cohort, compiled once for each set of shapes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import jax
from jax.sharding import Mesh

from why128.engine.cohort import Cohort
from why128.engine.devices import mapped, on_each, spread
from why128.engine.steps import assessing, learning

_TRACING = threading.Lock()  # it is Python's work: two programs at once would both be late

# By itself XLA uses half of a register of AVX-512: for the optimiser's loops, whose numbers are near, that is too little.
_WIDE_REGISTERS: dict[str, Any] = {"xla_cpu_prefer_vector_width": 512}


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

    # a stretch: (state, Sums, Pool, batches (S, B), begin, first, last, pace, key (2,)) -> (state, Sums, answers (K, S, B, C) or none)
    learn: Program
    assess: Program  # (parameters, Pool, batch (B,)) -> (losses (K, B), hits (K, B))


def programs(cohort: Cohort, over: Mesh | None = None) -> Programs:
    """The programs of a cohort, or of several replicates of it over devices; the same objects for equal cohorts.

    Learning rate and weight decay are data: they make no other cohort.
    """
    usual = type(cohort.optimizer)()
    alike = replace(cohort.optimizer, learning_rate=usual.learning_rate, weight_decay=usual.weight_decay, name=None)
    return _programs(replace(cohort, optimizer=alike), over)


@lru_cache(maxsize=64)
def _programs(cohort: Cohort, over: Mesh | None) -> Programs:
    own = True, True, False, True, False, False, False, False, True  # state, sums and batches, and what dropout drops
    return Programs(
        Program(learning(cohort), own, over, donated=(0, 1)), Program(assessing(cohort), (True, False, True), over)
    )
