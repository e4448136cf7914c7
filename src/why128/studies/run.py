"""Training cohorts in this process: each by the one training loop, a cohort a core.

Cohorts run in threads: XLA leaves Python's lock while it computes, so they run side by side and share one copy of the
images.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from why128 import engine
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.checkpoint import Checkpoint
from why128.studies.events import Answers, EpochDone, Event, Luck, Replicate

MEASURED = ("loss", "accuracy", "val_loss", "val_accuracy")


def trials(task: Task, pictures: Pictures, stop: threading.Event | None = None) -> Generator[Event]:
    """Train what a task asks for, giving each epoch and each finished cohort as it comes.

    Whoever stops asking, or sets `stop`, stops the training within a second or so; with a folder for checkpoints, it goes
    on from there when it is asked for again, to the same bits.  A fault in a thread is raised here.
    """
    data, stop = engine.Data.of(pictures.pixels, pictures.labels), stop or threading.Event()
    events: queue.SimpleQueue[EpochDone | Replicate | BaseException | None] = queue.SimpleQueue()

    def work(luck: Luck) -> None:
        try:
            for event in _Training(task.bench, data, pictures.labels, luck).run(task.checkpoints, stop):
                events.put(event)
        except BaseException as fault:
            events.put(fault)
        events.put(None)

    left = len(task.lucks)
    with ThreadPoolExecutor(max(1, min(task.workers, left))) as pool:
        try:
            for luck in task.lucks:
                pool.submit(work, luck)
            while left and not (stop.is_set() and events.empty()):
                event = events.get()
                if isinstance(event, BaseException):
                    raise event
                left -= event is None
                if event is not None:
                    yield event
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, eq=False)
class _Training:
    """One cohort, from its initial weights to its last assessment."""

    bench: Bench
    data: engine.Data
    labels: np.ndarray  # of all rows
    luck: Luck

    def run(self, checkpoints: Path | None, stop: threading.Event) -> Iterator[EpochDone | Replicate]:
        bench, luck = self.bench, self.luck
        recipe, ladder, rows = bench.recipe, bench.ladder, bench.rows(self.labels, luck)
        cohort = engine.Cohort(ladder, recipe.optimizer, recipe.loss, recipe.batch_size)
        run = engine.Run(rows, recipe.epochs, recipe.seed, luck.order, rates=bench.rates, decays=bench.decays)
        fresh = engine.begin(cohort, run, engine.start(cohort, ladder.initial(recipe.seed, luck.initialisation)))
        checkpoint = Checkpoint(checkpoints, bench.address(luck))
        begun, curves, seconds = _resumed(fresh, checkpoint)
        progress = begun
        for progress in engine.advance(cohort, self.data, run, begun):
            if progress.ended:
                measured = self._judged(cohort, engine.epoch(progress, run))
                curves = {name: np.concatenate([curves[name], [measured[name]]]) for name in MEASURED}
                seconds += progress.seconds
                yield EpochDone(luck, progress.epoch, measured)
            if stop.is_set() or checkpoint.due or len(curves["loss"]) == recipe.epochs:
                checkpoint.write(_kept(progress, curves, seconds))
            if stop.is_set():
                return
        yield Replicate(luck=luck, curves=curves, seconds=seconds, **self._finished(cohort, rows, progress))

    def _judged(self, cohort: engine.Cohort, epoch: engine.Epoch) -> dict[str, np.ndarray]:
        """An epoch, with what validation images say of it.  # each (T,)"""
        found = engine.assess(cohort, self.data, self.bench.held_out, epoch.state.parameters)
        values = epoch.loss, epoch.accuracy, found.losses.mean(1), found.hits.mean(1)
        return dict(zip(MEASURED, values, strict=True))

    def _finished(self, cohort: engine.Cohort, rows: np.ndarray, progress: engine.Progress) -> dict[str, Any]:
        """The trained networks, and what they answer to all parts of the images."""
        parameters, bench = progress.state.parameters, self.bench

        def answers(part: np.ndarray) -> Answers:
            found = engine.assess(cohort, self.data, part, parameters)
            return Answers(found.losses, found.hits)

        return {
            "weights": cohort.ladder.unpack(parameters),
            "learned": answers(rows),
            "held_out": answers(bench.held_out),
            "tuned": answers(bench.tuning).hits if len(bench.tuning) else None,
        }


def _kept(progress: engine.Progress, curves: dict[str, np.ndarray], seconds: float) -> dict[str, np.ndarray]:
    """A checkpoint's arrays: the state's, by number, and how far it is."""
    state = {f"state{i}": leaf for i, leaf in enumerate(engine.leaves(progress))}
    place = {"epoch": np.array(progress.epoch), "step": np.array(progress.step)}
    return state | curves | place | {"seconds": np.array([seconds, progress.seconds])}


def _resumed(fresh: engine.Progress, checkpoint: Checkpoint) -> tuple[engine.Progress, dict[str, np.ndarray], float]:
    """Where a training stands, its curves (E, T) so far, and its seconds: as kept, or at the beginning."""
    kept = checkpoint.read()
    if kept is not None:
        try:
            leaves = [kept[f"state{i}"] for i in range(len(engine.leaves(fresh)))]
            seconds, of_epoch = kept["seconds"].tolist()
            progress = engine.restored(fresh, leaves, int(kept["epoch"]), int(kept["step"]), of_epoch)
            return progress, {name: kept[name] for name in MEASURED}, seconds
        except (KeyError, ValueError):
            pass  # another program's: as good as none
    none = np.zeros((0, len(fresh.sums.loss)))
    return fresh, dict.fromkeys(MEASURED, none), 0.0
