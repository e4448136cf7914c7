"""Layers that disturb learning, so that a network does not rely on single numbers; outside training they do nothing."""

from __future__ import annotations

from why128.arguments import number
from why128.errors import UsageError, shown
from why128.layers.words import Shape, entering, layer, plain, put


@layer
class Dropout:
    """While training, sets each number to 0 with probability `rate` and scales the rest by 1/(1 − rate)."""

    rate: float
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, rate=plain(self.rate))
        if isinstance(self.rate, bool) or not isinstance(self.rate, (int, float)) or not 0.0 <= self.rate < 1.0:
            raise UsageError(
                f"Dropout: rate must be at least 0 and below 1, got {shown(repr(self.rate))}",
                hint="for example Dropout(0.2)",
            )
        entering(self)


@layer
class GaussianNoise:
    """While training, adds a normal number with standard deviation `stddev` to each number."""

    stddev: float
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        put(self, stddev=number("GaussianNoise: stddev", self.stddev, 0.0))
        entering(self)
