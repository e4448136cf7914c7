"""Which neurons does every run learn?  Neurons of several networks matched by what they do on the same images.

Two neurons are alike where their activity goes together (Li et al. 2016): each of one network gets the partner in the other that makes all
pairs together most alike (the assignment problem).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

ALIKE = 0.8  # the correlation from which two neurons are said to be the same one
NEARLY_ALL = 0.8  # the share of other runs in which a neuron that recurs is found


@dataclass(frozen=True)
class Recurrence:
    """How far networks of one kind learn the same neurons; means over them."""

    networks: int
    neurons: float  # that are not dead
    everywhere: float  # with a partner in nearly all others
    nowhere: float  # with a partner in none: luck
    by_chance: (
        float | None
    )  # the share of neurons with a partner in a network that learned nothing; None where that is not asked


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How alike neurons are by their activity on the same images, (N, H) and (N, K): correlations (H, K), 0 for what never varies."""
    one, other = _standard(a), _standard(b)
    return one.T @ other / len(a)


def partners(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each neuron of a its partner in b, (H,), -1 for none, and how alike they are, (H,)."""
    alike = likeness(a, b)
    places, found = linear_sum_assignment(alike, maximize=True)
    partner, how = np.full(len(alike), -1), np.zeros(len(alike))
    partner[places], how[places] = found, alike[places, found]
    return partner, how


def recurrence(runs: Sequence[np.ndarray], untrained: Sequence[np.ndarray] = ()) -> Recurrence:
    """Of several runs' activity on the same images, (N, H) each; `untrained` is that of networks that learned nothing."""
    counts, everywhere, nowhere, chance = [], [], [], []
    for number, own in enumerate(runs):
        alive = own.std(0) > 0
        others = [partners(own, other)[1] >= ALIKE for place, other in enumerate(runs) if place != number]
        share = np.mean(others, 0)[alive] if others else np.zeros(int(alive.sum()))
        counts.append(int(alive.sum()))
        everywhere.append(int((share >= NEARLY_ALL).sum()))
        nowhere.append(int((share == 0).sum()))
        chance += [(partners(own, other)[1] >= ALIKE)[alive].mean() for other in untrained if alive.any()]
    found, nearly, none = (float(np.mean(each)) for each in (counts, everywhere, nowhere))
    return Recurrence(len(runs), found, nearly, none, float(np.mean(chance)) if chance else None)


def contained(narrow: np.ndarray, wide: np.ndarray) -> float:
    """The share of a narrow network's neurons that have a partner in a wide one."""
    alive = narrow.std(0) > 0
    return float((partners(narrow, wide)[1] >= ALIKE)[alive].mean()) if alive.any() else 0.0


def _standard(activity: np.ndarray) -> np.ndarray:
    away = activity.astype(np.float64) - activity.mean(0, dtype=np.float64)
    deviation = away.std(0)
    return np.divide(away, deviation, out=np.zeros_like(away), where=deviation > 0)
