"""The verdict: a non-inferiority question, not an argmax.

Enough is the smallest candidate that is not worse than the best by more than the tolerance in at least the stated
share of bootstrap draws; in each draw the best is looked for anew, so its own uncertainty counts.  The interval holds
the smallest sufficient candidate of the middle draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.addresses import draws
from why128.studies import statistics
from why128.studies.plan import Plan
from why128.studies.statistics import Interval


@dataclass(frozen=True)
class Verdict:
    """The study's answer; candidates are named by their place in the ladder."""

    enough: int  # the smallest candidate shown to be within the tolerance of the best
    low: int  # the interval on it
    high: int
    best: int  # the candidate with the highest validation accuracy
    settled: bool  # False where no candidate reaches the confidence: then the best stands in for enough
    shares: tuple[float, ...]  # for each candidate, the share of draws in which it is within the tolerance
    accuracies: tuple[Interval, ...]  # on validation images
    learned: tuple[Interval, ...]  # on the images learned from

    @property
    def gaps(self) -> tuple[float, ...]:
        """Training accuracy minus validation accuracy, by candidate."""
        return tuple(a.mean - b.mean for a, b in zip(self.learned, self.accuracies, strict=True))


def decide(plan: Plan, learned: np.ndarray, held_out: np.ndarray) -> Verdict:
    """The verdict from hits on the images learned from (R, K, N) and on validation images (R, K, N')."""
    drawn = statistics.pigeonhole(held_out, draws(plan.recipe.seed, "bootstrap"))  # (draws, K)
    tolerance, tail = plan.tolerance / 100, (1 - plan.confidence) / 2
    shares = statistics.shares_within(drawn, tolerance)
    sure = np.flatnonzero(shares >= plan.confidence)
    best = int(held_out.mean((0, 2)).argmax())
    enough = int(sure[0]) if len(sure) else best
    smallest = statistics.smallest_within(drawn, tolerance)
    low, high = np.quantile(smallest, [tail, 1 - tail], method="inverted_cdf").astype(int)
    return Verdict(
        enough, min(int(low), enough), max(int(high), enough), best, bool(len(sure)), tuple(shares.tolist()),
        tuple(statistics.accuracy(held_out[:, k], plan.confidence) for k in range(len(plan.candidates))),
        tuple(statistics.accuracy(learned[:, k], plan.confidence) for k in range(len(plan.candidates))),
    )  # fmt: skip
