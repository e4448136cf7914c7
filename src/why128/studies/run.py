"""Running a study: every replicate is one cohort, trained by the one training loop, a cohort a core.

Workers are threads: XLA leaves Python's lock while it computes, so cohorts run side by side in one process and share
one copy of the images.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from why128 import engine
from why128.data import Dataset
from why128.division import Division
from why128.ladder import Ladder
from why128.studies.plan import Plan


@dataclass(frozen=True, eq=False)
class EpochDone:
    """One epoch of one replicate: how far it is."""

    replicate: int
    epoch: int
    accuracies: np.ndarray  # (K,) on validation images


@dataclass(frozen=True, eq=False)
class Replicate:
    """One finished cohort: every candidate trained once."""

    number: int
    weights: list[tuple[np.ndarray, ...]]  # by candidate, in Keras's order
    learned: engine.Assessment  # on the images learned from
    held_out: engine.Assessment  # on validation images
    curves: dict[str, np.ndarray]  # loss, accuracy, val_loss, val_accuracy, each (E, K)
    seconds: float


Event = EpochDone | Replicate


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicates(plan: Plan, data: Dataset, division: Division, workers: int | None = None) -> Iterator[Event]:
    """Train all replicates, giving each epoch and each finished replicate as it comes.

    Whoever stops asking stops the training after the epochs under way.  A fault in a worker is raised here.
    """
    pixels = data.train.pixels.reshape(len(data.train), -1)  # (N, D)
    arrays = engine.Data.of(pixels, data.train.labels)
    events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
    stop = threading.Event()

    def work(number: int) -> None:
        try:
            for event in _train(plan, data, arrays, division, number):
                events.put(event)
                if stop.is_set():
                    return
        except BaseException as fault:
            events.put(fault)

    left = plan.replicates
    with ThreadPoolExecutor(min(workers or cores(), plan.replicates)) as pool:
        try:
            for number in range(plan.replicates):
                pool.submit(work, number)
            while left:
                event = events.get()
                if isinstance(event, BaseException):
                    raise event
                left -= isinstance(event, Replicate)
                yield event
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _train(plan: Plan, data: Dataset, arrays: engine.Data, division: Division, number: int) -> Iterator[Event]:
    """One replicate of the whole ladder, from its initial weights to its last assessment."""
    recipe, ladder = plan.recipe, Ladder.of(plan.networks(data))
    cohort = engine.Cohort(ladder, recipe.optimizer, recipe.loss, recipe.batch_size)
    run = engine.Run(division.learned, recipe.epochs, recipe.seed, number)
    curves: dict[str, list[np.ndarray]] = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
    seconds = 0.0
    for epoch in engine.train(cohort, arrays, run, engine.start(cohort, ladder.initial(recipe.seed, number))):
        found = engine.assess(cohort, arrays, division.held_out, epoch.state.parameters)
        measured = (epoch.loss, epoch.accuracy, found.losses.mean(1), found.hits.mean(1))
        for curve, values in zip(curves.values(), measured, strict=True):
            curve.append(values)
        seconds += epoch.seconds
        yield EpochDone(number, epoch.number, found.hits.mean(1))
    learned = engine.assess(cohort, arrays, division.learned, epoch.state.parameters)
    weights = ladder.unpack(epoch.state.parameters)
    yield Replicate(number, weights, learned, found, {name: np.array(c) for name, c in curves.items()}, seconds)
