"""The ledger's columns, each against what it is said to be."""

import numpy as np
import pytest
import scipy

from tests.neurons import planted
from why128.data.images import Images
from why128.errors import InputRefused
from why128.layers import Dense, Flatten, Input, Rescaling
from why128.network import Network, Preparation
from why128.neurons.ledger import CONFIDENCE, ledger
from why128.neurons.parts import kept
from why128.sequential import Sequential
from why128.statistics.pairs import mcnemar


@pytest.fixture(scope="module")
def found():
    pixels, labels = planted.images(500)
    kernels, biases = planted.drawn()
    network = planted.network(kernels, biases, classes=("a", "b", "c", "d"))
    return ledger(network, Images(pixels[..., None], labels.astype(np.int32)), "drawn", "test"), network, pixels, labels


def activity(network, pixels):
    kernel, bias = network.weights[:2]
    sums = pixels.reshape(len(pixels), -1) @ kernel + bias
    return sums, np.maximum(sums, 0)


def test_what_fires_and_what_for(found):
    book, network, pixels, labels = found
    sums, given = activity(network, pixels)
    for neuron in book.neurons:
        j = neuron.number
        assert neuron.fires == pytest.approx((sums[:, j] > 0).mean())
        means = [given[labels == c, j].mean() for c in range(4)]
        assert neuron.fires_by_class == pytest.approx([(sums[labels == c, j] > 0).mean() for c in range(4)])
        best = int(np.argmax(means))
        others = (sum(means) - means[best]) / 3
        assert neuron.prefers == best
        assert neuron.selectivity == pytest.approx((means[best] - others) / (means[best] + others), rel=1e-4)
        assert list(neuron.most) == np.argsort(-sums[:, j], kind="stable")[:8].tolist()
        assert list(neuron.least) == np.argsort(-sums[:, j], kind="stable")[::-1][:8].tolist()


def test_what_it_speaks_for_and_costs(found):
    book, network, _, _ = found
    out = network.weights[2]
    for neuron in book.neurons:
        assert np.allclose(neuron.speaks, out[neuron.number] - out[neuron.number].mean(), atol=1e-6)
        assert neuron.bytes == 4 * (36 + 1 + 4)
        assert neuron.share == pytest.approx(40 / (36 * 16 + 16 * 4))


def test_what_is_lost_is_paired_and_corrected_for_the_number_of_neurons(found):
    book, network, pixels, labels = found
    before = network.outputs(pixels).argmax(1) == labels
    for neuron in book.neurons[:5]:
        without = kept(network, 0, np.delete(np.arange(16), neuron.number)).outputs(pixels).argmax(1) == labels
        due = mcnemar(before, without, 1 - (1 - CONFIDENCE) / 16)
        assert (neuron.lost.mean, neuron.lost.low, neuron.lost.high) == pytest.approx((due.mean, due.low, due.high))
        for c, lost in enumerate(neuron.lost_by_class):
            own = labels == c
            due = mcnemar(before[own], without[own], 1 - (1 - CONFIDENCE) / 16)
            assert (lost.mean, lost.low, lost.high) == pytest.approx((due.mean, due.low, due.high))


def test_the_first_layer_s_pictures_are_its_weights_and_zero_is_white(found):
    book, network, _, _ = found
    (looks,) = book.looks
    assert not looks.composed
    assert np.allclose(looks.weights[3].reshape(-1), network.weights[0][:, 3])
    picture = looks.picture(3)
    assert picture.shape == (6, 6, 3)
    largest = int(np.abs(network.weights[0]).argmax())
    pixel, neuron = divmod(largest, 16)
    extreme = looks.picture(neuron).reshape(-1, 3)[pixel].tolist()
    assert extreme in ([103, 0, 31], [5, 48, 97]), "the largest of all has the end of the scale"
    zero = type(looks)(np.zeros((1, 2, 2, 1), np.float32), 1.0, False)
    assert (zero.picture(0) == 247).all()


def test_a_deeper_layer_s_pictures_are_composed_and_scaling_is_taken_in():
    model = Sequential(
        [Input((6, 6)), Rescaling(2.0, -1.0), Flatten(), Dense(5, "relu"), Dense(3, "relu"), Dense(4, "softmax")],
        seed=1,
    )
    model.build()
    pixels, labels = planted.images(60)
    book = model.neurons(pixels, labels)
    first, second = book.ledger.looks
    weights = model.get_weights()
    assert np.allclose(first.weights.reshape(5, -1).T, 2 * weights[0], atol=1e-6)
    assert second.composed
    assert np.allclose(second.weights.reshape(3, -1).T, 2 * weights[0] @ weights[2], atol=1e-6)
    assert np.allclose(
        book.neurons[0].speaks,
        (weights[2] @ weights[4] - (weights[2] @ weights[4]).mean(1, keepdims=True))[0],
        atol=1e-5,
    )


