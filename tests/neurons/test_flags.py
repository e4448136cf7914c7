"""Neurons of planted kinds are all found, and no others."""

import numpy as np
import pytest

from tests.neurons import planted
from tests.neurons.planted import CANCELLED, CONSTANT, DEAD, DOUBLED, ON, SCALED
from why128.layers import Dense, Flatten, Input, LeakyReLU
from why128.network import Network
from why128.neurons.activity import seen
from why128.neurons.flags import flags


def marks(network, images):
    found = seen(network, images)
    return flags(found.layers[0], found.parts.layers[0].after)


def test_what_was_planted_is_found_and_nothing_else():
    found = marks(planted.planted(), planted.images()[0])
    said = {j: mark.words() for j, mark in enumerate(found) if mark.words()}
    assert said == {
        DEAD: ("dead",), DOUBLED: ("twin of 0",), SCALED: ("twin of 1",), CONSTANT: ("constant",), ON: ("always on",), CANCELLED: ("twin of 2",),
    }  # fmt: skip
    assert found[SCALED].factor == pytest.approx(3.0, rel=1e-5)
    assert found[DOUBLED].factor == pytest.approx(1.0, rel=1e-5)


def test_neurons_of_their_own_have_no_flag():
    kernels, biases = planted.drawn()
    assert not any(mark.words() for mark in marks(planted.network(kernels, biases), planted.images()[0]))


def test_one_that_the_others_add_up_to_is_redundant():
    (kernel, out), (bias, last) = planted.drawn()
    kernel[:, 4:7] = np.abs(kernel[:, 4:7])
    bias[4:7] = 1.0
    kernel[:, 8], bias[8] = kernel[:, 4] + 2 * kernel[:, 5] + kernel[:, 6], 4.0  # all four always on: a sum stays one
    found = marks(planted.network([kernel, out], [bias, last]), planted.images()[0])
    assert {j for j, mark in enumerate(found) if mark.redundant} == {4, 5, 6, 8}
    assert found[8].explained == pytest.approx(1.0, abs=1e-5)
    assert all(mark.explained < 0.9 for j, mark in enumerate(found) if j not in (4, 5, 6, 8))


def test_too_few_images_explain_nothing():
    kernels, biases = planted.drawn()
    found = marks(planted.network(kernels, biases), planted.images(20)[0])
    assert all(mark.explained is None for mark in found)


def test_a_slope_below_0_is_never_dead_and_a_tanh_never_always_on():
    kernels, biases = planted.drawn()
    kernels[0][:, 3], biases[0][3] = -np.abs(kernels[0][:, 3]), -1.0
    weights = tuple(np.asarray(w, np.float32) for pair in zip(kernels, biases, strict=True) for w in pair)
    leaky = Network((Input((6, 6)), Flatten(), Dense(16, LeakyReLU(0.1)), Dense(4, "softmax")), weights)
    assert not marks(leaky, planted.images()[0])[3].words()
    assert not any(mark.words() for mark in marks(planted.network(kernels, biases, "tanh"), planted.images()[0]))
