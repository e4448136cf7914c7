"""Which runs never learned, which candidates learned only sometimes, and whether learning was still going on.

A mean over runs of which some never started is the accuracy of none of them: small ReLU networks often end with all
their neurons dead, and then name one class for every image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

SURE = 0.999  # one-sided: of a thousand runs that guess, one is taken for learning
LEARNED = 0.02  # of what there is to learn: a few stray images do not make a dead network alive

CLEAR = 0.15  # of accuracy: runs that scatter by an SD of 5 points seldom leave such a step
APART = 4.0  # times the usual step from one run to the next
FAILED = 0.05  # of accuracy: farther below the others than luck explains where runs that go well lie within a point
FEWEST = 3  # runs: two that differ are a difference, not two groups

LAST = 3  # the last third of the epochs, and at least three: two points have a slope but no course
RISE = 0.005  # of accuracy over the window: as much as a study's tolerance by default


@dataclass(frozen=True)
class Groups:
    """A candidate whose runs ended in two groups: how many in the lower one, of how many, and both mean accuracies."""

    low: int
    runs: int
    low_mean: float
    high_mean: float


def diverged(train_accuracies: np.ndarray) -> np.ndarray:
    """The runs whose loss left the numbers: accuracies (R, K) that are none.  # (R, K) bool"""
    return ~np.isfinite(train_accuracies)


def never_learned(train_accuracies: np.ndarray, class_counts: np.ndarray) -> np.ndarray:
    """The runs (R, K) that are no better than naming the commonest class for every image.

    train_accuracies (R, K) on the images learned from, of which class_counts (C,) belong to each class.  A dead network
    scores its one class's share exactly, the commonest's p₀ at best, and one that guesses scores about as much: a
    run has learned if it passes p₀ by more than the binomial's upper 0.1 % on so many images, and by more than 2 %
    of what is left above p₀.  A network that tells only some classes from the rest has learned something; `uneven` finds
    it if others did better.  Diverged runs are not counted here, and with one class there is nothing to learn.
    """
    images = int(np.sum(class_counts))
    if images == 0 or np.count_nonzero(class_counts) < 2:
        return np.zeros(train_accuracies.shape, bool)
    named = float(np.max(class_counts)) / images  # p₀
    by_chance = scipy.stats.norm.ppf(SURE) * math.sqrt(named * (1 - named) / images)
    return train_accuracies <= named + max(by_chance, LEARNED * (1 - named))  # nan is not


def uneven(train_accuracies: np.ndarray) -> list[Groups | None]:
    """For each candidate of accuracies (R, K): the two groups its runs ended in, or None where they are one.

    In order of accuracy, a step parts two groups if it is at least 15 points and four times the median of the
    other steps: runs that scatter have steps of about one size.  If several part, the highest does: below it are all that
    did not reach the best.  (XOR: 50, 75, 75, 100, 100 % is three of five at 67 %.)  Needs three runs that did not diverge.
    Runs that scatter normally, in one group, are called two in at most 2 of 100 candidates at an SD of 5 points,
    but in 15 at an SD of 10, where hardly anyone would call them one.
    """
    return [_groups(np.sort(runs[np.isfinite(runs)])) for runs in train_accuracies.T]


def _groups(runs: np.ndarray) -> Groups | None:
    if len(runs) < FEWEST:
        return None
    steps = np.diff(runs)
    for place in range(len(steps) - 1, -1, -1):
        usual = float(np.median(np.delete(steps, place)))
        if steps[place] >= max(CLEAR, APART * usual):
            low, high = runs[: place + 1], runs[place + 1 :]
            return Groups(len(low), len(runs), float(low.mean()), float(high.mean()))
    return None


def failures_cost(below: np.ndarray, here: np.ndarray, tolerance: float) -> float:
    """What a run that fails costs, where the next narrower candidate can do as well but sometimes fails: 0 where not.

    Training accuracies (R,) of the narrower candidate and of this one.  Failures are seen where the narrower one's best run comes within the
    tolerance of this one's mean, and others end 5 points or more below it, while none of this one's own does.
    """
    below, here = below[np.isfinite(below)], here[np.isfinite(here)]
    if not len(below) or not len(here):
        return 0.0
    due = float(here.mean())
    failed = below[below < due - FAILED]
    if not len(failed) or below.max() < due - tolerance or (here < here.max() - FAILED).any():
        return 0.0
    return due - float(failed.mean())


def still_learning(curves: np.ndarray, confidence: float) -> np.ndarray:
    """The candidates whose validation accuracy was still rising at the end: curves (R, K, E) after each epoch.

    Over the last third of the epochs (three at least) each replicate has a least-squares slope.  A candidate is still
    learning if Student's one-sided t-test over replicates finds the mean slope above 0 at this confidence, and if the
    rise over that third is half a point or more: rises that would not change a verdict are none.  The test is one a
    candidate; the replicates' slopes are independent, however much the epochs within a curve are not.  Needs two
    replicates that did not diverge; with fewer nothing is shown, and none is said to be learning.  # (K,) bool
    """
    epochs = curves.shape[2]
    window = max(LAST, math.ceil(epochs / LAST))
    if epochs < window:
        return np.zeros(curves.shape[1], bool)
    ends = curves[:, :, -window:]
    steps = np.arange(window) - (window - 1) / 2
    slopes = np.nan_to_num(ends) @ steps / (steps @ steps)  # (R, K), of accuracy an epoch
    whole = np.isfinite(ends).all(2)
    return np.array(
        [_rises(of_one[use], window - 1, confidence) for of_one, use in zip(slopes.T, whole.T, strict=True)], bool
    )


def _rises(slopes: np.ndarray, epochs: int, confidence: float) -> bool:
    """Whether slopes (R,) are above 0 at this confidence, and worth half a point over these epochs."""
    if len(slopes) < 2 or slopes.mean() * epochs < RISE:
        return False
    reach = scipy.stats.t.ppf(confidence, len(slopes) - 1) * slopes.std(ddof=1) / math.sqrt(len(slopes))
    return bool(slopes.mean() > reach)
