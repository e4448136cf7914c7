"""What every exporter gives: a file's bytes, what they need, and what they answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from why128.formats.steps import Step, constants, outputs
from why128.network import Network

FLOAT = 4  # bytes of a float32


@dataclass(frozen=True, eq=False)
class Exported:
    """A network in another format."""

    data: bytes  # the file
    constants: int  # bytes of its weights, as the file's reader or the compiled program holds them
    memory: int  # bytes of RAM that answering one image takes; what the caller holds, and a runtime's own, not counted
    pixels: int  # bytes of one image as the caller holds it
    answers: Callable[
        [np.ndarray], np.ndarray
    ]  # images (N, D) on the network's own scale to (N, C), as the file answers
    by: str  # who computed these answers


def names(network: Network) -> tuple[str, ...]:
    """A name for every class: their numbers, where they have none."""
    return network.classes or tuple(map(str, range(network.ladder.classes)))


def described(network: Network) -> dict[str, Any]:
    """What a file says beside its numbers: classes, the shape of an image, and how a picture is prepared."""
    return {
        "classes": list(names(network)),
        "input": list(network.input_shape),
        "mode": network.preparation.mode,
        "scale": list(network.preparation.scale),
    }


def floats(network: Network) -> int:
    """The bytes of one image as float32."""
    return FLOAT * math.prod(network.input_shape)


def loaded(network: Network, steps: Sequence[Step]) -> int:
    """The bytes of RAM where weights are loaded too: these, and the largest two neighbouring layers of activity."""
    sizes = [math.prod(network.input_shape)]
    for step in steps:
        sizes.append(outputs(step, sizes[-1]))
    return constants(steps) + FLOAT * max(map(sum, pairwise(sizes)))
