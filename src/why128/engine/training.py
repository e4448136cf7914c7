"""The one training loop (`advance`): `fit` goes through it with a ladder of one, a study with a replicate of the whole ladder,
or with several replicates mapped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from why128 import schedules
from why128.addresses import draws, key_words
from why128.engine.cohort import ASSESSED_AT_ONCE, Cohort, Pace, State, Sums
from why128.engine.data import NOBODY, Data
from why128.engine.programs import programs
from why128.engine.runs import Group, Run
from why128.engine.updates import direction
from why128.ladder import Parameters

STRETCH = 0.1  # seconds of training after which a training may be stopped, or kept: what an end at any moment may cost
FIRST_STRETCH = 32  # steps, before it is known how long they take


@dataclass(frozen=True, eq=False)
class Assessment:
    """Images answered without learning, image by image; of a group with a first axis R."""

    losses: np.ndarray  # (K, N) float32
    hits: np.ndarray  # (K, N) bool


@dataclass(frozen=True, eq=False)
class Epoch:
    """What one epoch gave, by candidate, of a group with a first axis R; `state` is overwritten when the next is asked for."""

    number: int
    state: State
    loss: np.ndarray  # (K,) mean over the epoch, while it learned
    accuracy: np.ndarray  # (K,) likewise
    seconds: float  # of training, without compiling


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a training stands between two steps: all that is needed to go on, and to come to the same bits.

    Its arrays are overwritten when the next is asked for.
    """

    epoch: int
    step: int  # batches of this epoch that were learned from
    steps: int  # batches of an epoch
    state: State
    sums: Sums  # of this epoch so far
    seconds: float  # of this epoch so far, without compiling
    told: np.ndarray | None = None  # (S, B, K, C) what was answered in the steps just taken, where the cohort tells it

    @property
    def ended(self) -> bool:
        """Whether its epoch is over."""
        return self.step == self.steps


def start(cohort: Cohort, parameters: Parameters) -> State:
    """The state before the first step from these weights (NumPy or JAX arrays)."""
    own = Parameters(*(jnp.asarray(np.array(a, np.float32)) for a in parameters))
    return State(own, direction(cohort.optimizer).init(own))


