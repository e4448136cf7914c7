"""What else the evidence says: where the spread comes from, what more would buy, and where width helps or hurts.

Pure functions of the evidence: a study opened from its folder finds what it found when it was run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.addresses import draws
from why128.statistics.best import Question
from why128.statistics.crossed import Crossed
from why128.statistics.fitting import Harm, gaps, harm, opens, spread_of_means, underfit
from why128.statistics.growth import FEWEST, PowerLaw, fit
from why128.statistics.intervals import Interval
from why128.statistics.learning import Groups, diverged, never_learned, still_learning, uneven
from why128.statistics.pairs import Difference, crosswise, mcnemar
from why128.statistics.planning import More, hope, more
from why128.statistics.spread import Limits, Spread, limits, split
from why128.studies.evidence import Evidence
from why128.studies.subject import Subject
from why128.studies.verdict import Verdict, asked_about, families, questioned

MISFIT = (
    0.2  # p below which a power law is said not to describe the widths: a forecast needs more than not being refuted
)
TWINS = ("initialisation", "order", "sample")  # the parts of a network's luck


@dataclass(frozen=True, eq=False)
class Findings:
    """By candidate where a tuple; None where nothing can be said."""

    training: tuple[Interval | None, ...]  # accuracy on the images learned from, over replicates
    gaps: tuple[Interval, ...]  # training minus validation accuracy
    underfit: tuple[bool, ...]  # does not even learn the images it is shown
    opens: int | None  # from which candidate on the gap is wider than the tolerance
    interpolates: int | None  # from which candidate on there are as many parameters as images × classes
    harm: Harm | None  # whether the widest does worse than a narrower one
    never: tuple[int, ...]  # runs that never learned
    diverged: tuple[int, ...]  # runs whose weights left the numbers
    uneven: tuple[Groups | None, ...]  # runs that ended in two groups
    still_learning: tuple[bool, ...]
    growth: PowerLaw | None  # error against width; where even the widest four do not fit, its `misfit` is small
    spread: Spread | None  # of the verdict's candidate
    limits: Limits | None  # what makes its comparison uncertain
    more: More | None  # what would narrow the interval to one rung
    against_best: Difference | None  # the verdict's candidate against the best


def find(evidence: Evidence, verdict: Verdict, subject: Subject) -> Findings:
    """Everything that is inferred beside the verdict."""
    plan, count = evidence.plan, len(evidence.tried)
    learned = [evidence.learned(k) for k in range(count)]
    numbers = [np.where(evidence.diverged(k), np.nan, learned[k]) for k in range(count)]
    alone = [Crossed.of(evidence.hits([k])) for k in range(count)]
    tolerance, best = plan.tolerance / 100, verdict.accuracies[verdict.best].mean
    found = tuple(
        gaps(learned[k][:, None], alone[k], evidence.accuracies(k)[:, None], plan.confidence)[0] for k in range(count)
    )
    counts = np.array(subject.learned)
    short = np.flatnonzero(evidence.parameters < subject.learned_from * len(counts))
    enough = int(short[-1]) + 1 if len(short) else 0  # no neurons come first, and need not have the fewest parameters
    return Findings(
        training=tuple(spread_of_means(values[:, None], plan.confidence)[0] for values in learned),
        gaps=found,
        underfit=tuple(bool(underfit(v[:, None], best, tolerance, plan.confidence)[0]) for v in learned),
        opens=opens(list(found), tolerance),
        interpolates=enough if enough < count else None,
        harm=_harm(evidence, verdict),
        never=tuple(int(never_learned(v[:, None], counts).sum()) for v in numbers),
        diverged=tuple(int(diverged(values).sum()) for values in numbers),
        uneven=tuple(uneven(values[:, None])[0] for values in numbers),
        still_learning=tuple(_still(evidence, k) for k in range(count)),
        growth=_growth(evidence),
        spread=_spread(evidence, verdict),
        limits=_limits(evidence, verdict),
        more=needed(evidence, verdict),
        against_best=_against_best(evidence, verdict),
    )


def _of_one_kind(evidence: Evidence, verdict: Verdict) -> np.ndarray:
    """The candidates that are steps of the verdict's own ladder, and none at all, trained as often as any.  # places"""
    kinds, hidden = families(list(evidence.candidates)), np.array([c.neurons > 0 for c in evidence.candidates])
    own = kinds[verdict.best] if hidden[verdict.best] or not hidden.any() else kinds[hidden][0]
    return np.flatnonzero(((kinds == own) | ~hidden) & evidence.in_question)


