"""The one forward pass, written for NumPy and JAX alike (`xp`): what is trained is what serves.

After the wide product of all first layers each candidate goes on alone, on its own rows.  Activity is neuron-major, a row a neuron: a
candidate's rows then lie together, and so do its gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from why128 import activations
from why128.ladder import Array, Chain, Computing, Ladder, Parameters
from why128.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    GaussianNoise,
    LayerNormalization,
    Normalization,
    PReLU,
    Rescaling,
)

Address = tuple[int, ...]  # of a layer: its candidate's sizes, and its place


class NumPy:
    """NumPy with `erf` and `relu`, which it lacks, and what is done otherwise while learning: `cut`, `product` and `wide`."""

    @staticmethod
    def erf(x: Array) -> Array:
        from scipy.special import erf  # heavy, and only GELU needs it

        return erf(x)

    @staticmethod
    def relu(x: Array) -> Array:
        """By `maximum`, which keeps NaN too: `where` takes twenty times as long where signs are mixed."""
        return np.maximum(x, 0.0)

    @staticmethod
    def cut(array: Array, cuts: Sequence[slice]) -> tuple[Array, ...]:
        """The array's parts along its first axis, which they fill without a gap."""
        return tuple(array[own] for own in cuts)

    @staticmethod
    def product(kernel: Array, activity: Array) -> Array:
        """kernel (H, D) @ activity (D, B): BLAS takes up to half as long again where the shorter side comes first."""
        return (activity.T @ kernel.T).T if activity.shape[1] > len(kernel) else kernel @ activity

    def wide(self, kernel: Array, images: Array) -> Array:
        """The first layers' product: kernel (H, D) and images (B, D) to (H, B)."""
        return self.product(kernel, images.T)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


NUMPY = NumPy()


