"""A study from its plan to its verdict: train, keep, decide, hand over one network, and open the test images once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from why128.data import Dataset, Images
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
    tested_on: int  # how many test images
    folder: Path


def study(
    plan: Plan,
    data: Dataset,
    folder: str | os.PathLike,
    tell: Callable[[Event], None] = lambda event: None,
    workers: int | None = None,
) -> Study:
    """Run a plan on a data set, keeping every result in `folder` as it arrives; `tell` hears each event.

    Raises InputRefused where a class is too small to be divided, UsageError where the folder holds something already;
    then nothing was written.
    """
    division = divide(data, plan.recipe.held_out, plan.recipe.seed)
    with Store(folder) as store:
        store.note(plan=plan.document(), data=described(data))
        done: list[Replicate] = []
        for event in replicates(plan, data, division, workers):
            if isinstance(event, Replicate):
                done.append(event)
                _keep(store, plan, data, event)
            tell(event)
        finished = _finish(plan, data, division, sorted(done, key=lambda r: r.number), store.folder)
        if finished.network.finite:
            keras_file.save(finished.network, store.folder / CHOSEN)
        return finished


def _finish(plan: Plan, data: Dataset, division: Division, done: list[Replicate], folder: Path) -> Study:
    """Decide, choose the network, and open the test images for it."""
    held_out = np.stack([r.held_out.hits for r in done])  # (R, K, N')
    verdict = decide(plan, np.stack([r.learned.hits for r in done]), held_out)
    chosen = done[int(held_out[:, verdict.enough].mean(1).argmax())]
    network = _network(plan, data, chosen, verdict.enough)
    costs = _costs(plan, data)
    return Study(
        plan=plan,
        data=data,
        verdict=verdict,
        network=network,
        replicate=chosen.number,
        test=_tested(network, division.test, plan.confidence),
        test_given=division.test_given,
        seconds=tuple((float(np.mean([r.seconds for r in done])) * costs).tolist()),
        parameters=tuple(sum(w.size for w in weights) for weights in chosen.weights),
        losses=tuple(np.mean([r.held_out.losses.mean(1) for r in done], axis=0).tolist()),
        judged_by=len(division.held_out),
        tested_on=0 if division.test is None else len(division.test),
        folder=folder,
    )


def _tested(network: Network, test: Images | None, confidence: float) -> Interval | None:
    """The one look at the test images."""
    if test is None:
        return None
    _, hits = network.assess(test.pixels, test.labels)
    return statistics.wilson(int(hits.sum()), len(hits), confidence)


def _costs(plan: Plan, data: Dataset) -> np.ndarray:
    """Each candidate's share of a cohort's multiplications, by which the cohort's seconds are shared out.  # (K,)"""
    ladder = Ladder.of(plan.networks(data))
    later = (sum(layer.units * inputs for layer, inputs in chain.later) for chain in ladder.chains)
    costs = np.array([rows * ladder.inputs + rest for rows, rest in zip(ladder.rows, later, strict=True)], float)
    return costs / costs.sum()


def _network(plan: Plan, data: Dataset, replicate: Replicate, k: int) -> Network:
    """Candidate k of a replicate as a finished network."""
    mode = "rgb" if data.image_shape[2] == 3 else "gray"
    about = {
        "data": data.name,
        "fingerprint": data.fingerprint,
        "seed": plan.recipe.seed,
        "replicate": replicate.number,
        "width": plan.candidates[k].label,
        "epochs": plan.recipe.epochs,
    }
    preparation = Preparation(mode, (0.0, 255.0 if data.train.pixels.dtype == np.uint8 else 1.0))
    return Network(plan.networks(data)[k], replicate.weights[k], data.classes, preparation, about)


def _keep(store: Store, plan: Plan, data: Dataset, replicate: Replicate) -> None:
    """A finished replicate on disk: its networks first, then the rows that name them."""
    costs = _costs(plan, data)
    trials, epochs = [], []
    for k, candidate in enumerate(plan.candidates):
        network = _network(plan, data, replicate, k)
        file = f"networks/{candidate.label}-replicate{replicate.number}.keras" if network.finite else ""
        if file:
            keras_file.save(network, store.folder / file)
        learned, held_out = replicate.learned, replicate.held_out
        trials.append(
            Trial(
                candidate=candidate.label,
                replicate=replicate.number,
                parameters=network.parameters,
                seconds=replicate.seconds * float(costs[k]),
                loss=float(learned.losses[k].mean()),
                accuracy=float(learned.hits[k].mean()),
                val_loss=float(held_out.losses[k].mean()),
                val_accuracy=float(held_out.hits[k].mean()),
                hits=np.packbits(held_out.hits[k]).tobytes(),
                network=file,
            )
        )
        curves = zip(*(curve[:, k].tolist() for curve in replicate.curves.values()), strict=True)
        epochs += [EpochRow(candidate.label, replicate.number, epoch, *row) for epoch, row in enumerate(curves)]
    store.add(trials, epochs)


def described(data: Dataset) -> dict[str, Any]:
    """The data of a study as JSON."""
    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "images": len(data.train),
        "classes": list(data.classes),
        "image_shape": list(data.image_shape),
    }
