"""Losses, as words and as formulas: Keras's names; written once, for NumPy and JAX alike.

`xp` is a namespace with NumPy's names.  Scores (..., C) are a network's last sums, before its last activation.  Targets are whole
numbers (...) for the sparse loss, and as many numbers as the network answers (..., C) for all others.
"""

from __future__ import annotations

from typing import Any, dataclass_transform

from why128 import activations
from why128.arguments import Kind, frozen
from why128.errors import UsageError, shown

# Keras's backend.epsilon(): probabilities are kept this far from 0 and 1 before their logarithm is taken.
KERAS_EPSILON = 1e-7

# What Keras takes and this package does not, and what to do instead.
ABSENT = {
    "reduction": "the loss of a batch is the mean of its images'",
    "ignore_class": "give such images a sample_weight of 0",
    "axis": "classes are last",
    "dtype": "everything is float32",
    "name": "a loss is called loss",
}


def mean(loss: Any, targets, answers):
    """A loss as Keras's are called: the mean over images of targets (N,) or (N, C) and answers (N, C)."""
    import numpy as np  # heavy, and a loss can be named without it

    from why128.answers import Answers

    return Answers.of(np.mean(each(np, loss, np.asarray(answers, np.float32), np.asarray(targets), "linear")))


@dataclass_transform(frozen_default=True)
def loss(kind: Kind) -> Kind:
    """A frozen value that says what is to be small."""
    made: Any = frozen(ABSENT)(kind)
    made.__call__ = mean
    return made


@loss
class SparseCategoricalCrossentropy:
    """Cross-entropy against whole-number labels."""

    from_logits: bool = False


@loss
class CategoricalCrossentropy:
    """Cross-entropy against one-hot targets, or shares that sum to one; smoothing moves a share of each to all classes."""

    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self):
        _check_share(self)


@loss
class BinaryCrossentropy:
    """Cross-entropy of each answer by itself against 0 or 1; the mean of an image's answers."""

    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self):
        _check_share(self)


@loss
class MeanSquaredError:
    """The mean of an image's squared differences."""


@loss
class MeanAbsoluteError:
    """The mean of an image's absolute differences."""


@loss
class Huber:
    """Half the square of a difference up to delta, and its size from there on (Huber 1964)."""

    delta: float = 1.0


Loss = (
    SparseCategoricalCrossentropy | CategoricalCrossentropy | BinaryCrossentropy | MeanSquaredError | MeanAbsoluteError | Huber
)  # fmt: skip
NAMED: dict[str, type] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    **dict.fromkeys(("mse", "mean_squared_error", "MSE"), MeanSquaredError),
    **dict.fromkeys(("mae", "mean_absolute_error", "MAE"), MeanAbsoluteError),
    "huber": Huber,
}


def resolve(given: object) -> Loss:
    """A loss from its name or itself; raises UsageError."""
    if isinstance(given, str) and given in NAMED:
        return NAMED[given]()
    if isinstance(given, Loss):
        return given
    raise UsageError(f"loss: {shown(repr(given))} is not known here", hint=f"known names: {', '.join(NAMED)}")


def each(xp, loss: Loss, scores, targets, activation):
    """The loss of each image: scores (..., C) and targets (...) or (..., C) to (...)."""
    match loss:
        case SparseCategoricalCrossentropy():
            return cross_entropy(xp, scores, targets, activation, loss.from_logits)
        case CategoricalCrossentropy():
            shares = targets * (1.0 - loss.label_smoothing) + loss.label_smoothing / scores.shape[-1]
            return -xp.sum(shares * log_shares(xp, scores, activation, loss.from_logits), axis=-1)
        case BinaryCrossentropy():
            return xp.mean(_binary(xp, loss, scores, targets, activation), axis=-1)
    away = activations.apply(xp, activation, scores) - targets
    match loss:
        case MeanSquaredError():
            return xp.mean(away * away, axis=-1)
        case MeanAbsoluteError():
            return xp.mean(xp.abs(away), axis=-1)
        case Huber():
            size = xp.abs(away)
            return xp.mean(
                xp.where(size <= loss.delta, 0.5 * away * away, loss.delta * (size - 0.5 * loss.delta)), axis=-1
            )
    raise AssertionError(loss)


def cross_entropy(xp, scores, labels, activation, from_logits: bool):
    """The loss of each image against its label.

    scores (..., C), the sums before the last `activation`; labels (...), whole numbers below C.  Returns (...).
    """
    log_p = log_shares(xp, scores, activation, from_logits)
    classes = xp.arange(scores.shape[-1]).reshape((1,) * labels.ndim + (-1,))
    mine = labels[..., None] == classes  # (..., C)
    return -xp.sum(xp.where(mine, log_p, 0.0), axis=-1)  # a selection, not a gather: its gradient is no scatter


def log_shares(xp, scores, activation, from_logits: bool):
    """The logarithm of each class's share, (..., C).

    Softmax and its logarithm are taken together, so that a sure answer does not become log 0.
    """
    if from_logits:
        return activations.apply(xp, "log_softmax", activations.apply(xp, activation, scores))
    if activation == "softmax":
        return activations.apply(xp, "log_softmax", scores)
    p = activations.apply(xp, activation, scores)
    return xp.log(xp.clip(p / xp.sum(p, axis=-1, keepdims=True), KERAS_EPSILON, 1.0 - KERAS_EPSILON))


def _binary(xp, loss: BinaryCrossentropy, scores, targets, activation):
    """Sigmoid and its logarithm are taken together, for the same reason."""
    shares = targets * (1.0 - loss.label_smoothing) + 0.5 * loss.label_smoothing
    if loss.from_logits or activation == "sigmoid":
        x = activations.apply(xp, activation, scores) if loss.from_logits else scores
        zero = xp.zeros_like(x)
        return shares * xp.logaddexp(zero, -x) + (1.0 - shares) * xp.logaddexp(zero, x)
    p = xp.clip(activations.apply(xp, activation, scores), KERAS_EPSILON, 1.0 - KERAS_EPSILON)
    return -(shares * xp.log(p) + (1.0 - shares) * xp.log(1.0 - p))


def _check_share(loss: CategoricalCrossentropy | BinaryCrossentropy) -> None:
    share = loss.label_smoothing
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0.0 <= share <= 1.0:
        raise UsageError(
            f"{type(loss).__name__}: label_smoothing must be a number from 0 to 1, got {shown(repr(share))}"
        )
