"""A study that stops when it knows: what to train next, given what has been seen.

It begins with a coarse ladder and few replicates, fills in the rungs between the last that is too small and the first
that suffices, and then repeats what is still in question.  Every look at the results spends part of the risk
(statistics/looks.py), so that looking often makes no error more likely.  The test images play no part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128.studies.evidence import Evidence
from why128.studies.findings import hope_of_more
from why128.studies.plan import Entry, Plan
from why128.studies.until import Until
from why128.studies.verdict import Verdict

FIRST_REPLICATES = 3  # the fewest whose spread says anything
GROWTH = 1.5  # of the replicates, from one look to the next: few looks, each worth its share of the risk
MOST_REPLICATES = 60
HOPELESS = 0.25  # of all that further replicates may show: below it, a study stops as one that only images could settle


@dataclass(frozen=True)
class Step:
    """What to train next: these places of the plan's ladder, in these replicates."""

    places: tuple[int, ...]
    replicates: tuple[int, ...]

    @property
    def repeats(self) -> bool:
        """Whether it adds replicates to what has been tried, rather than rungs."""
        return self.replicates[0] > 0

    def entries(self, plan: Plan) -> list[Entry]:
        """What each of its replicates trains."""
        return [(plan.candidates[place], setting) for place in self.places for setting in plan.settings]

    @classmethod
    def of(cls, document: dict[str, Any]) -> Step:
        """The inverse of `dataclasses.asdict`."""
        return cls(tuple(document["places"]), tuple(document["replicates"]))


def begin(plan: Plan, until: Until | None) -> Step:
    """What a study trains first: all of its plan, or what one that stops when it knows looks at first.

    Raises UsageError where its limit is too low for that.
    """
    if until:
        return until.begin(first(plan), len(plan.settings))
    return Step(tuple(range(len(plan.candidates))), tuple(range(plan.replicates)))


def first(plan: Plan) -> Step:
    """Every second rung, the smallest and the widest among them, and the widest that is within the budget's sizes."""
    last = len(plan.candidates) - 1
    sizes = [(c.neurons, c.parameters(plan.inputs, plan.classes)) for c in plan.candidates]
    within = [place for place, size in enumerate(sizes) if plan.budget.holds(*size)]
    return Step(tuple(sorted({0, *range(last, -1, -2), *within[-1:]})), tuple(range(FIRST_REPLICATES)))


def further(plan: Plan, evidence: Evidence, verdict: Verdict) -> Step | None:
    """What to train next; None where the question is settled, or no further replicate would settle it."""
    done = int(evidence.replicates.max())
    between = _between(plan, evidence, verdict)
    if between:
        return Step(between, tuple(range(done)))
    if verdict.settled and verdict.low == verdict.high:
        return None
    live = np.flatnonzero(evidence.in_question & ~np.array(verdict.too_small))
    size = min(MOST_REPLICATES, math.ceil(done * GROWTH))
    if size == done or hope_of_more(evidence, verdict) < HOPELESS:
        return None
    return Step(tuple(evidence.tried[k] for k in live), tuple(range(done, size)))


def _between(plan: Plan, evidence: Evidence, verdict: Verdict) -> tuple[int, ...]:
    """Rungs not tried yet that lie above the last one shown to be too small, and not above the interval."""
    below = [evidence.tried[k] for k in range(verdict.low) if verdict.too_small[k]]
    lowest = max(below, default=-1)
    return tuple(p for p in range(lowest + 1, evidence.tried[verdict.high]) if p not in evidence.tried)
