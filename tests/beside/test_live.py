"""Live models of Keras, in and out."""

import sys

import keras
import numpy as np
import pytest

from tests import networks
from tests.beside.test_learning import LAYERS, X
from why128 import from_keras, layers
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.sequential import Sequential

SAME = 2e-6
KL = keras.layers


@pytest.mark.parametrize("name", LAYERS)
def test_in_and_out_again(name):
    with networks.keras_ways():
        real = keras.Sequential([KL.Input((64,)), *LAYERS[name](KL)])
        due = np.asarray(real(X, training=False))
    model = from_keras(real)
    assert np.abs(model.predict(X) - due).max() < SAME
    with networks.keras_ways():
        again = model.to_keras()
        assert np.abs(np.asarray(again(X, training=False)) - due).max() < SAME
    assert isinstance(again, keras.Sequential)


def test_it_goes_on_learning_as_keras_does():
    with networks.keras_ways():
        real = keras.Sequential([KL.Input((64,)), KL.Dense(6, "relu", kernel_regularizer="l2"), KL.Dense(4, "softmax")])
        model = from_keras(real)
        y = np.arange(len(X)) % 4
        real.compile("adam", "sparse_categorical_crossentropy")
        real.fit(X, y, epochs=2, shuffle=False, verbose=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), real.get_weights(), strict=True):
        assert np.abs(a - b).max() < 1e-5


def test_what_is_no_model_of_keras():
    with pytest.raises(UsageError) as caught:
        from_keras(Sequential())
    assert str(caught.value) == "from_keras: expected a model of Keras 3, got Sequential"
    assert caught.value.hint == "keras.Sequential([...])"


def test_a_model_with_other_layers():
    with networks.keras_ways():
        real = keras.Sequential([KL.Input((8, 8, 1)), KL.Conv2D(2, 3), KL.Flatten(), KL.Dense(2)])
        with pytest.raises(InputRefused, match=r"^from_keras: config.json: layer 2 'conv2d(_\d+)?': Conv2D of module"):
            from_keras(real)


def test_a_model_that_keras_cannot_save():
    with networks.keras_ways():
        real = keras.Sequential([KL.Dense(2)])
        real.save = lambda path: (_ for _ in ()).throw(ValueError("not built"))
        with pytest.raises(InputRefused) as caught:
            from_keras(real)
    assert str(caught.value) == "from_keras: Keras cannot save this model: not built"
    assert caught.value.hint == "call model.build() first"


def test_without_keras(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    model = Sequential([layers.Input((4,)), layers.Dense(2)])
    with pytest.raises(SurroundingsError) as caught:
        model.to_keras()
    assert str(caught.value) == "to_keras: the package keras is missing"
    assert caught.value.hint == "pip install keras"
