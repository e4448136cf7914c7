"""why128: how many neurons are enough, answered with evidence.

Everything public is listed here, once, and imported when it is first asked for: `import why128` itself is quick.

>>> import why128 as tf
>>> model = tf.Sequential([tf.Flatten(input_shape=(28, 28)), tf.Dense(128, tf.nn.relu), tf.Dense(10, tf.nn.softmax)])
>>> model.count_params()
101770
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# name: where it lives
_PUBLIC = {
    "Activation": "why128.layers",
    "Answer": "why128.report.answer",
    "BatchNormalization": "why128.layers",
    "Budget": "why128.studies.budget",
    "Candidate": "why128.studies.candidate",
    "DataWarning": "why128.errors",
    "Dataset": "why128.data.images",
    "Dense": "why128.layers",
    "Dropout": "why128.layers",
    "ELU": "why128.layers",
    "Flatten": "why128.layers",
    "GaussianNoise": "why128.layers",
    "Input": "why128.layers",
    "InputRefused": "why128.errors",
    "LayerNormalization": "why128.layers",
    "LeakyReLU": "why128.layers",
    "Network": "why128.network",
    "Normalization": "why128.layers",
    "PReLU": "why128.layers",
    "Plan": "why128.studies.plan",
    "ReLU": "why128.layers",
    "Recipe": "why128.recipe",
    "Rescaling": "why128.layers",
    "Reshape": "why128.layers",
    "Sequential": "why128.sequential",
    "Setting": "why128.studies.candidate",
    "Softmax": "why128.layers",
    "SurroundingsError": "why128.errors",
    "Until": "why128.studies.until",
    "UsageError": "why128.errors",
    "Why128Error": "why128.errors",
    "export": "why128.asking",
    "from_keras": "why128.asking",
    "grow": "why128.asking",
    "load": "why128.asking",
    "load_data": "why128.asking",
    "load_model": "why128.asking",
    "load_study": "why128.asking",
    "shrink": "why128.asking",
    "study": "why128.asking",
}

# modules that are public as they are
_MODULES = (
    "activations", "callbacks", "constraints", "initializers", "keras", "layers", "losses", "metrics", "nn", "optimizers",
    "regularizers", "schedules",
)  # fmt: skip

__all__ = ["__version__", *_PUBLIC, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"why128.{name}")
    raise AttributeError(f"module 'why128' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
