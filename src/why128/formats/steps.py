"""What a finished network does to an image, step by step, in as few kinds of steps as there can be: what every format writes.

An image enters as one row of numbers, on the network's own scale.  What only happens while learning is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128 import activations
from why128.activations import Parametric
from why128.errors import UsageError, shown
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
    weights,
)
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
class Bent:
    """The same by an activation of activations.PARAMETRIC, with its parameters."""

    activation: str
    parameters: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Sloped:
    """outputs = max(inputs, 0) − alpha · max(−inputs, 0): a ReLU with a slope of its own below 0 for every neuron."""

    alpha: np.ndarray  # (n,) float32


@dataclass(frozen=True, eq=False)
class Standardised:
    """outputs = (inputs − their mean) / √(their variance + epsilon) · gamma + beta, over the numbers of one image."""

    gamma: np.ndarray  # (n,) float32
    beta: np.ndarray  # (n,) float32
    epsilon: float


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


# The last two where a network is quantised (quantised.py).
Step = Scaling | Product | Applied | Bent | Sloped | Standardised | Quantised | IntegerProduct


def steps(network: Network) -> tuple[Step, ...]:
    """The steps of a network, in order; raises UsageError for an activation without a name, which no file can hold."""
    return tuple(_steps(network))


def folded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same with every scaling beside a product taken into its kernel and bias: as near as float32 is."""
    found: list[Step] = []
    for step in steps:
        while isinstance(step, Product) and found and isinstance(last := found[-1], Scaling):
            step = _scaled_before(last, step)
            found.pop()
        if isinstance(step, Scaling) and found and isinstance(last := found[-1], Product):
            step = Product(last.kernel * step.factor, last.bias * step.factor + step.offset)
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
    ladder, given = network.ladder, iter(network.weights)
    size = ladder.inputs
    for layer in (*ladder.before, *ladder.chains[0].layers):
        own = [next(given) if weight.present else weight.absent for weight in weights(layer, (size,))]
        yield from TAKEN[type(layer)](layer, own)
        size = layer.outputs if isinstance(layer, Dense) else size


def _rescaling(layer: Rescaling, own: list[np.ndarray]) -> Iterator[Step]:
    yield Scaling(np.array([layer.scale], np.float32), np.array([layer.offset], np.float32))


def _normalization(layer: Normalization, own: list[np.ndarray]) -> Iterator[Step]:
    mean, deviation = layer.factors((len(layer.mean),))
    yield Scaling(deviation, mean) if layer.invert else Scaling(1 / deviation, -mean / deviation)


def _dense(layer: Dense, own: list[np.ndarray]) -> Iterator[Step]:
    yield Product(*own)
    yield from _applied(layer, own)


def _applied(layer: Dense | Activation, own: list[np.ndarray]) -> Iterator[Step]:
    bent = layer.activation
    if isinstance(bent, Parametric):
        yield Bent(bent.name, bent.parameters)
    elif not isinstance(bent, str):
        raise UsageError(
            f"an activation, {shown(activations.label(bent))}, is a function without a name",
            hint="a file holds no code: use an activation by name, for example 'relu'",
        )
    elif bent != "linear":
        yield Applied(bent)


def _learned_slope(layer: PReLU, own: list[np.ndarray]) -> Iterator[Step]:
    yield Sloped(own[0])


def _batch_normalization(layer: BatchNormalization, own: list[np.ndarray]) -> Iterator[Step]:
    gamma, beta, mean, variance = own
    factor = gamma / np.sqrt(variance + np.float32(layer.epsilon))
    yield Scaling(factor, beta - mean * factor)


def _layer_normalization(layer: LayerNormalization, own: list[np.ndarray]) -> Iterator[Step]:
    yield Standardised(own[0], own[1], layer.epsilon)


def _nothing(layer: Dropout | GaussianNoise, own: list[np.ndarray]) -> Iterator[Step]:
    yield from ()


TAKEN: dict[type, Callable[[Any, list[np.ndarray]], Iterator[Step]]] = {
    Rescaling: _rescaling,
    Normalization: _normalization,
    Dense: _dense,
    Activation: _applied,
    PReLU: _learned_slope,
    BatchNormalization: _batch_normalization,
    LayerNormalization: _layer_normalization,
    Dropout: _nothing,
    GaussianNoise: _nothing,
}


def _scaled_before(scaling: Scaling, product: Product) -> Product:
    kernel = product.kernel.astype(np.float64)
    factor, offset = (np.broadcast_to(a, len(kernel)).astype(np.float64) for a in (scaling.factor, scaling.offset))
    bias = product.bias + offset @ kernel
    return Product((factor[:, None] * kernel).astype(np.float32), bias.astype(np.float32))
