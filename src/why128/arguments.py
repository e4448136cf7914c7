"""Frozen values with Keras's arguments: one that is not here is refused by name, with what to do instead."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform

from why128.errors import UsageError, shown

Kind = TypeVar("Kind", bound=type)

LARGEST = 3.4e38  # float32's largest number

# Keras's defaults of arguments that are not here, where they are not None: whoever gives one asks for nothing.
DEFAULTS = {
    "dtype": "float32",
    "trainable": True,
    "data_format": "channels_last",
    "renorm": False,
    "renorm_momentum": 0.99,
    "synchronized": False,
    "sparse": False,
    "ragged": False,
    "use_ema": False,
    "ema_momentum": 0.99,
    "reduction": "sum_over_batch_size",
    "axis": -1,
    "summation_method": "interpolation",
    "multi_label": False,
    "from_logits": False,
    "from_sorted_ids": False,
}  # fmt: skip


@dataclass_transform(frozen_default=True)
def frozen(
    absent: Mapping[str, str], read: Callable[[dict[str, Any]], None] = lambda named: None
) -> Callable[[Kind], Kind]:
    """A frozen dataclass; `absent` are arguments of Keras's that are not here, each with another way; `read` may rename some.

    An absent one with Keras's own default is passed over.
    """

    def decorated(kind: Kind) -> Kind:
        made: Any = dataclasses.dataclass(frozen=True)(kind)
        first, known = made.__init__, [field.name for field in dataclasses.fields(made)]

        @functools.wraps(first)
        def begin(self, *values, **named):
            read(named)
            for name in [name for name in named if name in absent and name not in known]:
                if named[name] is None or (name in DEFAULTS and named[name] == DEFAULTS[name]):
                    del named[name]
            for name in named:
                if name not in known:
                    hint = absent.get(name, f"its arguments are {', '.join(known) or 'none'}")
                    raise UsageError(f"{kind.__name__}: there is no argument '{shown(name)}'", hint=hint)
            first(self, *values, **named)

        made.__init__ = begin
        return made

    return decorated


def number(whose: str, value: object, least: float = -LARGEST, most: float = LARGEST) -> float:
    """One finite number within these limits; raises UsageError naming `whose`."""
    if isinstance(value, bool) or not hasattr(value, "__float__") or getattr(value, "shape", ()) != ():
        raise UsageError(f"{whose} must be a number, got {shown(repr(value))}")
    found = float(value) if not isinstance(value, int) or abs(value) < LARGEST else math.inf
    if not least <= found <= most:
        within = (
            f"from {least:g} to {most:g}"
            if most < LARGEST
            else f"of at least {least:g}"
            if least > -LARGEST
            else "finite"
        )
        raise UsageError(f"{whose} must be a number {within}, got {shown(repr(value))}")
    return found
