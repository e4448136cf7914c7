"""Initial weights, as words: Keras's names and what they stand for.  Numbers are drawn in drawing.py."""

from __future__ import annotations

import difflib
from functools import partial
from typing import dataclass_transform

from why128.arguments import Kind, frozen
from why128.errors import UsageError, shown

ABSENT = {
    "seed": "luck has an address: Sequential(layers, seed=...) decides all of it",
    "dtype": "everything is float32",
}
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "uniform")


@dataclass_transform(frozen_default=True)
def initializer(kind: Kind) -> Kind:
    """A frozen value that says how weights are drawn."""
    return frozen(ABSENT)(kind)


@initializer
class VarianceScaling:
    """Spread chosen by a layer's size: Glorot & Bengio 2010, He et al. 2015 and LeCun et al. 1998 in one formula."""

    scale: float = 1.0
    mode: str = "fan_in"  # which of a layer's sizes counts
    distribution: str = "truncated_normal"  # cut at two standard deviations; or "uniform"

    def __post_init__(self):
        for what, value, known in (("mode", self.mode, MODES), ("distribution", self.distribution, DISTRIBUTIONS)):
            if value not in known:
                raise UsageError(f"VarianceScaling: {what} must be one of {', '.join(known)}, got {shown(repr(value))}")


@initializer
class RandomUniform:
    """Every number between two limits equally likely."""

    minval: float = -0.05
    maxval: float = 0.05


@initializer
class RandomNormal:
    """A normal distribution."""

    mean: float = 0.0
    stddev: float = 0.05


@initializer
class TruncatedNormal:
    """A normal distribution that is drawn again beyond two standard deviations."""

    mean: float = 0.0
    stddev: float = 0.05


@initializer
class Orthogonal:
    """Columns (or rows) at right angles and of length `gain`: Saxe et al. 2014."""

    gain: float = 1.0


@initializer
class Identity:
    """`gain` on the diagonal."""

    gain: float = 1.0


@initializer
class Constant:
    """One number throughout."""

    value: float = 0.0


Initializer = VarianceScaling | RandomUniform | RandomNormal | TruncatedNormal | Orthogonal | Identity | Constant

NAMED: dict[str, Initializer] = {
    "glorot_uniform": VarianceScaling(1.0, "fan_avg", "uniform"),
    "glorot_normal": VarianceScaling(1.0, "fan_avg"),
    "he_uniform": VarianceScaling(2.0, "fan_in", "uniform"),
    "he_normal": VarianceScaling(2.0, "fan_in"),
    "lecun_uniform": VarianceScaling(1.0, "fan_in", "uniform"),
    "lecun_normal": VarianceScaling(1.0, "fan_in"),
    "random_uniform": RandomUniform(),
    "random_normal": RandomNormal(),
    "truncated_normal": TruncatedNormal(),
    "orthogonal": Orthogonal(),
    "identity": Identity(),
    "zeros": Constant(0.0),
    "ones": Constant(1.0),
}


def _named(name: str) -> str:
    return name


# Keras's classes that have nothing to choose are their names.
GlorotUniform, GlorotNormal = partial(_named, "glorot_uniform"), partial(_named, "glorot_normal")
HeUniform, HeNormal = partial(_named, "he_uniform"), partial(_named, "he_normal")
LecunUniform, LecunNormal = partial(_named, "lecun_uniform"), partial(_named, "lecun_normal")
Zeros, Ones = partial(_named, "zeros"), partial(_named, "ones")


def resolve(given: object) -> str | Initializer:
    """The one spelling of an initialiser's name ("GlorotUniform" is "glorot_uniform"; None is "zeros"), or itself.

    Raises UsageError for a name that is not known.
    """
    text = "zeros" if given is None else given
    if isinstance(text, Initializer):
        return next((name for name, usual in NAMED.items() if usual == text), text)
    if not isinstance(text, str):
        raise UsageError(
            f"initializer: expected a name or one of why128.initializers, got {shown(repr(text))}",
            hint=f"known names: {', '.join(NAMED)}",
        )
    name = text if text in NAMED else "".join("_" + c.lower() if c.isupper() else c for c in text).lstrip("_")
    if name not in NAMED:
        near = difflib.get_close_matches(name, NAMED, 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UsageError(f"initializer: '{shown(text)}' is not known", hint=f"{hint}known names: {', '.join(NAMED)}")
    return name
