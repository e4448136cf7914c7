"""Conducting a study: train, keep, decide, hand over one network, and open the test images once."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from why128 import __version__
from why128.data import Dataset
from why128.division import Division, Sealed, divide, without_test
from why128.formats import aside, keras_file
from why128.layers import Layer
from why128.network import Network, due_shapes
from why128.statistics.looks import spent
from why128.studies import store as stores
from why128.studies.cost import Cost, measure
from why128.studies.evidence import Evidence
from why128.studies.examination import examine
from why128.studies.plan import Plan
from why128.studies.run import Event, Luck, Replicate, cores, finished, trials
from why128.studies.settling import Step, first, further
from why128.studies.store import EpochRow, Store, Trial
from why128.studies.study import CHOSEN, EXAMINED, Study, chosen, decided, read
from why128.studies.subject import Subject
from why128.studies.until import Until
from why128.studies.verdict import Verdict, decide

MOST_TWINS = 5  # rings of twins: the spread of more is known well enough from the replicates


@dataclass(frozen=True)
class Stage:
    """What a study is about to train: these networks, so often."""

    labels: tuple[str, ...]
    cohorts: int
    twins: bool  # whether it is to tell the parts of luck apart


Heard = Stage | Event


@dataclass(frozen=True, eq=False)
class _Job:
    """What every part of a running study needs."""

    plan: Plan
    data: Dataset  # without the test images
    division: Division
    test: Sealed | None
    subject: Subject
    store: Store
    tell: Callable[[Heard], None]
    workers: int | None

    def evidence(self) -> Evidence:
        _, rows, epochs = stores.read(self.store.folder)
        return Evidence.of(self.plan, self.subject.judged_by, rows, epochs)


def study(
    plan: Plan,
    data: Dataset,
    folder: str | os.PathLike,
    tell: Callable[[Heard], None] = lambda heard: None,
    workers: int | None = None,
    until: Until | None = None,
) -> Study:
    """Run a plan on a data set, keeping every result in `folder` as it arrives; `tell` hears each event.

    With `until`, the study stops when it knows: the plan's ladder is then what may be tried, and its replicates do not
    count.  Raises InputRefused where a class is too small to be divided, UsageError where the folder holds something
    already; then nothing was written.
    """
    plan = plan.on(data)
    step = until.begin(first(plan), len(plan.settings)) if until else None
    division = divide(data, plan.recipe.held_out, plan.recipe.seed, plan.tuning)
    subject = Subject.of(plan, data, division)
    with Store(folder) as store:
        job = _Job(plan, *without_test(data, division), division.test, subject, store, tell, workers)
        store.note(plan=plan.document(), subject=subject.document(), environment=environment())
        looks = _settle(job, until, step) if until else None
        if not until:
            _train(job, Step(tuple(range(len(plan.candidates))), tuple(range(plan.replicates))))
        evidence = job.evidence()
        costs = _costs(job, evidence)
        verdict = decided(evidence, costs, looks)
        if not until:
            _twins(job, evidence, verdict)
        _hand_over(job, evidence, verdict)
        store.note(costs=[asdict(cost) for cost in costs], looks=looks, finished=True)
    return read(folder, tuple({c.activation for c in plan.candidates}))


# -------------------------------------------------------------------- training


def _settle(job: _Job, until: Until, step: Step | None) -> int:
    """Train until it is known, or the budget is spent; gives the number of the last look, counted from 0."""
    began, networks, looks = time.monotonic(), 0, 0
    while step is not None:
        networks += _train(job, step, until.seconds and began + until.seconds)
        evidence = job.evidence()
        verdict = decide(evidence, _sized(evidence), 1 - spent(1 - job.plan.confidence, looks))
        wanted = further(job.plan, evidence, verdict)
        step = wanted and until.afford(wanted, len(job.plan.settings), networks, time.monotonic() - began)
        looks += step is not None
    return looks


def _sized(evidence: Evidence) -> np.ndarray:
    """The candidates within the budget's sizes, which are known before any is timed; all where none tried is.  # (K,) bool"""
    sizes = zip((c.neurons for c in evidence.candidates), evidence.parameters.tolist(), strict=True)
    within = np.array([evidence.plan.budget.holds(*size) for size in sizes])
    return within if within.any() else ~within


def _train(job: _Job, step: Step, deadline: float | None = None) -> int:
    """Train a step and keep it; gives how many networks it trained.

    Once the deadline is past, further replicates are not waited for; new rungs are trained in all.
    """
    plan = job.plan
    entries = [(plan.candidates[p], setting) for p in step.places for setting in plan.settings]
    job.tell(Stage(tuple(plan.labels[p] for p in step.places), len(step.replicates), twins=False))
    lucks, done = [Luck.of(r) for r in step.replicates], 0
    with closing(trials(plan, job.data, job.division, entries, lucks, job.workers)) as events:
        for event in events:
            if isinstance(event, Replicate):
                _keep(job, step.places, event)
                done += len(entries)
            job.tell(event)
            if deadline is not None and step.repeats and done and time.monotonic() > deadline:
                break
    return done


