"""Small networks, data and cohorts that several tests use."""

import contextlib

import jax
import numpy as np

from why128 import losses, optimizers
from why128.engine import Cohort, Data
from why128.ladder import Ladder
from why128.layers import Dense, Flatten, Input, Rescaling

SIDE, CLASSES = 8, 4


def layers(*widths, activation="relu", side=SIDE, classes=CLASSES):
    """The textbook's network with these hidden layers, taking bytes."""
    hidden = (Dense(w, activation) for w in widths)
    return (Input((side, side)), Rescaling(1 / 255), Flatten(), *hidden, Dense(classes, "softmax"))


def ladder(*candidates):
    """A ladder of candidates, each a tuple of widths."""
    return Ladder.of([layers(*widths) for widths in candidates])


def pictures(count=300, side=SIDE, classes=CLASSES, seed=0):
    """Pictures (N, side, side) of bytes that can be told apart, but not perfectly, and labels (N,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    centres = np.random.default_rng(99).integers(0, 256, (classes, side, side))
    return np.clip(centres[labels] + rng.normal(0, 120, (count, side, side)), 0, 255).astype(np.uint8), labels


def data(count=300, **kwargs):
    images, labels = pictures(count, **kwargs)
    return Data.of(images.reshape(count, -1), labels)


def cohort(own, optimizer=None, batch_size=32):
    return Cohort(own, optimizer or optimizers.Adam(), losses.SparseCategoricalCrossentropy(), batch_size)


@contextlib.contextmanager
def keras_ways():
    """Keras counts on promotions that our own code must not use (conftest.py)."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
