"""What neurons are worth, against a re-evaluation of every network without one of them."""

import numpy as np
import pytest

from tests.neurons import planted
from why128.errors import UsageError
from why128.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    LayerNormalization,
    Normalization,
    PReLU,
    ReLU,
    Rescaling,
    Reshape,
)
from why128.neurons.activity import seen
from why128.neurons.parts import kept
from why128.neurons.worth import worth
from why128.sequential import Sequential

STACKS = {
    "the textbook's": [Rescaling(2.0), Flatten(), Dense(12, "relu"), Dense(4, "softmax")],
    "three layers": [Flatten(), Dense(12, "relu"), Dense(7, "tanh"), Dense(5, "sigmoid"), Dense(4)],
    "layers in between": [
        Flatten(), Dense(9, use_bias=False), BatchNormalization(), PReLU("random_uniform"), Dropout(0.3), Dense(7), LayerNormalization(), ReLU(),
        Rescaling(2.0, 0.1), Dense(4, "softmax"),
    ],
    "looked at together": [Flatten(), Dense(12, "glu"), Dense(6, "softmax"), Dense(5), Activation("sparsemax"), Dense(4, "softmax")],
    "scaled one by one": [Flatten(), Dense(6, "relu"), Normalization(mean=np.arange(6.0), variance=np.arange(1.0, 7.0)), Dense(4, "softmax")],
    "a single answer": [Flatten(), Dense(6, "relu"), Dense(1, "sigmoid")],
}  # fmt: skip


def built(layers):
    model = Sequential([Input((6, 6)), *layers], seed=4)
    model.build()
    return model.network


def right(network, images, labels):
    answers = network.outputs(images)
    return (answers[:, 0] > 0.5) == (labels > 0) if answers.shape[1] == 1 else answers.argmax(1) == labels


@pytest.mark.parametrize("name", STACKS)
def test_each_neuron_s_worth_is_that_of_a_network_without_it(name):
    network, (images, labels) = built(STACKS[name]), planted.images(400)
    labels = labels % 2 if name == "a single answer" else labels
    found, before = seen(network, images), right(network, images, labels)
    for layer, part in enumerate(found.parts.hidden):
        own = worth(found, layer, labels)
        for j in range(part.outputs):
            without = right(kept(network, layer, np.delete(np.arange(part.outputs), j)), images, labels)
            assert own.lost[j].tolist() == np.bincount(labels[before & ~without], minlength=own.lost.shape[1]).tolist()
            assert (
                own.gained[j].tolist() == np.bincount(labels[without & ~before], minlength=own.lost.shape[1]).tolist()
            )


def test_many_at_a_time_are_as_few(monkeypatch):
    network, (images, labels) = built(STACKS["three layers"]), planted.images(100)
    found = seen(network, images)
    whole = worth(found, 0, labels)
    monkeypatch.setattr("why128.neurons.worth.AT_ONCE", 1)
    assert (worth(found, 0, labels).lost == whole.lost).all()


def test_a_layer_of_one_that_is_looked_at_together():
    network, (images, labels) = (
        built([Flatten(), Dense(1), LayerNormalization(), Dense(4, "softmax")]),
        planted.images(50),
    )
    own = worth(seen(network, images), 0, labels)
    without = np.broadcast_to(network.weights[-1], (50, 4)).argmax(1) == labels
    before = right(network, images, labels)
    assert own.lost.sum() == (before & ~without).sum()


def test_a_layer_keeps_its_neurons_in_the_order_asked_for():
    network, (images, _) = built(STACKS["layers in between"]), planted.images(50)
    turned = kept(network, 0, [8, 7, 6, 5, 4, 3, 2, 1, 0])
    np.testing.assert_allclose(turned.outputs(images), network.outputs(images), atol=1e-6)


def test_a_layer_keeps_at_least_one():
    with pytest.raises(UsageError) as caught:
        kept(built(STACKS["the textbook's"]), 0, [])
    assert str(caught.value) == "neurons: a layer keeps at least one"
    assert caught.value.hint == "to have none, leave the layer out and train again"


def test_a_reshape_in_between_fixes_the_number():
    network = built([Flatten(), Dense(12), Reshape((3, 4)), Flatten(), Dense(4)])
    with pytest.raises(
        UsageError, match=r"^neurons: a Reshape between two layers of neurons fixes their number; expected none$"
    ):
        kept(network, 0, [1, 2])
