"""A network taken apart at its layers of neurons, and put together again with some of the neurons only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from why128 import activations
from why128.errors import UsageError
from why128.formats.steps import Applied, Product, Standardised, Step, steps
from why128.layers import Dense, Layer, Normalization, Reshape
from why128.network import Network, layer_weights

GLU = "glu"  # two units make one neuron of it


@dataclass(frozen=True, eq=False)
class Part:
    """One layer of neurons: the product that gives their sums, and what becomes of these before the next layer."""

    product: Product
    after: tuple[Step, ...]

    @property
    def outputs(self) -> int:
        """How many neurons it has: what enters the next layer."""
        halved = any(isinstance(step, Applied) and step.activation == GLU for step in self.after)
        return self.product.kernel.shape[1] // (2 if halved else 1)

    @property
    def alone(self) -> bool:
        """Whether each neuron's activity comes from its own sum, and from no other's."""
        return not any(
            isinstance(step, Standardised) or (isinstance(step, Applied) and step.activation in activations.ACROSS)
            for step in self.after
        )


@dataclass(frozen=True, eq=False)
class Parts:
    """What a network does: to an image before its first layer of neurons, and then layer by layer, the output's last."""

    before: tuple[Step, ...]
    layers: tuple[Part, ...]

    @classmethod
    def of(cls, network: Network) -> Parts:
        """Raises UsageError for an activation without a name."""
        found = steps(network)
        places = [place for place, step in enumerate(found) if isinstance(step, Product)]
        layers = []
        for place, end in zip(places, [*places[1:], len(found)], strict=True):
            product = found[place]
            assert isinstance(product, Product)
            layers.append(Part(product, found[place + 1 : end]))
        return cls(found[: places[0]], tuple(layers))

    @property
    def hidden(self) -> tuple[Part, ...]:
        """The layers whose neurons are asked about: all but the output's."""
        return self.layers[:-1]

    def rest(self, layer: int) -> tuple[Step, ...]:
        """All steps from the sums of the layer after hidden layer `layer` (0 is the first) to those of the output layer."""
        found: list[Step] = []
        for before, part in zip(self.layers[layer + 1 :], self.layers[layer + 2 :], strict=False):
            found += [*before.after, part.product]
        return tuple(found)


# ---------------------------------------------------------------- with some neurons only


def kept(network: Network, layer: int, neurons: Sequence[int] | np.ndarray) -> Network:
    """The network with only these neurons of its hidden layer `layer` (0 is the first), in this order.

    A number may stand more than once.  Raises UsageError where nothing would be left, or where numbers are laid out anew in between.
    """
    chosen = np.asarray(neurons, int)
    if not len(chosen):
        raise UsageError(
            "neurons: a layer keeps at least one", hint="to have none, leave the layer out and train again"
        )
    own = [list(weights) for weights in each_layer_s(network)]
    first, last = between(network, layer)
    layers = list(network.layers)
    dense = layers[first]
    assert isinstance(dense, Dense)
    units = units_of(chosen, dense.outputs, dense.units)
    layers[first] = replace(dense, units=len(units))
    own[first] = [weight[..., units] for weight in own[first]]
    for place in range(first + 1, last):
        layers[place], own[place] = _fewer(layers[place], own[place], chosen)
    own[last][0] = own[last][0][chosen]
    return replace(network, layers=tuple(layers), weights=tuple(weight for weights in own for weight in weights))


def units_of(neurons: np.ndarray, outputs: int, units: int) -> np.ndarray:
    """The units of a layer that make these of its neurons: of a glu two each, else one."""
    return neurons if units == outputs else np.concatenate([neurons, neurons + outputs])


def reweighted(network: Network, layer: int, kernel: np.ndarray, bias: np.ndarray) -> Network:
    """The network with another kernel (H, units) and bias (units,) after its hidden layer `layer`; one without a bias gets one."""
    _, place = between(network, layer)
    dense, own = network.layers[place], [list(weights) for weights in each_layer_s(network)]
    assert isinstance(dense, Dense)
    layers = (*network.layers[:place], replace(dense, use_bias=True), *network.layers[place + 1 :])
    own[place] = [kernel.astype(np.float32), bias.astype(np.float32)]
    return replace(network, layers=layers, weights=tuple(weight for weights in own for weight in weights))


def each_layer_s(network: Network) -> list[tuple[np.ndarray, ...]]:
    """Each layer's weights."""
    given = iter(network.weights)
    return [tuple(next(given) for _ in due) for _, due in layer_weights(network.layers)]


def between(network: Network, layer: int) -> tuple[int, int]:
    """The places of a hidden layer's Dense and of the next one among the network's layers."""
    places = [place for place, one in enumerate(network.layers) if isinstance(one, Dense)]
    return places[layer], places[layer + 1]


def _fewer(layer: Any, own: list[np.ndarray], chosen: np.ndarray) -> tuple[Layer, list[np.ndarray]]:
    if isinstance(layer, Reshape):
        raise UsageError("neurons: a Reshape between two layers of neurons fixes their number; expected none")
    if isinstance(layer, Normalization) and layer.adapted and len(layer.mean) > 1:
        mean, variance = (np.asarray(values)[chosen] for values in (layer.mean, layer.variance))
        layer = replace(layer, mean=mean, variance=variance)
    return layer, [weight[chosen] for weight in own]