def begin(cohort: Cohort, run: Run, state: State) -> Progress:
    """Before the first step of a run."""
    steps = -(-len(run.learned) // min(cohort.batch_size, len(run.learned)))
    return Progress(run.first_epoch, 0, steps, state, Sums.nothing(len(cohort.ladder.chains)), 0.0)


def here(progress: Progress) -> Progress:
    """Where a training stands, by NumPy: it takes no room on a device."""
    state, sums = jax.tree.map(np.asarray, (progress.state, progress.sums))
    return replace(progress, state=state, sums=sums)


def together(run: Run | Group, each: Sequence[Progress]) -> Progress:
    """Where the runs of a group stand, all at the same place, as one progress of the group."""
    assert len({(one.epoch, one.step, one.steps) for one in each}) == 1, "the runs of a group stand at the same place"
    state, sums = run.together([(one.state, one.sums) for one in each])
    return replace(each[0], state=state, sums=sums, seconds=each[0].seconds * run.size)


def apart(run: Run | Group, progress: Progress) -> list[Progress]:
    """Where each run of a group stands; of its seconds, which were for all, its share."""
    states = run.apart((progress.state, progress.sums))
    return [replace(progress, state=s, sums=sums, seconds=progress.seconds / run.size) for s, sums in states]


def train(cohort: Cohort, data: Data, run: Run, state: State) -> Iterator[Epoch]:
    """Train for `run.epochs` epochs, giving each as it ends; whoever stops asking stops the training."""
    for progress in advance(cohort, data, run, begin(cohort, run, state)):
        if progress.ended:
            yield epoch(progress, run)


def advance(
    cohort: Cohort, data: Data, run: Run | Group, progress: Progress, most: int | None = None
) -> Iterator[Progress]:
    """The training loop: from where it stands to the end of the run, a stretch of about a tenth of a second, or `most` steps, after
    the other.

    The order of images in an epoch depends on (seed, replicate, epoch) alone, so that all candidates of a replicate
    see the same images in the same order, and a network trained alone sees what it saw in company.  How an epoch is cut
    into stretches depends on the machine's speed, and changes no bit.  A group goes through it as one run does.
    """
    one, learn, at_once = run.runs[0], programs(cohort, run.over).learn, most or FIRST_STRETCH
    for number in range(progress.epoch, one.first_epoch + one.epochs):
        if progress.epoch < number:
            nothing = run.together([Sums.nothing(len(cohort.ladder.chains))])
            progress = Progress(number, 0, progress.steps, progress.state, nothing, 0.0)
        pace = run.on_each(_pace(cohort, one, number, progress.steps))
        order, key = run.together([_drawn(cohort, each, number) for each in run.runs])
        while not progress.ended:
            span = progress.step, min(progress.step + min(at_once, data.most(order)), progress.steps)
            began = time.perf_counter()
            pool, batches, begins = data.laid_out(order, *span)
            laid = time.perf_counter() - began
            arguments = (progress.state, progress.sums, pool, batches, *map(np.int32, (begins, *span)), pace, key)
            stretch = learn.ready(*arguments)  # compiling is not training: it is not timed
            began = time.perf_counter()
            state, sums, told = jax.block_until_ready(stretch(*arguments))
            taken = laid + time.perf_counter() - began
            at_once = most or max(1, round((span[1] - span[0]) * min(STRETCH / taken, 8.0)))
            answers = np.asarray(told)[span[0] - begins : span[1] - begins] if cohort.telling else None
            progress = replace(
                progress, step=span[1], state=state, sums=sums, seconds=progress.seconds + taken, told=answers
            )
            yield progress


def epoch(progress: Progress, run: Run | Group) -> Epoch:
    """What an epoch gave that has just ended."""
    loss, accuracy = (np.asarray(s) / np.float32(len(run.runs[0].learned)) for s in progress.sums)
    return Epoch(progress.epoch, progress.state, loss, accuracy, progress.seconds)


def leaves(progress: Progress) -> list[np.ndarray]:
    """The arrays of a training's state, in a fixed order; they are overwritten when it goes on."""
    return [np.asarray(leaf) for leaf in jax.tree.leaves((progress.state, progress.sums))]


def restored(fresh: Progress, kept: Sequence[np.ndarray], epoch: int, step: int, seconds: float) -> Progress:
    """Where a training stood whose `leaves` these are; `fresh` is its beginning.

    Raises ValueError where they are not of its shapes.
    """
    due = jax.tree.leaves((fresh.state, fresh.sums))
    if [(a.shape, a.dtype) for a in due] != [(a.shape, a.dtype) for a in kept] or not 0 <= step <= fresh.steps:
        raise ValueError("another training's state")
    state, sums = jax.tree.unflatten(jax.tree.structure((fresh.state, fresh.sums)), [jnp.array(a) for a in kept])
    return replace(fresh, epoch=epoch, step=step, state=state, sums=sums, seconds=seconds)


def assess(
    cohort: Cohort, data: Data, rows: np.ndarray, parameters: Parameters, run: Run | Group | None = None
) -> Assessment:
    """Every candidate's loss and hit on each of these rows (N,) of the data; those of a group, `run`, may have their own (R, N)."""
    look = programs(cohort, run.over if run else None).assess
    each = [_batches(own, ASSESSED_AT_ONCE, short=False) for own in np.atleast_2d(rows)]  # of (S, B)
    batches = [run.together(batch) if run else batch[0] for batch in zip(*each, strict=True)]
    found = [look(parameters, *data.one(batch)) for batch in batches]
    return Assessment(
        *(np.concatenate(parts, axis=-1)[..., : np.shape(rows)[-1]] for parts in zip(*found, strict=True))
    )


def _drawn(cohort: Cohort, run: Run, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """One epoch's luck: its batches of rows, in order, and what dropout draws from.  # (S, B), (2,)"""
    key = key_words(run.seed, "dropout", replicate=run.replicate, epoch=epoch)
    return order(cohort, run, epoch), key


def _order(run: Run, epoch: int) -> np.ndarray:
    """The rows of one epoch in the order in which they are learned from.  # (N,)"""
    if not run.shuffle:
        return run.learned
    return draws(run.seed, "order", replicate=run.replicate, epoch=epoch).permutation(run.learned)


def _pace(cohort: Cohort, run: Run, epoch: int, steps: int) -> Pace:
    """Each candidate's own learning rate and weight decay, or the optimiser's, spread over its parameters; and what each step of an
    epoch takes of them."""
    own: Any = cohort.optimizer.learning_rate
    decay = cohort.optimizer.weight_decay or 0.0
    taken = run.first_step + (epoch - run.first_epoch) * steps
    changing = own if callable(own) and run.rate is None else run.rate
    factors = np.ones(steps) if changing is None else schedules.rates(changing, np.arange(taken, taken + steps))
    usual = (own if changing is None else 1.0, decay)
    nothing = [None] * len(cohort.ladder.chains)
    spread = (
        cohort.ladder.scatter([of_all if own is None else own for own in (nothing if each is None else each)])
        for each, of_all in zip((run.rates, run.decays), usual, strict=True)
    )
    rates, decays = (jax.tree.map(jnp.asarray, each) for each in spread)
    return Pace(rates, decays, jnp.asarray(factors.astype(np.float32)))


def order(cohort: Cohort, run: Run, epoch: int) -> np.ndarray:
    """The rows of the data that each step of an epoch learns from, NOBODY where a batch is short.  # (S, B)"""
    return _batches(_order(run, epoch), cohort.batch_size)


def _batches(rows: np.ndarray, size: int, short: bool = True) -> np.ndarray:
    """Rows (N,) in batches (S, size); the places that are left in the last one are NOBODY's.  `short`: fewer rows make a smaller batch."""
    size = min(size, len(rows)) if short else size
    padded = np.full(-(-len(rows) // size) * size, NOBODY, np.int32)
    padded[: len(rows)] = rows
    return padded.reshape(-1, size)
