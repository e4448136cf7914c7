"""Networks of every kind of layer, to be written."""

from __future__ import annotations

from typing import Any

import numpy as np

from why128.layers import Dense, Dropout, Flatten, Input, Layer, Rescaling
from why128.network import Network, layer_weights

EVERY_KIND: tuple[Layer, ...] = (
    Input((4, 5), name="pixels"),
    Rescaling(1 / 255, name="to_unit"),
    Flatten(),
    Dense(6, "relu", name="hidden"),
    Dropout(0.25),
    Dense(5, "tanh", use_bias=False, kernel_initializer="he_normal"),
    Dense(3, "softmax"),
)


def build(layers: tuple[Layer, ...] = EVERY_KIND, **more: Any) -> Network:
    """A network with weights that are all different."""
    rng = np.random.default_rng(7)
    due = [weight for _, own in layer_weights(layers) for weight in own]
    drawn = [rng.normal(0, 0.5, weight.shape).astype(np.float32) for weight in due]
    weights = tuple(
        np.abs(one) if weight.name == "moving_variance" else one for one, weight in zip(drawn, due, strict=True)
    )
    return Network(layers, weights, **more)