def test_classes_without_images_are_said_to_have_none():
    kernels, biases = planted.drawn()
    pixels, labels = planted.images(100)
    book = ledger(planted.network(kernels, biases), Images(pixels[..., None], (labels % 2).astype(np.int32)))
    assert book.neurons[0].fires_by_class[2:] == (None, None)
    assert book.neurons[0].lost_by_class[2:] == (None, None)
    assert book.neurons[0].prefers in (0, 1)


def test_of_very_many_images_some_are_looked_at(monkeypatch):
    monkeypatch.setattr("why128.neurons.ledger.MOST_IMAGES", 50)
    kernels, biases = planted.drawn()
    pixels, labels = planted.images(101)
    book = ledger(planted.network(kernels, biases), Images(pixels[..., None], labels.astype(np.int32)))
    assert len(book.images) == 50
    assert (book.images.pixels[-1, ..., 0] == pixels[-1]).all()


def test_what_has_no_ledger():
    layers = (Input((6, 6)), Flatten(), Dense(4, "softmax"))
    pixels, labels = planted.images(30)
    images = Images(pixels[..., None], labels.astype(np.int32))
    plain = Network(layers, (np.zeros((36, 4), np.float32), np.zeros(4, np.float32)), preparation=planted.UNIT)
    with pytest.raises(InputRefused, match=r"^neurons: the network has no hidden neurons to look at$"):
        ledger(plain, images)
    kernels, biases = planted.drawn()
    biases[0][3] = np.nan
    with pytest.raises(
        InputRefused, match=r"^neurons: the network has weights that are not finite numbers: its training diverged$"
    ):
        ledger(planted.network(kernels, biases), images)


def test_what_is_too_wide_is_refused_and_what_is_wide_is_looked_at_on_fewer_images(monkeypatch):
    kernels, biases = planted.drawn()
    pixels, labels = planted.images(100)
    images = Images(pixels[..., None], labels.astype(np.int32))
    monkeypatch.setattr("why128.neurons.activity.MOST_BYTES", 8 * 16 * 40)
    assert len(ledger(planted.network(kernels, biases), images).images) == 40
    monkeypatch.setattr("why128.neurons.activity.MOST_NEURONS", 15)
    with pytest.raises(InputRefused) as caught:
        ledger(planted.network(kernels, biases), images)
    assert str(caught.value) == "neurons: expected at most 15 in a layer, got 16"
    assert caught.value.hint == "why128 study says how many of them are needed"


def test_a_network_of_bytes_sees_bytes():
    kernels, biases = planted.drawn()
    pixels, labels = planted.images(80)
    whole = np.rint(pixels * 255).astype(np.uint8)
    own = planted.network([kernels[0] / 255, kernels[1]], biases)
    own = Network(own.layers, own.weights, preparation=Preparation(scale=(0.0, 255.0)))
    book = ledger(own, Images(whole[..., None], labels.astype(np.int32)))
    sums = whole.reshape(80, -1) @ (kernels[0] / 255) + biases[0]
    assert [one.fires for one in book.neurons] == pytest.approx((sums > 0).mean(0).tolist())


def test_a_neuron_s_limits_hold_its_worth_as_often_as_promised():
    """On images drawn again and again, the limits of one neuron's worth hold what it is on very many."""
    kernels, biases = planted.drawn(8, seed=3)
    network = planted.network(kernels, biases)
    pixels, _ = planted.images(40_000, seed=9)
    labels = np.where(np.random.default_rng(0).random(40_000) < 0.6, network.outputs(pixels).argmax(1), 0).astype(
        np.int32
    )
    truth = ledger_of(network, pixels, labels, 40_000)
    held = []
    for i in range(0, 40_000, 400):
        found = ledger_of(network, pixels[i : i + 400], labels[i : i + 400])
        held.append([line.low <= true.mean <= line.high for line, true in zip(found, truth, strict=True)])
    together = np.all(held, 1).mean()
    least = scipy.stats.binom.ppf(0.001, len(held), CONFIDENCE) / len(held)
    assert together >= least


def ledger_of(network, pixels, labels, most=None):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("why128.neurons.ledger.MOST_IMAGES", most or 10_000)
        return [one.lost for one in ledger(network, Images(pixels[..., None], labels)).neurons]