class Answering:
    """What layers that behave otherwise while learning do when a network answers; the engine's Learning is the other."""

    def disturb(self, layer: Dropout | GaussianNoise, activity: Array, address: Address) -> Array:
        """Nothing."""
        return activity

    def moments(
        self, layer: BatchNormalization, activity: Array, place: int, running: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Mean and variance (n,) by which a batch is normalised: the running ones."""
        return running


ANSWERING = Answering()


@dataclass
class _Passing:
    """A pass on its way: what has not been used yet of `Parameters.rest`."""

    xp: Any
    mode: Any  # Answering, or the engine's Learning
    parts: tuple[Array, ...]
    address: Address = ()  # of the layer that it is at
    used: int = field(default=0)

    def next(self, count: int) -> tuple[Array, ...]:
        """The next parts."""
        self.used += count
        return self.parts[self.used - count : self.used]


def scores(xp, ladder: Ladder, parameters: Parameters, images: Array, mode: Any = ANSWERING) -> Array:
    """Every candidate's sums before its last activation.

    images (B, D), bytes or float32.  Returns (K, B, C).
    """
    passing = _Passing(xp, mode, xp.cut(parameters.rest, ladder.later_cuts))
    x = _prepared(passing, ladder.before, images)  # (B, D)
    wide = xp.wide(parameters.kernel, x)  # (H, B)
    wide += parameters.bias[:, None]
    rows = xp.cut(wide, ladder.cuts)
    alone = [_after_first(passing, chain, own) for chain, own in zip(ladder.chains, rows, strict=True)]
    return xp.stack(alone).swapaxes(1, 2)


def _prepared(passing: _Passing, before: Sequence[Computing], images: Array) -> Array:
    """Images as the first Dense sees them."""
    x = images if passing.xp is NUMPY else images.astype(np.float32)  # (B, D); NumPy casts bytes as it rescales them
    for i, layer in enumerate(before):
        passing.address = (i,)
        if isinstance(layer, Rescaling):
            x = _rescaled(passing, layer, x)
        else:
            x = THROUGH[type(layer)](passing, layer, x.astype(np.float32, copy=False).T).T
    return x.astype(np.float32, copy=False)


def _after_first(passing: _Passing, chain: Chain, sums: Array) -> Array:
    """One candidate from its first layer's sums (units, B) to its last layer's (C, B)."""
    activation: activations.Activation | None = chain.dense[0].activation
    for i, layer in enumerate(chain.layers[1:]):
        if activation is not None:  # the sums of a Dense become its activity as soon as another layer asks for it
            sums, activation = _activity(passing.xp, activation, sums), None
        passing.address = (*chain.sizes, i)
        if isinstance(layer, Dense):
            sums, activation = _product(passing, layer, sums), layer.activation
        else:
            sums = THROUGH[type(layer)](passing, layer, sums)
    return sums


def _product(passing: _Passing, layer: Dense, activity: Array) -> Array:
    kernel, bias = passing.next(2)
    sums = passing.xp.product(kernel.reshape(layer.units, -1), activity)  # (units, B)
    sums += bias[:, None]
    return sums


def _activity(xp, activation: activations.Activation, sums: Array) -> Array:
    """A layer's activity from its sums, (units, B) each: what looks at several neurons expects them last."""
    if activations.elementwise(activation):
        return activations.apply(xp, activation, sums)
    return activations.apply(xp, activation, sums.T).T


# ---------------------------------------------------------------- other layers: (passing, layer, x (n, B)) -> (n, B)


def _rescaled(passing: _Passing, layer: Rescaling, x: Array) -> Array:
    """In float32 where x is bytes or float32; an offset of 0 is not gone through."""
    scaled = x * np.float32(layer.scale)
    return scaled + np.float32(layer.offset) if layer.offset else scaled


def _normalized(passing: _Passing, layer: Normalization, x: Array) -> Array:
    mean, deviation = (values[:, None] for values in layer.factors((len(x),)))
    return mean + x * deviation if layer.invert else (x - mean) / deviation


def _bent(passing: _Passing, layer: Activation, x: Array) -> Array:
    return _activity(passing.xp, layer.activation, x)


def _bent_as_learned(passing: _Passing, layer: PReLU, x: Array) -> Array:
    (alpha,) = passing.next(1)
    return passing.xp.relu(x) - alpha[:, None] * passing.xp.relu(-x)


def _disturbed(passing: _Passing, layer: Dropout | GaussianNoise, x: Array) -> Array:
    return passing.mode.disturb(layer, x, passing.address)


def _batch_normalized(passing: _Passing, layer: BatchNormalization, x: Array) -> Array:
    place = passing.used + 2
    gamma, beta, *running = passing.next(4)
    mean, variance = passing.mode.moments(layer, x, place, tuple(running))
    factor = gamma / passing.xp.sqrt(variance + np.float32(layer.epsilon))
    return x * factor[:, None] + (beta - mean * factor)[:, None]


def _layer_normalized(passing: _Passing, layer: LayerNormalization, x: Array) -> Array:
    gamma, beta = passing.next(2)
    mean = passing.xp.mean(x, axis=0, keepdims=True)  # (1, B)
    away = x - mean
    variance = passing.xp.mean(away * away, axis=0, keepdims=True)
    return away / passing.xp.sqrt(variance + np.float32(layer.epsilon)) * gamma[:, None] + beta[:, None]


THROUGH: dict[type, Callable[[_Passing, Any, Array], Array]] = {
    Rescaling: _rescaled,
    Normalization: _normalized,
    Activation: _bent,
    PReLU: _bent_as_learned,
    Dropout: _disturbed,
    GaussianNoise: _disturbed,
    BatchNormalization: _batch_normalized,
    LayerNormalization: _layer_normalized,
}


def penalty(xp, ladder: Ladder, parameters: Parameters) -> Array:
    """What regularisers add to each candidate's loss.  # (K,)"""
    each = []
    for own, values in zip(ladder.weights, ladder.apart(xp.cut, parameters), strict=True):
        asked = [(weight.regularizer, value) for weight, value in zip(own, values, strict=True)]
        each.append(sum((one.penalty(xp, value) for one, value in asked if one), xp.zeros((), np.float32)))
    return xp.stack(each)


# ---------------------------------------------------------------- answers


def outputs(xp, ladder: Ladder, parameters: Parameters, images: Array) -> Array:
    """What every candidate answers, after its last activation: images (B, D) to (K, B, C)."""
    return activations.apply(xp, ladder.answer, scores(xp, ladder, parameters, images))


def right(xp, ladder: Ladder, scores: Array, targets: Array) -> Array:
    """Which images are answered rightly: scores (K, B, C) and targets (1, B), or (1, B, C), to (K, B).

    A single answer means class 1 where it is above a half, as in Keras.
    """
    if ladder.classes == 1:
        answers = activations.apply(xp, ladder.answer, scores)[..., 0]
        return (answers > 0.5) == (targets.reshape(targets.shape[:2]) > 0.5)
    labels = xp.argmax(targets, axis=-1) if targets.ndim == scores.ndim else targets
    return choices(xp, ladder, scores) == labels


def choices(xp, ladder: Ladder, scores: Array) -> Array:
    """The class that each answer names, from scores (..., C) to (...): the softmax of a sum need not be taken for it."""
    rising = ladder.answer in ("softmax", "linear")
    return xp.argmax(scores if rising else activations.apply(xp, ladder.answer, scores), axis=-1)
