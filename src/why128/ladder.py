"""The ladder's structure and the one forward pass.

A cohort is one replicate of the whole ladder.  All its candidates see the same images, so their first layers are one
wide product: `kernel (H, D) @ images.T (D, B)`, where the kernel's rows are every candidate's first neurons, one
candidate after the other.  From there each candidate goes on alone, on its own rows, so that no number of one can touch another's.  A
single network is a ladder of one.  The pass is written for NumPy and JAX alike (`xp`): what is trained is what serves.

Activity is neuron-major, a row a neuron: a candidate's rows then lie together, and so do its gradients.

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
from why128.layers import Dense, Dropout, Flatten, Input, Layer, Rescaling, Shape, output_shape, weight_shapes

Array = Any
Drop = Callable[[Dropout, Array, tuple[int, ...]], Array]  # (layer, activity, its address) -> activity


class Parameters(NamedTuple):
    """All weights of a cohort, in three arrays, so that an optimiser's step is three wide loops."""

    kernel: Array  # (H, D) the first layers, a row a neuron
    bias: Array  # (H,)
    rest: Array  # (P,) every later layer: candidate by candidate, layer by layer, kernel (units, inputs) then bias


@dataclass(frozen=True)
class Chain:
    """One candidate's layers from its first Dense on; it begins and ends with one (the same, for width 0)."""

    layers: tuple[Dense | Dropout | Rescaling, ...]

    @cached_property
    def dense(self) -> tuple[Dense, ...]:
        """The layers of neurons, the output layer last."""
        return tuple(layer for layer in self.layers if isinstance(layer, Dense))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The neurons of each: the candidate's address."""
        return tuple(layer.units for layer in self.dense)

    @cached_property
    def later(self) -> tuple[tuple[Dense, int], ...]:
        """The Dense layers after the first, each with the number of its inputs."""
        return tuple((layer, before.outputs) for before, layer in zip(self.dense, self.dense[1:], strict=False))


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


def keep(layer: Dropout, activity: Array, address: tuple[int, ...]) -> Array:
    """What dropout does outside training: nothing."""
    return activity


