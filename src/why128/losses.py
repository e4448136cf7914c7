"""Losses, as words and as formulas: Keras's names; written once, for NumPy and JAX alike.

`xp` is a namespace with NumPy's names.  Labels are always whole numbers here: dense (one-hot) targets are read by
`Sequential` before they arrive.  Scores are a network's last sums, before its last activation.
"""

from __future__ import annotations

from dataclasses import dataclass

from why128 import activations
from why128.errors import UsageError, shown

# Keras's backend.epsilon(): probabilities are kept this far from 0 and 1 before their logarithm is taken.
KERAS_EPSILON = 1e-7


@dataclass(frozen=True)
class SparseCategoricalCrossentropy:
    """Cross-entropy against whole-number labels."""

    from_logits: bool = False


@dataclass(frozen=True)
class CategoricalCrossentropy:
    """Cross-entropy against one-hot targets."""

    from_logits: bool = False


Loss = SparseCategoricalCrossentropy | CategoricalCrossentropy
NAMED: dict[str, type] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
}


def resolve(loss: object) -> Loss:
    """A loss from its name or itself; raises UsageError."""
    if isinstance(loss, str) and loss in NAMED:
        return NAMED[loss]()
    if isinstance(loss, Loss):
        return loss
    raise UsageError(f"loss: {shown(repr(loss))} is not known here", hint=f"known names: {', '.join(NAMED)}")


def cross_entropy(xp, scores, labels, activation, from_logits: bool):
    """The loss of each image.

    scores (..., C), the sums before the last `activation`; labels (...), whole numbers below C.  Returns (...).
    Softmax and its logarithm are taken together, so that a sure answer does not become log 0.
    """
    if from_logits:
        log_p = activations.apply(xp, "log_softmax", activations.apply(xp, activation, scores))
    elif activation == "softmax":
        log_p = activations.apply(xp, "log_softmax", scores)
    else:
        p = activations.apply(xp, activation, scores)
        log_p = xp.log(xp.clip(p / xp.sum(p, axis=-1, keepdims=True), KERAS_EPSILON, 1.0 - KERAS_EPSILON))
    classes = xp.arange(scores.shape[-1]).reshape((1,) * labels.ndim + (-1,))
    mine = labels[..., None] == classes  # (..., C)
    return -xp.sum(xp.where(mine, log_p, 0.0), axis=-1)  # a selection, not a gather: its gradient is no scatter
