"""`tf.nn.relu` and its like: the activations as functions, for `import why128 as tf`.

Given to a layer, they are known by their name; called, they compute on NumPy arrays.
"""

from __future__ import annotations

from typing import Any

from why128 import activations
from why128.activations import Array


class Named:
    """One activation as a function."""

    def __init__(self, name: str):
        self.__name__, self.__qualname__ = name, name

    def __call__(self, x: Array) -> Array:
        from why128.forward import NUMPY  # NumPy is not needed to name an activation

        return activations.apply(NUMPY, self.__name__, NUMPY.asarray(x))

    def __repr__(self) -> str:
        return f"why128.nn.{self.__name__}"


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    known = activations.ALIASES.get(name, name)
    if known not in activations.NAMED:
        raise AttributeError(
            f"module 'why128.nn' has no activation '{name}'; known are {', '.join(sorted(activations.NAMED))}"
        )
    return Named(known)


def __dir__() -> list[str]:
    return sorted(activations.NAMED)
