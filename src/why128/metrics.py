"""Metrics: how good answers are, as numbers, by Keras's names and formulas.

Each is a frozen value, called with all targets, answers (N, C) and weights (N,) of an epoch, in NumPy: nothing is accumulated, and
nothing is rounded batch by batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, dataclass_transform

import numpy as np

from why128 import losses
from why128.arguments import Kind, frozen
from why128.errors import UsageError, shown
from why128.forward import NUMPY

EPSILON = 1e-7  # Keras's
# What Keras takes and this package does not, and what to do instead.
ABSENT = {
    "dtype": "everything is float32",
    "from_logits": "let the network end in softmax or sigmoid",
    "multi_label": "all answers are looked at together",
    "thresholds": "num_thresholds says how many there are, evenly spread",
    "num_labels": "all answers are looked at together",
    "label_weights": "all answers are looked at together",
    "summation_method": "it is Keras's usual one, interpolation",
    "from_sorted_ids": "answers are one a class",
}


@dataclass_transform(frozen_default=True)
def metric(kind: Kind) -> Kind:
    """A frozen value that measures answers."""
    return frozen(ABSENT)(kind)


@metric
class BinaryAccuracy:
    """The share of answers on the right side of `threshold`."""

    name: str = "binary_accuracy"
    threshold: float = 0.5

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        right = (answers > self.threshold) == (_like(targets, answers) > 0.5)
        return _mean(right.mean(-1), weights)


@metric
class CategoricalAccuracy:
    """The share of images whose largest answer is where the largest target is."""

    name: str = "categorical_accuracy"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        return _mean(_labels(targets, answers) == answers.argmax(-1), weights)


@metric
class SparseCategoricalAccuracy:
    """The share of images whose largest answer is that of their label."""

    name: str = "sparse_categorical_accuracy"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        return _mean(_labels(targets, answers) == answers.argmax(-1), weights)


@metric
class Accuracy:
    """What "accuracy" means depends on the answers: one is on the right side of a half, several are largest at the right place."""

    name: str = "accuracy"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        right = BinaryAccuracy() if answers.shape[-1] == 1 else CategoricalAccuracy()
        return right(targets, answers, weights)


@metric
class TopKCategoricalAccuracy:
    """The share of images whose label is among the k largest answers."""

    k: int = 5
    name: str = "top_k_categorical_accuracy"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        own = np.take_along_axis(answers, _labels(targets, answers)[:, None], -1)  # (N, 1)
        return _mean((answers > own).sum(-1) < self.k, weights)


@metric
class SparseTopKCategoricalAccuracy:
    """The same for whole-number labels."""

    k: int = 5
    name: str = "sparse_top_k_categorical_accuracy"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        return TopKCategoricalAccuracy(self.k)(targets, answers, weights)


@metric
class Precision:
    """Of the answers above the threshold, the share that should be."""

    thresholds: float | None = None  # None is a half, or 0 of the k largest where top_k is given
    top_k: int | None = None
    class_id: int | None = None
    name: str = "precision"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        hits, said, _ = _counted(self, targets, answers, weights)
        return float(hits / said) if said else 0.0


@metric
class Recall:
    """Of the answers that should be above the threshold, the share that is."""

    thresholds: float | None = None
    top_k: int | None = None
    class_id: int | None = None
    name: str = "recall"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        hits, _, due = _counted(self, targets, answers, weights)
        return float(hits / due) if due else 0.0


@metric
class AUC:
    """The area under the ROC or precision-recall curve, over all answers, by Keras's 200 thresholds and its interpolation."""

    num_thresholds: int = 200
    curve: str = "ROC"
    name: str = "auc"

    def __post_init__(self):
        if self.curve not in ("ROC", "PR"):
            raise UsageError(f"AUC: curve must be 'ROC' or 'PR', got {shown(repr(self.curve))}")

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        thresholds = np.arange(1, self.num_thresholds - 1) / (self.num_thresholds - 1)
        thresholds = np.concatenate([[-EPSILON], thresholds, [1.0 + EPSILON]])
        due = _like(targets, answers).ravel() > 0.5
        each = np.repeat(weights, answers.shape[-1])
        bins = np.searchsorted(thresholds, answers.ravel().astype(np.float64), side="left")  # above thresholds[: bins]
        hits, false = (
            np.bincount(bins, each * mine, len(thresholds) + 1)[::-1].cumsum()[::-1][1:] for mine in (due, ~due)
        )
        return float(
            _under_pr(hits, false, (each * due).sum()) if self.curve == "PR" else _under_roc(hits, false, due, each)
        )


@metric
class F1Score:
    """The harmonic mean of precision and recall, of each class; `average`: None, "micro", "macro" or "weighted"."""

    average: str | None = None
    threshold: float | None = None  # None: the largest answer counts
    name: str = "f1_score"

    def __post_init__(self):
        if self.average not in (None, "micro", "macro", "weighted"):
            raise UsageError(
                f"F1Score: average must be None, 'micro', 'macro' or 'weighted', got {shown(repr(self.average))}"
            )

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> Any:
        due = _like(targets, answers) > 0.5
        largest = answers == answers.max(-1, keepdims=True)
        said = (largest & (np.abs(answers) > 1e-9)) if self.threshold is None else answers > self.threshold
        axis = None if self.average == "micro" else 0
        each = weights[:, None]
        hits, false, missed = ((each * (a & b)).sum(axis) for a, b in ((said, due), (said, ~due), (~said, due)))
        precision, recall = hits / (hits + false + EPSILON), hits / (hits + missed + EPSILON)
        scores = 2 * precision * recall / (precision + recall + EPSILON)
        if self.average == "weighted":
            counts = (each * due).sum(0)
            return float((scores * counts / (counts.sum() + EPSILON)).sum())
        return float(np.mean(scores)) if self.average in ("macro", "micro") else [float(score) for score in scores]


