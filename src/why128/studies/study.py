"""A study from its plan to its verdict: train, keep, decide, hand over one network, and open the test images once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from why128.data import Dataset
from why128.division import Division, divide
from why128.formats import keras_file
from why128.ladder import Ladder
from why128.network import Network, Preparation
from why128.studies import statistics
from why128.studies.plan import Plan
from why128.studies.run import Event, Replicate, replicates
from why128.studies.statistics import Interval
from why128.studies.store import EpochRow, Store, Trial
from why128.studies.verdict import Verdict, decide

CHOSEN = "enough.keras"  # the network that a study hands over


@dataclass(frozen=True, eq=False)
class Study:
    """A finished study."""

    plan: Plan
    data: Dataset
    verdict: Verdict
    network: Network  # the chosen one: of the replicates of the chosen width, the best on validation images
    replicate: int  # which replicate it is
    test: Interval | None  # its accuracy on the test images, looked at once
    test_given: bool  # whether these came with the data, or were set aside
    seconds: tuple[float, ...]  # of training, by candidate, the mean of its replicates
    parameters: tuple[int, ...]  # by candidate
    losses: tuple[float, ...]  # on validation images, by candidate, the mean of its replicates
    judged_by: int  # how many validation images
    folder: Path


def study(plan: Plan, data: Dataset, folder: str | os.PathLike, tell: Callable[[Event], None] = lambda event: None, workers: int | None = None) -> Study:
    """Run a plan on a data set, keeping every result in `folder` as it arrives; `tell` hears each event.

    Raises InputRefused where a class is too small to be divided, UsageError where the folder holds something already;
    then nothing was written.
    """
    division = divide(data, plan.recipe.held_out, plan.recipe.seed)
    networks = plan.networks(data)
    with Store(folder) as store:
        store.note(plan=plan.document(), data=_described(data))
        done: list[Replicate] = []
        for event in replicates(plan, data, division, workers):
            if isinstance(event, Replicate):
                done.append(event)
                store.add(*_rows(plan, data, networks, event, store.folder))
            tell(event)
        finished = _finish(plan, data, division, sorted(done, key=lambda r: r.number), store.folder)
        keras_file.save(finished.network, store.folder / CHOSEN)
        return finished


def _finish(plan: Plan, data: Dataset, division: Division, done: list[Replicate], folder: Path) -> Study:
    held_out = np.stack([r.held_out.hits for r in done])  # (R, K, N')
    verdict = decide(plan, np.stack([r.learned.hits for r in done]), held_out)
    replicate = int(held_out[:, verdict.enough].mean(1).argmax())
    network = _network(plan.networks(data), plan, data, done[replicate], verdict.enough)
    test = None
    if division.test is not None:
        _, hits = network.assess(division.test.pixels, division.test.labels)
        test = statistics.wilson(int(hits.sum()), len(hits), plan.confidence)
    costs = _costs(plan, data)
    seconds = float(np.mean([r.seconds for r in done])) * costs / costs.sum()
    parameters = tuple(sum(w.size for w in weights) for weights in done[0].weights)
    losses = tuple(np.mean([r.held_out.losses.mean(1) for r in done], axis=0).tolist())
    return Study(
        plan, data, verdict, network, done[replicate].number, test, division.test_given, tuple(seconds.tolist()),
        parameters, losses, len(division.held_out), folder,
    )  # fmt: skip


def _costs(plan: Plan, data: Dataset) -> np.ndarray:
    """Multiplications of each candidate's first layer and the later ones: how a cohort's seconds are shared out.  # (K,)"""
    ladder = Ladder.of(plan.networks(data))
    later = (sum(layer.units * inputs for layer, inputs in ladder.later(k)) for k in range(len(ladder.chains)))
    return np.array([rows * ladder.inputs + rest for rows, rest in zip(ladder.rows, later, strict=True)], float)


def _network(networks: list, plan: Plan, data: Dataset, replicate: Replicate, k: int) -> Network:
    preparation = Preparation("rgb" if data.image_shape[2] == 3 else "gray", (0.0, 255.0 if data.train.pixels.dtype == np.uint8 else 1.0))
    about = {"data": data.name, "fingerprint": data.fingerprint, "seed": plan.recipe.seed, "replicate": replicate.number, "width": plan.candidates[k].label, "epochs": plan.recipe.epochs}
    return Network(networks[k], replicate.weights[k], data.classes, preparation, about)


def _rows(plan: Plan, data: Dataset, networks: list, replicate: Replicate, folder: Path) -> tuple[list[Trial], Iterator[EpochRow]]:
    """A finished replicate's networks on disk, and its rows for the data base."""
    costs = _costs(plan, data)
    trials = []
    for k, candidate in enumerate(plan.candidates):
        network = _network(networks, plan, data, replicate, k)
        file = f"networks/{candidate.label}-replicate{replicate.number}.keras"
        keras_file.save(network, folder / file)
        trials.append(
            Trial(
                candidate.label, replicate.number, network.parameters, replicate.seconds * float(costs[k] / costs.sum()),
                float(replicate.learned.losses[k].mean()), float(replicate.learned.hits[k].mean()),
                float(replicate.held_out.losses[k].mean()), float(replicate.held_out.hits[k].mean()),
                np.packbits(replicate.held_out.hits[k]).tobytes(), file,
            )
        )  # fmt: skip
    epochs = (
        EpochRow(candidate.label, replicate.number, epoch, *(float(curve[epoch, k]) for curve in replicate.curves.values()))
        for k, candidate in enumerate(plan.candidates)
        for epoch in range(plan.recipe.epochs)
    )
    return trials, epochs


def _described(data: Dataset) -> dict[str, Any]:
    return {"name": data.name, "fingerprint": data.fingerprint, "images": len(data.train), "classes": list(data.classes), "image_shape": list(data.image_shape)}
