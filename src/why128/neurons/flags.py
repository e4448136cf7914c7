"""What is odd about a neuron: dead, constant, always on, the twin of another, or reproduced by the others.

All of it on the images that were looked at: another set may wake a neuron that is dead here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.formats.steps import Applied, Bent, Step
from why128.neurons.activity import Activity

# How far activity may be from what it is said to be, as a share of its size: the roundings of float32 sums.
ROUNDED = 1e-4
REPRODUCED = 0.99  # the share of its variance that the other neurons explain, from which a neuron is redundant
ENOUGH_IMAGES = 2  # images a neuron, from which that is asked: fewer explain anything
STRAIGHT = ("relu", "leaky_relu", "relu6", "hard_tanh")  # activations with a piece that leaves a number as it is


@dataclass(frozen=True)
class Flags:
    """Of one neuron."""

    dead: bool = False  # it gives 0 to every image
    constant: bool = False  # it gives the same number, not 0, to every image
    always_on: bool = False  # its activation leaves every sum as it is: the neuron is linear
    twin: int | None = None  # the first neuron that gives the same up to a factor
    factor: float = 1.0  # of which it gives so many times
    redundant: bool = False  # the others reproduce it
    explained: float | None = None  # the share of its variance that they explain

    def words(self) -> tuple[str, ...]:
        """Each in the words of the ledger, numbers counted from 0."""
        said = [("dead", self.dead), ("constant", self.constant), ("always on", self.always_on)]
        found = [word for word, true in said if true]
        found += [] if self.twin is None else [f"twin of {self.twin}"]
        return (*found, *(["redundant"] if self.redundant else []))


def flags(activity: Activity, after: tuple[Step, ...]) -> tuple[Flags, ...]:
    """Of every neuron of one hidden layer; `after` are the steps between its sums and the next layer."""
    given = activity.given.astype(np.float64)  # (N, H)
    size = np.sqrt(np.square(given).mean(0))  # (H,)
    dead = np.asarray(~given.any(0))
    same = np.asarray(given.max(0) - given.min(0) <= ROUNDED * size)
    constant = ~dead & same
    on = _linear(activity, after) & ~dead & ~constant
    twins, factors = _twins(given, ~dead & ~constant)
    explained = _explained(given, ~dead & ~constant & (twins < 0))
    return tuple(
        Flags(
            bool(dead[j]),
            bool(constant[j]),
            bool(on[j]),
            int(twins[j]) if twins[j] >= 0 else None,
            float(factors[j]),
            bool(explained[j] >= REPRODUCED),
            None if np.isnan(explained[j]) else float(explained[j]),
        )
        for j in range(given.shape[1])
    )


def _linear(activity: Activity, after: tuple[Step, ...]) -> np.ndarray:
    bending = [step for step in after if isinstance(step, (Applied, Bent))]
    if not bending or bending[-1].activation not in STRAIGHT:
        return np.zeros(activity.given.shape[1], bool)
    return np.asarray((activity.driven == activity.given).all(0))


def _twins(given: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each neuron the first that it is a multiple of (-1: none), and how many times (1 where none)."""
    twins, factors = np.full(given.shape[1], -1), np.ones(given.shape[1])
    places = np.flatnonzero(asked)
    products = given[:, places].T @ given[:, places]
    size = np.diag(products)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = 1 - products**2 / np.outer(size, size)  # the share of one's square that no multiple of the other gives
    for number, place in enumerate(places):
        alike = np.flatnonzero(apart[number, :number] <= ROUNDED**2)
        alike = alike[twins[places[alike]] < 0]
        if len(alike):
            twins[place] = places[alike[0]]
            factors[place] = products[number, alike[0]] / size[alike[0]]
    return twins, factors


def _explained(given: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The share of each one's variance that a linear fit on the others explains; NaN where it is not asked."""
    found = np.full(given.shape[1], np.nan)
    places = np.flatnonzero(asked)
    if len(places) < 2 or len(given) < ENOUGH_IMAGES * len(places):
        return found
    centred = given[:, places] - given[:, places].mean(0)
    centred /= centred.std(0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(given))
    inverse = np.square(vectors) @ (1 / np.maximum(values, ROUNDED**2))  # the diagonal of the correlations' inverse
    found[places] = np.clip(1 - 1 / inverse, 0.0, 1.0)
    return found
