"""Steps taken by NumPy, one by one: what is written is compared by it where nothing else runs it, and integers are calibrated by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from why128 import activations
from why128.activations import Parametric
from why128.formats.steps import (
    Applied,
    Bent,
    IntegerProduct,
    Product,
    Quantised,
    Scaling,
    Sloped,
    Standardised,
    Step,
    rule,
)
from why128.forward import NUMPY


def taken(steps: Iterable[Step], images: np.ndarray) -> np.ndarray:
    """What leaves the last step: images (N, D) on the network's own scale to (N, C) float32."""
    x = np.asarray(images, np.float32)
    for step in steps:
        x = one(step, x)
    return x


def one(step: Step, x: np.ndarray) -> np.ndarray:
    """What leaves a step that x (N, inputs) enters."""
    return rule(TAKEN, type(step), "NumPy")(step, x)


def _standardised(step: Standardised, x: np.ndarray) -> np.ndarray:
    away = x - x.mean(-1, keepdims=True)
    return away / np.sqrt(np.square(away).mean(-1, keepdims=True) + np.float32(step.epsilon)) * step.gamma + step.beta


def _quantised(step: Quantised, x: np.ndarray) -> np.ndarray:
    grown = x * np.float32(1 / step.scale) + np.float32(step.zero + 0.5)
    return np.clip(np.floor(grown), 0, 255).astype(np.uint8)


def _integers(step: IntegerProduct, x: np.ndarray) -> np.ndarray:
    sums = x.astype(np.float64) @ step.kernel.astype(np.float64)  # exact below 2**53, and by BLAS
    return sums.astype(np.float32) * step.scales + step.bias


TAKEN: dict[type, Callable[[Any, np.ndarray], np.ndarray]] = {
    Scaling: lambda step, x: x * step.factor + step.offset,
    Product: lambda step, x: x @ step.kernel + step.bias,
    Applied: lambda step, x: activations.apply(NUMPY, step.activation, x),
    Bent: lambda step, x: activations.apply(NUMPY, Parametric(step.activation, step.parameters), x),
    Sloped: lambda step, x: np.maximum(x, 0) - step.alpha * np.maximum(-x, 0),
    Standardised: _standardised,
    Quantised: _quantised,
    IntegerProduct: _integers,
}
