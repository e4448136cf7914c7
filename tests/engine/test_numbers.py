"""Numbers against what we did not write: closed forms, finite differences, sixty lines of NumPy, and Keras itself."""

import jax
import keras
import numpy as np
import pytest

from tests import networks
from why128 import losses, optimizers
from why128.engine import Cohort, Data, Run, start, train
from why128.engine.arithmetic import JAX
from why128.engine.steps import _loss
from why128.forward import NUMPY, outputs, scores
from why128.ladder import Ladder, Parameters
from why128.layers import Dense, Flatten, Input
from why128.network import Network
from why128.sequential import Sequential

AS_KERAS = 1e-4  # of every weight after 200 steps: the bound


def test_a_network_worked_by_hand():
    """Two inputs, two ReLUs, two classes: sums (1·1+2·2, 1·(−1)+2·0+0.5) = (5, −0.5); activity (5, 0); scores (5·1+1, 5·(−1))."""
    layers = (Input((2,)), Dense(2, "relu"), Dense(2, "softmax"))
    weights = ([[1, -1], [2, 0]], [0, 0.5], [[1, -1], [3, 3]], [1, 0])
    network = Network(layers, tuple(np.array(w, np.float32) for w in weights))
    answer = network.outputs(np.array([[1.0, 2.0]], np.float32))
    assert answer[0] == pytest.approx([1 / (1 + np.exp(-11)), 1 / (1 + np.exp(11))], rel=1e-5)


def test_numpy_and_jax_take_the_same_forward_pass():
    own = networks.ladder((), (3,), (5, 4))
    parameters, images = own.initial(1, 0), networks.pictures(20)[0].reshape(20, -1)
    assert (
        np.abs(outputs(NUMPY, own, parameters, images) - np.asarray(outputs(JAX, own, parameters, images))).max() < 1e-6
    )


def test_gradients_against_finite_differences():
    """Central differences in float64 of the loss that NumPy computes, at every weight of two small candidates."""
    own = Ladder.of([networks.layers(*w, activation="tanh", side=3, classes=3) for w in ((), (3,), (4, 3))])
    images, labels = networks.pictures(6, side=3, classes=3)
    data = Data.of(images.reshape(6, -1), labels)
    cohort, parameters = networks.cohort(own, batch_size=6), own.initial(3, 0)
    key = jax.random.key(0)
    found, _ = jax.grad(_loss, argnums=2, has_aux=True)(
        JAX, cohort, parameters, data.all, np.arange(6, dtype=np.int32), key
    )
    found = Parameters(*map(np.asarray, found))

    def loss(moved):
        sums = scores(NUMPY, own, moved, images.reshape(6, -1))
        return losses.cross_entropy(NUMPY, sums.astype(np.float64), labels[None], "softmax", False).sum() / 6

    step = 1e-3
    for name, gradient in zip(Parameters._fields, found, strict=True):
        array = np.asarray(getattr(parameters, name), np.float64)
        for place in np.ndindex(array.shape):
            moved = []
            for sign in (1, -1):
                other = array.copy()
                other[place] += sign * step
                moved.append(loss(parameters._replace(**{name: other})))
            slope = (moved[0] - moved[1]) / (2 * step)
            assert float(gradient[place]) == pytest.approx(slope, abs=2e-4), (name, place)


class ByHand:
    """A second implementation: one hidden layer of ReLUs, softmax, SGD with momentum, in plain NumPy and float64."""

    def __init__(self, weights, rate, momentum):
        self.w = [np.array(w, np.float64) for w in weights]
        self.m = [np.zeros_like(w) for w in self.w]
        self.rate, self.momentum = rate, momentum

    def step(self, x, y):
        w1, b1, w2, b2 = self.w
        sums = x @ w1 + b1
        activity = np.maximum(sums, 0)
        z = activity @ w2 + b2
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        p /= len(y)
        back = (p @ w2.T) * (sums > 0)
        gradients = [x.T @ back, back.sum(0), activity.T @ p, p.sum(0)]
        for w, m, g in zip(self.w, self.m, gradients, strict=True):
            m *= self.momentum
            m -= self.rate * g
            w += m


