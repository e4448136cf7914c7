"""Every key of every layer's config with values that make no sense: read as it stands, or refused in words, and quickly."""

import copy
import io
import json
import time
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest

from tests import networks
from tests.formats.networks import build
from why128 import constraints, initializers, regularizers
from why128.errors import InputRefused
from why128.formats import keras_file
from why128.formats.archive import packed
from why128.layers import (
    ELU,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Input,
    LayerNormalization,
    LeakyReLU,
    Normalization,
    PReLU,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
)

HELD = {"kernel_regularizer": regularizers.L1L2(0.1, 0.2), "bias_constraint": constraints.MinMaxNorm(0.1, 0.9, 0.5)}
DRAWN = initializers.VarianceScaling(2.0, "fan_avg", "uniform")
STACKS = {
    "preparing": (Input((4, 5)), Rescaling(1 / 255, 0.5), Normalization(mean=[1.0] * 5, variance=[2.0] * 5), Flatten(), Dense(3)),
    "shapes": (Input((4, 5)), Reshape((2, -1)), Flatten(), GaussianNoise(0.1), Dropout(0.5), Dense(3)),
    "activations": (Input((4,)), Dense(3), ReLU(6.0, 0.1, 0.2), LeakyReLU(0.1), ELU(0.5), Activation("relu"), Dense(3), Softmax()),
    "bent inside": (Input((4,)), Dense(3, LeakyReLU(0.1)), Dense(3, ReLU(6.0, 0.1, 0.2)), Dense(3, ELU(0.5))),
    "normalising": (
        Input((4,)), Dense(3), BatchNormalization(beta_regularizer="l2"), PReLU(alpha_constraint="non_neg"),
        LayerNormalization(gamma_constraint="unit_norm"), Dense(3),
    ),
    "held": (Input((4,)), Dense(3, kernel_initializer=DRAWN, bias_initializer=initializers.Constant(0.5), **HELD), Dense(3)),
}  # fmt: skip
DEEP = json.loads("[" * 60 + "]" * 60)
ODD = [
    float("nan"), float("inf"), -float("inf"), -1, 0, 2, 1e308, -1e308, 10**400, 2**62, 0.5, "", "x", "1", True, False, None, [], [0],
    [-1, -1], [2**31, 2**31], ["x"], {}, {"class_name": "L2"}, {"class_name": "Dense", "config": {}, "module": "keras.layers"},
    {"class_name": "VarianceScaling", "module": "keras.initializers", "config": {"scale": "x"}}, {"a": {"b": {"c": 1}}}, DEEP,
]  # fmt: skip
SECONDS = 5.0  # a generous end of what one file may take


def written(network):
    """A network's members."""
    with zipfile.ZipFile(io.BytesIO(keras_file.written(network))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def places(node, path=()):
    """The path of every value within a config, however deep."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*path, key)
        yield from places(node[key], (*path, key))


def put(document, path, value):
    changed = copy.deepcopy(document)
    *way, last = path
    inner = changed
    for key in way:
        inner = inner[key]
    inner[last] = value
    return changed


def refused(data):
    """What is said of a file that is refused; None for one that is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            network = keras_file.read(data)
        except InputRefused as fault:
            return str(fault)
        network.outputs(np.ones((2, *network.input_shape), np.float32))
        return None


@pytest.mark.parametrize("stack", STACKS)
def test_a_config_of_odd_values(stack):
    members = written(build(STACKS[stack]))
    document = json.loads(members["config.json"])
    counted = 0
    for path in places(document["config"]["layers"], ("config", "layers")):
        for value in ODD:
            data = packed(members | {"config.json": json.dumps(put(document, path, value)).encode()})
            began = time.monotonic()
            said = refused(data)
            assert said is None or 10 < len(said) < 600, (path, value)
            assert time.monotonic() - began < SECONDS, (path, value)
            counted += said is not None
    assert counted > 500


def stored(edit):
    """A network of layers that normalise, with its numbers changed."""
    members = written(build(STACKS["normalising"]))
    out = io.BytesIO(members["model.weights.h5"])
    with h5py.File(out, "r+") as file:
        edit(file)
    return packed(members | {"model.weights.h5": out.getvalue()})


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("layers/batch_normalization/vars/3", [1.0, -0.5, 1.0], "has a number below 0: -0.5; expected a variance"),
        ("layers/batch_normalization/vars/2", [1.0, np.inf, 1.0], "not finite in float32 (NaN or infinite): 1 of 3; expected none"),
        ("layers/batch_normalization/vars/0", [1.0], "the gamma of 'batch_normalization', has the shape (1,); expected (3,), as config.json says"),
        ("layers/batch_normalization/vars/4", [1.0], "is there, but no layer of config.json asks for it; expected only"),
        ("layers/p_re_lu/vars/0", None, "the alpha of 'p_re_lu', is missing; expected an array of shape (3,)"),
        ("layers/layer_normalization/vars/1", [1, 2, 3], "has the dtype int64; expected float16, float32 or float64"),
    ],
)  # fmt: skip
def test_numbers_that_a_layer_cannot_have(path, value, said):
    def edit(file):
        if path in file:
            del file[path]
        if value is not None:
            file[path] = np.array(value, np.int64 if type(value[0]) is int else np.float32)

    assert said in refused(stored(edit))


def test_a_normalization_of_keras_s_with_a_variance_below_0(tmp_path):
    with networks.keras_ways():
        layer = keras.layers.Normalization()
        layer.adapt(np.random.default_rng(0).random((9, 4)))
        model = keras.Sequential([keras.layers.Input((4,)), layer, keras.layers.Dense(2)])
        model.save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert refused(packed(members)) is None
    out = io.BytesIO(members["model.weights.h5"])
    with h5py.File(out, "r+") as file:
        file["layers/normalization/vars/1"][0] = -1.0
    said = refused(packed(members | {"model.weights.h5": out.getvalue()}))
    assert "the variance of 'normalization', has a number below 0: -1; expected a variance" in said
