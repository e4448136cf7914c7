"""Removal that is real: exact where it can be, and otherwise never worse than the plain way."""

import numpy as np
import pytest

import why128
from tests.neurons import planted
from why128.errors import UsageError
from why128.layers import Dense, Flatten, Input, LayerNormalization, ReLU, Rescaling
from why128.neurons.activity import seen
from why128.neurons.growing import grown
from why128.neurons.parts import kept
from why128.neurons.shrinking import by_magnitude, order, shrunk, tidied
from why128.sequential import Sequential

EXACT = 1e-6  # of a probability


def built(*layers, seed=4):
    model = Sequential([Input((6, 6)), *layers], seed=seed)
    model.build()
    return model.network


def test_what_does_nothing_goes_at_no_change_in_any_answer():
    network, (images, _) = planted.planted(), planted.images(10_000, seed=5)
    tidy = tidied(network, images)
    assert (tidy.dead, tidy.constant, tidy.twins) == (1, 1, 3)
    assert tidy.network.width == (11,)
    before, after = network.outputs(images), tidy.network.outputs(images)
    assert np.abs(before - after).max() < EXACT
    assert (before.argmax(1) == after.argmax(1)).all()


def test_a_network_without_a_bias_gets_one_for_its_constants():
    network = built(Flatten(), Dense(5, "relu"), Dense(4, "softmax", use_bias=False))
    weights = [w.copy() for w in network.weights]
    weights[0][:, 2], weights[1][2] = 0.0, 0.4
    network = type(network)(network.layers, tuple(weights))
    images = planted.images()[0]
    tidy = tidied(network, images)
    assert (tidy.constant, tidy.network.width, tidy.network.layers[-1].use_bias) == (1, (4,), True)
    assert np.abs(tidy.network.outputs(images) - network.outputs(images)).max() < EXACT


def test_every_layer_is_tidied_but_those_looked_at_together():
    rng, (images, _) = np.random.default_rng(0), planted.images()
    network = built(Flatten(), Dense(8, "relu"), Dense(8), LayerNormalization(), ReLU(), Dense(4, "softmax"))
    weights = [w.copy() for w in network.weights]
    weights[0][:, 1], weights[1][1] = -1.0, -1.0
    weights[2][:, 5] = weights[2][:, 4]
    weights[4][:] = rng.uniform(0.5, 1.5, 8)
    network = type(network)(network.layers, tuple(weights))
    tidy = tidied(network, images)
    assert (tidy.dead, tidy.network.width) == (1, (7, 8))
    assert np.abs(tidy.network.outputs(images) - network.outputs(images)).max() < EXACT


def test_all_dead_leaves_one():
    network = built(Flatten(), Dense(3, "relu"), Dense(4, "softmax"))
    weights = (-np.abs(network.weights[0]), network.weights[1] - 1, *network.weights[2:])
    network, images = type(network)(network.layers, weights), planted.images()[0]
    tidy = tidied(network, images)
    assert (tidy.dead, tidy.network.width) == (3, (1,))
    assert np.abs(tidy.network.outputs(images) - network.outputs(images)).max() < EXACT


def test_a_neuron_that_the_others_add_up_to_leaves_first_and_costs_nothing():
    (kernel, out), (bias, last) = planted.drawn()
    kernel[:, 4:7] = np.abs(kernel[:, 4:7])
    bias[4:7] = 1.0
    kernel[:, 8], bias[8] = kernel[:, 4] + 2 * kernel[:, 5] + kernel[:, 6], 4.0
    network, (images, _) = planted.network([kernel, out], [bias, last]), planted.images(2000)
    found = seen(network, images)
    leaving = order(found, 0)
    assert leaving.leaving[0] in (4, 5, 6, 8)
    assert leaving.costs[0] < 1e-3 < leaving.costs[1]
    small = shrunk(network, images, [leaving.leaving[1:]], found)
    assert np.abs(small.outputs(images) - network.outputs(images)).max() < 0.01
    assert (small.outputs(images).argmax(1) == network.outputs(images).argmax(1)).mean() > 0.99


def test_the_order_s_costs_are_those_of_a_fit_anew():
    """Each cost is what the error of the best linear fit grows by, found here by least squares."""
    kernels, biases = planted.drawn(6)
    network, (images, _) = planted.network(kernels, biases, last="linear"), planted.images(3000)
    found = seen(network, images)
    given = found.layers[0].given.astype(np.float64)
    aim = given @ kernels[1]
    whole = np.square(aim - aim.mean(0)).sum()
    leaving, left, before = order(found, 0), list(range(6)), 0.0
    for j, cost in zip(leaving.leaving[:-1], leaving.costs[:-1], strict=True):
        errors = {}
        for one in left:
            others = [k for k in left if k != one]
            design = np.column_stack([given[:, others], np.ones(len(given))])
            errors[one] = np.square(aim - design @ np.linalg.lstsq(design, aim, rcond=None)[0]).sum()
        assert min(errors, key=errors.get) == j
        assert (errors[j] - before) / whole == pytest.approx(cost, rel=0.01, abs=1e-4)
        left.remove(j)
        before = errors[j]


@pytest.fixture(scope="module")
def trained():
    sample = why128.load_data("sample")
    model = Sequential(
        [
            Rescaling(1 / 255, input_shape=(28, 28)),
            Flatten(),
            Dense(64, "relu"),
            Dense(32, "relu"),
            Dense(10, "softmax"),
        ],
        seed=0,
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(sample.train.pixels[..., 0], sample.train.labels, epochs=3, verbose=0)
    return model.network, sample


def test_made_up_for_is_better_than_plainly_cut(trained):
    network, sample = trained
    images, test, labels = sample.train.pixels[:3000, ..., 0], sample.test.pixels[..., 0], sample.test.labels
    found = seen(network, images)
    for share in (0.75, 0.5, 0.25):
        widths = [round(share * width) for width in network.width]
        keep, plain = (
            [how(found, layer).leaving[-width:] for layer, width in enumerate(widths)] for how in (order, by_magnitude)
        )
        cut = network
        for layer, neurons in enumerate(plain):
            cut = kept(cut, layer, sorted(neurons))
        ours, theirs = (
            np.mean(one.outputs(test).argmax(1) == labels) for one in (shrunk(network, images, keep, found), cut)
        )
        assert ours >= theirs
    assert ours > theirs + 0.1, "of a quarter of the neurons"


def test_a_grown_network_answers_as_before():
    network, (images, _) = (
        built(Flatten(), Dense(8, "relu"), Dense(6, "tanh"), Dense(4, "softmax", use_bias=False)),
        planted.images(),
    )
    for layer in (0, 1):
        wide = grown(network, 20, layer, seed=1)
        assert wide.width[layer] == 20
        assert np.abs(wide.outputs(images) - network.outputs(images)).max() < EXACT
        assert len(np.unique(wide.weights[2 * layer + 2], axis=0)) > network.width[layer], "copies do not give the same"


def test_what_cannot_grow():
    network = built(Flatten(), Dense(8, "relu"), Dense(6), LayerNormalization(), Dense(4, "softmax"))
    with pytest.raises(UsageError, match=r"^grow: expected more than the 8 neurons that there are, got 8$"):
        grown(network, 8)
    with pytest.raises(UsageError) as caught:
        grown(network, 9, 1)
    assert (
        str(caught.value)
        == "grow: a layer whose neurons are looked at together (LayerNormalization, softmax) cannot have one twice"
    )
    assert caught.value.hint == "grow another layer"
