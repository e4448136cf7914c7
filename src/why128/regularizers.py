"""What holds weights down while learning, as words and formulas: a penalty, by Keras's names, that is added to the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from why128.arguments import number
from why128.errors import UsageError, shown


@dataclass(frozen=True)
class L1:
    """l1 × the sum of the weights' sizes."""

    l1: float = 0.01

    def penalty(self, xp: Any, weights: Any) -> Any:
        """For weights of any shape."""
        return self.l1 * xp.sum(xp.abs(weights))


@dataclass(frozen=True)
class L2:
    """l2 × the sum of the weights' squares."""

    l2: float = 0.01

    def penalty(self, xp: Any, weights: Any) -> Any:
        """For weights of any shape."""
        return self.l2 * xp.sum(xp.square(weights))


@dataclass(frozen=True)
class L1L2:
    """Both."""

    l1: float = 0.0
    l2: float = 0.0

    def penalty(self, xp: Any, weights: Any) -> Any:
        """For weights of any shape."""
        return self.l1 * xp.sum(xp.abs(weights)) + self.l2 * xp.sum(xp.square(weights))


Regularizer = L1 | L2 | L1L2
NAMED: dict[str, type] = {"l1": L1, "L1": L1, "l2": L2, "L2": L2, "l1_l2": L1L2, "L1L2": L1L2, "l1l2": L1L2}


def resolve(given: object, whose: str) -> Regularizer | None:
    """A regulariser from its name or itself; raises UsageError naming `whose`."""
    if given is None:
        return None
    if isinstance(given, str) and given in NAMED:
        return L1L2(0.01, 0.01) if NAMED[given] is L1L2 else NAMED[given]()
    if isinstance(given, Regularizer):
        _check(given, whose)
        return given
    raise UsageError(
        f"{whose}: {shown(repr(given))} is not known here",
        hint="known are 'l1', 'l2', 'l1_l2', and why128.regularizers",
    )


def _check(given: Regularizer, whose: str) -> None:
    for name, value in vars(given).items():
        number(f"{whose}: {name}", value, 0.0)
