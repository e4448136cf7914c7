"""Conducting a study: train, keep, decide, hand over one network, and open the test images once."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from why128 import activations
from why128.data.images import SEALED, Dataset
from why128.division import Division, Sealed, divide, without_test
from why128.errors import SurroundingsError, UsageError, shown
from why128.formats import aside, keras_file
from why128.layers import Layer
from why128.network import Network, due_shapes
from why128.statistics.looks import spent
from why128.studies import forecast, hiring, memory, resuming, settling
from why128.studies import store as stores
from why128.studies.bench import WATCHED, Bench, Pictures, versions
from why128.studies.checkpoint import Checkpoint
from why128.studies.cost import Cost, measure
from why128.studies.crew import cores
from why128.studies.events import EpochDone, Event, Lost, Luck, Replicate, Resumed, Stage
from why128.studies.evidence import Evidence
from why128.studies.examination import examine
from why128.studies.finished import finished
from why128.studies.forecast import Forecast
from why128.studies.plan import MOST_TWINS, Entry, Plan
from why128.studies.progress import Heard, kept
from why128.studies.settling import Step, further
from why128.studies.store import EpochRow, Store, Trial
from why128.studies.study import CHOSEN, EXAMINED, Study, chosen, decided, read
from why128.studies.subject import Subject
from why128.studies.until import Until
from why128.studies.verdict import Verdict, decide


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
    crew: hiring.Trains

    @property
    def notes(self) -> Mapping[str, Any]:
        """What was noted so far, also before an interruption."""
        return stores.read(self.store.folder)[0]

    def announce(self, ahead: Forecast | None) -> None:
        """Tell what is there already, and what is foreseen."""
        if done := len(stores.read(self.store.folder)[1]):
            self.tell(Resumed(self.store.folder, done))
        if ahead is not None:
            self.tell(ahead)

    def evidence(self, steps: Sequence[Step] | None = None) -> Evidence:
        """All that has been seen; or, as a look at it saw it, what these steps gave."""
        _, rows, epochs = stores.read(self.store.folder)
        if steps is not None:
            asked = {(self.plan.labels[p], r) for step in steps for p in step.places for r in step.replicates}
            rows = [row for row in rows if (row.candidate, row.replicate) in asked]
            epochs = [row for row in epochs if (row.candidate, row.replicate) in asked]
        if not rows:
            raise SurroundingsError(
                f"{shown(self.store.folder)}: no network could be trained: {_why_lost(self.notes)}",
                hint="free some memory, try narrower widths or --workers 1",
            )
        try:
            return Evidence.of(self.plan, self.subject.judged_by, rows, epochs)
        except (KeyError, TypeError, ValueError, IndexError) as fault:
            raise stores.damaged(self.store.folder, fault) from None


def _why_lost(notes: Mapping[str, Any]) -> str:
    """How the replicates ended that were given up."""
    return "; ".join(dict.fromkeys(reason for _, reason in notes.get("lost", []))) or "all were interrupted"


def study(
    plan: Plan,
    data: Dataset,
    folder: str | os.PathLike,
    tell: Callable[[Heard], None] = lambda heard: None,
    workers: int | None = None,
    until: Until | None = None,
    source: Mapping[str, Any] | None = None,
    on: str | None = None,
) -> Study:
    """Run a plan on a data set, keeping every result in `folder` as it arrives; `tell` hears each event.

    A folder that holds the same study, stopped in whatever way, is gone on with, to the bits that it would have come to;
    of one that is finished the answer is read.  With `until`, the study stops when it knows: the plan's ladder is then
    what may be tried, and its replicates do not count.  `source` says how the data can be opened again (resuming.py); `on`
    is the cluster that trains (hiring.py), None is this machine.

    Raises InputRefused where a class is too small to be divided, or the folder holds a study of other data or versions,
    UsageError where it holds another study or something else, SurroundingsError where disk, memory, another process or the
    cluster refuses; nothing is lost then that was earned.
    """
    _check_writable(plan)
    hiring.check(on)
    plan = plan.on(data)
    step = settling.begin(plan, until)
    division = divide(data, plan.recipe.held_out, plan.recipe.seed, plan.tuning)
    subject = Subject.of(plan, data, division)
    asked = resuming.question(plan, data, until)
    if resuming.check(folder, asked):
        return read(folder)
    disk, (data, rest) = memory.on_disk(data), without_test(data, division)
    if hiring.is_here(on):
        workers = memory.affordable(plan, data, rest, workers or cores(), apart=on is not None)
    left = replace(step, replicates=_due(folder, plan, step) if on is None else ())
    ahead = forecast.of(plan, data, rest, left, workers or 1, until, disk)
    with ExitStack() as stack:
        # before anything is written: a cluster may refuse
        crew = stack.enter_context(hiring.crew(on)(Pictures.of(data), Path(folder) / stores.CHECKPOINTS, workers or 0))
        notes = {"subject": subject.document(), "source": source, "environment": environment()}
        store = stack.enter_context(Store(folder, asked | notes))
        if resuming.check(folder, asked):  # another process may have written here until now
            return read(folder)
        job = _Job(plan, data, rest, division.test, subject, store, kept(store.folder, plan, tell), crew)
        job.announce(ahead)
        try:
            _run(job, until, step)
        except SurroundingsError as refused:
            refused.hint = ", then ".join(filter(None, [refused.hint, f"go on with {stores.going_on(folder)}"]))
            raise
    return read(folder)


def _check_writable(plan: Plan) -> None:
    """Raises UsageError where no file could hold a network: before hours are spent on it."""
    own = [c.activation for c in plan.candidates if callable(c.activation)]
    if own:
        raise UsageError(
            f"study: the activation {shown(activations.label(own[0]))} is a function of your own, which no network's file can hold",
            hint="use one of Keras's by its name, such as relu; Sequential.fit takes any function",
        )


def _due(folder: str | os.PathLike, plan: Plan, step: Step) -> tuple[int, ...]:
    """The replicates of a step that a folder does not hold yet."""
    rows = stores.read(folder)[1] if stores.is_begun(folder) else []
    kept = {(row.candidate, row.replicate) for row in rows if not row.twin}
    return tuple(r for r in step.replicates if (plan.labels[step.places[0]], r) not in kept)


def _run(job: _Job, until: Until | None, step: Step) -> None:
    """From wherever it stands to its end: what is done already is not done again, what was given up is tried again."""
    job.store.note(lost=[])
    looks = _settle(job, until, step) if until else None
    if not until:
        _train(job, step)
    evidence = job.evidence()
    costs = _costs(job, evidence)
    verdict = decided(evidence, costs, looks)
    if not until:
        _twins(job, evidence, verdict)
    _hand_over(job, evidence, verdict)
    job.store.tidy()
    job.store.note(looks=looks, finished=True)


# -------------------------------------------------------------------- training


def _settle(job: _Job, until: Until, begin: Step) -> int:
    """Train until it is known, or the budget is spent; gives the number of the last look, counted from 0.

    Every step is noted before it is taken, so that one that was interrupted takes the same steps again, whatever the
    clock says by then.
    """
    began = time.monotonic() - job.notes.get("spent", 0.0)
    taken = [Step.of(each) for each in job.notes.get("steps", [])]
    networks = looks = 0
    step: Step | None = begin
    while step is not None:
        if looks == len(taken):
            taken.append(step)
            job.store.note(steps=[asdict(each) for each in taken])
        step = taken[looks]
        deadline = until.seconds and began + until.seconds
        try:
            there = _train(job, step, deadline)
        finally:  # what is interrupted has been spent too
            job.store.note(spent=time.monotonic() - began)
        if there != step.replicates:  # out of time: the step was a shorter one
            taken[looks] = step = replace(step, replicates=there)
            job.store.note(steps=[asdict(each) for each in taken])
        networks += len(there) * len(step.places) * len(job.plan.settings)
        if looks + 1 < len(taken):
            looks, step = looks + 1, taken[looks + 1]
            continue
        evidence = job.evidence(taken)
        verdict = decide(evidence, evidence.sized, 1 - spent(1 - job.plan.confidence, looks))
        wanted = further(job.plan, evidence, verdict)
        step = wanted and until.afford(wanted, len(job.plan.settings), networks, time.monotonic() - began)
        looks += step is not None
    return looks


def _train(job: _Job, step: Step, deadline: float | None = None) -> tuple[int, ...]:
    """Train of a step what is not there yet, and keep it; gives the replicates that are there then, or were given up.

    Once the deadline is past, further replicates are not waited for; new rungs are trained in all.
    """
    plan = job.plan
    labels = tuple(plan.labels[p] for p in step.places)
    missing = _due(job.store.folder, plan, step)
    there = [r for r in step.replicates if r not in missing]
    due = [Luck.of(r) for r in missing]

    def late() -> bool:
        return deadline is not None and step.repeats and bool(there) and time.monotonic() > deadline

    if not due or late():
        return tuple(there)
    job.tell(Stage(labels, len(due), twins=False))
    with closing(_events(job, step.entries(plan), due)) as events:
        for event in events:
            if isinstance(event, Replicate):
                _keep(job, step.places, event)
            if isinstance(event, Lost):
                job.store.note(lost=[*job.notes.get("lost", []), [event.luck.initialisation, event.reason]])
            if not isinstance(event, EpochDone):
                there.append(event.luck.initialisation)
            job.tell(event)
            if late():
                break
    return tuple(sorted(there))


def _events(job: _Job, entries: Sequence[Entry], lucks: Sequence[Luck]) -> Generator[Event]:
    """What happens while these are trained; whoever asks for the next event has kept a finished replicate."""
    bench = Bench.of(job.plan, job.data, job.division, entries, WATCHED)
    asked_of = job.data.train.labels[np.concatenate([bench.learned, bench.held_out, bench.tuning])]
    if (asked_of == SEALED).any():
        raise AssertionError("no row of a test image may be trained on")
    with closing(job.crew.run(bench, lucks)) as events:
        for event in events:
            yield event
            if isinstance(event, Replicate):
                for name in bench.addresses(event.luck):
                    Checkpoint(job.store.checkpoints, name).remove()


def _twins(job: _Job, evidence: Evidence, verdict: Verdict) -> None:
    """Networks like the verdict's, in each of which one part of the luck is the next replicate's."""
    place, setting = evidence.tried[verdict.enough], evidence.settings[verdict.enough]
    ring = [trial.replicate for trial in evidence.trials[verdict.enough]][:MOST_TWINS]
    if len(ring) < 2 or not all(trial.network for trial in evidence.trials[verdict.enough]):
        return
    kept = {(twin.twin, twin.replicate) for twin in evidence.twins}
    turned = {
        replace(Luck.of(r), **{factor: after}): (factor, r)
        for factor in job.plan.factors
        for r, after in zip(ring, [*ring[1:], ring[0]], strict=True)
        if (factor, r) not in kept
    }
    if not turned:
        return
    entry = (job.plan.candidates[place], job.plan.settings[setting])
    job.tell(Stage((job.plan.labels[place],), len(turned), twins=True))
    with closing(_events(job, [entry], list(turned))) as events:
        for event in events:
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
    """Network t of a replicate as a row; `what` is the twin's factor, the replicate, and the network's file."""
    candidate, learned, held_out = job.plan.candidates[place], done.learned, done.held_out
    return Trial(
        job.plan.labels[place],
        setting,
        what[1],
        what[0],
        candidate.parameters(job.plan.inputs, job.plan.classes),
        float(learned.losses[t].mean()),
        float(learned.hits[t].mean()),
        float(held_out.losses[t].mean()),
        float(held_out.hits[t].mean()),
        None if done.tuned is None else float(done.tuned[t].mean()),
        np.packbits(held_out.hits[t]).tobytes(),
        what[2],
        float(done.seconds[t]),
    )


# -------------------------------------------------------------------- the end


def _costs(job: _Job, evidence: Evidence) -> tuple[Cost, ...]:
    """What each candidate costs, measured once, on one of its networks that did not diverge."""
    noted = job.notes.get("costs")
    if noted is not None:
        return tuple(Cost.of(document) for document in noted)
    costs = []
    for k, candidate in enumerate(evidence.candidates):
        weights = next((trial.network for trial in evidence.trials[k] if trial.network), None)
        layers = candidate.under(job.plan.settings[evidence.settings[k]]).layers_for(job.data)
        network = keras_file.load(job.store.folder / weights) if weights else _blank(layers)
        costs.append(measure(network, float(np.mean([trial.seconds for trial in evidence.trials[k]]))))
    job.store.note(costs=[asdict(cost) for cost in costs])
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
        "versions": versions() | {"scipy": version("scipy")},
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "cores": cores(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }
