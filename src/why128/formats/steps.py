"""What a finished network does to an image, step by step, in as few kinds of steps as there can be: what every format writes.

An image enters as one row of numbers, on the network's own scale.  What only happens while learning is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Quantised:
    """outputs = inputs / scale + zero, rounded (halves go up) to a byte from 0 to 255."""

    scale: float
    zero: int


@dataclass(frozen=True, eq=False)
class IntegerProduct:
    """outputs = (bytes @ kernel) · scales + bias; the sums are whole numbers of 32 bits."""

    kernel: np.ndarray  # (inputs, units) int8
    scales: np.ndarray  # (units,) float32
    bias: np.ndarray  # (units,) float32


Step = (
    Scaling | Product | Applied | Quantised | IntegerProduct
)  # the last two where a network is quantised (quantised.py)


def steps(network: Network) -> tuple[Step, ...]:
    """The steps of a network, in order; raises UsageError for an activation without a name, which no file can hold."""
    return tuple(_steps(network))


def folded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same with every scaling that a product follows taken into its kernel and bias: as near as float32 is."""
    found: list[Step] = []
    for step in steps:
        while isinstance(step, Product) and found and isinstance(last := found[-1], Scaling):
            step = _scaled(last, step)
            found.pop()
        found.append(step)
    return tuple(found)


def outputs(step: Step, inputs: int) -> int:
    """How many numbers leave a step that `inputs` enter."""
    if isinstance(step, (Product, IntegerProduct)):
        return step.kernel.shape[1]
    return activations.outputs(step.activation, inputs) if isinstance(step, Applied) else inputs


def constants(steps: Iterable[Step]) -> int:
    """The bytes of all numbers that the steps hold in arrays."""
    return sum(value.nbytes for step in steps for value in vars(step).values() if isinstance(value, np.ndarray))


def rule(table: Mapping[Any, Any], key: Any, what: str) -> Any:
    """What a format's table has for a kind of step, or for an activation; raises UsageError where it has nothing."""
    if key not in table:
        named = f"the activation '{key}'" if isinstance(key, str) else f"the step {key.__name__}"
        raise UsageError(f"{what} cannot hold this network: {named} has no form there", hint="choose another format")
    return table[key]


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
