"""A budget: what a network may cost at most, where that is known before it is asked how good it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from why128.errors import UsageError, shown
from why128.recipe import positive
from why128.studies.candidate import Candidate, is_number

if TYPE_CHECKING:
    from why128.studies.cost import Cost

BYTES_EACH = 4  # of a parameter, as float32
SIZES: dict[str, float] = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "kib": 2**10,
    "mb": 10**6,
    "mib": 2**20,
    "gb": 10**9,
    "gib": 2**30,
}
DURATIONS = {"us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0}  # micro's two signs in Unicode


@dataclass(frozen=True)
class Budget:
    """The most that a network may have or take; None sets no limit.  Raises UsageError for what is no limit."""

    neurons: int | None = None  # all hidden ones together
    bytes: int | None = None  # of its parameters, as float32
    latency: float | None = None  # seconds that it takes to answer one image, the median

    def __post_init__(self):
        for name in ("neurons", "bytes"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, positive(f"budget in {name}", getattr(self, name)))
        if self.latency is not None and not (is_number(self.latency) and self.latency > 0):
            raise UsageError(f"budget in latency: expected seconds above 0, got {shown(repr(self.latency))}")

    @classmethod
    def of(cls, neurons: int | None, size: str | None, latency: str | None) -> Budget:
        """The budget that a person writes: such as 100, "64KB" and "50us".  Raises UsageError naming the option."""
        if neurons is not None:
            positive("--max-neurons", neurons)
        return cls(neurons, None if size is None else _bytes(size), None if latency is None else _seconds(latency))

    @property
    def unlimited(self) -> bool:
        """Whether it sets no limit at all."""
        return self == Budget()

    def allows(self, cost: Cost) -> bool:
        """Whether a network of this cost is within every limit."""
        fast = self.latency is None or cost.latency_one.median <= self.latency
        return fast and self.holds(cost.neurons, cost.parameters)

    def holds(self, neurons: int, parameters: int) -> bool:
        """Whether a network of this size is within the limits that are known before it is trained."""
        within = self.bytes is None or parameters * BYTES_EACH <= self.bytes
        return within and (self.neurons is None or neurons <= self.neurons)

    def widest(self, candidate: Candidate, inputs: int, classes: int) -> int | None:
        """The neurons of the widest single hidden layer within the size limits, otherwise like `candidate`.

        0 where not even the narrowest is; None where no size is limited.
        """
        step = 2 if candidate.activation == "glu" else 1  # glu halves its neurons
        limits = [] if self.neurons is None else [self.neurons // step * step]
        if self.bytes is not None:
            none, one = (Candidate(w, candidate.activation).parameters(inputs, classes) for w in ((), (step,)))
            bias_only = none - inputs * classes  # what stays when a hidden layer shrinks to nothing
            limits.append(max(0, (self.bytes // BYTES_EACH - bias_only) // (one - bias_only)) * step)
        return min(limits, default=None)


def _bytes(text: str) -> int:
    """From "64KB" (1,000 each), "64KiB" (1,024 each), "2MB" or a plain number."""
    found = round(_measured(text, SIZES))
    if not found:
        raise UsageError(f"--max-bytes: expected a size such as 64KB, 64KiB, 2MB or 65536, got '{shown(text)}'")
    return found


def _seconds(text: str) -> float:
    """From "50us", "1ms" or "0.1s"."""
    found = _measured(text, DURATIONS)
    if not found:
        raise UsageError(f"--max-latency: expected a time such as 50us, 1ms or 0.1s, got '{shown(text)}'")
    return found


def _measured(text: str, units: dict[str, float]) -> float:
    """A number with one of these units behind it; 0 for what is none."""
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) *([a-zµμ]*)", text.strip().lower())
    return float(found[1]) * units[found[2]] if found and found[2] in units else 0.0
