"""Under- and overfitting, read across widths: who cannot even learn, where the gap opens, and whether more neurons hurt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from why128.statistics.best import sidak
from why128.statistics.crossed import Crossed
from why128.statistics.intervals import Interval

# Of the risk of error: what is said beside the verdict spends little, so that where all widths are alike a study that names the
# smallest seldom says of another that it is better.
BESIDE = 0.2


@dataclass(frozen=True)
class Harm:
    """What the widest candidate loses against the best-looking one."""

    best: int
    widest: int
    loss: Interval  # in shares of 1, corrected for the choice of the best, at a fifth of the study's risk
    shown: bool  # whether the loss is more than luck and images explain


def harm(crossed: Crossed, confidence: float) -> Harm | None:
    """Whether accuracy falls beyond the best width: the widest against the best-looking narrower one.

    The best is chosen on the same images, so its comparison is corrected for the number that it was chosen from; it spends
    a fifth of the risk, one-sided.
    None with fewer than two candidates or replicates: then nothing can be said of widths.
    """
    candidates = len(crossed.means)
    if candidates < 2 or crossed.replicates < 2:
        return None
    best, widest = int(crossed.means.argmax()), candidates - 1
    if best == widest:
        best = widest - 1
    alike = crossed.of_these(np.arange(best, candidates))  # their luck is alike; that of networks at chance is not
    reach = float(alike.errors.reach(sidak(BESIDE * (1 - confidence), candidates - 1))[0, -1])
    loss = float(crossed.means[best] - crossed.means[widest])
    return Harm(best, widest, Interval(loss, loss - reach, loss + reach), loss > reach)


def spread_of_means(values: np.ndarray, confidence: float) -> list[Interval | None]:
    """Student's interval for each column of shares of 1 (R, K) over replicates; None where R is 1."""
    replicates = len(values)
    if replicates < 2:
        return [None] * values.shape[1]
    reach = scipy.stats.t.isf((1 - confidence) / 2, replicates - 1) * values.std(0, ddof=1) / np.sqrt(replicates)
    pairs = zip(values.mean(0).tolist(), reach.tolist(), strict=True)
    return [Interval(mean, max(0.0, mean - off), min(1.0, mean + off)) for mean, off in pairs]


def underfit(learned: np.ndarray, best: float, tolerance: float, confidence: float) -> np.ndarray:
    """Candidates that do not even learn the images they are shown: learned (R, K) to (K,) bool.

    Their accuracy on the images learned from stays, at this confidence, more than the tolerance below what the best
    reaches on images that it has not seen.  Nothing is said from one replicate.
    """
    intervals = spread_of_means(learned, confidence)
    return np.array([found is not None and found.high < best - tolerance for found in intervals])


def gaps(learned: np.ndarray, crossed: Crossed, by_replicate: np.ndarray, confidence: float) -> list[Interval]:
    """The gap of each candidate, training minus validation accuracy.

    learned, by_replicate (R, K): accuracies on the images learned from, and on validation images.  The luck of the gap is
    that of its own replicates, the validation images' share that of `crossed`.
    """
    gap = learned - by_replicate  # (R, K)
    replicates = len(gap)
    luck = gap.var(0, ddof=1) / replicates if replicates > 1 else np.zeros(gap.shape[1])
    images = np.maximum(np.diag(crossed.images), 0.0) / crossed.count
    reach = scipy.stats.norm.isf((1 - confidence) / 2) * np.sqrt(images)
    if replicates > 1:
        freedom = (luck + images) ** 2 / np.maximum(
            luck**2 / (replicates - 1) + images**2 / max(1, crossed.count - 1), 1e-300
        )
        reach = scipy.stats.t.isf((1 - confidence) / 2, np.clip(freedom, replicates - 1, 1e6)) * np.sqrt(luck + images)
    return [Interval(m, m - r, m + r) for m, r in zip(gap.mean(0).tolist(), reach.tolist(), strict=True)]


def opens(found: list[Interval], tolerance: float) -> int | None:
    """The first candidate from which on every gap is, at the confidence, wider than the tolerance."""
    wide = np.array([gap.low > tolerance for gap in found])
    narrow = np.flatnonzero(~wide)
    first = int(narrow[-1]) + 1 if len(narrow) else 0
    return first if first < len(found) else None
