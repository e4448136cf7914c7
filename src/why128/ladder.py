"""The ladder's structure: what is trained together, and where each candidate's weights are among all.

A cohort is one replicate of the whole ladder.  All its candidates see the same images, so their first layers are one
wide product: `kernel (H, D) @ images.T (D, B)`, where the kernel's rows are every candidate's first neurons, one
candidate after the other.  From there each candidate goes on alone, on its own rows (forward.py), so that no number of one can touch
another's.  A single network is a ladder of one.

What the rows are: a candidate with one hidden layer owns its hidden neurons; softmax regression (width 0) owns its C
output neurons, which are its first layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from why128 import activations, drawing
from why128.addresses import draws
from why128.errors import UsageError
from why128.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Fixed,
    Flatten,
    GaussianNoise,
    Input,
    Layer,
    LayerNormalization,
    Normalization,
    PReLU,
    Rescaling,
    Reshape,
    Shape,
    Weight,
    output_shape,
    weights,
)

Array = Any
Cut = Callable[[Array, Sequence[slice]], Sequence[Array]]  # an array's parts along its first axis, which they fill
# What computes; Flatten and Reshape only say how numbers are laid out, and an activation after a Dense is that Dense's.
Computing = (
    Dense
    | Rescaling
    | Normalization
    | Activation
    | PReLU
    | BatchNormalization
    | LayerNormalization
    | Dropout
    | GaussianNoise
)


class Parameters(NamedTuple):
    """All weights of a cohort, in three arrays, so that an optimiser's step is three wide loops."""

    kernel: Array  # (H, D) the first layers, a row a neuron
    bias: Array  # (H,)
    rest: Array  # (P,) every other weight: candidate by candidate, layer by layer, a kernel as (units, inputs)


@dataclass(frozen=True)
class Chain:
    """One candidate's layers from its first Dense on; it begins and ends with one (the same, for width 0)."""

    layers: tuple[Computing, ...]

    @cached_property
    def dense(self) -> tuple[Dense, ...]:
        """The layers of neurons, the output layer last."""
        return tuple(layer for layer in self.layers if isinstance(layer, Dense))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The neurons of each: the candidate's address."""
        return tuple(layer.units for layer in self.dense)


