"""Does a network that says 90 % answer rightly 90 times in 100?  Its reliability, and the temperature that mends it.

Only the most likely class is judged, its probability being the network's confidence (Guo et al. 2017, section 2).
Whoever fits a temperature does so on other images than those that then judge it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from why128.statistics.intervals import Interval, wilson

BINS = 15  # Guo et al. 2017, table 1
LEVEL = 0.95  # of the Wilson limits of a bin's accuracy
DRAWS = 1000  # of right and wrong answers: the standard error of a 5 % tail is then 0.7 %
AT_ONCE = 2_000_000  # answers drawn together: 16 MB
LEAST = float(np.finfo(np.float32).tiny)  # what stands for a probability of 0: networks compute in float32
COLDEST, HOTTEST = 0.02, 50.0  # a temperature beyond these is "as far as it goes", not one


@dataclass(frozen=True)
class Bin:
    """Images whose confidence is alike: its mean, the share answered rightly, and how many they are."""

    confidence: float
    accuracy: Interval
    images: int


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error, in shares of 1, and the bins it is made of; empty ones are left out."""

    ece: float
    bins: tuple[Bin, ...]


def calibration(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Calibration | None:
    """Reliability in equal-width bins of the confidence: probabilities (N, C), labels (N,).

    The expected calibration error is Σ n_b/N · |accuracy_b − confidence_b| (Guo et al. 2017, equation 3).  It is never 0
    in a finite sample: `by_chance` says what a perfectly calibrated network would show.  None without images, or
    where probabilities are not numbers (a network that diverged).
    """
    if not _judgeable(probabilities):
        return None
    confidence, place = _placed(probabilities, bins)
    right = probabilities.argmax(1) == labels
    found = []
    for number in np.unique(place):
        here = place == number
        of_bin = wilson(int(right[here].sum()), int(here.sum()), LEVEL)
        found.append(Bin(float(confidence[here].mean()), of_bin, int(here.sum())))
    gaps = (b.images * abs(b.accuracy.mean - b.confidence) for b in found)
    return Calibration(sum(gaps) / len(labels), tuple(found))


def by_chance(
    probabilities: np.ndarray, rng: np.random.Generator, level: float = LEVEL, bins: int = BINS
) -> Interval | None:
    """The expected calibration error that these very probabilities (N, C) would show, were they perfectly calibrated.

    Each image is answered rightly with the probability that its confidence says, over and over: the mean over the
    draws, and the limits between which `level` of them lie.  An error within the limits cannot be told from none
    (Vaicenavicius et al. 2019, section 5: consistency resampling).
    """
    if not _judgeable(probabilities):
        return None
    confidence, place = _placed(probabilities, bins)
    present, place = np.unique(place, return_inverse=True)
    members = np.eye(len(present))[place]  # (N, bins)
    at_once = max(1, AT_ONCE // len(confidence))
    drawn = []
    for begin in range(0, DRAWS, at_once):
        right = rng.random((min(at_once, DRAWS - begin), len(confidence))) < confidence
        drawn.append(np.abs((right - confidence) @ members).sum(1) / len(confidence))
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.concatenate(drawn).mean()), float(low), float(high))


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """The T that makes softmax(log p / T) fit the labels best: above 1 the network was too sure, below 1 not enough.

    Minimises the mean negative log-likelihood (Guo et al. 2017, section 4.2), which has one minimum in 1/T.  None
    where the images set no bound to it: all answered rightly (the surer the better), no better than guessing (the less
    sure the better), the same probability for all classes, probabilities that are not numbers, or no images.
    """
    if not _judgeable(probabilities):
        return None
    logs = _logs(probabilities)
    due = logs[np.arange(len(labels)), labels]  # (N,)

    def loss(log_temperature: float) -> float:
        cooled = np.exp(-log_temperature)
        return float(
            np.log(np.exp(cooled * (logs - logs.max(1, keepdims=True))).sum(1)).mean()
            - cooled * (due - logs.max(1)).mean()
        )

    low, high = np.log(COLDEST), np.log(HOTTEST)
    best = scipy.optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    if min(loss(low), loss(high)) <= best.fun + 1e-9:  # nowhere better than at the end of the search
        return None
    return float(np.exp(best.x))


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / temperature): the same answers, more or less sure.  # (N, C)"""
    logs = _logs(probabilities) / temperature
    powers = np.exp(logs - logs.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def _judgeable(probabilities: np.ndarray) -> bool:
    return bool(len(probabilities)) and bool(np.isfinite(probabilities).all())


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities.astype(np.float64), LEAST))


def _placed(probabilities: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Each image's confidence, and its bin: the m-th holds those in (m/bins, (m + 1)/bins].  # (N,), (N,)"""
    confidence = np.clip(
        probabilities.max(1).astype(np.float64), 0.0, 1.0
    )  # float32 sums of softmax may pass 1 by a hair
    return confidence, np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
