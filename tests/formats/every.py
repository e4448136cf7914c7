"""Networks that every exporter must be able to write, and images for them."""

from __future__ import annotations

import numpy as np

from tests.formats.networks import EVERY_KIND, build
from why128.activations import NAMED
from why128.layers import (
    ELU,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    LayerNormalization,
    LeakyReLU,
    Normalization,
    PReLU,
    ReLU,
    Rescaling,
    Softmax,
)  # fmt: skip
from why128.network import Network, Preparation

NEAR = 1e-5  # what is promised of every probability
SIZE = (4, 5)
BYTES = Preparation("gray", (0.0, 255.0))
UNIT = Preparation("gray", (0.0, 1.0))

NAMES = ('a "quoted" name', "back\\slash", "Stiefel ß", "what??/now??=", "{braces} %s\n", "靴 👟")
START = (Input(SIZE), Flatten(), Rescaling(1 / 255))


def shaped(*layers, preparation=BYTES, classes=()) -> Network:
    return build(tuple(layers), preparation=preparation, classes=classes)


NETWORKS = {
    "every kind of layer": shaped(*EVERY_KIND),
    "no hidden layer": shaped(*START, Dense(3, "softmax")),
    "three hidden layers": shaped(*START, Dense(7, "relu"), Dense(9, "tanh"), Dense(8, "relu"), Dense(3, "softmax")),
    "no bias": shaped(*START, Dense(7, "relu", use_bias=False), Dense(3, "softmax", use_bias=False)),
    "plain sums": shaped(*START, Dense(6, "relu"), Dense(3)),
    "one class": shaped(*START, Dense(6, "relu"), Dense(1, "sigmoid")),
    "colours": shaped(
        Input((4, 5, 3)), Rescaling(1 / 127.5, -1.0), Flatten(), Dense(6, "relu"), Dense(3, "softmax"),
        preparation=Preparation("rgb", (0.0, 255.0)),
    ),
    "scaled twice, and in the middle": shaped(
        *START, Rescaling(2.0, -1.0), Dense(5, "relu"), Dropout(0.5), Rescaling(0.5, 0.25), Dense(3, "softmax")
    ),
    "batches, and slopes of their own": shaped(
        *START, Dense(6, use_bias=False), BatchNormalization(), PReLU(), Dense(5, "tanh"), LayerNormalization(), Dense(3, "softmax")
    ),
    "activations with parameters": shaped(
        *START, Dense(6), LeakyReLU(0.1), Dense(6, ELU(0.5)), Dense(6), ReLU(0.9, 0.1, 0.2), Dense(6, ReLU(threshold=0.1)),
        Dense(3), Softmax(),
    ),
    "pixels of mean 0": shaped(
        Input(SIZE), Normalization(mean=np.linspace(90, 120, 5), variance=np.linspace(3000, 4000, 5)), Flatten(),
        LayerNormalization(center=False), Dense(6, "relu"), Activation("tanh"), Dense(3, "softmax"),
    ),
    "0 to 1": shaped(Input(SIZE), Flatten(), Dense(6, "relu"), Dense(3, "softmax"), preparation=UNIT),
    "glu at the end": shaped(*START, Dense(6, "relu"), Dense(6, "glu")),
    "names of all kinds": shaped(*START, Dense(4, "relu"), Dense(6, "softmax"), classes=NAMES),
} | {
    f"{name} twice": shaped(*START, Dense(6, name), Dense(4, name)) for name in sorted(NAMED)
}  # fmt: skip


def images(network: Network, count: int = 50) -> np.ndarray:
    """Images (N, D) on the network's own scale, float32; bytes are whole numbers.  One is black, one white."""
    rng, (black, white) = np.random.default_rng(3), network.preparation.scale
    found = rng.integers(0, 256, (count, int(np.prod(network.input_shape)))).astype(np.float32)
    found[0], found[1] = 0.0, 255.0
    return found if white == 255.0 else (black + found * ((white - black) / 255)).astype(np.float32)