@dataclass(frozen=True)
class Ladder:
    """What is trained together: `before`, done to every image, then one chain of layers a candidate.

    All chains end alike: in as many classes, by the same activation.
    """

    inputs: int  # D
    before: tuple[Computing, ...]
    chains: tuple[Chain, ...]

    def __post_init__(self):
        ends = {(chain.dense[-1].outputs, activations.label(chain.dense[-1].activation)) for chain in self.chains}
        if len(ends) != 1:
            raise UsageError(
                f"ladder: every network must end in as many classes, by the same activation, got {sorted(ends)}"
            )
        learned = next((layer for layer in self.before if weights(layer, (self.inputs,))), None)
        if learned is not None and len(self.chains) > 1:
            raise UsageError(
                f"ladder: {type(learned).__name__} before the first Dense cannot be shared by {len(self.chains)} networks",
                hint="put it after a Dense, or use Normalization, which is known beforehand",
            )

    @classmethod
    def of(cls, networks: Sequence[tuple[Layer, ...]]) -> Ladder:
        """The ladder of networks that prepare their images alike; raises UsageError where one cannot be trained here."""
        shape, before, _ = parted(networks[0])
        for other in networks[1:]:
            if parted(other)[:2] != (shape, before):
                raise UsageError(
                    "ladder: all networks must take the same images, prepared in the same way, before their first Dense"
                )
        return cls(math.prod(shape), before, tuple(parted(n)[2] for n in networks))

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """How many rows of the wide product belong to each candidate."""
        return tuple(chain.dense[0].units for chain in self.chains)

    @cached_property
    def classes(self) -> int:
        """The number of classes, C."""
        return self.chains[0].dense[-1].outputs

    @property
    def answer(self) -> activations.Activation:
        """The last activation, which turns scores into the answer."""
        return self.chains[0].dense[-1].activation

    @cached_property
    def weights(self) -> tuple[tuple[Weight, ...], ...]:
        """Each candidate's, in Keras's order, absent ones at their place."""
        return tuple(tuple(_weights((*self.before, *chain.layers), self.inputs)) for chain in self.chains)

    @cached_property
    def held_down(self) -> bool:
        """Whether a regulariser adds to any candidate's loss."""
        return any(weight.regularizer for own in self.weights for weight in own)

    @cached_property
    def first(self) -> int:
        """Where the first Dense's kernel is among a candidate's weights; its bias is next.  These two are the wide product's."""
        return sum(len(weights(layer, (self.inputs,))) for layer in self.before)

    @cached_property
    def later(self) -> tuple[tuple[Weight, ...], ...]:
        """Each candidate's other weights, which lie in `Parameters.rest`."""
        return tuple((*own[: self.first], *own[self.first + 2 :]) for own in self.weights)

    @cached_property
    def parts(self) -> tuple[int, ...]:
        """The sizes into which `Parameters.rest` is cut, a weight each."""
        return tuple(math.prod(weight.shape) for own in self.later for weight in own)

    @cached_property
    def cuts(self) -> tuple[slice, ...]:
        """Where each candidate's rows are among those of the wide product."""
        return tuple(slice(end - size, end) for size, end in zip(self.rows, accumulate(self.rows), strict=True))

    @cached_property
    def later_cuts(self) -> tuple[slice, ...]:
        """Where each part is in `Parameters.rest`."""
        return tuple(slice(end - size, end) for size, end in zip(self.parts, accumulate(self.parts), strict=True))

    # ---------------------------------------------------------------- weights in and out

    def initial(self, seed: int, replicate: int) -> Parameters:
        """Every candidate's initial weights, each drawn at its own address: the same alone or in company."""
        return self.pack(
            [_drawn(own, chain.sizes, seed, replicate) for own, chain in zip(self.weights, self.chains, strict=True)]
        )

    def pack(self, networks: Sequence[Sequence[np.ndarray]]) -> Parameters:
        """The weights of each candidate, in Keras's order and shapes, as one cohort's parameters (float32)."""
        each = []
        for own, given in zip(self.weights, networks, strict=True):
            left = iter(given)
            each.append([next(left) if weight.present else weight.absent for weight in own])
        return Parameters(*(np.ascontiguousarray(a, np.float32) for a in self.joined(np, each)))

    def unpack(self, parameters: Parameters) -> list[tuple[np.ndarray, ...]]:
        """The inverse of `pack`."""
        here = [np.asarray(array) for array in parameters]
        each = self.apart(lambda array, cuts: [array[own] for own in cuts], Parameters(*here))
        return [
            tuple(np.array(value, order="C") for weight, value in zip(own, values, strict=True) if weight.present)
            for own, values in zip(self.weights, each, strict=True)
        ]

    def apart(self, cut: Cut, parameters: Parameters) -> list[list[Array]]:
        """Each candidate's weights in Keras's shapes, absent ones at their place."""
        kernels, biases = cut(parameters.kernel, self.cuts), cut(parameters.bias, self.cuts)
        parts, networks = iter(cut(parameters.rest, self.later_cuts)), []
        for own, later, kernel, bias in zip(self.weights, self.later, kernels, biases, strict=True):
            laid = [next(parts) for _ in later]
            laid[self.first : self.first] = [kernel, bias]
            networks.append([_as_keras(weight, value) for weight, value in zip(own, laid, strict=True)])
        return networks

    def joined(self, xp: Any, networks: Sequence[Sequence[Array]]) -> Parameters:
        """The inverse of `apart`."""
        kernels, biases, rest = [], [], [np.zeros(0, np.float32)]
        for own, given in zip(self.weights, networks, strict=True):
            laid = [value.T if weight.name == "kernel" else value for weight, value in zip(own, given, strict=True)]
            kernels.append(laid.pop(self.first))
            biases.append(laid.pop(self.first))
            rest += [value.ravel() for value in laid]
        return Parameters(*(xp.concatenate(arrays) for arrays in (kernels, biases, rest)))

    def scatter(self, values: Sequence[float]) -> Parameters:
        """One number a candidate, spread over its parameters; 0 for what is absent or not learned (float32).

        The learning rates of a cohort are such a spread: a rate of 0 keeps an absent bias at its initial 0.
        """
        kernel = np.repeat(np.asarray(values, np.float32), self.rows)  # (H,)
        use = np.repeat([own[self.first + 1].present for own in self.weights], self.rows)  # (H,)
        rest = [np.zeros(0, np.float32)]
        for value, later in zip(values, self.later, strict=True):
            rest += [np.full(math.prod(w.shape), value * (w.present and w.learned), np.float32) for w in later]
        return Parameters(kernel[:, None], kernel * use, np.concatenate(rest))


def parted(layers: tuple[Layer, ...]) -> tuple[Shape, tuple[Computing, ...], Chain]:
    """A network's image shape, what it does to an image before its first Dense, and its chain from there on.

    Raises UsageError for a network without an input shape, without a Dense, or that does not end in one.
    """
    if not layers or not isinstance(layers[0], Input):
        raise UsageError(
            "network: expected an Input first, so that the shape of an image is known",
            hint="give the first layer input_shape=(28, 28)",
        )
    computing = tuple(_computing(layers))
    first = next((i for i, layer in enumerate(computing) if isinstance(layer, Dense)), None)
    if first is None or not isinstance(computing[-1], Dense):
        raise UsageError(
            "network: the last layer must be a Dense with one neuron a class",
            hint="for example Dense(10, activation='softmax')",
        )
    return layers[0].shape, computing[:first], Chain(computing[first:])


def _computing(layers: tuple[Layer, ...]) -> Iterator[Computing]:
    """What computes, by what it computes: names, and what a layer was told of its input, make no other program."""
    shape: Shape = ()
    last: Dense | None = None
    for layer in layers:
        entering, shape = shape, output_shape(layer, layer.shape if isinstance(layer, Input) else shape)
        if isinstance(layer, (Input, Flatten, Reshape)):
            continue
        if last is not None:
            bent = isinstance(layer, Fixed) and last.activation == "linear"
            yield replace(last, activation=layer.function) if bent and isinstance(layer, Fixed) else last
            last = None
            if bent:
                continue
        weights(layer, entering)  # refuses a shape that it cannot take
        if isinstance(layer, Dense):
            last = replace(layer, name=None, input_shape=None)
        else:
            yield _plain(layer, entering)
    if last is not None:
        yield last


def _plain(layer: Any, shape: Shape) -> Any:
    if isinstance(layer, Fixed):
        return Activation(layer.function)
    if isinstance(layer, Normalization):
        if not layer.adapted:  # it is refused where it is to compute
            return Normalization(invert=layer.invert)
        mean, deviation = layer.factors(shape)
        return Normalization(mean=mean, variance=deviation**2, invert=layer.invert)
    return replace(layer, name=None, input_shape=None)


def _weights(layers: Sequence[Computing], inputs: int) -> Iterator[Weight]:
    shape: Shape = (inputs,)
    for layer in layers:
        yield from weights(layer, shape)
        shape = (layer.outputs,) if isinstance(layer, Dense) else shape


def _as_keras(weight: Weight, laid: Array) -> Array:
    """A weight in Keras's shape, from its numbers in a row or a row a neuron."""
    return laid.reshape(weight.shape[::-1]).T if weight.name == "kernel" else laid.reshape(weight.shape)


def _drawn(own: Sequence[Weight], sizes: tuple[int, ...], seed: int, replicate: int) -> list[np.ndarray]:
    """One candidate's initial weights, in Keras's order and shapes.

    The candidate's address is the sizes of its layers, so activations and learning rates are compared from equal starts.
    """
    found, number, rng = [], -1, None
    for place, weight in enumerate(own):
        if weight.name == "kernel":
            number += 1
            rng = draws(seed, "weights", replicate=replicate, candidate=sizes, layer=number)
        elif weight.name != "bias":  # which follows its kernel
            rng = draws(seed, weight.name, replicate=replicate, candidate=sizes, layer=place)
        if weight.present:
            assert rng is not None
            found.append(drawing.draw(weight.initializer, rng, weight.shape))
    return found
