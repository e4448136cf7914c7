"""What is written as ONNX is checked by ONNX, and answered by ONNX Runtime and by ONNX's reference as by the network."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from tests.formats.every import NAMES, NEAR, NETWORKS, images
from why128.activations import NAMED
from why128.errors import SurroundingsError, UsageError
from why128.formats import onnx_file
from why128.formats.onnx_activations import ACTIVATIONS


def without(monkeypatch, *missing):
    """As if these packages were not installed."""
    found = onnx_file.importlib.util.find_spec
    monkeypatch.setattr(onnx_file.importlib.util, "find_spec", lambda name: None if name in missing else found(name))


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_answers_as_the_network_does(name):
    network, rows = NETWORKS[name], images(NETWORKS[name])
    made = onnx_file.exported(network)
    onnx.checker.check_model(onnx.load_from_string(made.data), full_check=True)
    assert made.by.startswith("ONNX Runtime 1.")
    np.testing.assert_allclose(made.answers(rows), network.outputs(rows), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_reference_answers_as_the_network_does(name, monkeypatch):
    without(monkeypatch, "onnxruntime")
    network, rows = NETWORKS[name], images(NETWORKS[name])
    made = onnx_file.exported(network)
    assert made.by == f"the reference of onnx {onnx.__version__}"
    np.testing.assert_allclose(made.answers(rows), network.outputs(rows), rtol=NEAR, atol=NEAR)


def test_what_the_file_says():
    network = NETWORKS["names of all kinds"]
    made = onnx_file.exported(network)
    model = onnx.load_from_string(made.data)
    assert model.ir_version == 8
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
    said = {one.key: one.value for one in model.metadata_props}
    assert json.loads(said["classes"]) == list(NAMES)
    assert (said["mode"], json.loads(said["scale"]), json.loads(said["input"])) == ("gray", [0.0, 255.0], [4, 5])
    (entered,), (left,) = model.graph.input, model.graph.output
    for port, shape in ((entered, ["N", 4, 5]), (left, ["N", 6])):
        assert [one.dim_param or one.dim_value for one in port.type.tensor_type.shape.dim] == shape
        assert port.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert made.constants == sum(onnx.numpy_helper.to_array(one).nbytes for one in model.graph.initializer)
    assert made.constants == 4 * network.parameters


def test_images_keep_their_shape():
    import onnxruntime

    network = NETWORKS["colours"]
    session = onnxruntime.InferenceSession(onnx_file.exported(network).data)
    rows = images(network, 3)
    found = session.run(None, {"pixels": rows.reshape(3, 4, 5, 3)})[0]
    np.testing.assert_allclose(found, network.outputs(rows), atol=NEAR)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=NEAR)


def test_the_same_network_gives_the_same_bytes():
    network = NETWORKS["sparsemax twice"]
    assert onnx_file.exported(network).data == onnx_file.exported(network).data


def test_every_activation_has_a_form_in_onnx():
    assert set(ACTIVATIONS) == set(NAMED)


def test_large_sums_overflow_nowhere():
    network = NETWORKS["softplus twice"]
    rows = 1e4 * images(network)
    assert network.outputs(rows).max() > 1000
    assert np.isfinite(onnx_file.exported(network).answers(rows)).all()


def test_without_the_package(monkeypatch):
    without(monkeypatch, "onnx")
    with pytest.raises(SurroundingsError) as refused:
        onnx_file.exported(NETWORKS["no bias"])
    assert str(refused.value) == "ONNX: the package 'onnx', which writes it, is not installed"
    assert refused.value.hint == "pip install 'why128[export]'"


def test_what_onnx_has_no_form_of(monkeypatch):
    monkeypatch.delitem(ACTIVATIONS, "tanh")
    with pytest.raises(UsageError) as refused:
        onnx_file.exported(NETWORKS["every kind of layer"])
    assert str(refused.value) == "ONNX cannot hold this network: the activation 'tanh' has no form there"
    monkeypatch.setattr(onnx_file, "WRITERS", {})
    with pytest.raises(UsageError) as refused:
        onnx_file.exported(NETWORKS["no bias"])
    assert str(refused.value) == "ONNX cannot hold this network: the step Product has no form there"
