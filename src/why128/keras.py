"""`tf.keras.…` for `import why128 as tf`: the textbook's longer spellings, each the same thing as its short one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from why128 import callbacks, constraints, initializers, layers, losses, metrics, regularizers, schedules
from why128 import nn as activations
from why128 import optimizers as words
from why128.asking import load_model
from why128.data.source import open_data
from why128.layers import Input
from why128.sequential import Sequential

_OPTIMIZERS = [kind.__name__ for kind in words.NAMED.values()]
Arrays = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class KnownData:
    """`tf.keras.datasets.fashion_mnist`."""

    def __init__(self, name: str):
        self.name = name

    def load_data(self) -> Arrays:
        """((images, labels), (test images, test labels)): bytes (N, height, width) and whole numbers (N,)."""
        data = open_data(self.name)
        assert data.test is not None
        return (data.train.pixels[..., 0], data.train.labels), (data.test.pixels[..., 0], data.test.labels)


models = SimpleNamespace(Sequential=Sequential, load_model=load_model)
optimizers = SimpleNamespace(**{name: getattr(words, name) for name in _OPTIMIZERS}, schedules=schedules)
datasets = SimpleNamespace(
    mnist=KnownData("mnist"), fashion_mnist=KnownData("fashion-mnist"), kmnist=KnownData("kmnist")
)

__all__ = [
    "Input",
    "Sequential",
    "activations",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
]
