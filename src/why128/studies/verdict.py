"""The verdict: how many neurons are enough, and how sure that is.

A non-inferiority question, not an argmax: the smallest candidate that is not worse than the best by more than the
tolerance (statistics/best.py has the procedure, and what it guarantees).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from why128 import activations
from why128.statistics.best import Question, Rungs, rungs, standing
from why128.statistics.crossed import Crossed
from why128.statistics.intervals import Interval, accuracy
from why128.statistics.learning import failures_cost
from why128.studies.candidate import Candidate
from why128.studies.evidence import Evidence

# The levels at which it is asked whether a candidate can be claimed: what is reported is the highest that it reaches.
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99, 0.995, 0.999)


@dataclass(frozen=True)
class Verdict:
    """The study's answer; candidates are named by their place among those tried."""

    enough: int  # the smallest candidate shown to be within the tolerance of the best; where not settled, the likeliest
    low: int  # the interval on it
    high: int
    best: int  # the candidate with the highest validation accuracy, of those within the budget
    settled: bool  # whether `enough` is shown, or only looks so
    confidence: float  # at which all this is said, after what earlier looks have spent
    confidences: tuple[float, ...]  # for each candidate, the highest level at which it can be claimed; 0 for none
    too_small: tuple[bool, ...]  # candidates shown to be worse than some other by more than the tolerance
    doubtful: tuple[int, ...]  # 0; or the replicates it takes to rule out failures, without which it is not claimed
    accuracies: tuple[Interval, ...]  # on validation images
    within_budget: tuple[bool, ...]


def decide(evidence: Evidence, allowed: np.ndarray, confidence: float) -> Verdict:
    """The verdict on the candidates that a budget allows (K,), at this confidence.

    From one replicate nothing is shown about widths: the verdict is then not settled, whatever the images say.
    """
    asked = asked_about(evidence, allowed)
    crossed = Crossed.of(evidence.hits(asked))
    question = questioned(evidence, asked)
    found = rungs(crossed, question, confidence)
    if crossed.replicates == 1:
        found = Rungs(None, 0, len(asked) - 1, found.best, found.likely, (False,) * len(asked))
    held, too_small, doubtful = np.zeros(len(evidence.tried)), ~evidence.in_question, np.zeros(len(evidence.tried), int)
    too_small[asked], doubtful[asked] = found.too_small, undoubted(evidence, asked)
    for level in LEVELS if crossed.replicates > 1 else ():
        held[asked[standing(crossed, question, 1 - level).within]] = level
    return Verdict(
        enough=int(asked[found.likely if found.enough is None else found.enough]),
        low=int(asked[found.low]),
        high=int(asked[found.high]),
        best=int(asked[found.best]),
        settled=found.enough is not None,
        confidence=confidence,
        confidences=tuple(held.tolist()),
        too_small=tuple(too_small.tolist()),
        doubtful=tuple(doubtful.tolist()),
        accuracies=tuple(
            accuracy(evidence.hits([k])[:, 0], evidence.plan.confidence) for k in range(len(evidence.tried))
        ),
        within_budget=tuple(allowed.tolist()),
    )


def asked_about(evidence: Evidence, allowed: np.ndarray) -> np.ndarray:
    """The candidates that a verdict compares, of those that a budget allows (K,): those in question.

    Where a study that stops when it knows has given up all that are allowed, these.  Returns their places.
    """
    found = np.flatnonzero(evidence.in_question & allowed)
    return found if len(found) else np.flatnonzero(allowed)


def questioned(evidence: Evidence, asked: np.ndarray) -> Question:
    """What is asked of these candidates, by their places."""
    kinds = families([evidence.candidates[k] for k in asked])
    return Question(evidence.plan.tolerance / 100, kinds, undoubted(evidence, asked) > 0)


def undoubted(evidence: Evidence, asked: np.ndarray) -> np.ndarray:
    """How many replicates it takes to rule out failures that were not seen; 0 where nothing is doubtful.

    Doubtful is a candidate whose own runs all went well, on the next rung above one whose runs went well only sometimes.
    If R runs went well, as many as p = 1 - (1 - confidence)^(1/R) of all may fail (the rule of three, for any R); that is
    too many where p times what a failure costs on the rung below is more than the tolerance.  # (K,) whole numbers
    """
    tolerance, kinds = evidence.plan.tolerance / 100, families([evidence.candidates[k] for k in asked])
    learned = [evidence.learned(k) for k in asked]  # on the images learned from: no validation image tells who failed
    found = np.zeros(len(asked), int)
    for here in range(len(asked)):
        below = np.flatnonzero(kinds[:here] == kinds[here])
        lost = failures_cost(learned[below[-1]], learned[here], tolerance) if len(below) else 0.0
        if lost > tolerance:
            bearable = math.log(1 - tolerance / lost) if tolerance else -1e-9
            due = math.ceil(math.log(1 - evidence.plan.confidence) / bearable)
            found[here] = due if due > len(learned[here]) else 0
    return found


def families(candidates: list[Candidate]) -> np.ndarray:
    """Which candidates are steps of the same ladder: alike in depth and activation; no neurons are a ladder of their own.

    Returns (K,) whole numbers.
    """
    names = [(len(c.widths), activations.label(c.activation)) for c in candidates]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])
