"""What is to be trained: a run of one replicate, or a group of such runs as one program.

A group is several replicates of one cohort.  What each has of its own (its state, its order of images, what its dropout
drops) gets a first axis R; what they share (the images, the learning rates, where a stretch begins and ends) gets none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh

from why128 import optimizers
from why128.engine.devices import mesh, on_each, spread

Tree = TypeVar("Tree")  # arrays, alone or in tuples


@dataclass(frozen=True, eq=False)
class Run:
    """One cohort's training: which images, for how long, by which luck."""

    learned: np.ndarray  # rows of the data to learn from
    epochs: int
    seed: int
    replicate: int = 0  # whose order of images, and whose dropout
    shuffle: bool = True
    first_epoch: int = 0  # the address of the next epoch's order: not 0 when training goes on
    rates: Sequence[float | None] | None = None  # a learning rate a candidate; None is the optimiser's
    decays: Sequence[float | None] | None = None  # a weight decay a candidate; None is the optimiser's, or 0
    rate: optimizers.Rate | None = None  # of all candidates, a number or a schedule; None is the optimiser's
    first_step: int = 0  # how many steps were taken before: where a schedule stands

    # What is asked of a group as well: one run is a group without the axis, and its program is not mapped.

    size = 1
    over = None

    @property
    def runs(self) -> tuple[Run, ...]:
        """Itself."""
        return (self,)

    def together(self, each: Sequence[Tree]) -> Tree:
        """The arrays of each run: of the one that there is."""
        return each[0]

    def apart(self, all_of_them: Tree) -> list[Tree]:
        """The inverse of `together`."""
        return [all_of_them]

    def on_each(self, shared: Tree) -> Tree:
        """Arrays that all runs share: as they are."""
        return shared


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their luck alone, mapped: each of the devices trains as many of them, `lanes`, at once.

    A replicate's bits depend on how many lanes a device has: not on which of them is its own, nor on how many devices
    there are, nor on what is in the other lanes.  Lanes that nobody needs train the last run once more.
    """

    runs: tuple[Run, ...]
    lanes: int
    devices: int = 1

    def __post_init__(self):
        alike = {
            (
                len(r.learned),
                r.epochs,
                r.shuffle,
                r.first_epoch,
                r.first_step,
                r.rate,
                _pairs(r.rates),
                _pairs(r.decays),
            )
            for r in self.runs
        }
        assert len(alike) == 1, "runs of a group differ in their luck alone"
        assert len(self.runs) <= self.size

    @property
    def size(self) -> int:
        """How many lanes there are, R."""
        return self.lanes * self.devices

    @cached_property
    def over(self) -> Mesh:
        """The devices."""
        return mesh(self.devices)

    def together(self, each: Sequence[Tree]) -> Tree:
        """The arrays of each run as one a kind, with a first axis R, spread over the devices."""
        lanes = [*each, *[each[-1]] * (self.size - len(each))]
        stacked = jax.tree.map(lambda *arrays: np.stack([np.asarray(a) for a in arrays]), *lanes)
        return jax.device_put(stacked, spread(self.over))

    def apart(self, all_of_them: Tree) -> list[Tree]:
        """The inverse of `together`, for as many runs as there are: NumPy arrays."""
        here = jax.tree.map(np.asarray, all_of_them)
        return [jax.tree.map(lambda array, r=r: array[r], here) for r in range(len(self.runs))]

    def on_each(self, shared: Tree) -> Tree:
        """Arrays that all runs share, whole on every device."""
        return jax.device_put(shared, on_each(self.over))


def _pairs(values: Sequence[float | None] | None) -> tuple[float | None, ...] | None:
    return None if values is None else tuple(values)
