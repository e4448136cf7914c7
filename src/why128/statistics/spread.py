"""Where the spread comes from: initialisation, data order, training sample, and which images judge.

Replicates of one candidate differ in all their luck at once.  Twins tell its parts from each other: a twin is its
replicate trained again with exactly one part taken from the next replicate (the last one's from the first: a ring).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from why128.statistics.crossed import Crossed
from why128.statistics.intervals import Interval

MOST = 0.5  # no share of 1 has a greater SD


@dataclass(frozen=True)
class Spread:
    """SDs of ONE network's accuracy, in shares of 1; None where this study cannot know it.

    `luck`: all that differs between replicates, as endless images would show it.  `initialisation`, `order`, `sample`:
    what moving that part alone does to it; where the parts act together, that is in each of them, so that their squares may
    add up to more than luck's.  `images`: which images happened to judge, the same for all networks.  `interaction`:
    which images judge one network otherwise than another.  Limits are chi-squared and approximate.
    """

    initialisation: Interval | None
    order: Interval | None
    sample: Interval | None
    luck: Interval | None
    images: float | None
    interaction: float | None
    replicates: int
    count: int  # N validation images


@dataclass(frozen=True)
class Limits:
    """What share of the variance of a difference of two candidates comes from where, and which is the largest."""

    shares: Mapping[str, float]  # luck, images, both; they sum to 1
    largest: str


def split(hits: np.ndarray, twins: Mapping[str, np.ndarray], confidence: float) -> Spread:
    """The parts of one candidate's spread: hits (R, N) of its replicates, and of their twins by the part that was moved.

    A network's accuracy on N images varies by σ²_R + σ²_N/N + σ²_RN/N: luck, images, and both together.  From the mean
    squares of the crossed layout (Searle, Casella and McCulloch 1992, chapter 4): σ²_RN = MS_RN,
    σ²_N = (MS_N - MS_RN)/R, σ²_R = (MS_R - MS_RN)/N.  Each is unbiased before what falls below 0 is called 0.

    For the part f, with dₙ = hit - twin's hit of replicate r: E[d̄²] = (true difference)² + Var(d)/N, so
    τ²_f = ½·mean over r of (d̄² - s²_d/N) is without bias half the mean squared true difference.  That is Jansen's estimate
    (1999) of the total effect: what f does alone and together with the other parts.

    `twins` may have the keys initialisation, order and sample, and be those of the first replicates alone.  All hits alike,
    or one replicate: nothing is known.
    """
    replicates, count = hits.shape
    parts = {part: _moved(hits[: len(turned)], turned, confidence) for part, turned in twins.items()}
    luck, images, interaction = _crossed(hits.astype(np.float64), confidence)
    return Spread(
        initialisation=parts.get("initialisation"),
        order=parts.get("order"),
        sample=parts.get("sample"),
        luck=luck,
        images=images,
        interaction=interaction,
        replicates=replicates,
        count=count,
    )


def limits(crossed: Crossed, one: int, other: int) -> Limits | None:
    """Which of luck, images, and both together makes the difference of two candidates uncertain, and by what share.

    Its variance is σ²_R/R + σ²_N/N + σ²_RN/(R·N), each of the difference: what both candidates share is not in it.  None
    for one replicate, one candidate twice, or two that never part.
    """
    if crossed.replicates < 2:
        return None
    luck, images, both = (float(part[one, other]) for part in crossed.components)
    variances = {
        "luck": luck / crossed.replicates,
        "images": images / crossed.count,
        "both": both / (crossed.replicates * crossed.count),
    }
    total = sum(variances.values())
    if not total:
        return None
    return Limits({name: part / total for name, part in variances.items()}, max(variances, key=variances.__getitem__))


def _crossed(hits: np.ndarray, confidence: float) -> tuple[Interval | None, float | None, float | None]:
    """Luck, images and interaction of hits (R, N), as SDs of one network's accuracy."""
    replicates, count = hits.shape
    if replicates < 2 or count < 2 or hits.min() == hits.max():
        return None, None, None
    of_replicates, of_images, mean = hits.mean(1), hits.mean(0), hits.mean()
    rest = hits - of_images - of_replicates[:, None] + mean
    both = float((rest**2).sum()) / ((replicates - 1) * (count - 1))  # σ²_RN
    images = max(0.0, float(of_images.var(ddof=1)) - both / replicates)  # σ²_N
    between = float(of_replicates.var(ddof=1))  # estimates σ²_R + σ²_RN/N
    luck = _less_noise(between, both / count, replicates - 1, confidence)
    return luck, float(np.sqrt(images / count)), float(np.sqrt(both / count))


def _moved(hits: np.ndarray, twins: np.ndarray, confidence: float) -> Interval | None:
    """The SD of accuracy when one part is drawn anew: hits and twins (R, N).

    Neighbours in the ring share a draw, so that R differences are worth fewer: Var(½·mean d̄²) = 3τ⁴/R for normal parts
    that add up, which is a chi-squared's with 2R/3 degrees of freedom; of two replicates' ring both differences are one.
    """
    replicates, count = hits.shape
    apart = hits.astype(np.float64) - twins  # (R, N)
    if replicates < 2 or count < 2 or not apart.any():
        return None
    noise = float(apart.var(axis=1, ddof=1).mean()) / (2 * count)
    found = float((apart.mean(1) ** 2).mean()) / 2
    return _less_noise(found, noise, min(replicates - 1, 2 * replicates / 3), confidence)


def _less_noise(found: float, noise: float, freedom: float, confidence: float) -> Interval | None:
    """The SD behind a mean square (found) that has the images' noise in it; noise is known far better than found.

    Chi-squared limits of the whole, less the noise.  A mean square below its own noise says that it was drawn small, not
    that nothing is behind it: the upper limit takes it to be at least the noise.
    """
    if noise == 0 and found == 0:
        return None
    below, above = scipy.stats.chi2.ppf([(1 - confidence) / 2, (1 + confidence) / 2], freedom)
    squares = found - noise, found * freedom / above - noise, max(found, noise) * freedom / below - noise
    mean, low, high = np.minimum(np.sqrt(np.maximum(squares, 0.0)), MOST)
    return Interval(float(mean), float(low), float(high))