def _twins(job: _Job, evidence: Evidence, verdict: Verdict) -> None:
    """Networks like the verdict's, in each of which one part of the luck is the next replicate's."""
    place, setting = evidence.tried[verdict.enough], evidence.settings[verdict.enough]
    ring = [trial.replicate for trial in evidence.trials[verdict.enough]][:MOST_TWINS]
    if len(ring) < 2 or not all(trial.network for trial in evidence.trials[verdict.enough]):
        return
    factors = ("initialisation", "order", "sample") if job.plan.resample else ("initialisation",)
    turned = {
        replace(Luck.of(r), **{factor: after}): (factor, r)
        for factor in factors
        for r, after in zip(ring, [*ring[1:], ring[0]], strict=True)
    }
    entry = (job.plan.candidates[place], job.plan.settings[setting])
    job.tell(Stage((job.plan.labels[place],), len(turned), twins=True))
    for event in trials(job.plan, job.data, job.division, [entry], list(turned), job.workers):
        if isinstance(event, Replicate):
            factor, replicate = turned[event.luck]
            job.store.add([_trial(job, place, setting, event, 0, (factor, replicate, ""))], [])
        job.tell(event)


def _keep(job: _Job, places: Sequence[int], done: Replicate) -> None:
    """A finished replicate on disk: its networks first, then the rows that name them."""
    rows, epochs = [], []
    pairs = [(place, setting) for place in places for setting in range(len(job.plan.settings))]
    for t, (place, setting) in enumerate(pairs):
        label, settings = job.plan.labels[place], job.plan.settings
        candidate = job.plan.candidates[place].under(settings[setting])
        network = finished(job.plan, job.data, candidate, done.luck, done.weights[t])
        named = f"{label.replace(' ', '-')}{f'-setting{setting}' if len(settings) > 1 else ''}"
        file = f"networks/{named}-replicate{done.number}.keras" if network.finite else ""
        if file:
            keras_file.save(network, job.store.folder / file)
        rows.append(_trial(job, place, setting, done, t, ("", done.number, file)))
        curves = zip(*(curve[:, t].tolist() for curve in done.curves.values()), strict=True)
        epochs += [EpochRow(label, setting, done.number, epoch, *row) for epoch, row in enumerate(curves)]
    job.store.add(rows, epochs)


def _trial(job: _Job, place: int, setting: int, done: Replicate, t: int, what: tuple[str, int, str]) -> Trial:
    """Network t of a cohort as a row; `what` is the twin's factor, the replicate, and the network's file."""
    candidate, learned, held_out = job.plan.candidates[place], done.learned, done.held_out
    return Trial(
        job.plan.labels[place],
        setting,
        what[1],
        what[0],
        candidate.parameters(job.plan.inputs, job.plan.classes),
        done.seconds * _share(done, t),
        float(learned.losses[t].mean()),
        float(learned.hits[t].mean()),
        float(held_out.losses[t].mean()),
        float(held_out.hits[t].mean()),
        None if done.tuned is None else float(done.tuned[t].mean()),
        np.packbits(held_out.hits[t]).tobytes(),
        what[2],
    )


def _share(done: Replicate, t: int) -> float:
    """A network's share of its cohort's multiplications, by which the cohort's seconds are shared out."""
    sizes = [sum(w.size for w in weights) for weights in done.weights]
    return sizes[t] / sum(sizes)


# -------------------------------------------------------------------- the end


def _costs(job: _Job, evidence: Evidence) -> tuple[Cost, ...]:
    """What each candidate costs, measured on one of its networks that did not diverge."""
    costs = []
    for k, candidate in enumerate(evidence.candidates):
        weights = next((trial.network for trial in evidence.trials[k] if trial.network), None)
        layers = candidate.under(job.plan.settings[evidence.settings[k]]).layers_for(job.data)
        network = keras_file.load(job.store.folder / weights) if weights else _blank(layers)
        costs.append(measure(network, float(np.mean([trial.seconds for trial in evidence.trials[k]]))))
    return tuple(costs)


def _blank(layers: tuple[Layer, ...]) -> Network:
    """A network of zeros: it costs what one that diverged does."""
    return Network(layers, tuple(np.zeros(shape, np.float32) for shape in due_shapes(layers)))


def _hand_over(job: _Job, evidence: Evidence, verdict: Verdict) -> None:
    """The chosen network by its own name, and its one look at the test images."""
    file = chosen(evidence, verdict).network
    if not file:
        return
    network = keras_file.load(job.store.folder / file)
    keras_file.save(network, job.store.folder / CHOSEN)
    validation = job.data.train.take(job.division.held_out)
    part, images = ("validation", validation) if job.test is None else ("test", job.test.open())
    aside.write(job.store.folder / EXAMINED, examine(network, images, part, validation).packed())


def environment() -> dict[str, Any]:
    """By what a study was made: versions, machine, and command."""
    return {
        "versions": {"why128": __version__} | {name: version(name) for name in ("jax", "numpy", "scipy")},
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "cores": cores(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }
