"""What `save` writes, `load` reads; the same network gives the same bytes."""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.formats.networks import build
from why128 import activations
from why128.errors import DataWarning, SurroundingsError, UsageError
from why128.formats import keras_file
from why128.layers import Dense, Flatten, Input, Layer, Rescaling
from why128.network import Network, Preparation


def through_file(network: Network, folder: Path) -> Network:
    keras_file.save(network, folder / "through.keras")
    return keras_file.load(folder / "through.keras")


def test_a_round_trip_keeps_everything(network, saved):
    again = keras_file.load(saved)
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in network.layers]
    assert again.classes == network.classes
    assert again.preparation == network.preparation
    assert again.about == network.about
    assert all((a == b).all() and b.dtype == np.float32 for a, b in zip(network.weights, again.weights, strict=True))
    images = np.random.default_rng(1).uniform(0, 255, (9, 4, 5)).astype(np.float32)
    assert (again.outputs(images) == network.outputs(images)).all()


def test_a_round_trip_keeps_what_each_layer_says(network, saved):
    pixels, scaled, _, hidden, dropout, second, last = keras_file.load(saved).layers
    assert pixels == Input((4, 5), name="pixels")
    assert scaled == Rescaling(1 / 255, name="to_unit")
    assert hidden == Dense(6, "relu", name="hidden")
    assert dropout.rate == 0.25
    assert (second.activation, second.use_bias, second.kernel_initializer) == ("tanh", False, "he_normal")
    assert last.units == 3


def test_layers_without_a_name_get_keras_names_around_the_given_ones(tmp_path):
    layers = (Input((4,)), Dense(3), Dense(3, name="dense"), Dense(2), Dense(2, name="dense_2"))
    assert [layer.name for layer in through_file(build(layers), tmp_path).layers] == [
        "input_layer",
        "dense_1",
        "dense",
        "dense_3",
        "dense_2",
    ]


def test_a_glu_before_another_layer_is_written_with_a_warning(tmp_path):
    network = build((Input((4,)), Dense(6, "glu"), Dense(2)))
    with pytest.warns(
        DataWarning,
        match=r"^a .keras file of this network can be read here, but not by Keras 3.15, which cannot put a layer after the activation 'glu'",
    ):
        assert through_file(network, tmp_path).sizes == (4, 6, 2)


@pytest.mark.parametrize("name", sorted(activations.NAMED.keys() - {"glu"}))
def test_every_activation_by_name(name, tmp_path):
    network = build((Input((4,)), Dense(6, name), Dense(2)))
    assert through_file(network, tmp_path).layers[1].activation == name


def test_the_same_network_gives_the_same_bytes(network, tmp_path):
    keras_file.save(network, tmp_path / "a.keras")
    time.sleep(1.1)  # HDF5 counts seconds
    keras_file.save(network, tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_a_loaded_network_is_written_back_as_it_was(saved, tmp_path):
    keras_file.save(keras_file.load(saved), tmp_path / "again.keras")
    assert (tmp_path / "again.keras").read_bytes() == saved.read_bytes()


def test_the_archive_is_as_described(saved):
    with zipfile.ZipFile(saved) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5", "why128.json"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(archive.read("why128.json"))["format"] == 1


def test_softmax_regression_without_a_hidden_layer(tmp_path):
    network = build((Input((2, 3)), Flatten(), Dense(4, "softmax")))
    assert through_file(network, tmp_path).sizes == (6, 4)


def test_a_thousand_inputs_and_more_layers_than_a_tree_leaf_holds(tmp_path):
    layers: tuple[Layer, ...] = (Input((1000,)), *(Dense(2, "relu") for _ in range(60)), Dense(2))
    network = build(layers)
    again = through_file(network, tmp_path)
    assert all((a == b).all() for a, b in zip(network.weights, again.weights, strict=True))


# -------------------------------------------------------------------- what Keras leaves unsaid


@pytest.mark.parametrize(("scale", "white"), [(1 / 255, 255.0), (1 / 127.5, 255.0), (0.5, 1.0)])
def test_without_our_member_the_scale_is_assumed_from_the_first_rescaling(scale, white, changed):
    path = changed(lambda document: document["config"]["layers"][1]["config"].update(scale=scale), companion=None)
    network = keras_file.load(path)
    assert network.preparation == Preparation("gray", (0.0, white))
    assert network.about == {"preparation": {"assumed": True}}
    assert network.classes == ()


def test_without_a_rescaling_zero_to_one_is_assumed_and_three_channels_are_colours(changed, tmp_path):
    keras_file.save(build((Input((2, 2, 3)), Flatten(), Dense(2))), tmp_path / "colour.keras")
    with zipfile.ZipFile(tmp_path / "colour.keras") as archive, zipfile.ZipFile(tmp_path / "plain.keras", "w") as plain:
        for name in ("config.json", "model.weights.h5"):
            plain.writestr(name, archive.read(name))
    assert keras_file.load(tmp_path / "plain.keras").preparation == Preparation("rgb", (0.0, 1.0))


def test_the_input_shape_is_taken_from_the_build_where_there_is_no_input_layer(changed):
    assert keras_file.load(changed(lambda document: document["config"]["layers"].pop(0))).input_shape == (4, 5)


def test_an_initialiser_without_a_name_here_is_a_warning(changed):
    normal = {
        "module": "keras.initializers",
        "class_name": "VarianceScaling",
        "config": {"distribution": "untruncated_normal"},
        "registered_name": None,
    }
    path = changed(lambda document: document["config"]["layers"][3]["config"].update(kernel_initializer=normal))
    with pytest.warns(
        DataWarning,
        match=r"kernel_initializer: VarianceScaling \{'distribution': 'untruncated_normal'\} has no name here; "
        "read as 'glorot_uniform'; the weights are as stored",
    ):
        assert keras_file.load(path).layers[3].kernel_initializer == "glorot_uniform"


# -------------------------------------------------------------------- refused before anything is written


def refused(network: Network, path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        keras_file.save(network, path)
    assert not path.exists()
    return caught.value


def test_another_ending_is_refused(network, tmp_path):
    error = refused(network, tmp_path / "net.h5")
    assert str(error) == f"{tmp_path}/net.h5: expected a path that ends in .keras"
    assert error.hint == f"for example {tmp_path}/net.keras"


def test_an_activation_without_a_name_is_refused(tmp_path):
    def mine(x):
        return x

    error = refused(build((Input((2,)), Dense(2, mine, name="odd"))), tmp_path / "net.keras")
    assert (
        str(error)
        == f"{tmp_path}/net.keras: layer 'odd': its activation, mine, is a function without a Keras name and cannot be written"
    )
    assert error.hint == "a file holds no code: use an activation by name, for example 'relu'"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b", "a layer is named 'a/b'; expected 1 to 200 printable characters without a slash"),
        ("a\nb", "a layer is named 'a\\nb'; expected 1 to 200 printable characters without a slash"),
        ("last", "two layers are named 'last'; expected each name once"),
    ],
)
def test_names_that_keras_would_refuse(name, said, tmp_path):
    assert said in str(
        refused(build((Input((2,)), Dense(2, name=name), Dense(2, name="last"))), tmp_path / "net.keras")
    )


def test_weights_that_are_not_finite_are_refused(tmp_path):
    network = build((Input((2,)), Dense(2)))
    network.weights[1][0] = np.nan
    error = refused(network, tmp_path / "net.keras")
    assert str(error).endswith("the bias of 'dense' has numbers that are not finite; nothing was written")


def test_what_json_cannot_say_is_refused(tmp_path):
    error = refused(build(about={"seed": np.int64(3)}), tmp_path / "net.keras")
    assert (
        "the network's classes, preparation and about cannot be written as JSON: Object of type int64 is not JSON serializable"
        in str(error)
    )


def test_no_such_folder(network, tmp_path):
    with pytest.raises(
        SurroundingsError, match="could not be written: No such file or directory; nothing was changed"
    ) as caught:
        keras_file.save(network, tmp_path / "no" / "net.keras")
    assert caught.value.hint == "create the folder first, or choose another"
    assert str(caught.value).startswith(f"{tmp_path}/no/net.keras: ")


# -------------------------------------------------------------------- inspect


def test_the_summary_counts_what_is_in_the_file(network, saved):
    found = keras_file.summary(network, saved)
    assert found == {
        "input": [4, 5, 1],
        "layers": [20, 6, 5, 3],
        "parameters": 20 * 6 + 6 + 6 * 5 + 5 * 3 + 3,
        "bytes": os.path.getsize(saved),
        "classes": ["Pullover", "Hose, kurz", "Stiefel ß"],
        "activations": ["relu", "tanh", "softmax"],
        "preparation": {"mode": "gray", "scale": [0.0, 255.0]},
        "about": {"seed": 7, "study": {"tolerance": 0.5, "widths": [1, 2]}},
    }
    assert json.loads(json.dumps(found)) == found