def test_training_against_numpy():
    own = networks.ladder((6,))
    images, labels = networks.pictures(96)
    data, rows = Data.of(images.reshape(96, -1), labels), np.arange(96)
    cohort = networks.cohort(own, optimizers.SGD(0.1, momentum=0.9))
    *_, last = train(cohort, data, Run(rows, 10, 0, shuffle=False), start(cohort, own.initial(0, 0)))
    other = ByHand(own.unpack(own.initial(0, 0))[0], 0.1, 0.9)
    for _ in range(10):
        for i in range(0, 96, 32):
            other.step(images.reshape(96, -1)[i : i + 32] / 255.0, labels[i : i + 32])
    assert max(np.abs(a - b).max() for a, b in zip(own.unpack(last.state.parameters)[0], other.w, strict=True)) < 1e-5


OPTIMIZERS = {
    "sgd": (optimizers.SGD(0.05), lambda: keras.optimizers.SGD(0.05)),
    "momentum": (optimizers.SGD(0.02, 0.9), lambda: keras.optimizers.SGD(0.02, 0.9)),
    "nesterov": (optimizers.SGD(0.02, 0.9, True), lambda: keras.optimizers.SGD(0.02, 0.9, True)),
    "rmsprop": (optimizers.RMSprop(), lambda: keras.optimizers.RMSprop()),
    "rmsprop with momentum": (optimizers.RMSprop(momentum=0.5), lambda: keras.optimizers.RMSprop(momentum=0.5)),
    "adam": (optimizers.Adam(), lambda: keras.optimizers.Adam()),
    "adamw": (optimizers.AdamW(), lambda: keras.optimizers.AdamW()),
}


