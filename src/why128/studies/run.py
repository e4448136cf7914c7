"""Training replicates in this process, each by the one training loop.

On a processor a replicate is one cohort or several, a cohort a core.  They run in threads: XLA leaves Python's lock while
it computes, so they run side by side and share one copy of the images.  On an accelerator, or several devices, whole
replicates are mapped into one program, a group of them after the other (groups.py).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from why128 import engine
from why128.studies import groups
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.checkpoint import SHARE, Checkpoint
from why128.studies.events import Answers, EpochDone, Event, Luck, Replicate

MEASURED = ("loss", "accuracy", "val_loss", "val_accuracy")


def trials(task: Task, pictures: Pictures, stop: threading.Event | None = None) -> Generator[Event]:
    """Train what a task asks for, giving each epoch and each finished replicate as it comes.

    Whoever stops asking, or sets `stop`, stops the training within a second or so; with a folder for checkpoints, it goes
    on from there when it is asked for again, to the same bits.  A fault in a thread is raised here.
    """
    stop = stop or threading.Event()
    heard: queue.SimpleQueue[tuple[_Training, Luck, _Curves | Replicate] | BaseException | None] = queue.SimpleQueue()
    trainings, at_once = _mapped(task, pictures) if engine.maps() else _by_cohort(task, pictures)
    joinings = {luck: _Joining(luck, 1 + max(each.place for each in trainings)) for luck in task.lucks}

    def work(training: _Training) -> None:
        try:
            for luck, came in training.run(task.checkpoints, stop):
                heard.put((training, luck, came))
        except BaseException as fault:
            if "RESOURCE_EXHAUSTED" in str(fault):
                training.forget(task.checkpoints)
            heard.put(fault)
        heard.put(None)

    left = len(trainings)
    with ThreadPoolExecutor(max(1, min(at_once, left))) as pool:
        try:
            for training in trainings:
                pool.submit(work, training)
            while left and not (stop.is_set() and heard.empty()):
                event = heard.get()
                if isinstance(event, BaseException):
                    raise event
                left -= event is None
                if event is not None:
                    training, luck, came = event
                    yield from joinings[luck].hear(training.place, came)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _by_cohort(task: Task, pictures: Pictures) -> tuple[list[_Training], int]:
    """A training a cohort of each replicate, and how many of them at a time: as many as there are workers."""
    data, cohorts = engine.Data.of(pictures.pixels, pictures.labels), task.bench.cohorts
    # The widest first, which of all is compiled the soonest.
    widest_first = [(cohorts[place], place) for place in reversed(range(len(cohorts)))]
    # Every second replicate the other way round: cohorts do not take equally long, and the cores should end together.
    each = [(luck, own) for number, luck in enumerate(task.lucks) for own in widest_first[:: -1 if number % 2 else 1]]
    return [_Training(*own, (luck,), data, pictures.labels) for luck, own in each], task.workers


def _mapped(task: Task, pictures: Pictures) -> tuple[list[_Training], int]:
    """A training a group of replicates, each of the whole ladder, and how many at a time: one, on all devices."""
    bench, devices = task.bench, engine.devices()
    most = groups.most(bench, groups.room(), pictures.pixels.nbytes)
    kept = {luck: Checkpoint(task.checkpoints, bench.address(luck)) for luck in task.lucks}
    shares = groups.shares({luck: _stands(kept[luck]) for luck in task.lucks}, devices, most)
    devices = groups.used(shares)
    for luck, lanes in ((luck, share.lanes) for share in shares for luck in share.lucks):
        if _stands(kept[luck]) is None:  # also one that has not begun is to come to the same bits when fewer are left
            kept[luck].write({name: np.array(value) for name, value in (("lanes", lanes), ("epoch", 0), ("step", 0))})
            kept[luck].settle()  # before its group writes there
    data = engine.Data.of(pictures.pixels, pictures.labels, over=engine.mesh(devices))
    return [_Training(bench, 0, each.lucks, data, pictures.labels, each.lanes, devices) for each in shares], 1


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


@dataclass(eq=False)
class _Lane:
    """One replicate of a cohort, and what it has come to."""

    luck: Luck
    run: engine.Run
    checkpoint: Checkpoint
    curves: _Curves
    seconds: float  # of training, without compiling


@dataclass(frozen=True, eq=False)
class _Training:
    """One cohort, of one replicate or mapped of several, from its initial weights to its last assessment."""

    bench: Bench
    place: int  # among the cohorts of a replicate
    lucks: tuple[Luck, ...]
    data: engine.Data
    labels: np.ndarray  # of all rows
    lanes: int = 0  # replicates that a device trains at once; 0: one, and its program is not mapped
    devices: int = 1

    @cached_property
    def cohort(self) -> engine.Cohort:
        """What is compiled."""
        recipe = self.bench.recipe
        return engine.Cohort(self.bench.ladder, recipe.optimizer, recipe.loss, recipe.batch_size, recipe.precision)

    def run(self, checkpoints: Path | None, stop: threading.Event) -> Iterator[tuple[Luck, _Curves | Replicate]]:
        """Of each replicate its curves so far, where it goes on and after each epoch; at the end, all that it has come to."""
        lanes, run, begun = self._begun(checkpoints)
        keeping, progress = _Keeping(lanes, run), begun
        yield from ((lane.luck, lane.curves) for lane in lanes)
        for progress in engine.advance(self.cohort, self.data, run, begun):
            if progress.ended:
                self._judge(lanes, run, progress)
                yield from ((lane.luck, lane.curves) for lane in lanes)
            if stop.is_set() or keeping.due or len(lanes[0].curves["loss"]) == self.bench.recipe.epochs:
                keeping.keep(progress)
            if stop.is_set():
                keeping.settle()
                return
        finished = list(self._finished(lanes, run, progress))
        keeping.settle()  # before whoever keeps the results removes them
        yield from finished

    def forget(self, checkpoints: Path | None) -> None:
        """Keep nothing of a group that its devices could not hold: it is to begin anew with fewer lanes."""
        for luck in self.lucks if self.lanes else ():
            Checkpoint(checkpoints, self.bench.address(luck)).remove()

    def _begun(self, checkpoints: Path | None) -> tuple[list[_Lane], engine.Run | engine.Group, engine.Progress]:
        """All replicates as they were kept, or at their beginning, and where they stand as one."""
        each = [self._lane(luck, checkpoints) for luck in self.lucks]
        runs = tuple(lane.run for lane, _ in each)
        run = engine.Group(runs, self.lanes, self.devices) if self.lanes else runs[0]
        return [lane for lane, _ in each], run, engine.together(run, [progress for _, progress in each])

    def _lane(self, luck: Luck, checkpoints: Path | None) -> tuple[_Lane, engine.Progress]:
        """A replicate, and where it stands; one of a group not on a device, which the others would crowd."""
        bench, recipe, cohort = self.bench, self.bench.recipe, self.cohort
        rows = bench.rows(self.labels, luck)
        run = engine.Run(rows, recipe.epochs, recipe.seed, luck.order, rates=bench.rates, decays=bench.decays)
        initial = cohort.ladder.initial(recipe.seed, luck.initialisation)
        fresh = engine.begin(cohort, run, engine.start(cohort, initial))
        checkpoint = Checkpoint(checkpoints, bench.address(luck))
        progress, curves, seconds = _resumed(fresh, checkpoint, self.lanes)
        return _Lane(luck, run, checkpoint, curves, seconds), engine.here(progress) if self.lanes else progress

    def _judge(self, lanes: Sequence[_Lane], run: engine.Run | engine.Group, progress: engine.Progress) -> None:
        """An epoch that has ended, on the curves, with what the images that are watched say of it."""
        epoch = engine.epoch(progress, run)
        while_learning = zip(run.apart(epoch.loss), run.apart(epoch.accuracy), strict=True)
        found = self._answers(self.bench.watched, run, progress)
        for lane, learned, answers in zip(lanes, while_learning, found, strict=True):
            values = *learned, answers.losses.mean(1), answers.hits.mean(1)  # each (T,)
            now = dict(zip(MEASURED, values, strict=True))
            lane.curves = {name: np.concatenate([lane.curves[name], [now[name]]]) for name in MEASURED}
            lane.seconds += progress.seconds / run.size

    def _finished(
        self, lanes: Sequence[_Lane], run: engine.Run | engine.Group, progress: engine.Progress
    ) -> Iterator[tuple[Luck, Replicate]]:
        """The trained networks, and what they answer to all parts of the images."""
        bench = self.bench
        learned = self._answers(np.stack([lane.run.learned for lane in lanes]), run, progress)
        held_out = self._answers(bench.held_out, run, progress)
        tuned = [each.hits for each in self._answers(bench.tuning, run, progress)] if len(bench.tuning) else None
        for r, (lane, own) in enumerate(zip(lanes, engine.apart(run, progress), strict=True)):
            weights = self.cohort.ladder.unpack(own.state.parameters)
            sizes = np.array([sum(w.size for w in each) for each in weights])
            seconds = lane.seconds * sizes / sizes.sum()
            tuning = tuned[r] if tuned else None
            yield lane.luck, Replicate(lane.luck, weights, learned[r], held_out[r], tuning, lane.curves, seconds)

    def _answers(self, rows: np.ndarray, run: engine.Run | engine.Group, progress: engine.Progress) -> list[Answers]:
        """What the networks of each replicate answer to rows (N,), or to its own ones (R, N)."""
        found = engine.assess(self.cohort, self.data, rows, progress.state.parameters, run)
        return [Answers(*own) for own in zip(run.apart(found.losses), run.apart(found.hits), strict=True)]


class _Keeping:
    """The checkpoints of replicates that are trained together: as often as that of one, and for no more of the time."""

    def __init__(self, lanes: Sequence[_Lane], run: engine.Run | engine.Group):
        self._lanes, self._run, self._next = lanes, run, 0.0

    @property
    def due(self) -> bool:
        """Whether it is time for the next."""
        return self._lanes[-1].checkpoint.due and time.monotonic() >= self._next

    def keep(self, progress: engine.Progress) -> None:
        """Keep where all of them stand."""
        if self._lanes[0].checkpoint.path is None:
            return
        began, lanes = time.monotonic(), getattr(self._run, "lanes", 0)
        for lane, own in zip(self._lanes, engine.apart(self._run, progress), strict=True):
            lane.checkpoint.write(_kept(own, lane.curves, lane.seconds, lanes))
        now = time.monotonic()
        self._next = now + (now - began) / SHARE

    def settle(self) -> None:
        """Wait until what was kept last is on disk."""
        for lane in self._lanes:
            lane.checkpoint.settle()


def _kept(progress: engine.Progress, curves: _Curves, seconds: float, lanes: int) -> dict[str, np.ndarray]:
    """A checkpoint's arrays: the state's, by number, and how far it is."""
    state = {f"state{i}": leaf for i, leaf in enumerate(engine.leaves(progress))}
    place = {"epoch": np.array(progress.epoch), "step": np.array(progress.step), "lanes": np.array(lanes)}
    return state | curves | place | {"seconds": np.array([seconds, progress.seconds])}


def _resumed(fresh: engine.Progress, checkpoint: Checkpoint, lanes: int) -> tuple[engine.Progress, _Curves, float]:
    """Where a training stands, its curves (E, T) so far, and its seconds: as kept, or at the beginning."""
    kept = checkpoint.read()
    if kept is not None:
        try:
            if int(kept["lanes"]) != lanes:
                raise ValueError("mapped otherwise: it would not come to the same bits")
            leaves = [kept[f"state{i}"] for i in range(len(engine.leaves(fresh)))]
            seconds, of_epoch = kept["seconds"].tolist()
            progress = engine.restored(fresh, leaves, int(kept["epoch"]), int(kept["step"]), of_epoch)
            return progress, {name: kept[name] for name in MEASURED}, seconds
        except (KeyError, ValueError):
            pass  # another program's: as good as none
    none = np.zeros((0, len(fresh.sums.loss)))
    return fresh, dict.fromkeys(MEASURED, none), 0.0


def _stands(checkpoint: Checkpoint) -> groups.Stand | None:
    """Where a replicate stands that was kept as one of a group; None for one that was not, or of which nothing is kept."""
    kept = checkpoint.read() or {}
    try:
        stand = groups.Stand(*(int(kept[name]) for name in ("lanes", "epoch", "step")))
    except (KeyError, ValueError, TypeError):
        return None
    return stand if stand.lanes > 0 else None
