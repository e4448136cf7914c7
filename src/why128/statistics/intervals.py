"""Intervals on a share: of one network on one set of images, and of a candidate over replicates and images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence limits."""

    mean: float
    low: float
    high: float


def accuracy(hits: np.ndarray, confidence: float) -> Interval:
    """The accuracy of one candidate over replicates and images, hits (R, N).

    The variance is that of a crossed two-way layout (replicates × images, both random; Owen 2007, section 3):
    σ²_R/R + σ²_N/N + σ²_RN/(R·N), each estimated by its mean square; the limits are Student's with Satterthwaite's degrees
    of freedom (1946).  With one replicate only images vary.
    """
    replicates, images = hits.shape
    mean = float(hits.mean())
    of_images = float(hits.mean(0).var(ddof=1)) / images if images > 1 else 0.0  # (σ²_N + σ²_RN/R)/N
    of_replicates = float(hits.mean(1).var(ddof=1)) / replicates if replicates > 1 else 0.0  # (σ²_R + σ²_RN/N)/R
    if not (of_images or of_replicates):  # all right or all wrong: no spread to see, but not no doubt
        return wilson(round(mean * images), images, confidence)
    rest = hits - hits.mean(0, keepdims=True) - hits.mean(1, keepdims=True) + mean
    both = float((rest**2).sum()) / max(1, (replicates - 1) * (images - 1)) / (replicates * images)  # σ²_RN/(R·N)
    luck = max(of_replicates - both, 0.0)
    variance = of_images + luck
    freedom = variance**2 / (luck**2 / max(1, replicates - 1) + of_images**2 / max(1, images - 1))
    reach = scipy.stats.t.isf((1 - confidence) / 2, min(freedom, 1e6)) * np.sqrt(variance)
    return Interval(mean, float(max(0.0, mean - reach)), float(min(1.0, mean + reach)))


def wilson(right: int, count: int, confidence: float) -> Interval:
    """A share right/count with Wilson's score interval (1927): for one network on one set of images."""
    found = scipy.stats.binomtest(right, count).proportion_ci(confidence, "wilson")
    return Interval(right / count, float(found.low), float(found.high))
