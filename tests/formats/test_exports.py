"""Every format: what it answers, what it says beside its numbers, and the same bytes again."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from tests.formats.every import NAMES, NEAR, NETWORKS, images
from why128 import Dense, Flatten, Sequential
from why128.errors import UsageError
from why128.formats import json_file, keras_file, npz_file
from why128.formats.exports import FORMATS, format_of

READ_BACK = (".npz", ".json", ".keras")


@pytest.mark.filterwarnings("ignore:a .keras file of this network")  # a glu before another layer
@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", NETWORKS)
def test_it_answers_as_the_network_does(name, ending):
    network, rows = NETWORKS[name], images(NETWORKS[name])
    made = FORMATS[ending].floats(network)
    assert (made.by == "NumPy, from the file") == (ending in READ_BACK)
    np.testing.assert_allclose(made.answers(rows), network.outputs(rows), rtol=NEAR, atol=NEAR)
    assert FORMATS[ending].floats(network).data == made.data, "the same network, the same bytes"


@pytest.mark.parametrize("ending", FORMATS)
def test_what_it_needs(ending):
    network = NETWORKS["every kind of layer"]  # 20 -> 6 -> 5 -> 3
    made = FORMATS[ending].floats(network)
    biases = 4 * (6 + 5 + 3)
    weights = 4 * (20 * 6 + 6 * 5 + 5 * 3) + biases
    scaling = 8 if ending == ".keras" else 0
    assert made.constants == weights + scaling
    activity = 4 * (20 + 20 if scaling else 20 + 6)
    memory = {".h": 4 * (6 + 5), ".tflite": 4 * 6}
    assert made.memory == memory.get(ending, weights + scaling + activity)
    assert made.pixels == 4 * 20


def test_what_json_says():
    said = json.loads(json_file.exported(NETWORKS["names of all kinds"]).data)
    assert (said["format"], said["classes"], said["input"]) == (1, list(NAMES), [4, 5])
    assert (said["mode"], said["scale"]) == ("gray", [0.0, 255.0])
    assert [step["step"] for step in said["steps"]] == ["product", "activation", "product", "activation"]
    assert [len(said["steps"][0][name]) for name in ("kernel", "bias")] == [4, 4]
    assert len(said["steps"][0]["kernel"][0]) == 20, "a list a neuron"
    assert said["steps"][3] == {"step": "activation", "name": "softmax"}


def test_what_npz_says():
    data = npz_file.exported(NETWORKS["names of all kinds"]).data
    with np.load(io.BytesIO(data), allow_pickle=False) as said:
        assert said["classes"].tolist() == list(NAMES)
        assert said["steps"].tolist() == ["product", "relu", "product", "softmax"]
        assert (said["kernel_0"].shape, said["bias_2"].shape, said["kernel_0"].dtype) == ((20, 4), (6,), np.float32)
        assert (str(said["mode"]), said["scale"].tolist(), said["input"].tolist()) == ("gray", [0.0, 255.0], [4, 5])


def test_a_copy_is_the_file_itself(tmp_path):
    network = NETWORKS["names of all kinds"]
    keras_file.save(network, tmp_path / "net.keras")
    assert FORMATS[".keras"].floats(network).data == (tmp_path / "net.keras").read_bytes()


@pytest.mark.parametrize(("ending", "what"), [(".npz", "NPZ"), (".json", "JSON")])
def test_what_has_no_form_there(ending, what, monkeypatch):
    monkeypatch.setattr({".npz": npz_file, ".json": json_file}[ending], "WRITERS", {})
    with pytest.raises(UsageError) as refused:
        FORMATS[ending].floats(NETWORKS["no bias"])
    assert str(refused.value) == f"{what} cannot hold this network: the step Product has no form there"


@pytest.mark.parametrize("ending", FORMATS)
def test_a_function_of_one_s_own_has_no_form_anywhere(ending):
    model = Sequential([Flatten(input_shape=(4, 4)), Dense(3, lambda x: x), Dense(2)])
    with pytest.raises(UsageError, match="function"):
        FORMATS[ending].floats(model.network)


@pytest.mark.parametrize(
    ("path", "int8", "message", "hint"),
    [
        (
            "net.pt",
            False,
            "net.pt: expected a path that ends in .onnx, .tflite, .h, .npz, .json or .keras, got '.pt'",
            "for example net.onnx",
        ),
        (
            "net",
            False,
            "net: expected a path that ends in .onnx, .tflite, .h, .npz, .json or .keras, got no ending",
            "for example net.onnx",
        ),
        (
            "net.onnx",
            True,
            "net.onnx: ONNX is written in float32 only, and int8 was asked for",
            "int8 can be written as .tflite or .h; or leave out --int8",
        ),
    ],
)
def test_other_endings(path, int8, message, hint):
    with pytest.raises(UsageError) as refused:
        format_of(path, int8)
    assert (str(refused.value), refused.value.hint) == (message, hint)


def test_an_ending_is_known_in_any_case():
    assert format_of("NET.ONNX") is FORMATS[".onnx"]
