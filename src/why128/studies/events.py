"""What is heard of a run: epochs, finished replicates, and those that were given up.  No module here imports JAX."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Luck:
    """Where a network's luck comes from, each part the number of a replicate.

    The parts of one study's replicates belong together: to change one alone is to measure what it alone does."""

    initialisation: int  # whose initial weights
    order: int  # whose order of images, and whose neurons dropout drops
    sample: int  # whose sample of the images to learn from, where each replicate draws its own

    @classmethod
    def of(cls, replicate: int) -> Luck:
        """The luck of a study's replicate, in which all three belong together."""
        return cls(replicate, replicate, replicate)


@dataclass(frozen=True, eq=False)
class EpochDone:
    """One epoch of one replicate: how far it is.  T trained networks, in the order in which they were given."""

    luck: Luck
    epoch: int
    measured: dict[str, np.ndarray]  # loss and accuracy while it learned, val_loss and val_accuracy, each (T,)

    @property
    def accuracies(self) -> np.ndarray:
        """On validation images, or some of them.  # (T,)"""
        return self.measured["val_accuracy"]

    @property
    def replicate(self) -> int:
        """The replicate's number; of luck that is mixed, that of its initial weights."""
        return self.luck.initialisation


@dataclass(frozen=True, eq=False)
class Answers:
    """Images answered by T trained networks, image by image."""

    losses: np.ndarray  # (T, N) float32
    hits: np.ndarray  # (T, N) bool


@dataclass(frozen=True, eq=False)
class Replicate:
    """One finished replicate: T networks, each trained once, in the order in which they were given.

    In a whole replicate of a plan, candidate k under setting s stands at k · S + s (`plan.entries`).
    """

    luck: Luck
    weights: list[tuple[np.ndarray, ...]]  # of each network, in Keras's order
    learned: Answers  # on the images learned from
    held_out: Answers  # on validation images
    tuned: np.ndarray | None  # (T, N) hits on tuning images; None where there are none
    curves: dict[str, np.ndarray]  # loss, accuracy, and of the images watched val_loss, val_accuracy, each (E, T)
    seconds: np.ndarray  # (T,) of training: a cohort's, shared out by its networks' multiplications

    @property
    def number(self) -> int:
        """The replicate's number; of luck that is mixed, that of its initial weights."""
        return self.luck.initialisation


@dataclass(frozen=True)
class Lost:
    """A replicate that was given up: whatever trained it died each time."""

    luck: Luck
    reason: str  # how it ended the last time, such as "killed by signal 9 (SIGKILL)"
    attempts: int


@dataclass(frozen=True)
class Stage:
    """What a study is about to train: these networks, so often."""

    labels: tuple[str, ...]
    replicates: int  # how many; of twins, their networks
    twins: bool  # whether it is to tell the parts of luck apart


@dataclass(frozen=True)
class Resumed:
    """A study that was stopped is gone on with."""

    folder: Path
    networks: int  # trained before


Event = EpochDone | Replicate | Lost
