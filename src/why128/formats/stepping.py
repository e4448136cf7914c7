"""Steps taken by NumPy, one by one: what is written is compared by it where nothing else runs it, and integers are calibrated by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from why128 import activations
from why128.formats.steps import Applied, IntegerProduct, Product, Quantised, Scaling, Step, rule
from why128.ladder import NUMPY


def taken(steps: Iterable[Step], images: np.ndarray) -> np.ndarray:
    """What leaves the last step: images (N, D) on the network's own scale to (N, C) float32."""
    x = np.asarray(images, np.float32)
    for step in steps:
        x = rule(TAKEN, type(step), "NumPy")(step, x)
    return x


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
    Quantised: _quantised,
    IntegerProduct: _integers,
}
