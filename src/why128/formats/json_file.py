"""A network as JSON, for a browser: its steps in order, each with its numbers; a neuron's weights are one list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from why128.formats.exported import Exported, described, floats, loaded
from why128.formats.stepping import taken
from why128.formats.steps import (
    Applied,
    Bent,
    Product,
    Scaling,
    Sloped,
    Standardised,
    Step,
    constants,
    folded,
    rule,
    steps,
)
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


def _finite(parameters: tuple[tuple[str, float], ...]) -> dict[str, float | None]:
    """What JSON can say: no bound is null."""
    return {name: None if value == float("inf") else value for name, value in parameters}


def _activation(said: dict[str, Any]) -> Step:
    if "parameters" not in said:
        return Applied(said["name"])
    given = said["parameters"].items()
    return Bent(said["name"], tuple((name, float("inf") if value is None else value) for name, value in given))


WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Product: lambda step: {"step": "product", "kernel": _numbers(step.kernel.T), "bias": _numbers(step.bias)},
    Scaling: lambda step: {"step": "scaling", "factor": _numbers(step.factor), "offset": _numbers(step.offset)},
    Applied: lambda step: {"step": "activation", "name": step.activation},
    Bent: lambda step: {"step": "activation", "name": step.activation, "parameters": _finite(step.parameters)},
    Sloped: lambda step: {"step": "slope", "alpha": _numbers(step.alpha)},
    Standardised: lambda step: {
        "step": "standardise",
        "gamma": _numbers(step.gamma),
        "beta": _numbers(step.beta),
        "epsilon": step.epsilon,
    },
}

READERS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "product": lambda said: Product(np.array(said["kernel"], np.float32).T, np.array(said["bias"], np.float32)),
    "scaling": lambda said: Scaling(np.array(said["factor"], np.float32), np.array(said["offset"], np.float32)),
    "activation": lambda said: _activation(said),
    "slope": lambda said: Sloped(np.array(said["alpha"], np.float32)),
    "standardise": lambda said: Standardised(
        np.array(said["gamma"], np.float32), np.array(said["beta"], np.float32), said["epsilon"]
    ),
}
