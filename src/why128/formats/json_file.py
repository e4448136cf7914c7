"""A network as JSON, for a browser: its steps in order, each with its numbers; a neuron's weights are one list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from why128.formats.exported import Exported, described, floats, loaded
from why128.formats.stepping import taken
from why128.formats.steps import Applied, Product, Scaling, Step, constants, folded, rule, steps
from why128.network import Network

WHAT = "JSON"
FORMAT = 1  # counted up where a reader of the former would go wrong


def exported(network: Network) -> Exported:
    """Raises UsageError for what has no form here."""
    own = folded(steps(network))
    document = {"format": FORMAT, **described(network), "steps": [rule(WRITERS, type(s), WHAT)(s) for s in own]}
    data = json.dumps(document, separators=(",", ":")).encode("ascii")
    read = tuple(READERS[step["step"]](step) for step in json.loads(data)["steps"])
    return Exported(
        data,
        constants(own),
        loaded(network, own),
        floats(network),
        lambda images: taken(read, images),
        "NumPy, from the file",
    )


def _numbers(array: np.ndarray) -> list:
    """Numbers as lists, with the nine digits that tell every float32 from the next."""
    if array.ndim > 1:
        return [_numbers(row) for row in array]
    return [float(f"{value:.9g}") for value in array.tolist()]


WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Product: lambda step: {"step": "product", "kernel": _numbers(step.kernel.T), "bias": _numbers(step.bias)},
    Scaling: lambda step: {"step": "scaling", "factor": _numbers(step.factor), "offset": _numbers(step.offset)},
    Applied: lambda step: {"step": "activation", "name": step.activation},
}

READERS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "product": lambda said: Product(np.array(said["kernel"], np.float32).T, np.array(said["bias"], np.float32)),
    "scaling": lambda said: Scaling(np.array(said["factor"], np.float32), np.array(said["offset"], np.float32)),
    "activation": lambda said: Applied(said["name"]),
}
