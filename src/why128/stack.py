"""Layers in a row, and their weights: what can be added, removed, built, and taken as a network."""

from __future__ import annotations

import operator
import os
import secrets
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Self

import numpy as np

from why128 import summary
from why128.errors import UsageError, shown
from why128.formats import keras_config, keras_file, live_keras
from why128.ladder import Ladder
from why128.layers import Input, Layer, Shape, checked_shape, output_shape
from why128.network import Network, Preparation
from why128.recipe import Recipe

Batch = tuple[int | None, ...]  # the shape of a batch: how many, which may be open, and one's shape


class Stack:
    """What a `Sequential` holds before it learns; weights are drawn when they are first asked for."""

    def __init__(
        self,
        layers: Sequence[Layer | Stack] | None = None,
        name: str = "sequential",
        *,
        seed: int | None = None,
        replicate: int = 0,
    ):
        self.name, self.replicate = name, replicate
        self.seed = secrets.randbits(32) if seed is None else Recipe(seed=seed).seed
        self.classes: tuple[str, ...] = ()
        self.preparation = Preparation(scale=(0.0, 1.0))
        self.about: dict[str, Any] = {}
        self._layers: tuple[Layer, ...] = ()
        self._weights: tuple[np.ndarray, ...] | None = None
        self._kept: tuple[np.ndarray, ...] = ()  # of the layers that were there before others were added or removed
        self._made: tuple[tuple, Network] | None = None  # the last one, and what it is made of
        if not isinstance(layers, (list, tuple, type(None))):
            raise UsageError(
                f"Sequential: expected a list of layers, got {shown(repr(layers))}", hint="Sequential([...])"
            )
        for layer in layers or ():
            self.add(layer)

    @classmethod
    def of(cls, network: Network) -> Self:
        """A model that goes on from a finished network."""
        model = cls(network.layers)
        model._weights = network.weights
        model.classes, model.preparation, model.about = network.classes, network.preparation, dict(network.about)
        return model

    # ---------------------------------------------------------------- layers

    def add(self, layer: Layer | Stack) -> None:
        """Append a layer, or all of another model's with their weights as they are now.

        Raises UsageError for what is no layer, or does not fit what is there.
        """
        if isinstance(layer, Stack):
            for one in layer._layers:
                self.add(one)
            if layer.built and layer.layers:
                self._kept = (*self._kept, *layer.network.weights)
            return
        if not isinstance(layer, Layer):
            raise UsageError(
                f"Sequential: expected a layer, got {shown(repr(layer))}",
                hint="why128.layers has them: Flatten, Dense, Dropout, ...",
            )
        if isinstance(layer, Input) and self._layers:
            raise UsageError("Sequential: an Input must come first")
        first = getattr(layer, "input_shape", None)
        added = (layer,) if self._layers or first is None else (Input(first), layer)
        shape = self._leaving()
        for one in added if shape is None else (layer,):
            shape = one.shape if isinstance(one, Input) else shape and output_shape(one, shape)
        keras_config.names_of(self._layers + added)
        self._changed(self._layers + added)

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise UsageError("Sequential: there is no layer to remove")
        last = self._layers[-1]
        self._changed(self._layers[:-1])
        return last

    def build(self, input_shape: Batch | None = None) -> None:
        """Draw the initial weights, where there are none; `input_shape` is a batch's, (None, 28, 28), where no layer has said it.

        Raises UsageError for another shape than is known.
        """
        known, given = self._shape(), None if input_shape is None else tuple(input_shape[1:])
        if known and given and known != given:
            raise UsageError(f"Sequential: images of this model have the shape {known}, got {given}")
        if self._weights is not None:
            return
        if not known:
            if input_shape is None:
                raise UsageError(
                    "Sequential: the shape of an image is not known yet",
                    hint="give the first layer input_shape=(28, 28), or call fit first",
                )
            self._layers = (Input(checked_shape(given, "Sequential")), *self._layers)
        ladder = Ladder.of([self._layers])
        drawn = ladder.unpack(ladder.initial(self.seed, self.replicate))[0]
        same = takewhile(lambda pair: pair[0].shape == pair[1].shape, zip(self._kept, drawn, strict=False))
        kept = tuple(old for old, _ in same)
        self._weights = (*kept, *drawn[len(kept) :])

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, Input)]

    @property
    def built(self) -> bool:
        """Whether the shape of an image is known, from which weights follow."""
        return self._shape() is not None

    @property
    def input_shape(self) -> Batch | None:
        """The shape of a batch of images, (None, 28, 28); None while it is not known."""
        return _batch(self._shape())

    @property
    def output_shape(self) -> Batch | None:
        """The shape of the answers to a batch, (None, 10); None while it is not known."""
        return _batch(self._leaving())

    def compute_output_shape(self, input_shape: Batch) -> Batch:
        """The shape of the answers to a batch of this shape, (32, 28, 28): (32, 10)."""
        return (input_shape[0], *self._through(checked_shape(input_shape[1:], "Sequential")))

    # ---------------------------------------------------------------- weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order: kernel (inputs, units), bias (units,), layer by layer."""
        return [w.copy() for w in self.network.weights]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take these weights; raises UsageError where the shapes do not fit."""
        try:
            new = tuple(np.array(w, np.float32) for w in weights)
        except (TypeError, ValueError):
            raise UsageError("set_weights: expected a list of arrays of numbers, as get_weights gives it") from None
        Network(self.network.layers, new)
        self._weights = new

    def count_params(self) -> int:
        """How many numbers are learned: 101,770 for the textbook's network."""
        return self.network.parameters

    @property
    def network(self) -> Network:
        """The network as it stands, as one frozen value; the same one as before where nothing of it has changed."""
        self.build()
        assert self._weights is not None
        parts = (self._layers, self._weights, self.classes, self.preparation, self.about)
        if self._made is None or not all(map(operator.is_, self._made[0], parts)):
            self._made = parts, Network(*parts)
        return self._made[1]

    # ---------------------------------------------------------------- telling and keeping

    def summary(self) -> None:
        """Print the layers, the shapes that leave them, and how many numbers each learns."""
        print(summary.text(self.name, self._layers))

    def save(self, path: str | os.PathLike) -> None:
        """Write the network as a Keras file (`.keras`), with class names and preparation in it."""
        keras_file.save(self.network, path)

    def to_keras(self) -> Any:
        """The same network as a live model of Keras 3, which must be installed."""
        return live_keras.to_keras(self.network)

    # ---------------------------------------------------------------- within

    def _changed(self, layers: tuple[Layer, ...]) -> None:
        self._kept = self._weights or self._kept
        self._layers, self._weights = layers, None

    def _shape(self) -> Shape | None:
        """The shape of one image, where it is known."""
        return self._layers[0].shape if self._layers and isinstance(self._layers[0], Input) else None

    def _leaving(self) -> Shape | None:
        """The shape of one answer, where it is known."""
        shape = self._shape()
        return shape and self._through(shape)

    def _through(self, shape: Shape) -> Shape:
        for layer in self.layers:
            shape = output_shape(layer, shape)
        return shape


def _batch(shape: Shape | None) -> Batch | None:
    return None if shape is None else (None, *shape)