@dataclass(frozen=True)
class Ladder:
    """What is trained together: `before`, done to every image, then one chain of layers a candidate.

    All chains end alike: in as many classes, by the same activation.
    """

    inputs: int  # D
    before: tuple[Rescaling | Dropout, ...]
    chains: tuple[Chain, ...]

    def __post_init__(self):
        ends = {(chain.dense[-1].outputs, activations.label(chain.dense[-1].activation)) for chain in self.chains}
        if len(ends) != 1:
            raise UsageError(
                f"ladder: every network must end in as many classes, by the same activation, got {sorted(ends)}"
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
    def parts(self) -> tuple[int, ...]:
        """The sizes into which `Parameters.rest` is cut: each later layer's kernel, then its bias."""
        pairs = ((layer.units * inputs, layer.units) for chain in self.chains for layer, inputs in chain.later)
        return tuple(size for pair in pairs for size in pair)

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
        return self.pack([initial_weights(self.inputs, chain, seed, replicate) for chain in self.chains])

    def pack(self, networks: Sequence[Sequence[np.ndarray]]) -> Parameters:
        """The weights of each candidate, in Keras's order and shapes, as one cohort's parameters (float32)."""
        kernels, biases, rest = [], [], [np.zeros(0, np.float32)]
        for chain, weights in zip(self.chains, networks, strict=True):
            left = iter(weights)
            for i, layer in enumerate(chain.dense):
                kernel = next(left).T  # (units, inputs)
                bias = next(left) if layer.use_bias else np.zeros(layer.units, np.float32)
                if i == 0:
                    kernels.append(kernel)
                    biases.append(bias)
                else:
                    rest += [kernel.ravel(), bias]
        return Parameters(*(np.ascontiguousarray(np.concatenate(a), np.float32) for a in (kernels, biases, rest)))

    def unpack(self, parameters: Parameters) -> list[tuple[np.ndarray, ...]]:
        """The inverse of `pack`."""
        kernel, bias, rest = (np.asarray(a) for a in parameters)
        ends, parts = np.cumsum(self.rows)[:-1], iter(np.split(rest, np.cumsum(self.parts)[:-1]))
        networks = []
        for chain, w, b in zip(self.chains, np.split(kernel, ends), np.split(bias, ends), strict=True):
            weights = [w.T, b][: 2 if chain.dense[0].use_bias else 1]
            for layer, inputs in chain.later:
                later = [next(parts).reshape(layer.units, inputs).T, next(parts)]
                weights += later[: 2 if layer.use_bias else 1]
            networks.append(tuple(np.array(a, order="C") for a in weights))
        return networks

    def scatter(self, values: Sequence[float]) -> Parameters:
        """One number a candidate, spread over its parameters; 0 for a bias that a layer does not have (float32).

        The learning rates of a cohort are such a spread: a rate of 0 keeps an absent bias at its initial 0.
        """
        kernel = np.repeat(np.asarray(values, np.float32), self.rows)  # (H,)
        use = np.repeat([chain.dense[0].use_bias for chain in self.chains], self.rows)  # (H,)
        rest = [np.zeros(0, np.float32)]
        for chain, value in zip(self.chains, values, strict=True):
            for layer, inputs in chain.later:
                rest += [np.full(layer.units * inputs, value), np.full(layer.units, value * layer.use_bias)]
        return Parameters(kernel[:, None], kernel * use, np.concatenate(rest).astype(np.float32))


def parted(layers: tuple[Layer, ...]) -> tuple[Shape, tuple[Rescaling | Dropout, ...], Chain]:
    """A network's image shape, what it does to an image before its first Dense, and its chain from there on.

    Raises UsageError for a network without an input shape, without a Dense, or that does not end in one.
    """
    if not layers or not isinstance(layers[0], Input):
        raise UsageError(
            "network: expected an Input first, so that the shape of an image is known",
            hint="give the first layer input_shape=(28, 28)",
        )
    shape = layers[0].shape
    for layer in layers[1:]:
        shape = output_shape(layer, shape)
    first = next((i for i, layer in enumerate(layers) if isinstance(layer, Dense)), None)
    if first is None or not isinstance(layers[-1], Dense):
        raise UsageError(
            "network: the last layer must be a Dense with one neuron a class",
            hint="for example Dense(10, activation='softmax')",
        )
    before = tuple(_nameless(layer) for layer in layers[1:first] if not isinstance(layer, Flatten))
    chain = Chain(tuple(_nameless(layer) for layer in layers[first:] if not isinstance(layer, Flatten)))
    return layers[0].shape, before, chain


def _nameless(layer: Any) -> Any:
    """The layer by what it computes: what it is called, and what it was told of its input, make no other program."""
    return replace(layer, name=None, **({"input_shape": None} if hasattr(layer, "input_shape") else {}))


def initial_weights(inputs: int, chain: Chain, seed: int, replicate: int) -> tuple[np.ndarray, ...]:
    """One candidate's initial weights, in Keras's order and shapes.

    The candidate's address is the sizes of its layers, so activations and learning rates are compared from equal starts.
    """
    weights: list[np.ndarray] = []
    shape: Shape = (inputs,)
    for number, layer in enumerate(chain.dense):
        rng = draws(seed, "weights", replicate=replicate, candidate=chain.sizes, layer=number)
        names = (layer.kernel_initializer, layer.bias_initializer)
        weights += [drawing.draw(name, rng, due) for name, due in zip(names, weight_shapes(layer, shape), strict=False)]
        shape = (layer.outputs,)
    return tuple(weights)


# -------------------------------------------------------------------- the forward pass


def scores(xp, ladder: Ladder, parameters: Parameters, images: Array, drop: Drop = keep) -> Array:
    """Every candidate's sums before its last activation.

    images (B, D), bytes or float32.  Returns (K, B, C).
    """
    x = images if xp is NUMPY else images.astype(np.float32)  # (B, D); NumPy casts bytes as it rescales them
    for i, layer in enumerate(ladder.before):
        x = _rescaled(layer, x) if isinstance(layer, Rescaling) else drop(layer, x, (i,))
    x = x.astype(np.float32, copy=False)
    wide = xp.wide(parameters.kernel, x)  # (H, B)
    wide += parameters.bias[:, None]
    rows, parts = xp.cut(wide, ladder.cuts), iter(xp.cut(parameters.rest, ladder.later_cuts))
    alone = [_after_first(xp, chain, own, parts, drop) for chain, own in zip(ladder.chains, rows, strict=True)]
    return xp.stack(alone).swapaxes(1, 2)


def _after_first(xp, chain: Chain, sums: Array, parts: Iterator[Array], drop: Drop) -> Array:
    """One candidate from its first layer's sums (units, B) to its last layer's (C, B)."""
    activation: activations.Activation | None = chain.dense[0].activation
    for i, layer in enumerate(chain.layers[1:]):
        if activation is not None:  # the sums of a Dense become its activity as soon as another layer asks for it
            sums, activation = _activity(xp, activation, sums), None
        if isinstance(layer, Dense):
            kernel, bias = next(parts), next(parts)
            sums = xp.product(kernel.reshape(layer.units, -1), sums)  # (units, B)
            sums += bias[:, None]
            activation = layer.activation
        elif isinstance(layer, Rescaling):
            sums = _rescaled(layer, sums)
        else:
            sums = drop(layer, sums, (*chain.sizes, i))
    return sums


def _rescaled(layer: Rescaling, x: Array) -> Array:
    """x · scale + offset, in float32 where x is bytes or float32; an offset of 0 is not gone through."""
    scaled = x * np.float32(layer.scale)
    return scaled + np.float32(layer.offset) if layer.offset else scaled


def _activity(xp, activation: activations.Activation, sums: Array) -> Array:
    """A layer's activity from its sums, (units, B) each: what looks at several neurons expects them last."""
    if activation in activations.ELEMENTWISE:
        return activations.apply(xp, activation, sums)
    return activations.apply(xp, activation, sums.T).T


def outputs(xp, ladder: Ladder, parameters: Parameters, images: Array) -> Array:
    """What every candidate answers, after its last activation: images (B, D) to (K, B, C)."""
    return activations.apply(xp, ladder.answer, scores(xp, ladder, parameters, images))


def choices(xp, ladder: Ladder, scores: Array) -> Array:
    """The class that each answer names, from scores (..., C) to (...): the softmax of a sum need not be taken for it."""
    rising = ladder.answer in ("softmax", "linear")
    return xp.argmax(scores if rising else activations.apply(xp, ladder.answer, scores), axis=-1)
