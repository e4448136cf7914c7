"""How much more would settle it: replicates to add, or validation images, until the interval is one rung.

What is known now is taken as what further replicates (or images) will be like: their luck is drawn from the luck found,
the true accuracies from what is known of them, and the study's own rule is applied to what would then be seen (the
predictive probability of a trial that goes on: Spiegelhalter, Freedman and Parmar 1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.statistics.best import Question, stand, standing
from why128.statistics.crossed import Crossed

DRAWS = 400  # futures imagined for each size: the standard error of a share of 0.9 is 1.5 %
ASSURANCE = 0.9  # of these futures must be settled
REPLICATES = (6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100, 150, 200, 300, 500, 1000)  # in all
TIMES_IMAGES = (1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 25.0, 50.0, 100.0)  # as many images as now


@dataclass(frozen=True)
class More:
    """What further work would bring, in all (not on top); None where no amount looked at is enough."""

    replicates: int | None  # until the interval is one rung, with the images there are
    images: int | None  # until the interval is one rung, with the replicates there are
    replicates_to_settle: int | None  # until some candidate can be said to be enough
    images_to_settle: int | None


def more(crossed: Crossed, question: Question, confidence: float, rng: np.random.Generator) -> More:
    """How many replicates, or images, it would take; for two replicates at least.

    Sizes are looked at from the smallest on; candidates that are set aside now stay so.
    """
    future = _Future.of(crossed, question, confidence, rng)
    images = [round(crossed.count * times) for times in TIMES_IMAGES]
    replicates = [size for size in REPLICATES if size > crossed.replicates]
    return More(
        replicates=future.first(replicates, "replicates", narrow=True),
        images=future.first(images, "images", narrow=True),
        replicates_to_settle=future.first(replicates, "replicates", narrow=False),
        images_to_settle=future.first(images, "images", narrow=False),
    )


def hope(crossed: Crossed, question: Question, confidence: float, rng: np.random.Generator, narrow: bool) -> float:
    """In what share of futures the most replicates looked at would settle it, or (narrow) leave one rung."""
    return _Future.of(crossed, question, confidence, rng).share(REPLICATES[-1], "replicates", narrow)


def _within_reach(crossed: Crossed, question: Question) -> np.ndarray:
    """Candidates that look less than three tolerances (or three standard errors) from the best: the others stay out."""
    best = int(crossed.means.argmax())
    away = crossed.means[best] - crossed.means
    return away <= np.maximum(3 * question.tolerance, 3 * crossed.errors.standard[best])


@dataclass(frozen=True, eq=False)
class _Future:
    crossed: Crossed
    question: Question
    risk: float
    noise: np.ndarray  # (2, M, K) standard normal: the same for every size, so that sizes are compared fairly

    @classmethod
    def of(cls, crossed: Crossed, question: Question, confidence: float, rng: np.random.Generator) -> _Future:
        risk = 1 - confidence
        kept = ~standing(crossed, question, risk / 2).too_small | _within_reach(crossed, question)
        noise = rng.standard_normal((2, DRAWS, int(kept.sum())))
        return cls(crossed.of_these(kept), question.of_these(kept), risk, noise)

    def first(self, sizes: list[int], along: str, narrow: bool) -> int | None:
        """One of these sizes more than the smallest with which the share of settled futures is large enough."""
        low, high = 0, len(sizes)
        while low < high:  # more never helps less: halve
            middle = (low + high) // 2
            low, high = (low, middle) if self.share(sizes[middle], along, narrow) >= ASSURANCE else (middle + 1, high)
        low += 1  # one size more: how large luck is, is itself known from a few replicates only
        return sizes[low] if low < len(sizes) else None

    def share(self, size: int, along: str, narrow: bool) -> float:
        """The share of futures that are settled (narrow: to one rung) with so many replicates, or images, in all."""
        now = self.crossed
        if along == "replicates":
            then, products, had = now.grown(size, now.count), now.luck, now.replicates
        else:
            then, products, had = now.grown(now.replicates, size), now.images, now.count
        root = _root(products)  # (K, K)
        doubt, news = self.noise @ root.T * np.sqrt([[[1 / had]], [[1 / (size - had)]]])
        means = now.means + (size - had) / size * (doubt + news)  # (M, K)
        if not narrow:
            return float(stand(means, then.errors, self.question, self.risk).within.any(-1).mean())
        found = stand(means, then.errors, self.question, self.risk / 2)
        one = found.within.argmax(-1) == (~found.too_small).argmax(-1)
        return float((one & found.within.any(-1)).mean())


def _root(products: np.ndarray) -> np.ndarray:
    """A matrix whose product with itself transposed is `products`, without what rounding made negative.  # (K, K)"""
    values, vectors = np.linalg.eigh(products)
    return vectors * np.sqrt(np.maximum(values, 0.0))
