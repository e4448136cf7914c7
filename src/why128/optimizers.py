"""Optimisers, as words: Keras's names, arguments and defaults.  What they compute is in engine/updates.py."""

from __future__ import annotations

import dataclasses
import difflib
import math
from dataclasses import dataclass

from why128.errors import UsageError, shown


class _Checked:
    """Refuses a learning rate or another number that cannot mean anything."""

    def __post_init__(self):
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(field.default, float) and not (_is_number(value) and value >= 0):
                raise UsageError(
                    f"{type(self).__name__}: {field.name} must be a number of at least 0, got {shown(repr(value))}"
                )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class SGD(_Checked):
    """Gradient descent, with momentum if asked for (Sutskever et al. 2013)."""

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False


@dataclass(frozen=True)
class RMSprop(_Checked):
    """Hinton's lecture 6e: gradients divided by a running root mean square."""

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7


@dataclass(frozen=True)
class Adam(_Checked):
    """Kingma & Ba 2015, with Keras's place for epsilon (beside the uncorrected root)."""

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7


@dataclass(frozen=True)
class AdamW(_Checked):
    """Loshchilov & Hutter 2019: Adam with weight decay apart from the gradient."""

    learning_rate: float = 0.001
    weight_decay: float = 0.004
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7


Optimizer = SGD | RMSprop | Adam | AdamW
NAMED: dict[str, type] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}


def resolve(optimizer: object, learning_rate: float | None = None) -> Optimizer:
    """An optimiser from its name or itself, with another learning rate if one is given; raises UsageError."""
    if isinstance(optimizer, str):
        if optimizer.lower() not in NAMED:
            near = difflib.get_close_matches(optimizer.lower(), NAMED, 1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise UsageError(
                f"optimizer: '{shown(optimizer)}' is not known", hint=f"{hint}known names: {', '.join(NAMED)}"
            )
        optimizer = NAMED[optimizer.lower()]()
    if not isinstance(optimizer, Optimizer):
        raise UsageError(
            f"optimizer: expected a name or one of why128.optimizers, got {shown(repr(optimizer))}",
            hint="for example 'adam'",
        )
    return optimizer if learning_rate is None else dataclasses.replace(optimizer, learning_rate=learning_rate)
