"""The one training loop: `fit` goes through it with a ladder of one, a study with a replicate of the whole ladder."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from why128.addresses import draws, key_words
from why128.engine.cohort import ASSESSED_AT_ONCE, NOBODY, Cohort, Data, Pace, State, programs
from why128.engine.updates import direction
from why128.ladder import Parameters


@dataclass(frozen=True, eq=False)
class Run:
    """One cohort's training: which images, for how long, by which luck."""

    learned: np.ndarray  # rows of the data to learn from
    epochs: int
    seed: int
    replicate: int = 0  # whose order of images, and whose dropout
    shuffle: bool = True
    first_epoch: int = 0  # the address of the next epoch's order: not 0 when training goes on
    rates: Sequence[float | None] | None = None  # a learning rate a candidate; None is the optimiser's
    decays: Sequence[float | None] | None = None  # a weight decay a candidate; None is the optimiser's, or 0


@dataclass(frozen=True, eq=False)
class Assessment:
    """Images answered without learning, image by image."""

    losses: np.ndarray  # (K, N) float32
    hits: np.ndarray  # (K, N) bool


@dataclass(frozen=True, eq=False)
class Epoch:
    """What one epoch gave, by candidate; `state` is overwritten when the next epoch is asked for."""

    number: int
    state: State
    loss: np.ndarray  # (K,) mean over the epoch, while it learned
    accuracy: np.ndarray  # (K,) likewise
    seconds: float  # of training, without compiling


def start(cohort: Cohort, parameters: Parameters) -> State:
    """The state before the first step from these weights (NumPy or JAX arrays)."""
    own = Parameters(*(jnp.array(a, jnp.float32) for a in parameters))
    return State(own, direction(cohort.optimizer).init(own))


def train(cohort: Cohort, data: Data, run: Run, state: State) -> Iterator[Epoch]:
    """Train for `run.epochs` epochs, giving each as it ends; whoever stops asking stops the training.

    The order of images in an epoch depends on (seed, replicate, epoch) alone, so that all candidates of a replicate
    see the same images in the same order, and a network trained alone sees what it saw in company.
    """
    learn = programs(cohort).learn
    pace = _pace(cohort, run)
    for number in range(run.first_epoch, run.first_epoch + run.epochs):
        rows = _order(run, number)
        key = key_words(run.seed, "dropout", replicate=run.replicate, epoch=number)
        arguments = (state, data, _batches(rows, cohort.batch_size), pace, key)
        one_epoch = learn.ready(*arguments)  # compiling is not training: it is not timed
        began = time.perf_counter()
        state, sums = one_epoch(*arguments)
        loss, accuracy = (np.asarray(s) / len(rows) for s in sums)
        yield Epoch(number, state, loss, accuracy, time.perf_counter() - began)


def assess(cohort: Cohort, data: Data, rows: np.ndarray, parameters: Parameters) -> Assessment:
    """Every candidate's loss and hit on each of these rows of the data."""
    found = programs(cohort).assess(parameters, data, _batches(rows, ASSESSED_AT_ONCE))
    return Assessment(*(np.asarray(a)[:, : len(rows)] for a in found))


def _order(run: Run, epoch: int) -> np.ndarray:
    """The rows of one epoch in the order in which they are learned from.  # (N,)"""
    if not run.shuffle:
        return run.learned
    return draws(run.seed, "order", replicate=run.replicate, epoch=epoch).permutation(run.learned)


def _pace(cohort: Cohort, run: Run) -> Pace:
    """Each candidate's own learning rate and weight decay, or the optimiser's, spread over its parameters."""
    usual = (cohort.optimizer.learning_rate, getattr(cohort.optimizer, "weight_decay", 0.0))
    nothing = [None] * len(cohort.ladder.chains)
    spread = (
        cohort.ladder.scatter([of_all if own is None else own for own in (nothing if each is None else each)])
        for each, of_all in zip((run.rates, run.decays), usual, strict=True)
    )
    return Pace(*(jax.tree.map(jnp.asarray, each) for each in spread))


def _batches(rows: np.ndarray, size: int) -> np.ndarray:
    """Rows (N,) in batches (S, size); the places that are left in the last one are NOBODY's."""
    size = min(size, len(rows))
    padded = np.full(-(-len(rows) // size) * size, NOBODY, np.int32)
    padded[: len(rows)] = rows
    return padded.reshape(-1, size)
