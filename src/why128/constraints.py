"""What weights are brought back to after every step, as words and formulas, by Keras's names.

A kernel is seen as Keras has it, (inputs, units): `axis=0` is what comes in to a neuron.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from why128.arguments import LARGEST, number
from why128.errors import UsageError, shown

EPSILON = 1e-7  # Keras's: what a norm is divided by is this much more


@dataclass(frozen=True)
class MaxNorm:
    """Each neuron's weights are at most this long."""

    max_value: float = 2.0
    axis: int = 0

    def brought_back(self, xp: Any, weights: Any) -> Any:
        """Weights (inputs, units), or any of one axis."""
        norms = _norms(xp, weights, self.axis)
        return weights * (xp.clip(norms, 0.0, self.max_value) / (EPSILON + norms))


@dataclass(frozen=True)
class MinMaxNorm:
    """Each neuron's weights are as long as between these two; `rate` of the way there each step."""

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int = 0

    def brought_back(self, xp: Any, weights: Any) -> Any:
        """Weights (inputs, units), or any of one axis."""
        norms = _norms(xp, weights, self.axis)
        due = self.rate * xp.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return weights * (due / (EPSILON + norms))


@dataclass(frozen=True)
class UnitNorm:
    """Each neuron's weights are of length one."""

    axis: int = 0

    def brought_back(self, xp: Any, weights: Any) -> Any:
        """Weights (inputs, units), or any of one axis."""
        return weights / (EPSILON + _norms(xp, weights, self.axis))


@dataclass(frozen=True)
class NonNeg:
    """No weight is below 0."""

    def brought_back(self, xp: Any, weights: Any) -> Any:
        """Weights of any shape."""
        return xp.maximum(weights, 0.0)


Constraint = MaxNorm | MinMaxNorm | UnitNorm | NonNeg
NAMED: dict[str, type] = {
    **dict.fromkeys(("max_norm", "MaxNorm", "maxnorm"), MaxNorm),
    **dict.fromkeys(("min_max_norm", "MinMaxNorm"), MinMaxNorm),
    **dict.fromkeys(("unit_norm", "UnitNorm", "unitnorm"), UnitNorm),
    **dict.fromkeys(("non_neg", "NonNeg", "nonneg"), NonNeg),
}


def resolve(given: object, whose: str) -> Constraint | None:
    """A constraint from its name or itself; raises UsageError naming `whose`."""
    if given is None:
        return None
    if isinstance(given, str) and given in NAMED:
        return NAMED[given]()
    if isinstance(given, Constraint):
        for name, value in vars(given).items():
            if name == "axis" and (isinstance(value, bool) or value not in (0, 1)):
                raise UsageError(f"{whose}: axis must be 0 or 1, got {shown(repr(value))}")
            number(f"{whose}: {name}", value, 0.0, 1.0 if name == "rate" else LARGEST)
        return given
    raise UsageError(
        f"{whose}: {shown(repr(given))} is not known here",
        hint="known are 'max_norm', 'min_max_norm', 'unit_norm', 'non_neg', and why128.constraints",
    )


def _norms(xp: Any, weights: Any, axis: int) -> Any:
    return xp.sqrt(xp.sum(xp.square(weights), axis=axis, keepdims=True))
