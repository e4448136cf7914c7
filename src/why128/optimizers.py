"""Optimisers, as words: Keras's names, arguments and defaults.  What they compute is in engine/updates.py."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable
from typing import Any, dataclass_transform

from why128.arguments import Kind, frozen
from why128.errors import UsageError, shown

Rate = float | Callable[[Any], Any]  # a number, or one of why128.schedules, or a function of the step's number

ABSENT = {
    "use_ema": "averaged weights are not kept; EarlyStopping(restore_best_weights=True) keeps the best",
    "ema_momentum": "averaged weights are not kept",
    "ema_overwrite_frequency": "averaged weights are not kept",
    "loss_scale_factor": "products are summed in float32, and need no scale",
    "gradient_accumulation_steps": "take a larger batch_size: these networks are small",
    "jit_compile": "everything is compiled",
    "decay": "learning_rate=why128.schedules.InverseTimeDecay(...)",
    "lr": "it is learning_rate",
}  # fmt: skip
# Numbers that may be None, for none of it.
OPTIONAL = {"weight_decay", "clipnorm", "clipvalue", "global_clipnorm"}
SHARES = {"momentum", "rho", "beta_1", "beta_2"}  # of what is remembered


@dataclass_transform(frozen_default=True)
def optimizer(kind: Kind) -> Kind:
    """A frozen value that says how weights move."""
    return frozen(ABSENT)(kind)


def _check(made: Any) -> None:
    """Refuse a learning rate or another number that cannot mean anything."""
    for field in dataclasses.fields(made):
        value = getattr(made, field.name)
        if field.name == "learning_rate" and callable(value):
            continue
        if (
            (field.name in OPTIONAL and value is None and field.default is None)
            or not isinstance(field.default, (float, type(None)))
            or field.name == "name"
        ):
            continue
        whose, most = f"{type(made).__name__}: {field.name}", 1 if field.name in SHARES else math.inf
        if not (_is_number(value) and 0 <= value <= most):
            within = "of at least 0" if most > 1 else "from 0 to 1"
            raise UsageError(f"{whose} must be a number {within}, got {shown(repr(value))}")
    if sum(getattr(made, name) is not None for name in ("clipnorm", "clipvalue", "global_clipnorm")) > 1:
        raise UsageError(f"{type(made).__name__}: expected one of clipnorm, clipvalue and global_clipnorm at most")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@optimizer
class SGD:
    """Gradient descent, with momentum if asked for (Sutskever et al. 2013)."""

    learning_rate: Rate = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class RMSprop:
    """Hinton's lecture 6e: gradients divided by a running root mean square; `centered` takes their mean off first."""

    learning_rate: Rate = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class Adam:
    """Kingma & Ba 2015, with Keras's place for epsilon (beside the uncorrected root); `amsgrad` as Reddi et al. 2018."""

    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class AdamW:
    """Loshchilov & Hutter 2019: Adam with weight decay apart from the gradient."""

    learning_rate: Rate = 0.001
    weight_decay: float | None = 0.004
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class Nadam:
    """Dozat 2016: Adam with Nesterov's momentum."""

    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class Adamax:
    """Kingma & Ba 2015, section 7: Adam by the largest recent gradient instead of their root mean square."""

    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class Adagrad:
    """Duchi et al. 2011: gradients divided by the root of the sum of all their squares so far."""

    learning_rate: Rate = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)


@optimizer
class Lion:
    """Chen et al. 2023: every weight moves equally far, by the sign of a momentum."""

    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    name: str | None = None

    def __post_init__(self):
        _check(self)
        if self.beta_1 == 0:
            raise UsageError("Lion: beta_1 must be above 0, got 0: without a momentum it is the sign of the gradient")


Optimizer = SGD | RMSprop | Adam | AdamW | Nadam | Adamax | Adagrad | Lion
NAMED: dict[str, type] = {
    kind.__name__.lower(): kind for kind in (SGD, RMSprop, Adam, AdamW, Nadam, Adamax, Adagrad, Lion)
}


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
