"""A network as NumPy's archive: `steps` names what is done in order, and each step's arrays carry its number."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from why128.formats.archive import packed
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

WHAT = "NPZ"


def exported(network: Network) -> Exported:
    """Raises UsageError for what has no form here."""
    own = folded(steps(network))
    arrays: dict[str, np.ndarray] = {key: np.array(value) for key, value in described(network).items()}
    words = []
    for number, step in enumerate(own):
        word, numbers = rule(WRITERS, type(step), WHAT)(step)
        words.append(word)
        arrays |= {f"{name}_{number}": array for name, array in numbers.items()}
    arrays["steps"] = np.array(words)
    data = packed({f"{name}.npy": _member(array) for name, array in arrays.items()})
    read = _read(data)
    return Exported(
        data,
        constants(own),
        loaded(network, own),
        floats(network),
        lambda images: taken(read, images),
        "NumPy, from the file",
    )


def _member(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def _read(data: bytes) -> tuple[Step, ...]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        words = arrays["steps"].tolist()
        return tuple(READERS.get(word, _activation)(arrays, number, word) for number, word in enumerate(words))


def _activation(arrays: Mapping[str, np.ndarray], number: int, word: str) -> Step:
    names = [name.removesuffix(f"_{number}") for name in arrays if name.endswith(f"_{number}")]
    return Bent(word, tuple((name, float(arrays[f"{name}_{number}"])) for name in names)) if names else Applied(word)


WRITERS: dict[type, Callable[[Any], tuple[str, dict[str, np.ndarray]]]] = {
    Product: lambda step: ("product", {"kernel": step.kernel, "bias": step.bias}),
    Scaling: lambda step: ("scaling", {"factor": step.factor, "offset": step.offset}),
    Applied: lambda step: (step.activation, {}),
    Bent: lambda step: (step.activation, {name: np.array(value) for name, value in step.parameters}),
    Sloped: lambda step: ("slope", {"alpha": step.alpha}),
    Standardised: lambda step: (
        "standardise",
        {"gamma": step.gamma, "beta": step.beta, "epsilon": np.array(step.epsilon)},
    ),
}

READERS: dict[str, Callable[[Mapping[str, np.ndarray], int, str], Step]] = {
    "product": lambda arrays, number, word: Product(arrays[f"kernel_{number}"], arrays[f"bias_{number}"]),
    "slope": lambda arrays, number, word: Sloped(arrays[f"alpha_{number}"]),
    "standardise": lambda arrays, number, word: Standardised(
        arrays[f"gamma_{number}"], arrays[f"beta_{number}"], float(arrays[f"epsilon_{number}"])
    ),
    "scaling": lambda arrays, number, word: Scaling(arrays[f"factor_{number}"], arrays[f"offset_{number}"]),
}
