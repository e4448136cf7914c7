"""A network written elsewhere, compared with the original on real images: the library's door, and what is refused."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import why128
from tests.formats import compiled
from tests.formats.networks import build
from why128 import Sequential
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.exporting import Written, own_data
from why128.formats import c_header
from why128.formats.exports import FORMATS
from why128.layers import Dense, Flatten, Input, Rescaling
from why128.network import Network

IMAGE = (Input((28, 28)), Rescaling(1 / 255), Flatten())
PROMISED = 1e-5  # of probabilities, of what is written in float32
POINT = 0.01  # of accuracy, of whole numbers


@pytest.fixture(scope="module")
def sample():
    return open_data("sample")


@pytest.fixture(scope="module")
def network(sample):
    """Two hidden layers that learned the sample a little."""
    model = Sequential([*IMAGE, Dense(32, "relu"), Dense(16, "tanh"), Dense(10, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(sample.train.pixels[..., 0], sample.train.labels, epochs=2, batch_size=64, verbose=0)
    found = model.network
    about = {"data": "sample", "fingerprint": sample.fingerprint}
    return Network(found.layers, found.weights, sample.classes, found.preparation, about)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_within_what_is_promised(ending, network, tmp_path):
    found = why128.export(network, tmp_path / f"net{ending}")
    assert isinstance(found, Written)
    assert found.bytes == (tmp_path / f"net{ending}").stat().st_size
    seen = found.comparison
    assert (seen.data, seen.part, seen.images) == ("sample", "test", 2000)
    assert seen.difference < PROMISED
    assert seen.accuracy == pytest.approx(seen.original_accuracy, abs=0.0006), "one image at most falls otherwise"
    assert seen.alike >= 0.9995
    assert seen.original_accuracy > 0.75


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
@pytest.mark.parametrize("int8", [False, True])
def test_the_compiled_header_on_all_test_images(int8, network, sample, tmp_path):
    """What was told of the header is what gcc makes of it."""
    told = why128.export(network, tmp_path / "net.h", int8=int8).comparison
    built = compiled.program(tmp_path, (tmp_path / "net.h").read_bytes())
    pixels = sample.test.pixels.reshape(2000, 784)
    found, names = compiled.run(built, pixels if int8 else pixels.astype(np.float32), 10)
    ours = network.outputs(pixels)
    assert names == list(sample.classes)
    assert np.abs(found - ours).max() == pytest.approx(told.difference, abs=PROMISED)
    assert (found.argmax(1) == sample.test.labels).mean() == pytest.approx(told.accuracy, abs=0.0011)
    assert abs(told.accuracy - told.original_accuracy) <= (POINT if int8 else 0.0006)
    assert told.alike > (0.97 if int8 else 0.9995)
    assert c_header.takes_bytes(network)


def test_a_model_a_network_and_a_file_are_taken(network, sample, tmp_path):
    model = Sequential.of(network)
    model.save(tmp_path / "net.keras")
    for given in (model, network, tmp_path / "net.keras", str(tmp_path / "net.keras")):
        assert why128.export(given, tmp_path / "net.json").comparison.images == 2000
    few = why128.export(
        network, tmp_path / "net.json", data=(sample.test.pixels[:4, ..., 0], ["Coat", "Coat", "Bag", "Bag"])
    )
    assert (few.comparison.part, few.comparison.images, few.comparison.data) == ("all", 4, "arrays")


def test_images_that_are_not_found(network, tmp_path):
    for about in ({}, {"data": "pets", "fingerprint": "0"}, {"data": "sample", "fingerprint": "0"}):
        other = Network(network.layers, network.weights, network.classes, network.preparation, about)
        assert own_data(other) is None
        assert own_data(other, tmp_path / "net.keras") is None
        assert why128.export(other, tmp_path / "net.npz").comparison is None
        with pytest.raises(UsageError) as refused:
            why128.export(other, tmp_path / "net.h", int8=True)
        assert str(refused.value) == (
            "int8: expected images to calibrate it by; those that it learned from were not found"
        )
        assert refused.value.hint == "give some with --data"
        assert not (tmp_path / "net.h").exists()


def test_a_network_that_diverged(tmp_path):
    network = build((*IMAGE, Dense(3, "softmax")))
    network.weights[0][0, 0] = np.nan
    with pytest.raises(InputRefused) as refused:
        why128.export(network, tmp_path / "net.h")
    assert str(refused.value) == (
        f"{tmp_path / 'net.h'}: the network has weights that are not finite numbers: its training diverged"
    )
    assert refused.value.hint == "train it again, with a lower learning rate"
    assert not list(tmp_path.iterdir())


def test_plain_sums_are_compared_as_probabilities(sample, tmp_path):
    network = build((*IMAGE, Dense(10)), classes=sample.classes)
    found = why128.export(network, tmp_path / "net.h", int8=True, data=sample).comparison
    assert 0.0 < found.difference < 1.0


def test_refusals_leave_nothing(network, sample, tmp_path):
    with pytest.raises(SurroundingsError, match="could not be written: No such file or directory; nothing was changed"):
        why128.export(network, tmp_path / "nowhere" / "net.h")
    with pytest.raises(InputRefused, match="expected images of shape"):
        why128.export(
            network, tmp_path / "net.h", data=(sample.test.pixels[:4, 10:18, 10:18], ["Coat", "Coat", "Bag", "Bag"])
        )
    assert not list(tmp_path.iterdir())
