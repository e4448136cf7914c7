"""On the full Fashion-MNIST: how much can be removed, and that neurons die as the learning rate rises."""

import numpy as np
import pytest

import why128
from why128 import optimizers
from why128.arrays import as_learned
from why128.layers import Dense, Flatten, Rescaling
from why128.neurons.activity import seen
from why128.neurons.ledger import ledger
from why128.neurons.parts import kept
from why128.neurons.shrinking import by_magnitude
from why128.resizing import shrink
from why128.sequential import Sequential

pytestmark = pytest.mark.slow


def learned(data, width, rate=1e-3, epochs=10):
    layers = [Rescaling(1 / 255, input_shape=(28, 28)), Flatten(), Dense(width, "relu"), Dense(10, "softmax")]
    model = Sequential(layers, seed=0)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(data.train.pixels, data.train.labels, epochs=epochs, batch_size=128, verbose=0)
    model.classes = data.classes
    return model.network


def test_two_fifths_of_512_neurons_and_more_go_within_half_a_point():
    data = why128.load_data("fashion-mnist")
    network = learned(data, 512)
    made = shrink(network, data, tolerance=0.5)
    assert made.chosen.neurons <= 0.6 * 512
    assert made.chosen.lost.low < 0.005, "half a point is not refuted by the images that judge"
    assert made.chosen.bytes == 4 * (795 * made.chosen.neurons + 10) == 4 * made.network.parameters
    _, judged = as_learned(network, data)
    judging = judged.take(slice(1, None, 2))
    plain = by_magnitude(seen(network, data.train.pixels[:5000]), 0).leaving
    for point in made.curve[:-1]:
        cut = kept(network, 0, sorted(plain[-point.neurons :]))
        assert point.accuracy.mean >= (cut.outputs(judging.pixels).argmax(1) == judging.labels).mean()


def test_neurons_die_as_the_learning_rate_rises():
    """Public runs on MNIST (figures.md): none at 1e-3, a fifth at 1e-2, nearly all at 1e-1; here some more at the first two."""
    sample = why128.load_data("sample")
    shares = [
        len(ledger(learned(sample, 128, rate), sample.train).flagged("dead")) / 128 for rate in (1e-3, 1e-2, 1e-1)
    ]
    assert shares[0] < 0.16 < shares[1] < 0.75 < shares[2]
    assert np.all(np.diff(shares) > 0)