def _harm(evidence: Evidence, verdict: Verdict) -> Harm | None:
    own = _of_one_kind(evidence, verdict)
    if not len(own):
        return None
    found = harm(Crossed.of(evidence.hits(own)), evidence.plan.confidence)
    return found and Harm(int(own[found.best]), int(own[found.widest]), found.loss, found.shown)


def _still(evidence: Evidence, k: int) -> bool:
    curve = evidence.curves(k)["val_accuracy"]  # (R, E)
    return bool(still_learning(curve[:, None], evidence.plan.confidence)[0])


def _growth(evidence: Evidence) -> PowerLaw | None:
    """Over the widest single hidden layers that one power law describes: the narrowest are left out until it does.

    None from one replicate, whose luck nobody knows.
    """
    hidden = [c for c in evidence.candidates if c.neurons]
    if evidence.replicates.max() < 2 or any(len(c.widths) > 1 for c in hidden) or families(hidden).any():
        return None
    own = [k for k in np.flatnonzero(evidence.in_question).tolist() if evidence.candidates[k].neurons]
    crossed = Crossed.of(evidence.hits(own)) if len(own) >= FEWEST else None
    found = None
    while crossed is not None and len(own) >= FEWEST:
        widths = np.array([evidence.candidates[k].neurons for k in own], float)
        rng = draws(evidence.plan.recipe.seed, "growth")
        found = fit(
            widths, 1 - crossed.means, crossed.covariance, evidence.plan.confidence, rng, crossed.replicates - 1
        )
        if found is None or found.misfit >= MISFIT:
            break
        own, crossed = own[1:], crossed.of_these(np.arange(1, len(own)))
    return found


def _spread(evidence: Evidence, verdict: Verdict) -> Spread | None:
    hits = evidence.hits([verdict.enough])[:, 0]  # (R, N)
    if len(hits) < 2:
        return None
    twins = {factor: found for factor in TWINS if (found := evidence.twin_hits(factor)) is not None}
    return split(hits, twins, evidence.plan.confidence)


def _limits(evidence: Evidence, verdict: Verdict) -> Limits | None:
    """What makes the verdict uncertain: the variance of the difference that it hangs on.

    That is the candidate's from the best; where it is the best itself, from the next smaller one in question.
    """
    other = verdict.best if verdict.best != verdict.enough else max(verdict.enough - 1, 0)
    return limits(Crossed.of(evidence.hits([verdict.enough, other])), 0, 1)


def needed(evidence: Evidence, verdict: Verdict) -> More | None:
    """What would narrow the interval to one rung; None where it is one, or where one replicate says too little."""
    if evidence.replicates.max() < 2 or (verdict.settled and verdict.low == verdict.high):
        return None
    if not verdict.settled and verdict.doubtful[verdict.enough]:
        due = verdict.doubtful[verdict.enough]
        return More(replicates=due, images=None, replicates_to_settle=due, images_to_settle=None)
    return more(*_in_question(evidence, verdict))


def hope_of_more(evidence: Evidence, verdict: Verdict) -> float:
    """How likely it is that further replicates settle it, or narrow it once it is settled: where not, only images could."""
    return hope(*_in_question(evidence, verdict), narrow=verdict.settled)


def _in_question(evidence: Evidence, verdict: Verdict) -> tuple[Crossed, Question, float, np.random.Generator]:
    """What the verdict was decided from, and luck to imagine its future by."""
    asked = asked_about(evidence, np.array(verdict.within_budget))
    question = questioned(evidence, asked)
    return Crossed.of(evidence.hits(asked)), question, verdict.confidence, draws(evidence.plan.recipe.seed, "more")


def _against_best(evidence: Evidence, verdict: Verdict) -> Difference | None:
    if verdict.enough == verdict.best:
        return None
    return compare(evidence, verdict.enough, verdict.best)


def compare(evidence: Evidence, one: int, other: int) -> Difference | None:
    """Two candidates: McNemar's exact test for single networks, the crosswise bootstrap for replicates."""
    hits, confidence = evidence.hits([one, other]), evidence.plan.confidence
    if len(hits) == 1:
        return mcnemar(hits[0, 0], hits[0, 1], confidence)
    return crosswise(hits[:, 0], hits[:, 1], draws(evidence.plan.recipe.seed, "compare"), confidence)
