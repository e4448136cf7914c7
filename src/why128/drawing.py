"""Initial weights, as numbers: what initializers.py names, drawn with a generator that belongs to one address."""

from __future__ import annotations

import math

import numpy as np

from why128.initializers import (
    NAMED,
    Constant,
    Identity,
    Initializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)  # fmt: skip

# The standard deviation of a standard normal cut at ±2: what is drawn is divided by it, as in Keras.
STDDEV_OF_CUT = 0.87962566103423978


def draw(given: str | Initializer, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Initial values of one weight, float32 of `shape`; a kernel's shape is (inputs, units)."""
    match NAMED[given] if isinstance(given, str) else given:
        case VarianceScaling(scale, mode, distribution):
            fans = {"fan_in": shape[0], "fan_out": shape[-1], "fan_avg": (shape[0] + shape[-1]) / 2}
            variance = scale / fans[mode]
            values = (
                _symmetric(rng, shape, math.sqrt(3 * variance))
                if distribution == "uniform"
                else _cut_normal(rng, shape, math.sqrt(variance) / STDDEV_OF_CUT)
            )
        case RandomUniform(low, high):
            values = rng.uniform(low, high, shape)
        case RandomNormal(mean, stddev):
            values = rng.normal(mean, stddev, shape)
        case TruncatedNormal(mean, stddev):
            values = mean + _cut_normal(rng, shape, stddev)
        case Orthogonal(gain):
            values = gain * _orthogonal(rng, shape)
        case Identity(gain):
            values = gain * np.eye(shape[0], shape[-1])
        case Constant(value):
            values = np.full(shape, value)
    return values.astype(np.float32)


def _symmetric(rng: np.random.Generator, shape: tuple[int, ...], limit: float) -> np.ndarray:
    return rng.uniform(-limit, limit, shape)


def _cut_normal(rng: np.random.Generator, shape: tuple[int, ...], stddev: float) -> np.ndarray:
    """A normal whose draws beyond two standard deviations are drawn again."""
    values = rng.standard_normal(shape)
    while (far := np.abs(values) > 2.0).any():
        values[far] = rng.standard_normal(int(far.sum()))
    return values * stddev


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The Q of a QR decomposition, its signs made unique."""
    tall = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.standard_normal(tall))
    q = q * np.sign(np.diagonal(r))
    return q if shape == tall else q.T