@pytest.mark.parametrize("hidden", [(12,), (12, 9)], ids=["one layer", "two layers"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_weight_after_200_steps_is_real_keras_s(name, hidden):
    images, labels = networks.pictures(256)
    x = images / np.float32(255)
    ours, theirs = OPTIMIZERS[name]
    model = Sequential([Flatten(input_shape=(8, 8)), *(Dense(w, "relu") for w in hidden), Dense(4, "softmax")], seed=3)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        real = keras.Sequential(
            [
                keras.layers.Input((8, 8)),
                keras.layers.Flatten(),
                *(keras.layers.Dense(w, "relu") for w in hidden),
                keras.layers.Dense(4, "softmax"),
            ]
        )
        real.set_weights(model.get_weights())
        real.compile(theirs(), "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = real.fit(x, labels, batch_size=32, epochs=25, shuffle=False, verbose=0).history
    model.compile(ours, "sparse_categorical_crossentropy", metrics=["accuracy"])
    found = model.fit(x, labels, batch_size=32, epochs=25, shuffle=False, verbose=0).history
    assert max(np.abs(a - b).max() for a, b in zip(model.get_weights(), real.get_weights(), strict=True)) < AS_KERAS
    assert found["loss"] == pytest.approx(history["loss"], abs=1e-4)
    assert found["accuracy"] == pytest.approx(history["accuracy"], abs=1e-6)


DECAY = 0.5  # large, so that 200 steps show it: at a rate of 0.001 they leave 0.9 of a weight
DECAYING = {
    "sgd": (optimizers.SGD(0.05), lambda: keras.optimizers.SGD(0.05, weight_decay=DECAY)),
    "nesterov": (optimizers.SGD(0.02, 0.9, True), lambda: keras.optimizers.SGD(0.02, 0.9, True, weight_decay=DECAY)),
    "rmsprop": (optimizers.RMSprop(), lambda: keras.optimizers.RMSprop(weight_decay=DECAY)),
    "adam": (optimizers.Adam(), lambda: keras.optimizers.Adam(weight_decay=DECAY)),
    "adamw": (optimizers.AdamW(), lambda: keras.optimizers.AdamW(weight_decay=DECAY)),
}


@pytest.mark.parametrize("name", DECAYING)
def test_every_optimizer_decays_weights_as_real_keras_does(name):
    """The decay is a candidate's own, beside one that has none; it acts on kernels and biases, before the step."""
    images, labels = networks.pictures(256)
    x, (ours, theirs) = images.reshape(256, -1) / np.float32(255), DECAYING[name]
    own = Ladder.of([(Input((64,)), Dense(w, "relu"), Dense(4, "softmax")) for w in (5, 12)])
    with networks.keras_ways():
        real = keras.Sequential(
            [keras.layers.Input((64,)), keras.layers.Dense(12, "relu"), keras.layers.Dense(4, "softmax")]
        )
        real.set_weights(own.unpack(own.initial(3, 0))[1])
        real.compile(theirs(), "sparse_categorical_crossentropy")
        real.fit(x, labels, batch_size=32, epochs=25, shuffle=False, verbose=0)
    cohort, data = networks.cohort(own, ours), Data.of(x, labels)
    found = {}
    for decay in (0.0, DECAY):
        run = Run(np.arange(256), 25, 3, shuffle=False, decays=[0.0, decay])
        *_, last = train(cohort, data, run, start(cohort, own.initial(3, 0)))
        found[decay] = own.unpack(last.state.parameters)
    assert max(np.abs(a - b).max() for a, b in zip(found[DECAY][1], real.get_weights(), strict=True)) < AS_KERAS
    assert max(np.abs(a - b).max() for a, b in zip(found[DECAY][1], found[0.0][1], strict=True)) > 100 * AS_KERAS
    assert all((a == b).all() for a, b in zip(found[DECAY][0], found[0.0][0], strict=True)), "the other has none"


def test_a_decay_without_a_gradient_is_a_power():
    """Images that weigh nothing give no gradient: each of 40 steps leaves 1 − rate · decay of every weight."""
    own = networks.ladder((6,), (6,))
    images, labels = networks.pictures(64)
    data = Data.of(images.reshape(64, -1), labels, np.zeros(64))
    cohort = networks.cohort(own, optimizers.SGD(0.1))
    run = Run(np.arange(64), 20, 0, rates=[0.1, 0.5], decays=[0.2, 0.01])
    *_, last = train(cohort, data, run, start(cohort, own.initial(0, 0)))
    initial, found = own.unpack(own.initial(0, 0)), own.unpack(last.state.parameters)
    for before, after, left in zip(initial, found, (1 - 0.1 * 0.2, 1 - 0.5 * 0.01), strict=True):
        assert all(b == pytest.approx(left**40 * a, rel=1e-5) for a, b in zip(before, after, strict=True))


def test_weighted_training_is_real_keras_s():
    images, labels = networks.pictures(100)  # a short last batch as well
    x, each = images / np.float32(255), np.random.default_rng(0).uniform(0, 2, 100)
    model = Sequential([Flatten(input_shape=(8, 8)), Dense(6, "tanh"), Dense(4, "softmax")], seed=3)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        real = keras.Sequential(
            [
                keras.layers.Input((8, 8)),
                keras.layers.Flatten(),
                keras.layers.Dense(6, "tanh"),
                keras.layers.Dense(4, "softmax"),
            ]
        )
        real.set_weights(model.get_weights())
        real.compile("adam", "sparse_categorical_crossentropy")
        real.fit(x, labels, batch_size=32, epochs=10, shuffle=False, verbose=0, sample_weight=each)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, labels, batch_size=32, epochs=10, shuffle=False, verbose=0, sample_weight=each)
    assert max(np.abs(a - b).max() for a, b in zip(model.get_weights(), real.get_weights(), strict=True)) < AS_KERAS


def test_it_learns_xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 8, np.float32)
    y = np.array([0, 1, 1, 0] * 8)
    model = Sequential([Input((2,)), Dense(8, "tanh"), Dense(2, "softmax")], seed=1)
    model.compile(optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=8, epochs=200, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == 1.0


def test_losses_are_summed_over_candidates_not_averaged():
    """A candidate's gradient must not depend on how many others there are: SGD shows it, where Adam would hide it."""
    data, rate = networks.data(64), optimizers.SGD(0.1)
    found = []
    for own in (networks.ladder((4,)), networks.ladder((4,), (4, 4), (5,), (6,))):
        cohort = Cohort(own, rate, losses.SparseCategoricalCrossentropy(), 64)
        *_, last = train(cohort, data, Run(np.arange(64), 1, 0), start(cohort, own.initial(0, 0)))
        found.append(own.unpack(last.state.parameters)[0][0])
    assert np.abs(found[0] - found[1]).max() < 1e-6
