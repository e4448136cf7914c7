"""Which neurons every network of a study learned: its chosen width's, matched across replicates, and those of narrower ones within."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from why128.arrays import as_learned
from why128.data.images import Dataset
from why128.errors import InputRefused, shown
from why128.formats import keras_file
from why128.network import Network
from why128.neurons.activity import seen
from why128.neurons.matching import Recurrence, contained, recurrence
from why128.studies.study import Study

MOST_IMAGES = 2_000  # that neurons are matched on
LEAST = 2  # networks that can be compared


@dataclass(frozen=True)
class Width:
    """One candidate's first layer."""

    label: str
    neurons: int
    recurrence: Recurrence
    within: (
        float | None
    )  # the share of its neurons that the widest one, of the same replicate, has too; None for the widest


@dataclass(frozen=True)
class Recurring:
    """A study's neurons, matched on the same images."""

    images: int
    widths: tuple[Width, ...]  # smallest first


def recurring(study: Study, data: Dataset) -> Recurring:
    """Match the first-layer neurons of a study's networks, candidate by candidate, on images of its data.

    Raises InputRefused where no candidate with hidden neurons has two networks, or where data and networks do not fit.
    """
    each = [[_loaded(study, trial.network) for trial in trials if trial.network] for trials in study.evidence.trials]
    asked = [k for k, networks in enumerate(each) if study.candidates[k].widths and len(networks) >= LEAST]
    if not asked:
        raise InputRefused(
            f"{shown(study.folder)}: expected two networks of a width with hidden neurons, found fewer",
            hint="a study of several replicates has them",
        )
    _, images = as_learned(each[asked[0]][0], data)
    rows = np.unique(np.linspace(0, len(images) - 1, MOST_IMAGES).astype(int))
    pixels = images.pixels[rows]
    given = {k: [_first(network, pixels) for network in each[k]] for k in asked}
    widest = given[asked[-1]]
    widths = []
    for k in asked:
        untrained = [_first(_untrained(network), pixels) for network in each[k][:1]]
        shares = [contained(own, other) for own, other in zip(given[k], widest, strict=False)]
        within = None if k == asked[-1] else float(np.mean(shares))
        widths.append(
            Width(study.evidence.labels[k], study.candidates[k].widths[0], recurrence(given[k], untrained), within)
        )
    return Recurring(len(rows), tuple(widths))


def _loaded(study: Study, file: str) -> Network:
    return keras_file.load(study.folder / file)


def _first(network: Network, pixels: np.ndarray) -> np.ndarray:
    return seen(network, network.preparation.to_input(pixels)).layers[0].given


def _untrained(network: Network) -> Network:
    """A network of the same layers that learned nothing."""
    ladder = network.ladder
    return replace(network, weights=tuple(ladder.unpack(ladder.initial(seed=0, replicate=len(network.weights[0])))[0]))
