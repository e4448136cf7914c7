"""Running a study: every replicate is one cohort, trained by the one training loop, a cohort a core.

Workers are threads: XLA leaves Python's lock while it computes, so cohorts run side by side in one process and share
one copy of the images.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from why128 import engine
from why128.data import Dataset
from why128.division import Division, sample
from why128.ladder import Ladder
from why128.network import Network, Preparation
from why128.studies.candidate import Candidate
from why128.studies.plan import Entry, Plan


@dataclass(frozen=True)
class Luck:
    """The addresses of what differs between replicates: to change one alone is to measure what it alone does."""

    initialisation: int  # whose initial weights
    order: int  # whose order of images, and whose neurons dropout drops
    sample: int  # whose sample of the images to learn from, where each replicate draws its own

    @classmethod
    def of(cls, replicate: int) -> Luck:
        """The luck of a study's replicate, in which all three belong together."""
        return cls(replicate, replicate, replicate)


@dataclass(frozen=True, eq=False)
class EpochDone:
    """One epoch of one cohort: how far it is.  T trained networks, in the order in which they were given."""

    luck: Luck
    epoch: int
    measured: dict[str, np.ndarray]  # loss and accuracy while it learned, val_loss and val_accuracy, each (T,)

    @property
    def accuracies(self) -> np.ndarray:
        """On validation images.  # (T,)"""
        return self.measured["val_accuracy"]

    @property
    def replicate(self) -> int:
        """The replicate's number; of luck that is mixed, that of its initial weights."""
        return self.luck.initialisation


@dataclass(frozen=True, eq=False)
class Replicate:
    """One finished cohort: T networks, each trained once, in the order in which they were given.

    In a whole replicate of a plan, candidate k under setting s stands at k · S + s (`plan.entries`).
    """

    luck: Luck
    weights: list[tuple[np.ndarray, ...]]  # of each network, in Keras's order
    learned: engine.Assessment  # on the images learned from
    held_out: engine.Assessment  # on validation images
    tuned: np.ndarray | None  # (T, N) hits on tuning images; None where there are none
    curves: dict[str, np.ndarray]  # loss, accuracy, val_loss, val_accuracy, each (E, T)
    seconds: float

    @property
    def number(self) -> int:
        """The replicate's number; of luck that is mixed, that of its initial weights."""
        return self.luck.initialisation


Event = EpochDone | Replicate


@dataclass(frozen=True, eq=False)
class _Bench:
    """What all cohorts of a run share."""

    plan: Plan
    division: Division
    data: engine.Data
    labels: np.ndarray  # of all rows
    candidates: Sequence[Candidate]  # (T,) each under its setting
    ladder: Ladder


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicates(plan: Plan, data: Dataset, division: Division, workers: int | None = None) -> Iterator[Event]:
    """Train all replicates of a plan: `trials` of all its entries, each replicate with its own luck."""
    return trials(plan, data, division, plan.entries, [Luck.of(r) for r in range(plan.replicates)], workers)


def trials(
    plan: Plan,
    data: Dataset,
    division: Division,
    entries: Sequence[Entry],
    lucks: Sequence[Luck],
    workers: int | None = None,
) -> Generator[Event]:
    """Train these candidates under these settings, a cohort a luck, giving each epoch and each finished cohort as it comes.

    Of the plan, only its recipe and whether replicates draw their own images count, so that what is trained does not
    depend on what else a study tries: a trial is the same (to float32's last bits) in any company, and any replicate can
    be trained later.  Whoever stops asking stops the training after the epochs under way.  A fault in a worker is raised here.
    """
    pixels = data.train.pixels.reshape(len(data.train), -1)  # (N, D)
    candidates = [candidate.under(setting) for candidate, setting in entries]
    bench = _Bench(
        plan, division, engine.Data.of(pixels, data.train.labels), data.train.labels, candidates,
        Ladder.of([candidate.layers_for(data) for candidate in candidates]),
    )  # fmt: skip
    events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
    stop = threading.Event()

    def work(luck: Luck) -> None:
        try:
            for event in _train(bench, luck):
                events.put(event)
                if stop.is_set():
                    return
        except BaseException as fault:
            events.put(fault)

    left = len(lucks)
    with ThreadPoolExecutor(max(1, min(workers or cores(), left))) as pool:
        try:
            for luck in lucks:
                pool.submit(work, luck)
            while left:
                event = events.get()
                if isinstance(event, BaseException):
                    raise event
                left -= isinstance(event, Replicate)
                yield event
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _train(bench: _Bench, luck: Luck) -> Iterator[Event]:
    """One cohort, from its initial weights to its last assessment."""
    recipe, ladder, division = bench.plan.recipe, bench.ladder, bench.division
    rows = division.learned
    if bench.plan.resample:
        rows = sample(rows, bench.labels, recipe.seed, luck.sample)
    cohort = engine.Cohort(ladder, recipe.optimizer, recipe.loss, recipe.batch_size)
    rates = [c.learning_rate for c in bench.candidates]
    decays = [c.weight_decay for c in bench.candidates]
    run = engine.Run(rows, recipe.epochs, recipe.seed, luck.order, rates=rates, decays=decays)
    history: list[dict[str, np.ndarray]] = []
    seconds = 0.0
    start = engine.start(cohort, ladder.initial(recipe.seed, luck.initialisation))
    for epoch in engine.train(cohort, bench.data, run, start):
        found = engine.assess(cohort, bench.data, division.held_out, epoch.state.parameters)
        judged = {"val_loss": found.losses.mean(1), "val_accuracy": found.hits.mean(1)}
        history.append({"loss": epoch.loss, "accuracy": epoch.accuracy, **judged})
        seconds += epoch.seconds
        yield EpochDone(luck, epoch.number, history[-1])
    parameters = epoch.state.parameters
    learned = engine.assess(cohort, bench.data, rows, parameters)
    tuned = engine.assess(cohort, bench.data, division.tuning, parameters).hits if len(division.tuning) else None
    curves = {name: np.array([epoch[name] for epoch in history]) for name in history[0]}  # each (E, T)
    yield Replicate(luck, ladder.unpack(parameters), learned, found, tuned, curves, seconds)


def finished(plan: Plan, data: Dataset, candidate: Candidate, luck: Luck, weights: Sequence[np.ndarray]) -> Network:
    """A trained candidate (under its setting) as a network that says where it comes from."""
    bytes_of_pixels = data.train.pixels.dtype == np.uint8
    about = {
        "data": data.name,
        "fingerprint": data.fingerprint,
        "seed": plan.recipe.seed,
        "replicate": luck.initialisation,
        "width": candidate.label,
        "epochs": plan.recipe.epochs,
        **{
            name: value for name in ("learning_rate", "weight_decay") if (value := getattr(candidate, name)) is not None
        },
    }
    preparation = Preparation("rgb" if data.image_shape[2] == 3 else "gray", (0.0, 255.0 if bytes_of_pixels else 1.0))
    return Network(candidate.layers_for(data), tuple(weights), data.classes, preparation, about)
