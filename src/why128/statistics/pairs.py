"""Two candidates compared on the same images: single networks by counting, replicates by drawing crosswise.

What pairs them is what rescues the comparison: an image that both answer alike says nothing about which is better, so
only the images on which they part are counted (Dietterich 1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from why128.statistics.crossed import Crossed
from why128.statistics.pigeonhole import DRAWS, pigeonhole

NEXT = 1e-12  # how near ±1 a limit is looked for: closer the score is a quotient of roundings
HALVINGS = 60  # of a span of 2: to the last digit of a float


@dataclass(frozen=True)
class Difference:
    """Accuracy of a minus accuracy of b, in shares of 1: estimate, confidence limits, two-sided p of "no difference"."""

    mean: float
    low: float
    high: float
    p: float


def mcnemar(a: np.ndarray, b: np.ndarray, confidence: float) -> Difference | None:
    """Two single networks on the same images, hits (N,) each; None without images.

    The p is McNemar's exact one (Dietterich 1998, section 3.1): of the images on which the two part, is one right as often
    as the other?  The limits are Tango's score limits (1998), which hold at small counts and near 0.  The exact p is
    the more cautious of the two: it may pass 5 % where the 95 % limits just exclude 0.  Both hold for these two
    networks, not for their widths: luck is not in them.
    """
    count = len(a)
    if count == 0:
        return None
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    parted = only_a + only_b
    p = float(scipy.stats.binomtest(only_a, parted).pvalue) if parted else 1.0
    low, high = (float(limit) for limit in tango(np.array(only_a), np.array(only_b), np.array(count), confidence))
    return Difference((only_a - only_b) / count, low, high, p)


def tango(
    only_a: np.ndarray, only_b: np.ndarray, count: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """The limits of many differences at once: of `count` images only a, or only b, answers so many rightly; arrays of any one shape.

    They are where the score statistic reaches the normal quantile (Tango 1998, equations 4 and 5), found by halving.
    """
    return -_tango_high(only_b, only_a, count, confidence), _tango_high(only_a, only_b, count, confidence)


def _tango_high(only_a: np.ndarray, only_b: np.ndarray, count: np.ndarray, confidence: float) -> np.ndarray:
    quantile = scipy.stats.norm.ppf(0.5 + confidence / 2)
    low, high = (only_a - only_b) / count, np.ones(np.shape(only_a))
    for _ in range(HALVINGS):
        difference = np.minimum((low + high) / 2, 1 - NEXT)
        linear = (2 * count - only_a + only_b) * difference - only_a - only_b
        root = linear**2 + 8 * count * only_b * difference * (1 - difference)
        share = (np.sqrt(root) - linear) / (4 * count)  # of images that only b answers rightly, most likely so
        variance = count * (2 * share + difference * (1 - difference))
        apart = only_a - only_b - count * difference
        inside = apart + quantile * np.sqrt(np.maximum(variance, 0.0)) > 0
        low, high = np.where(inside, difference, low), np.where(inside, high, difference)
    return high


def crosswise(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator, confidence: float, draws: int = DRAWS
) -> Difference | None:
    """Two candidates over the same replicates and images, hits (R, N) each; None without images.

    The more cautious of two answers: Owen's pigeonhole bootstrap (2007), percentile limits and achieved level; and
    Student's t on the crossed mean squares.  The bootstrap alone makes luck too small by (R - 1)/R and reads few
    replicates as if they were many: with 3 replicates whose luck dominates, its 95 % limits held the truth 91 times in
    100, these 95.  Where images dominate both are cautious and hold it 99 times in 100, for the bootstrap counts
    what luck and images do together up to three times.  With one replicate only images vary.
    """
    if not a.size:
        return None
    hits = np.stack([a, b], axis=1)  # (R, 2, N)
    drawn = pigeonhole(hits, rng, draws)
    parted = drawn[:, 0] - drawn[:, 1]  # (draws,)
    tail = (1 - confidence) / 2
    low, high = np.quantile(parted, [tail, 1 - tail])
    fewer = min(int((parted <= 0).sum()), int((parted >= 0).sum()))
    errors, mean = Crossed.of(hits).errors, float(a.mean() - b.mean())
    standard, freedom = float(errors.standard[0, 1]), float(errors.freedom[0, 1])
    reach = scipy.stats.t.isf(tail, freedom) * standard
    return Difference(
        mean,
        max(-1.0, float(min(low, mean - reach))),
        min(1.0, float(max(high, mean + reach))),
        min(1.0, max(2 * (fewer + 1) / (draws + 1), float(2 * scipy.stats.t.sf(abs(mean) / standard, freedom)))),
    )
