"""When a study that stops when it knows stops at the latest."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from why128.errors import UsageError, shown
from why128.studies.candidate import is_number

if TYPE_CHECKING:
    from why128.studies.settling import Step


@dataclass(frozen=True)
class Until:
    """When a study stops: when it knows, and at the latest when this much is spent.  Raises UsageError for no limit."""

    seconds: float | None = None
    networks: int | None = None

    def __post_init__(self):
        for name, value in (("seconds", self.seconds), ("networks", self.networks)):
            if value is not None and not (is_number(value) and value > 0):
                raise UsageError(f"budget: expected {name} above 0, got {shown(repr(value))}")

    def begin(self, step: Step, settings: int) -> Step:
        """A first step, which is trained whole.  Raises UsageError where the networks are too few for it."""
        due = len(step.places) * settings * len(step.replicates)
        if self.networks is not None and self.networks < due:
            raise UsageError(
                f"budget: expected at least {due:,} networks, which a first look takes, got {self.networks:,}",
                hint="allow more, or try fewer candidates with --widths",
            )
        return step

    def afford(self, step: Step, settings: int, networks: int, seconds: float) -> Step | None:
        """As much of a step as is left after so many networks and seconds; new rungs are afforded whole or not."""
        if self.seconds is not None and seconds >= self.seconds:
            return None
        if self.networks is None:
            return step
        room = max(0, self.networks - networks) // (len(step.places) * settings)
        if room >= len(step.replicates):
            return step
        return replace(step, replicates=step.replicates[:room]) if room and step.repeats else None


def limit(text: str) -> Until:
    """What a study may spend, from "60s", "5min" or "200-networks"; raises UsageError."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) *(s|min|h|-?networks?)", text.strip().lower())
    amount = float(found[1]) if found else 0.0
    if not found or amount <= 0 or ("network" in found[2] and amount != int(amount)):
        raise UsageError(
            f"--budget: expected a time such as 60s or 5min, or a number such as 200-networks, got '{shown(text)}'"
        )
    if "network" in found[2]:
        return Until(networks=int(amount))
    return Until(seconds=amount * {"s": 1, "min": 60, "h": 3600}[found[2]])
