"""The Open Inference Protocol, version 2: what its clients ask, and what they are told."""

import json

import numpy as np
import pytest

MODEL = "/v2/models/net"
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 8, 8))


def body(data=None, shape=(3, 8, 8), name="images", datatype="UINT8", **more):
    data = IMAGES.tolist() if data is None else data
    return {"inputs": [{"name": name, "shape": list(shape), "datatype": datatype, "data": data}], **more}


def asked(server, document, path=f"{MODEL}/infer"):
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return server.ask(path, raw, content_type="application/json")


def test_server_and_model_say_what_they_are(server):
    def got(path):
        return server.ask(path, method="GET").document

    assert got("/v2")["name"] == "why128"
    assert got("/v2/health/live") == {"live": True}
    assert got("/v2/health/ready") == {"ready": True}
    assert got(MODEL) == got(f"{MODEL}/versions/1") == {
        "name": "net",
        "versions": ["1"],
        "platform": "why128",
        "inputs": [{"name": "images", "datatype": "UINT8", "shape": [-1, 8, 8]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}, {"name": "labels", "datatype": "BYTES", "shape": [-1]}],
    }  # fmt: skip
    assert got(f"{MODEL}/ready") == {"name": "net", "ready": True}
    assert server.ask("/v2/models/other", method="GET").status == 404


@pytest.mark.parametrize(
    ("data", "shape", "datatype"),
    [
        (IMAGES.tolist(), (3, 8, 8), "UINT8"),
        (IMAGES.ravel().tolist(), (3, 8, 8), "INT64"),
        (IMAGES.reshape(3, 64).astype(float).tolist(), (3, 64), "FP32"),
        (IMAGES[..., None].tolist(), (3, 8, 8, 1), "FP64"),
    ],
    ids=["nested", "flat", "rows", "a channel"],
)
@pytest.mark.parametrize("path", [f"{MODEL}/infer", f"{MODEL}/versions/1/infer"])
def test_it_infers_what_the_network_answers(server, network, data, shape, datatype, path):
    found = asked(server, body(data, shape, datatype=datatype, id="seven"), path)
    assert found.status == 200
    document = found.document
    assert (document["model_name"], document["model_version"], document["id"]) == ("net", "1", "seven")
    probabilities, labels = document["outputs"]
    due = network.probabilities(IMAGES.astype(np.float32))
    assert (probabilities["name"], probabilities["datatype"], probabilities["shape"]) == (
        "probabilities",
        "FP32",
        [3, 3],
    )
    assert np.allclose(np.reshape(probabilities["data"], (3, 3)), due, atol=1e-6)
    assert (labels["name"], labels["datatype"], labels["shape"]) == ("labels", "BYTES", [3])
    assert labels["data"] == [network.classes[k] for k in due.argmax(1)]


def test_only_what_is_asked_for_is_given(server):
    found = asked(server, body(outputs=[{"name": "labels"}])).document
    assert [one["name"] for one in found["outputs"]] == ["labels"]
    assert "id" not in found


HUGE = "1" + "0" * 400
REFUSED = {
    "no JSON": (b"{", 400, "body: "),
    "NaN": (json.dumps(body()).replace("[[", "[[NaN, ", 1).encode(), 400, "body: "),
    "nothing": ({}, 400, "inputs: expected one tensor, 'images'"),
    "two": ({"inputs": body()["inputs"] * 2}, 400, "inputs: expected one tensor, 'images'"),
    "another name": (body(name="x"), 400, "inputs: expected one tensor, 'images'"),
    "texts": (body(datatype="BYTES"), 400, "inputs: expected numbers, such as UINT8 or FP32, got the datatype BYTES"),
    "a kind that is none": (body(datatype={}), 400, "inputs: expected numbers, such as UINT8 or FP32, got the datatype {}"),
    "an output that is none": (body(outputs=[{"name": []}]), 400, "outputs: expected 'probabilities' or 'labels', got "),
    "another output": (body(outputs=[{"name": "x"}]), 400, "outputs: expected 'probabilities' or 'labels', got "),
    "outputs that are none": (body(outputs="x"), 400, "outputs: expected 'probabilities' or 'labels', got "),
    "another shape": (body(shape=(3, 7, 7)), 422, "inputs: expected the shape [N, 8, 8], got [3, 7, 7]"),
    "no shape": (body(shape="x"), 422, "inputs: expected the shape [N, 8, 8], got "),
    "below 0 images": (body(shape=(-3, 8, 8)), 422, "inputs: expected the shape [N, 8, 8], got [-3, 8, 8]"),
    "fewer numbers": (body(shape=(4, 8, 8)), 422, "inputs: expected 256 numbers for this shape, got 192"),
    "words": (body([["a"] * 64] * 3), 422, "inputs: expected lists of numbers, got a text"),
    "no list": (body(7), 422, "inputs: expected lists of numbers, got a number"),
    "deep": (body(json.loads("[" * 30 + "]" * 30)), 422, "inputs: expected lists of numbers, got a list"),
    "out of range": (body([[300] * 64] * 3), 422, "inputs: expected numbers from 0 to 255, got from 300 to 300"),
    "digits": (json.dumps(body([[7] * 64] * 3)).replace("7", HUGE, 1).encode(), 422,
        "inputs: expected numbers of the network's scale, got one of hundreds of digits"),
    "too many": (body([], shape=(2000, 8, 8)), 413, "images: expected at most 1,000 in a request, got more"),
    "too large": (b" " * 4_000_001, 413, "body: expected at most 4,000,000 bytes of JSON, got more"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(server, name):
    document, status, said = REFUSED[name]
    found = asked(server, document)
    assert found.document["error"].startswith(said)
    hints = {
        "two": "GET the model's own path says what it takes",
        "too large": "send fewer images at a time",
        "too many": "send several",
    }
    assert found.document["hint"] == hints.get(name, found.document["hint"])
    assert found.status == status


def test_a_get_is_no_inference(server):
    found = server.ask(f"{MODEL}/infer", method="GET")
    assert (found.status, found.headers["allow"]) == (405, "POST")


def test_its_description_is_true(server):
    """What is described is answered, with a status that is described."""
    paths = server.ask("/openapi.json", method="GET").document["paths"]
    for path, methods in paths.items():
        for method, described in methods.items():
            sent = body() if "infer" in path else {"images": IMAGES.tolist()}
            found = server.ask(path, method="GET") if method == "get" else asked(server, sent, path)
            assert found.status == 200, path
            assert str(found.status) in described["responses"]
