"""Files both ways: what we write, real Keras opens; what real Keras writes, we open; for every layer, with the same answers."""

import keras
import numpy as np
import pytest

from tests import networks
from tests.beside.test_learning import HELD, LAYERS, X
from why128 import layers
from why128.asking import load_model
from why128.errors import DataWarning, InputRefused
from why128.sequential import Sequential

SAME = 2e-6  # an answer, in float32, added in another order
KL = keras.layers


def plain(model):
    return all(isinstance(layer, tuple(kinds())) for layer in model.layers)


def kinds():
    return (getattr(layers, name) for name in layers.__all__ if isinstance(getattr(layers, name), type))


def nameless(model):
    return [(type(layer), vars(layer) | {"name": None}) for layer in model.layers]


def with_numbers(model):
    drawn = np.random.default_rng(0)
    model.set_weights([np.abs(drawn.normal(0.1, 0.3, w.shape)).astype(np.float32) for w in model.get_weights()])


@pytest.mark.parametrize("name", LAYERS)
def test_what_we_write_keras_opens(name, tmp_path):
    model = Sequential([layers.Input((64,)), *LAYERS[name](layers)], seed=1)
    model.build()
    with_numbers(model)
    model.save(tmp_path / "ours.keras")
    with networks.keras_ways():
        real = keras.saving.load_model(tmp_path / "ours.keras", safe_mode=True)
        due = np.asarray(real(X, training=False))
    assert np.abs(model.predict(X) - due).max() < SAME
    again = load_model(tmp_path / "ours.keras")
    assert nameless(again) == nameless(model)
    assert (again.predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("name", LAYERS)
def test_what_keras_writes_we_open(name, tmp_path):
    with networks.keras_ways():
        real = keras.Sequential([KL.Input((64,)), *LAYERS[name](KL)])
        with_numbers(real)
        real.save(tmp_path / "theirs.keras")
        due = np.asarray(real(X, training=False))
    model = load_model(tmp_path / "theirs.keras")
    assert plain(model)
    assert np.abs(model.predict(X) - due).max() < SAME
    assert [layer.name for layer in model.layers] == [layer.name for layer in real.layers]


def test_what_keras_adapted(tmp_path):
    images = np.random.default_rng(0).uniform(0, 9, (50, 4, 4, 3)).astype(np.float32)
    for axis in (-1, None):
        with networks.keras_ways():
            norm = KL.Normalization(axis=axis)
            norm.adapt(images)
            real = keras.Sequential([KL.Input((4, 4, 3)), norm, KL.Flatten(), KL.Dense(3, "softmax")])
            real.save(tmp_path / "adapted.keras")
            due = np.asarray(real(images))
        model = load_model(tmp_path / "adapted.keras")
        assert np.abs(model.predict(images) - due).max() < SAME
        own = layers.Normalization(axis=axis)
        own.adapt(images)
        assert own.mean == pytest.approx(model.layers[0].mean, rel=1e-5)
        assert own.variance == pytest.approx(model.layers[0].variance, rel=1e-4)


@pytest.mark.parametrize("name", HELD)
def test_what_weights_are_held_by_goes_both_ways(name, tmp_path):
    ours, theirs = HELD[name]
    model = Sequential([layers.Input((64,)), layers.Dense(4, "softmax", **ours)])
    model.save(tmp_path / "ours.keras")
    assert nameless(load_model(tmp_path / "ours.keras")) == nameless(model)
    with networks.keras_ways():
        real = keras.saving.load_model(tmp_path / "ours.keras")
        due = KL.Dense(4, "softmax", **theirs).get_config()
        found = real.layers[0].get_config()
        for key in ("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint"):
            if due[key]:
                assert found[key]["class_name"] == due[key]["class_name"]
                assert found[key]["config"] == pytest.approx(due[key]["config"])
        real.save(tmp_path / "theirs.keras")
    again = load_model(tmp_path / "theirs.keras").layers[0]
    for key in ours:
        found, due = getattr(again, key), getattr(model.layers[0], key)
        assert type(found) is type(due)
        assert vars(found) == pytest.approx(vars(due))  # Keras keeps some as float32


def test_a_regularizer_that_is_not_known_is_left_out(tmp_path):
    with networks.keras_ways():
        held = keras.regularizers.OrthogonalRegularizer(0.02)
        real = keras.Sequential([KL.Input((4,)), KL.Dense(2, kernel_regularizer=held)])
        real.save(tmp_path / "held.keras")
    said = "kernel_regularizer: OrthogonalRegularizer is not known here, and left out; answers do not depend on it"
    with pytest.warns(DataWarning, match=f"^{said}$"):
        assert load_model(tmp_path / "held.keras").layers[0].kernel_regularizer is None


def test_means_that_are_no_numbers(tmp_path):
    from why128.formats.keras_layer import layer_of

    config = {"axis": [-1], "mean": ["a"], "variance": [1.0]}
    item = {"module": "keras.layers", "class_name": "Normalization", "config": config, "registered_name": None}
    with pytest.raises(InputRefused, match=r"^Normalization: mean must be numbers, got \['a'\]$"):
        layer_of(item)
