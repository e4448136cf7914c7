"""Training replicates in this process, as one cohort or several: each by the one training loop, a cohort a core.

Cohorts run in threads: XLA leaves Python's lock while it computes, so they run side by side and share one copy of the
images.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator, Sequence
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
    """Train what a task asks for, giving each epoch and each finished replicate as it comes.

    Whoever stops asking, or sets `stop`, stops the training within a second or so; with a folder for checkpoints, it goes
    on from there when it is asked for again, to the same bits.  A fault in a thread is raised here.
    """
    data, stop = engine.Data.of(pictures.pixels, pictures.labels), stop or threading.Event()
    heard: queue.SimpleQueue[tuple[_Joining, int, _Curves | Replicate] | BaseException | None] = queue.SimpleQueue()
    cohorts = task.bench.cohorts

    def work(joining: _Joining, place: int) -> None:
        try:
            for event in _Training(cohorts[place], data, pictures.labels, joining.luck).run(task.checkpoints, stop):
                heard.put((joining, place, event))
        except BaseException as fault:
            heard.put(fault)
        heard.put(None)

    left = len(task.lucks) * len(cohorts)
    with ThreadPoolExecutor(max(1, min(task.workers, left))) as pool:
        try:
            for joining in [_Joining(luck, len(cohorts)) for luck in task.lucks]:
                for place in reversed(range(len(cohorts))):  # the widest first: of all it is compiled the soonest
                    pool.submit(work, joining, place)
            while left and not (stop.is_set() and heard.empty()):
                event = heard.get()
                if isinstance(event, BaseException):
                    raise event
                left -= event is None
                if event is not None:
                    joining, place, came = event
                    yield from joining.hear(place, came)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


_Curves = dict[str, np.ndarray]  # loss, accuracy, val_loss, val_accuracy, each (E, T) so far


class _Joining:
    """One replicate, put together from what its cohorts come to."""

    def __init__(self, luck: Luck, cohorts: int):
        self.luck, self.told = luck, 0
        self.begun: dict[int, int] = {}  # by cohort, the epochs that it went on from
        self.curves: dict[int, _Curves] = {}
        self.ended: dict[int, Replicate] = {}
        self.places = range(cohorts)

    def hear(self, place: int, came: _Curves | Replicate) -> Iterator[EpochDone | Replicate]:
        """What one cohort has come to; gives what the replicate has come to by it."""
        if isinstance(came, Replicate):
            self.ended[place] = came
            if len(self.ended) == len(self.places):
                yield _joined([self.ended[p] for p in self.places])
            return
        self.curves[place] = came
        self.begun.setdefault(place, len(came["loss"]))
        if len(self.curves) == len(self.places):
            parts = [self.curves[p] for p in self.places]
            for epoch in range(max(self.told, min(self.begun.values())), min(len(part["loss"]) for part in parts)):
                self.told = epoch + 1
                yield EpochDone(
                    self.luck, epoch, {name: np.concatenate([part[name][epoch] for part in parts]) for name in MEASURED}
                )


def _joined(cohorts: Sequence[Replicate]) -> Replicate:
    """The networks of all cohorts, one after the other."""

    def answers(part: str) -> Answers:
        found = [getattr(each, part) for each in cohorts]
        return Answers(np.concatenate([one.losses for one in found]), np.concatenate([one.hits for one in found]))

    tuned = [each.tuned for each in cohorts if each.tuned is not None]
    return Replicate(
        luck=cohorts[0].luck,
        weights=[weights for each in cohorts for weights in each.weights],
        learned=answers("learned"),
        held_out=answers("held_out"),
        tuned=np.concatenate(tuned) if tuned else None,
        curves={name: np.concatenate([each.curves[name] for each in cohorts], axis=1) for name in MEASURED},
        seconds=np.concatenate([each.seconds for each in cohorts]),
    )


@dataclass(frozen=True, eq=False)
class _Training:
    """One cohort, from its initial weights to its last assessment."""

    bench: Bench
    data: engine.Data
    labels: np.ndarray  # of all rows
    luck: Luck

    def run(self, checkpoints: Path | None, stop: threading.Event) -> Iterator[_Curves | Replicate]:
        """Its curves so far, where it goes on and after each epoch; at the end, all that it has come to."""
        bench, luck = self.bench, self.luck
        recipe, ladder, rows = bench.recipe, bench.ladder, bench.rows(self.labels, luck)
        cohort = engine.Cohort(ladder, recipe.optimizer, recipe.loss, recipe.batch_size)
        run = engine.Run(rows, recipe.epochs, recipe.seed, luck.order, rates=bench.rates, decays=bench.decays)
        fresh = engine.begin(cohort, run, engine.start(cohort, ladder.initial(recipe.seed, luck.initialisation)))
        checkpoint = Checkpoint(checkpoints, bench.address(luck))
        begun, curves, seconds = _resumed(fresh, checkpoint)
        progress = begun
        yield curves
        for progress in engine.advance(cohort, self.data, run, begun):
            if progress.ended:
                measured = self._judged(cohort, engine.epoch(progress, run))
                curves = {name: np.concatenate([curves[name], [measured[name]]]) for name in MEASURED}
                seconds += progress.seconds
                yield curves
            if stop.is_set() or checkpoint.due or len(curves["loss"]) == recipe.epochs:
                checkpoint.write(_kept(progress, curves, seconds))
            if stop.is_set():
                checkpoint.settle()
                return
        finished = self._finished(cohort, rows, progress)
        checkpoint.settle()  # before whoever keeps the results removes it
        sizes = np.array([sum(w.size for w in weights) for weights in finished["weights"]])
        yield Replicate(luck=luck, curves=curves, seconds=seconds * sizes / sizes.sum(), **finished)

    def _judged(self, cohort: engine.Cohort, epoch: engine.Epoch) -> dict[str, np.ndarray]:
        """An epoch, with what the images that are watched say of it.  # each (T,)"""
        found = engine.assess(cohort, self.data, self.bench.watched, epoch.state.parameters)
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
