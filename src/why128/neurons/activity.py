"""What every hidden neuron does on every image: one pass, from which all else follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from why128.errors import InputRefused
from why128.formats.stepping import one, taken
from why128.formats.steps import Applied, Bent, Sloped, Step
from why128.network import AT_ONCE, Network, flat_images
from why128.neurons.parts import GLU, Parts

BENDING = Applied | Bent | Sloped
MOST_NEURONS = 4096  # of a layer: what compares all with all takes a gigabyte then
MOST_BYTES = 1 << 30  # of the activity of all layers


def enough(network: Network, most: int) -> int:
    """On how many images a network's neurons can be looked at, `most` at most: their activity takes 8 bytes an image and neuron.

    Raises InputRefused for a layer of more than MOST_NEURONS.
    """
    if max(network.width, default=0) > MOST_NEURONS:
        raise InputRefused(
            f"neurons: expected at most {MOST_NEURONS:,} in a layer, got {max(network.width):,}",
            hint="why128 study says how many of them are needed",
        )
    return min(most, MOST_BYTES // (8 * max(1, sum(network.width))))


@dataclass(frozen=True, eq=False)
class Activity:
    """Of one hidden layer, on N images."""

    driven: np.ndarray  # (N, H) float32: what enters each neuron's activation; it fires where that is above 0
    given: np.ndarray  # (N, H) float32: what each gives to the next layer
    sums: np.ndarray | None  # (N, units) float32, where a neuron's activity comes from others' sums, too


@dataclass(frozen=True, eq=False)
class Seen:
    """A network on N images."""

    network: Network
    parts: Parts
    layers: tuple[Activity, ...]  # the hidden ones
    sums: np.ndarray  # (N, C): those of the output layer, before its activation


def seen(network: Network, images: np.ndarray) -> Seen:
    """What a network does on images (N, ...), on its own scale.  Raises InputRefused for another shape.

    Takes 8 bytes an image and neuron.
    """
    parts = Parts.of(network)
    flat = flat_images(images, network.input_shape)
    found = [_pass(parts, flat[i : i + AT_ONCE].astype(np.float32)) for i in range(0, len(flat), AT_ONCE)]
    layers = []
    for number, part in enumerate(parts.hidden):
        driven, given, sums = ([own[number][place] for own, _ in found] for place in range(3))
        whole = None if part.alone else np.concatenate(sums)
        layers.append(Activity(np.concatenate(driven), np.concatenate(given), whole))
    return Seen(network, parts, tuple(layers), np.concatenate([last for _, last in found]))


def _pass(parts: Parts, x: np.ndarray) -> tuple[list[tuple[np.ndarray, np.ndarray, np.ndarray]], np.ndarray]:
    """Of each hidden layer what drives it, what it gives, and its sums; then the output's sums."""
    x, found = taken(parts.before, x), []
    for part in parts.hidden:
        sums = one(part.product, x)
        driven, x = _driven(part.after, sums)
        found.append((driven, x, sums))
    return found, one(parts.layers[-1].product, x)


def _driven(after: tuple[Step, ...], sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What enters the last activation among the steps, and what leaves them all."""
    bending = [place for place, step in enumerate(after) if isinstance(step, BENDING)]
    place = bending[-1] if bending else len(after)
    driven = taken(after[:place], sums)
    given = taken(after[place:], driven)
    step = after[place] if bending else None
    if isinstance(step, Applied) and step.activation == GLU:
        driven = driven[:, driven.shape[1] // 2 :]  # what opens its gate
    return driven, given
