"""Initial weights, as words: Keras's names and what they stand for.  Numbers are drawn in drawing.py."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from why128.errors import UsageError, shown


@dataclass(frozen=True)
class VarianceScaling:
    """Spread chosen by a layer's size: Glorot & Bengio 2010, He et al. 2015 and LeCun et al. 1998 in one formula."""

    scale: float
    fan: str  # "in", "out" or "avg": which of a layer's sizes counts
    normal: bool = False  # a normal cut at two standard deviations, else uniform


@dataclass(frozen=True)
class Uniform:
    """Every number between two limits equally likely."""

    low: float
    high: float


@dataclass(frozen=True)
class Normal:
    """A normal distribution around 0; `cut` draws again what lies beyond two standard deviations."""

    stddev: float
    cut: bool = False


@dataclass(frozen=True)
class Orthogonal:
    """Columns (or rows) at right angles and of length one: Saxe et al. 2014."""


@dataclass(frozen=True)
class Identity:
    """Ones on the diagonal."""


@dataclass(frozen=True)
class Constant:
    """One number throughout."""

    value: float


Initializer = VarianceScaling | Uniform | Normal | Orthogonal | Identity | Constant

NAMED: dict[str, Initializer] = {
    "glorot_uniform": VarianceScaling(1.0, "avg"),
    "glorot_normal": VarianceScaling(1.0, "avg", normal=True),
    "he_uniform": VarianceScaling(2.0, "in"),
    "he_normal": VarianceScaling(2.0, "in", normal=True),
    "lecun_uniform": VarianceScaling(1.0, "in"),
    "lecun_normal": VarianceScaling(1.0, "in", normal=True),
    "random_uniform": Uniform(-0.05, 0.05),
    "random_normal": Normal(0.05),
    "truncated_normal": Normal(0.05, cut=True),
    "orthogonal": Orthogonal(),
    "identity": Identity(),
    "zeros": Constant(0.0),
    "ones": Constant(1.0),
}


def resolve(initializer: str | None) -> str:
    """The one spelling of an initialiser's name ("GlorotUniform" is "glorot_uniform"; None is "zeros").

    Raises UsageError for a name that is not known.
    """
    text = "zeros" if initializer is None else initializer
    if not isinstance(text, str):
        raise UsageError(
            f"initializer: expected a name, got {shown(repr(text))}", hint=f"known names: {', '.join(NAMED)}"
        )
    name = text if text in NAMED else "".join("_" + c.lower() if c.isupper() else c for c in text).lstrip("_")
    if name not in NAMED:
        near = difflib.get_close_matches(name, NAMED, 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UsageError(f"initializer: '{shown(text)}' is not known", hint=f"{hint}known names: {', '.join(NAMED)}")
    return name
