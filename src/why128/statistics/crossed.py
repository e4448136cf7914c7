"""Replicates × images, both random: what all candidates scored, and how uncertain every difference is.

Every candidate answered the same images in the same replicates, so hits (R, K, N) are a crossed two-way layout with a
vector of K in each cell.  Its mean squares and mean products give the covariance of the K accuracies:
Σ_R/R + Σ_N/N + Σ_RN/(R·N), with the three components luck (replicates), images, and both together (Searle, Casella,
McCulloch 1992, chapter 4; Owen 2007, section 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy

# Two candidates that answer every image alike are not known to be equal: one more image on either side might part them
# (Agresti and Min 2005 add as much to each discordant cell).
UNSEEN = 1.0


@dataclass(frozen=True, eq=False)
class Crossed:
    """The accuracies of K candidates and the mean products that say how sure they are.

    `luck` (K, K): products of the replicates' means, expectation Σ_R + Σ_RN/N; `images` (K, K): products of the images'
    means, expectation Σ_N + Σ_RN/R; `both` (K, K): expectation Σ_RN.  With one replicate, `luck` and `both` are 0:
    what is then inferred holds for these very networks, not for their widths.
    """

    means: np.ndarray  # (K,)
    luck: np.ndarray
    images: np.ndarray
    both: np.ndarray
    replicates: int  # R
    count: int  # N images

    @classmethod
    def of(cls, hits: np.ndarray) -> Crossed:
        """From which images were answered rightly, hits (R, K, N)."""
        replicates, candidates, count = hits.shape
        by_replicate = hits.mean(2, dtype=np.float64)  # (R, K)
        by_image = np.zeros((candidates, count))
        products = np.zeros((candidates, candidates))
        for one in hits:  # one replicate at a time: 100 candidates × 10,000 images are 4 MB
            cells = one.astype(np.float32)  # (K, N); sums of products are whole numbers below 2²⁴: exact
            by_image += cells
            products += cells @ cells.T
        by_image /= replicates
        means = by_replicate.mean(0)
        of_luck, of_images = _products(by_replicate.T, means), _products(by_image, means)
        rest = products - replicates * count * np.outer(means, means) - count * of_luck - replicates * of_images
        return cls(
            means,
            of_luck / max(1, replicates - 1),
            of_images / max(1, count - 1),
            rest / max(1, (replicates - 1) * (count - 1)) * (replicates > 1),
            replicates,
            count,
        )

    @property
    def covariance(self) -> np.ndarray:
        """Of the K accuracies, unbiased; it need not be positive definite.  # (K, K)"""
        return self.luck / self.replicates + self.images / self.count - self.both / (self.replicates * self.count)

    @property
    def components(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every difference: the variances of luck, of images, and of both together, none below 0.  # (K, K) each"""
        both = _of_differences(self.both)
        images = np.maximum(_of_differences(self.images) - both / self.replicates, 0.0)
        return np.maximum(_of_differences(self.luck) - both / self.count, 0.0), images, both

    @cached_property
    def errors(self) -> Errors:
        """How uncertain every difference is; the luck's mean squares are `moderated` over all pairs."""
        images = _of_differences(self.images) / self.count
        unseen = UNSEEN / self.count**2
        alone = self._alone()
        if self.replicates == 1:
            return Errors(np.sqrt(images + unseen), np.full_like(images, max(1, self.count - 1)), *alone, self.count)
        luck, of_luck = moderated(_of_differences(self.luck), self.replicates - 1, unseen)
        luck, both = luck / self.replicates, _of_differences(self.both) / (self.replicates * self.count)
        variance = np.maximum(luck - both, 0.0) + images + unseen
        terms = luck**2 / of_luck + (images**2 + both**2 / (self.replicates - 1)) / max(1, self.count - 1)
        freedom = np.maximum(variance**2 / np.maximum(terms, 1e-300), of_luck)
        return Errors(np.sqrt(variance), freedom, *alone, self.count)

    def _alone(self) -> tuple[np.ndarray, np.ndarray]:
        """The standard error of every accuracy by itself, and its degrees of freedom.  # (K,) each

        Of N images all of which are answered rightly, as many as 5.3/N may not be, at a level of 0.005; an SD of 2/N says so.
        """
        images = np.maximum(np.diag(self.images), 0.0) / self.count
        both = np.maximum(np.diag(self.both), 0.0) / (self.replicates * self.count)
        luck = np.maximum(np.diag(self.luck) / self.replicates - both, 0.0)
        variance = luck + images + (2 / self.count) ** 2
        terms = luck**2 / max(1, self.replicates - 1) + images**2 / max(1, self.count - 1)
        return np.sqrt(variance), np.maximum(variance**2 / np.maximum(terms, 1e-300), max(1, self.replicates - 1))

    def grown(self, replicates: int, count: int) -> Crossed:
        """What the same accuracies would be known by from so many replicates and images, the components being as found."""
        both = self.both
        luck = self.luck + both * (1 / count - 1 / self.count)
        images = self.images + both * (1 / replicates - 1 / self.replicates)
        return replace(self, luck=luck, images=images, replicates=replicates, count=count)

    def of_these(self, chosen: np.ndarray) -> Crossed:
        """The same for some of the candidates: indices or a mask (K,)."""
        square = np.ix_(chosen, chosen)
        return replace(
            self, means=self.means[chosen], luck=self.luck[square], images=self.images[square], both=self.both[square]
        )


@dataclass(frozen=True, eq=False)
class Errors:
    """Standard errors and their degrees of freedom (Satterthwaite 1946): of differences (K, K), of accuracies alone (K,)."""

    standard: np.ndarray
    freedom: np.ndarray
    alone: np.ndarray
    alone_freedom: np.ndarray
    count: int  # N images

    def reach(self, level: float) -> np.ndarray:
        """What each difference may be off by, one-sided at this level: t quantile × standard error.  # (K, K)"""
        return scipy.stats.t.isf(level, np.minimum(self.freedom, 1e6)) * self.standard

    def at_least(self, means: np.ndarray, level: float) -> np.ndarray:
        """What accuracies (..., K) are at least, one-sided at this level: Student's limit."""
        return means - scipy.stats.t.isf(level, np.minimum(self.alone_freedom, 1e6)) * self.alone


def _products(means: np.ndarray, centre: np.ndarray) -> np.ndarray:
    away = means - centre[:, None]
    return away @ away.T


def _of_differences(products: np.ndarray) -> np.ndarray:
    """Mean squares of all differences from mean products.  # (K, K), never negative"""
    own = np.diag(products)
    return np.maximum(own[:, None] + own[None, :] - 2 * products, 0.0)


def moderated(squares: np.ndarray, freedom: int, least: float) -> tuple[np.ndarray, float]:
    """Mean squares (K, K) of all pairs, each drawn towards what all pairs have in common, and their degrees of freedom.

    Smyth's moderated variances (2004, section 6.2): were all true variances alike, the logarithms of the mean squares
    would vary by trigamma(d/2); what they vary beyond that says how much the pairs are worth to each other (d₀).  With five
    replicates a pair alone has 4 degrees of freedom, and luck that happens to look small would be believed.  At most the
    data's own (K - 1) × d degrees of freedom are claimed.  `least` keeps the logarithm finite.
    """
    candidates = len(squares)
    if candidates < 3:
        return squares, float(freedom)
    logs = np.log(np.maximum(squares[np.triu_indices(candidates, 1)], least))
    logs += math.log(freedom / 2) - scipy.special.digamma(freedom / 2)
    beyond = logs.var(ddof=1) - scipy.special.polygamma(1, freedom / 2)
    most = float(freedom * (candidates - 2))
    prior = most if beyond <= 0 else min(most, 2 * _inverse_trigamma(beyond))
    common = math.exp(logs.mean() + scipy.special.digamma(prior / 2) - math.log(prior / 2))
    return (prior * common + freedom * squares) / (prior + freedom), prior + freedom


def _inverse_trigamma(value: float) -> float:
    return (
        float(scipy.optimize.brentq(lambda x: scipy.special.polygamma(1, x) - value, 1e-4, 1e7))
        if 1e-6 < value < 1e7
        else 1 / value
    )
