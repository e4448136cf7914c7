"""Who is within a tolerance of the best: multiple comparisons with the best (Hsu 1984), paired and crossed.

The best is unknown, so a claim has to hold against every candidate that may be it (an intersection-union test: each
comparison at the full level, no correction for their number).  The claims themselves are made in a fixed order, from
the best-looking candidate down its family's ladder until the first that fails (Maurer, Hothorn and Lehmacher 1995): only
the first one is corrected for the number of candidates it was chosen from (Šidák 1967).

All this takes luck to be roughly normal.  Runs that now and then fail altogether are not, and a few that all went well do not
show how often: such candidates are `doubtful`, and are not claimed; nor is a larger one called the smallest then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.statistics.crossed import Crossed, Errors

# Of the risk of error, spent on setting aside candidates that are plainly too bad to matter: the rest is compared with
# fewer, and shares their luck rather than that of networks at chance.
ASIDE = 0.05
# And on claims that need no comparison: nobody is better than perfect, so what surely answers all but the tolerance rightly is
# within it of the best, whoever that is and however uncertain its runs are.
CEILING = 0.1


@dataclass(frozen=True, eq=False)
class Standing:
    """How candidates stand at one level, each by a mask (K,); after `stand`, (M, K) for M sets of accuracies."""

    may_be_best: np.ndarray
    within: np.ndarray  # claimed to be within the tolerance of the best
    too_small: np.ndarray  # shown to be worse than some other by more than the tolerance


@dataclass(frozen=True)
class Rungs:
    """How much is enough, as places in the ladder."""

    enough: int | None  # the smallest candidate claimed to be within the tolerance of the best; None: not settled
    low: int  # the two-sided interval on the true rung
    high: int
    best: int  # the best-looking candidate
    likely: int  # the smallest candidate that looks to be within the tolerance: an estimate, not a claim
    too_small: tuple[bool, ...]  # shown to be worse than some other by more than the tolerance, at half the risk


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of the accuracies of K candidates."""

    tolerance: float  # as a share of 1
    families: np.ndarray  # (K,) which candidates are steps of the same ladder
    doubtful: np.ndarray  # (K,) bool, which must not be claimed

    @classmethod
    def of(cls, tolerance: float, candidates: int) -> Question:
        """About one ladder of which nothing is doubtful."""
        return cls(tolerance, np.zeros(candidates, int), np.zeros(candidates, bool))

    def of_these(self, chosen: np.ndarray) -> Question:
        """The same question about some of the candidates."""
        return Question(self.tolerance, self.families[chosen], self.doubtful[chosen])


def rungs(crossed: Crossed, question: Question, confidence: float) -> Rungs:
    """The answer: enough at this confidence, one-sided; low and high each at half the risk.

    The true rung is the smallest candidate whose true accuracy is within the tolerance of the best's.
    """
    risk = 1 - confidence
    claimed, doubted = standing(crossed, question, risk), standing(crossed, question, risk / 2)
    best = int(crossed.means.argmax())
    looks = crossed.means >= crossed.means[best] - question.tolerance - 1e-12  # (K,)
    likely = _first(looks)
    enough = _first(claimed.within) if claimed.within.any() else None
    if enough is not None and (looks & question.doubtful)[:enough].any():
        enough = None  # something smaller looks as good, and cannot be claimed: to name a larger one would be no answer
    high = _first(doubted.within) if doubted.within.any() else int(np.flatnonzero(doubted.may_be_best)[-1])
    low = min(_first(~doubted.too_small), likely)
    return Rungs(enough, low, max(high, likely, enough or 0), best, likely, tuple(doubted.too_small.tolist()))


def standing(crossed: Crossed, question: Question, level: float) -> Standing:
    """What can be claimed of each candidate, with at most this risk of any false claim."""
    near = ~_beaten(crossed.means, crossed.errors.reach(ASIDE * level), question.tolerance)
    rest = crossed.of_these(near)
    found = stand(rest.means, rest.errors, question.of_these(near), level)
    return Standing(*(_in_place(near, mask, default) for mask, default in zip(
        (found.may_be_best, found.within, found.too_small), (False, False, True), strict=True
    )))  # fmt: skip


def stand(means: np.ndarray, errors: Errors, question: Question, level: float) -> Standing:
    """The same for accuracies (..., K) of candidates none of which is set aside: `errors` belong to all of them."""
    ceiling = errors.at_least(means, CEILING * level) >= 1 - question.tolerance
    level *= 1 - ASIDE - CEILING
    corrected = errors.reach(sidak(level, means.shape[-1] - 1))
    ladders = np.bincount(question.families) > 1  # a family of one is only ever begun
    plain = errors.reach(level / max(1, ladders.sum()))
    may_be_best = ~_beaten(means, corrected, 0.0)
    start, on = (_within(means, reach, question.tolerance, may_be_best) | ceiling for reach in (corrected, plain))
    within = _down_the_ladders(means, question, start, on)
    return Standing(may_be_best, within, _beaten(means, corrected, question.tolerance))


def sidak(level: float, claims: int) -> float:
    """The level of each of several claims, so that all hold together at `level` (Šidák 1967, for positive dependence)."""
    return 1 - (1 - level) ** (1 / max(1, claims))


def _better(means: np.ndarray) -> np.ndarray:
    """How much better the column's candidate is than the row's.  # (..., K, K)"""
    return means[..., None, :] - means[..., :, None]


def _beaten(means: np.ndarray, reach: np.ndarray, margin: float) -> np.ndarray:
    """Which candidates are shown to be worse than some other by more than the margin.  # (..., K)"""
    return ((_better(means) - reach > margin) & ~np.eye(len(reach), dtype=bool)).any(-1)


def _within(means: np.ndarray, reach: np.ndarray, tolerance: float, may_be_best: np.ndarray) -> np.ndarray:
    """Which candidates are not worse, by more than the tolerance, than any other that may be the best.  # (..., K)"""
    not_worse = (_better(means) + reach <= tolerance) | np.eye(len(reach), dtype=bool)
    return (not_worse | ~may_be_best[..., None, :]).all(-1)


def _down_the_ladders(means: np.ndarray, question: Question, start: np.ndarray, on: np.ndarray) -> np.ndarray:
    """In each family, from its best-looking candidate (held to `start`) down to the first that fails (`on`).  # (..., K)"""
    claimed = np.zeros(means.shape, bool)
    for family in set(question.families.tolist()):
        steps = np.flatnonzero((question.families == family) & ~question.doubtful)
        if not len(steps):
            continue
        first = steps[means[..., steps].argmax(-1)]  # (...)
        going = np.zeros(means.shape[:-1], bool)
        for k in steps[::-1]:
            going = np.where(k == first, start[..., k], going & on[..., k])
            claimed[..., k] = going
    return claimed


def _first(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask)[0])


def _in_place(chosen: np.ndarray, values: np.ndarray, default: bool) -> np.ndarray:
    """Values of the chosen candidates in the places of all.  # (K,)"""
    everywhere = np.full(len(chosen), default)
    everywhere[chosen] = values
    return everywhere
