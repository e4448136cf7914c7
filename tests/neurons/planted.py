"""Networks with neurons of known kinds, and images to see them by."""

import numpy as np

from why128.layers import Dense, Flatten, Input
from why128.network import Network, Preparation

SIDE, CLASSES = 6, 4
UNIT = Preparation(scale=(0.0, 1.0))


def images(count=600, seed=0, side=SIDE):
    """Images (N, side, side) of float32 in 0..1, and labels (N,)."""
    rng = np.random.default_rng(seed)
    return rng.random((count, side, side), np.float32), rng.integers(0, CLASSES, count)


def network(kernels, biases, activation="relu", last="softmax", **more):
    """A network of these weights: kernels (inputs, units), the output's last."""
    hidden = [Dense(kernel.shape[1], activation) for kernel in kernels[:-1]]
    layers = (Input((SIDE, SIDE)), Flatten(), *hidden, Dense(kernels[-1].shape[1], last))
    weights = [np.asarray(w, np.float32) for pair in zip(kernels, biases, strict=True) for w in pair]
    return Network(layers, tuple(weights), preparation=UNIT, **more)


def drawn(width=16, seed=1):
    """Weights of a network whose neurons are all of their own: each fires on some images and not on others."""
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 0.5, (SIDE * SIDE, width))
    bias = -kernel.sum(0) / 2  # at the middle of what images bring about
    return [kernel, rng.normal(0, 0.5, (width, CLASSES))], [bias, rng.normal(0, 0.1, CLASSES)]


DEAD, DOUBLED, SCALED, CONSTANT, ON, CANCELLED = 3, 5, 7, 9, 11, 13


def planted():
    """One with neurons made dead, doubled, scaled, constant, always on, and the twin of one with opposite outgoing weights."""
    (kernel, out), (bias, last) = drawn()
    kernel[:, DEAD], bias[DEAD] = -np.abs(kernel[:, DEAD]), -1.0
    kernel[:, DOUBLED], bias[DOUBLED] = kernel[:, 0], bias[0]
    kernel[:, SCALED], bias[SCALED] = 3 * kernel[:, 1], 3 * bias[1]
    kernel[:, CONSTANT], bias[CONSTANT] = 0.0, 0.7
    kernel[:, ON], bias[ON] = np.abs(kernel[:, ON]), 1.0
    kernel[:, CANCELLED], bias[CANCELLED] = kernel[:, 2], bias[2]
    out[CANCELLED] = -out[2]
    return network([kernel, out], [bias, last])
