"""The judge is Keras: it opens our files and we open its own, and the answers are the same."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from tests.formats.networks import EVERY_KIND, build
from why128 import activations
from why128.formats import keras_file
from why128.forward import NUMPY
from why128.layers import Dense, Input
from why128.network import Preparation

jax = pytest.importorskip("jax")
keras = pytest.importorskip("keras")


@pytest.fixture(autouse=True)
def keras_own_promotion():
    """Keras counts on promotion that our own code must not use (tests/conftest.py)."""
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        yield


# float32 sums in another order: 20 terms of size 1, relative rounding 6e-8 each
SAME = 1e-6
# Keras 3.15's sparsemax does not sum to one (activations.py), and after a glu its own next Dense fails (keras_file.py)
WRONG_IN_KERAS = {"sparsemax", "glu"}

IMAGES = np.random.default_rng(3).uniform(0, 255, (7, 4, 5)).astype(np.float32)


def test_keras_opens_our_file_in_safe_mode_and_answers_the_same(network, saved):
    model = keras.models.load_model(saved)
    assert [layer.name for layer in model.layers] == ["to_unit", "flatten", "hidden", "dropout", "dense", "dense_1"]
    assert np.abs(model.predict(IMAGES, verbose=0) - network.outputs(IMAGES)).max() <= SAME


def test_keras_reads_every_activation_as_we_mean_it(tmp_path):
    names = sorted(activations.NAMED.keys() - WRONG_IN_KERAS)
    keras_file.save(build((Input((4,)), *(Dense(4, name) for name in names))), tmp_path / "all.keras")
    x = np.random.default_rng(4).normal(0, 2, (16, 4)).astype(np.float32)
    for name, layer in zip(names, keras.models.load_model(tmp_path / "all.keras").layers, strict=True):
        ours, theirs = activations.apply(NUMPY, name, x), np.asarray(layer.activation(x))
        assert np.abs(ours - theirs).max() <= SAME * max(1.0, np.abs(ours).max()), name


def test_keras_can_go_on_training_our_file(saved):
    model = keras.models.load_model(saved)
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = [np.array(w) for w in model.get_weights()]
    model.fit(IMAGES, np.arange(7) % 3, verbose=0)
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_file_that_keras_saves_again_is_read_again(network, saved, tmp_path):
    keras.models.load_model(saved).save(tmp_path / "keras.keras")
    again = keras_file.load(tmp_path / "keras.keras")
    assert all((a == b).all() for a, b in zip(network.weights, again.weights, strict=True))
    assert [layer.name for layer in again.layers] == [
        "pixels",
        "to_unit",
        "flatten",
        "hidden",
        "dropout",
        "dense",
        "dense_1",
    ]


def by_keras(kind: str):
    """The textbook's model in the ways that people write it."""
    layers = keras.layers
    if kind == "compiled and fitted":
        model = keras.Sequential(
            [
                keras.Input((4, 5)),
                layers.Flatten(),
                layers.Dense(6, keras.activations.relu, name="hidden"),
                layers.Dropout(0.2),
                layers.Dense(3, "softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(IMAGES, np.arange(7) % 3, verbose=0)
    elif kind == "input found by use":
        model = keras.Sequential(
            [layers.Flatten(), layers.Dense(6, keras.ops.tanh), layers.Dense(3, "swish", use_bias=False)]
        )
        model(IMAGES)
    else:
        model = keras.Sequential(
            [
                keras.Input((4, 5), dtype="uint8"),
                layers.Rescaling(1 / 127.5, -1),
                layers.Flatten(),
                layers.Dense(3, kernel_regularizer="l2"),
            ]
        )
    return model


@pytest.mark.parametrize("kind", ["compiled and fitted", "input found by use", "rescaled bytes"])
def test_we_open_keras_own_files_and_answer_the_same(kind, tmp_path):
    model = by_keras(kind)
    images = (
        np.floor(IMAGES) if kind == "rescaled bytes" else IMAGES / 255
    )  # or else sums are of size 100, and round so
    model.save(tmp_path / "theirs.keras")
    network = keras_file.load(tmp_path / "theirs.keras")
    answers = np.asarray(model(images))
    assert np.abs(network.outputs(images) - answers).max() <= SAME * max(1.0, np.abs(answers).max())
    assert network.preparation == Preparation("gray", (0.0, 255.0 if kind == "rescaled bytes" else 1.0))


def test_our_config_has_only_keys_that_keras_writes(saved, tmp_path):
    """And each with the same value, but for names: so Keras's own file of the same layers says nothing else."""
    keras.models.load_model(saved).save(tmp_path / "keras.keras")
    ours, theirs = (
        json.loads(zipfile.ZipFile(path).read("config.json"))["config"]["layers"]
        for path in (saved, tmp_path / "keras.keras")
    )
    assert len(ours) == len(theirs) == len(EVERY_KIND)
    for mine, its in zip(ours, theirs, strict=True):
        assert without_later(mine) == without_later(its)


# Keys that Keras got after 3.0, which we leave out so that an older Keras opens the file, and marks of sharing.
LATER = {"shared_object_id", "ragged", "optional", "quantization_config", "input_axes", "output_axes"}


def without_later(value):
    if isinstance(value, dict):
        return {key: without_later(below) for key, below in value.items() if key not in LATER and key != "build_config"}
    return value