@metric
class MeanLoss:
    """A loss, as a metric: the mean over the images, without what regularisers add."""

    loss: losses.Loss
    name: str

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        sparse = isinstance(self.loss, losses.SparseCategoricalCrossentropy)
        own = _labels(targets, answers) if sparse else _like(targets, answers)
        return _mean(losses.each(NUMPY, self.loss, answers, own, "linear"), weights)


@metric
class RootMeanSquaredError:
    """The root of the mean of all squared differences."""

    name: str = "root_mean_squared_error"

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        return float(np.sqrt(_mean(np.square(answers - _like(targets, answers)).mean(-1), weights)))


@dataclass(frozen=True, eq=False)
class Own:
    """A function of one's own, (targets, answers) -> a number, or one an image."""

    function: Callable
    name: str

    def __call__(self, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
        found = np.asarray(self.function(targets, answers), np.float64)
        return _mean(found.reshape(len(answers), -1).mean(-1), weights) if found.ndim else float(found)


def mean_squared_error(name: str = "mean_squared_error") -> MeanLoss:
    """Keras's MeanSquaredError."""
    return MeanLoss(losses.MeanSquaredError(), name)


def mean_absolute_error(name: str = "mean_absolute_error") -> MeanLoss:
    """Keras's MeanAbsoluteError."""
    return MeanLoss(losses.MeanAbsoluteError(), name)


MeanSquaredError, MeanAbsoluteError = mean_squared_error, mean_absolute_error

Metric = (
    Accuracy | BinaryAccuracy | CategoricalAccuracy | SparseCategoricalAccuracy | TopKCategoricalAccuracy
    | SparseTopKCategoricalAccuracy | Precision | Recall | AUC | F1Score | MeanLoss | RootMeanSquaredError | Own
)  # fmt: skip

KINDS: tuple[Callable[..., Any], ...] = (
    BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    Precision, Recall, AUC, F1Score, RootMeanSquaredError,
)  # fmt: skip
NAMED: dict[str, Callable[[], Any]] = {
    "accuracy": Accuracy,
    "acc": lambda: Accuracy("acc"),
    **{kind.__name__: kind for kind in KINDS},
    **{kind().name: kind for kind in KINDS},
    "MeanSquaredError": mean_squared_error,
    "MeanAbsoluteError": mean_absolute_error,
    **dict.fromkeys(("mean_squared_error", "mse"), mean_squared_error),
    **dict.fromkeys(("mean_absolute_error", "mae"), mean_absolute_error),
}


def resolve(given: object) -> Metric:
    """A metric from its name, itself, or a function of targets and answers; raises UsageError."""
    if isinstance(given, str) and given in NAMED:
        found = NAMED[given]()
        return MeanLoss(found.loss, given) if isinstance(found, MeanLoss) else found
    if isinstance(given, Metric):
        return given
    if callable(given) and not isinstance(given, type):
        return Own(given, re.sub(r"\W", "_", getattr(given, "__name__", type(given).__name__)))
    raise UsageError(
        f"metrics: {shown(repr(given))} is not known here",
        hint=f"known names: {', '.join(n for n in NAMED if n.islower())}",
    )


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    total = weights.sum(dtype=np.float64)
    return float((values * weights).sum(dtype=np.float64) / total) if total else 0.0


def _labels(targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Targets (N,) or (N, C) as whole numbers (N,)."""
    if targets.ndim == 2 and targets.shape[1] == answers.shape[1] > 1:
        return targets.argmax(-1)
    return targets.reshape(len(targets)).astype(np.int64)


def _like(targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Targets as many numbers as answers, (N, C): labels become a single 1."""
    if targets.size == answers.size:
        return targets.reshape(answers.shape)
    return np.eye(answers.shape[1], dtype=np.float32)[_labels(targets, answers)]


def _counted(metric: Precision | Recall, targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> tuple:
    """(hits, said, due) of answers above the threshold."""
    due, threshold = _like(targets, answers) > 0.5, metric.thresholds
    if threshold is None:
        threshold = 0.5 if metric.top_k is None else -np.inf
    said = answers > threshold
    if metric.top_k is not None:
        kth = np.sort(answers, -1)[:, -metric.top_k][:, None]
        said &= answers >= kth
    if metric.class_id is not None:
        said, due = said[:, [metric.class_id]], due[:, [metric.class_id]]
    each = weights[:, None]
    return (each * (said & due)).sum(), (each * said).sum(), (each * due).sum()


def _under_roc(hits: np.ndarray, false: np.ndarray, due: np.ndarray, each: np.ndarray) -> float:
    positive, negative = (each * due).sum(), (each * ~due).sum()
    x, y = false / max(negative, EPSILON), hits / max(positive, EPSILON)
    return float(((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2).sum())


def _under_pr(hits: np.ndarray, false: np.ndarray, positive: float) -> float:
    """Davis & Goadrich 2006: between two thresholds hits grow linearly with answers, precision does not."""
    said = hits + false
    more, gained = said[:-1] - said[1:], hits[:-1] - hits[1:]
    slope = np.divide(gained, more, out=np.zeros_like(gained), where=more > 0)
    intercept = hits[1:] - slope * said[1:]
    both = (said[:-1] > 0) & (said[1:] > 0)
    ratio = np.divide(said[:-1], said[1:], out=np.ones_like(said[1:]), where=both)
    area = slope * (gained + intercept * np.log(ratio))
    return float(np.divide(area, max(positive, EPSILON)).sum())
