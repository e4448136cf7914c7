"""What a finished network does to an image, step by step, in as few kinds of steps as there can be: what every format writes.

An image enters as one row of numbers, on the network's own scale.  What only happens while learning is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from why128 import activations
from why128.errors import UsageError, shown
from why128.layers import Dense, Rescaling
from why128.network import Network


@dataclass(frozen=True, eq=False)
class Scaling:
    """outputs = inputs · factor + offset, number by number."""

    factor: np.ndarray  # (n,) float32, or (1,) for all
    offset: np.ndarray  # likewise


@dataclass(frozen=True, eq=False)
class Product:
    """outputs = inputs @ kernel + bias."""

    kernel: np.ndarray  # (inputs, units) float32
    bias: np.ndarray  # (units,) float32


@dataclass(frozen=True)
class Applied:
    """outputs = activation(inputs), by its name in activations.NAMED; never "linear"."""

    activation: str


Step = Scaling | Product | Applied


def steps(network: Network) -> tuple[Step, ...]:
    """The steps of a network, in order; raises UsageError for an activation without a name, which no file can hold."""
    return tuple(_steps(network))


def folded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same with every scaling that a product follows taken into its kernel and bias: as near as float32 is."""
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else None
        if isinstance(step, Product) and isinstance(last, Scaling):
            found[-1] = _scaled(last, step)
        else:
            found.append(step)
    return tuple(found)


def _steps(network: Network) -> Iterator[Step]:
    weights = iter(network.weights)
    for number, layer in enumerate(network.layers):
        if isinstance(layer, Rescaling):
            yield Scaling(np.array([layer.scale], np.float32), np.array([layer.offset], np.float32))
        elif isinstance(layer, Dense):
            kernel = next(weights)
            yield Product(kernel, next(weights) if layer.use_bias else np.zeros(layer.units, np.float32))
            yield from _applied(layer, number)


def _applied(layer: Dense, number: int) -> Iterator[Applied]:
    if not isinstance(layer.activation, str):
        raise UsageError(
            f"layer {number}: its activation, {shown(activations.label(layer.activation))}, is a function without a name",
            hint="a file holds no code: use an activation by name, for example 'relu'",
        )
    if layer.activation != "linear":
        yield Applied(layer.activation)


def _scaled(scaling: Scaling, product: Product) -> Product:
    kernel = product.kernel.astype(np.float64)
    factor, offset = (np.broadcast_to(a, len(kernel)).astype(np.float64) for a in (scaling.factor, scaling.offset))
    bias = product.bias + offset @ kernel
    return Product((factor[:, None] * kernel).astype(np.float32), bias.astype(np.float32))
