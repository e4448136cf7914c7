"""What can be inferred from which images were answered rightly.  Imports NumPy and SciPy only.

Both the replicates and the images are a sample of those that could have been: both are treated as random.  All
candidates answered the same images in the same replicates, so every comparison is paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

DRAWS = 4000  # of the bootstrap: the standard error of a 2.5 % tail is then 0.25 %
AT_ONCE = 250  # draws taken together: 250 × 12,000 weights are 12 MB


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence limits."""

    mean: float
    low: float
    high: float


def accuracy(hits: np.ndarray, confidence: float) -> Interval:
    """The accuracy of one candidate over replicates and images, hits (R, N).

    Normal limits from the variance of a crossed two-way layout (replicates × images, both random; Owen 2007, section 3):
    σ²_R/R + σ²_N/N + σ²_RN/(R·N), each estimated by its mean square.  With one replicate only images vary.
    """
    replicates, images = hits.shape
    mean = float(hits.mean())
    between_images = float(hits.mean(0).var(ddof=1)) if images > 1 else 0.0  # estimates σ²_N + σ²_RN/R
    between_replicates = float(hits.mean(1).var(ddof=1)) if replicates > 1 else 0.0  # σ²_R + σ²_RN/N
    rest = hits - hits.mean(0, keepdims=True) - hits.mean(1, keepdims=True) + mean
    within = float((rest**2).sum()) / max(1, (replicates - 1) * (images - 1))  # σ²_RN
    if not (between_images or between_replicates):  # all right or all wrong: no spread to see, but not no doubt
        return wilson(round(mean * images), images, confidence)
    variance = between_images / images + between_replicates / replicates - within / (replicates * images)
    reach = stats.norm.ppf(0.5 + confidence / 2) * np.sqrt(max(variance, 0.0))
    return Interval(mean, float(max(0.0, mean - reach)), float(min(1.0, mean + reach)))


def pigeonhole(hits: np.ndarray, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """Accuracies of all candidates, drawn anew: hits (R, K, N) to (draws, K).

    Owen's pigeonhole bootstrap (2007): replicates and images are each drawn with replacement, independently, and an
    image drawn twice in a replicate drawn three times counts six times.  One replicate is kept as it is.
    """
    replicates, candidates, images = hits.shape
    flat = hits.reshape(replicates * candidates, images).T.astype(np.float32)  # (N, R·K)
    drawn = []
    for begin in range(0, draws, AT_ONCE):
        count = min(AT_ONCE, draws - begin)
        sums = (_times_drawn(rng, count, images) @ flat).reshape(count, replicates, candidates)
        of_replicates = _times_drawn(rng, count, replicates)
        drawn.append(np.einsum("dr,drk->dk", of_replicates, sums, dtype=np.float64) / (replicates * images))
    return np.concatenate(drawn)


def _times_drawn(rng: np.random.Generator, draws: int, things: int) -> np.ndarray:
    """How often each of n things comes up when n are drawn with replacement.  # (draws, n) float32"""
    drawn = rng.integers(0, things, (draws, things)) + np.arange(draws)[:, None] * things
    return np.bincount(drawn.ravel(), minlength=draws * things).reshape(draws, things).astype(np.float32)


def smallest_within(accuracies: np.ndarray, tolerance: float) -> np.ndarray:
    """In each draw, the first candidate that is not worse than that draw's best by more than the tolerance.

    accuracies (draws, K) in the ladder's order; tolerance as a fraction of 1.  Returns (draws,) indices.
    """
    return np.argmax(accuracies >= accuracies.max(1, keepdims=True) - tolerance, axis=1)


def shares_within(accuracies: np.ndarray, tolerance: float) -> np.ndarray:
    """For each candidate, the share of draws in which it is within the tolerance of the draw's best: (draws, K) to (K,)."""
    return (accuracies >= accuracies.max(1, keepdims=True) - tolerance).mean(0)


def wilson(right: int, count: int, confidence: float) -> Interval:
    """A share right/count with Wilson's score interval (1927): for one network on one set of images."""
    found = stats.binomtest(right, count).proportion_ci(confidence, "wilson")
    return Interval(right / count, float(found.low), float(found.high))
