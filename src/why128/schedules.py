"""Learning rates that change from step to step, as Keras's `optimizers.schedules` has them: frozen values, called with steps.

A schedule is called with the number of each step, counted from 0, as an array, and gives a learning rate each; any function of such an
array can stand in its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from why128.errors import UsageError, shown


@dataclass(frozen=True)
class ExponentialDecay:
    """initial_learning_rate × decay_rate^(step / decay_steps); `staircase` takes whole quotients."""

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        return self.initial_learning_rate * self.decay_rate ** _passed(steps, self.decay_steps, self.staircase)


@dataclass(frozen=True)
class InverseTimeDecay:
    """initial_learning_rate / (1 + decay_rate × step / decay_steps); `staircase` takes whole quotients."""

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        return self.initial_learning_rate / (1 + self.decay_rate * _passed(steps, self.decay_steps, self.staircase))


@dataclass(frozen=True)
class PiecewiseConstantDecay:
    """`values[0]` up to step `boundaries[0]`, the last of `values` after the last boundary."""

    boundaries: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self):
        object.__setattr__(self, "boundaries", tuple(self.boundaries))
        object.__setattr__(self, "values", tuple(self.values))
        if len(self.boundaries) != len(self.values) - 1:
            raise UsageError(
                f"PiecewiseConstantDecay: expected one value more than boundaries, got {len(self.values)} and {len(self.boundaries)}"
            )

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        return np.asarray(self.values, np.float64)[np.searchsorted(self.boundaries, steps, side="left")]


@dataclass(frozen=True)
class PolynomialDecay:
    """From the initial to the end rate within `decay_steps`, along (1 − step / decay_steps)^power; `cycle` begins again, longer."""

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        steps = np.asarray(steps, np.float64)
        long = self.decay_steps * np.maximum(1, np.ceil(steps / self.decay_steps)) if self.cycle else self.decay_steps
        left = 1 - np.minimum(steps, long) / long
        return (self.initial_learning_rate - self.end_learning_rate) * left**self.power + self.end_learning_rate


@dataclass(frozen=True)
class CosineDecay:
    """Half a cosine from the initial rate to alpha times it (Loshchilov & Hutter 2017); a linear rise to `warmup_target` first, if asked."""

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: float = 0

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        steps = np.asarray(steps, np.float64)
        if self.warmup_target is None:
            return self.initial_learning_rate * self._fallen(steps)
        risen = np.minimum(steps / self.warmup_steps, 1.0) if self.warmup_steps else np.ones_like(steps)
        rising = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * risen
        return np.where(steps < self.warmup_steps, rising, self.warmup_target * self._fallen(steps - self.warmup_steps))

    def _fallen(self, steps: np.ndarray) -> np.ndarray:
        cosine = 0.5 * (1 + np.cos(math.pi * np.clip(steps / self.decay_steps, 0.0, 1.0)))
        return (1 - self.alpha) * cosine + self.alpha


@dataclass(frozen=True)
class CosineDecayRestarts:
    """Cosine decay that begins again, each time `t_mul` times as long and from `m_mul` times the rate."""

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        done = np.asarray(steps, np.float64) / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = np.floor(done)
            done = done - restarts
        else:
            restarts = np.floor(np.log(1 - done * (1 - self.t_mul)) / math.log(self.t_mul))
            before = (1 - self.t_mul**restarts) / (1 - self.t_mul)
            done = (done - before) / self.t_mul**restarts
        fallen = 0.5 * self.m_mul**restarts * (1 + np.cos(math.pi * done))
        return self.initial_learning_rate * ((1 - self.alpha) * fallen + self.alpha)


Schedule = (
    ExponentialDecay | InverseTimeDecay | PiecewiseConstantDecay | PolynomialDecay | CosineDecay | CosineDecayRestarts
)


def rates(learning_rate: object, steps: np.ndarray) -> np.ndarray:
    """The learning rate of each of these steps (S,); a number is that of all.  Raises UsageError for what gives no finite numbers."""
    if not callable(learning_rate):
        return np.full(len(steps), learning_rate, np.float64)
    found = np.asarray(learning_rate(steps), np.float64)
    if found.shape != steps.shape:
        found = np.array([float(learning_rate(int(step))) for step in steps])
    if not np.isfinite(found).all() or (found < 0).any():
        raise UsageError(
            f"learning rate: {shown(repr(learning_rate))} gives {found[~(np.isfinite(found) & (found >= 0))][0]:g} for a step; "
            "expected finite numbers of at least 0"
        )
    return found


def _passed(steps: np.ndarray, decay_steps: float, staircase: bool) -> np.ndarray:
    passed = np.asarray(steps, np.float64) / decay_steps
    return np.floor(passed) if staircase else passed
