"""TFLite files, answered by LiteRT's own interpreter, against the network itself."""

import json
import sys

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

import why128
from tests.formats import networks
from why128 import Dense, Flatten, Rescaling, Sequential, activations
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.formats import tflite, tflite_file, tflite_run
from why128.formats.steps import Product, Scaling
from why128.layers import ELU, BatchNormalization, Input, LayerNormalization, LeakyReLU, PReLU, ReLU
from why128.network import Network, Preparation

NEAR = 1e-5  # float32: sums in another order, and functions that other libraries approximate
STEPS_OFF = 6  # of 255, of an answer in int8: each layer rounds its inputs, its weights and its answers
POINT = 0.01


def network(*layers, shape=(6, 5), seed=1):
    model = Sequential([Flatten(input_shape=shape), *layers], seed=seed)
    model.build()
    return model.network


def pixels(count=40, shape=(6, 5), white=1.0):
    return (white * np.random.default_rng(0).random((count, *shape))).astype(np.float32)


def interpreter(data, shape):
    """One that is ready for images of this shape, which counts them too."""
    found = Interpreter(model_content=data)
    found.resize_tensor_input(found.get_input_details()[0]["index"], shape)
    found.allocate_tensors()
    return found


def answers(data, images):
    found = interpreter(data, images.shape)
    found.set_tensor(found.get_input_details()[0]["index"], images)
    found.invoke()
    return found.get_tensor(found.get_output_details()[0]["index"])


def answers_int8(data, images):
    """Real numbers in, real numbers out: stored by the file's own scales."""
    found = Interpreter(model_content=data)
    (scale, zero), (scale_out, zero_out) = (
        each[0]["quantization"] for each in (found.get_input_details(), found.get_output_details())
    )
    stored = np.clip(np.rint(images / scale) + zero, -128, 127).astype(np.int8)
    return (answers(data, stored).astype(np.float32) - zero_out) * np.float32(scale_out)


@pytest.mark.parametrize("name", activations.NAMED)
def test_every_activation_is_the_network_s_own(name):
    hidden = network(Dense(12, name), Dense(8, name), Dense(4, "softmax"))
    last = network(Dense(12, "relu"), Dense(6, name))
    for whole in (hidden, last):
        images = pixels() * 4.0 - 2.0
        np.testing.assert_allclose(answers(tflite.written(whole), images), whole.outputs(images), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ((Dense(4, "softmax"),), (6, 5)),
        ((Dense(9, "relu", use_bias=False), Dense(4, "softmax", use_bias=False)), (6, 5)),
        ((Dense(9, "relu"), Dense(8, "tanh"), Dense(7, "relu6"), Dense(4, "softmax")), (6, 5)),
        ((Rescaling(1 / 255), Dense(9, "relu"), Rescaling(2.0, -1.0), Dense(4, "softmax")), (4, 4, 3)),
        ((Rescaling(0.5), Rescaling(2.0, -1.0), Dense(4, "softmax")), (4, 4, 3)),
        ((Dense(4),), (30,)),
    ],
    ids=["no hidden layer", "no biases", "three hidden layers", "colour", "two scalings in a row", "a row, plain sums"],
)
@pytest.mark.parametrize("count", [1, 17])
def test_every_shape_is_answered_as_the_network_does(layers, shape, count):
    whole, images = network(*layers, shape=shape), pixels(count, shape)
    np.testing.assert_allclose(answers(tflite.written(whole), images), whole.outputs(images), rtol=NEAR, atol=NEAR)
    near = STEPS_OFF / 255 * max(1.0, np.ptp(whole.outputs(images)))
    found = answers_int8(tflite.written_int8(whole, pixels(200, shape)), images)
    np.testing.assert_allclose(found, whole.outputs(images), atol=near)


@pytest.mark.parametrize("name", sorted(activations.NAMED.keys() - {"hard_shrink"}))
def test_every_activation_but_one_in_int8(name):
    """`hard_shrink` jumps by a half: there a rounding can cost as much."""
    whole, images = network(Dense(12, name), Dense(4, "sigmoid")), pixels()
    found = answers_int8(tflite.written_int8(whole, images), images)
    np.testing.assert_allclose(found, whole.outputs(images), atol=STEPS_OFF / 255)


LAYERS = {
    "slopes of their own": (Dense(12), PReLU("random_uniform"), Dense(4, "sigmoid")),
    "layer normalization": (Dense(12, use_bias=False), LayerNormalization(), ReLU(), Dense(4, "sigmoid")),
    "layer normalization first": (LayerNormalization(), Dense(12, "relu"), Dense(4, "sigmoid")),
    "batch normalization": (Dense(12, use_bias=False), BatchNormalization(), ReLU(), Dense(4, "sigmoid")),
    "leaky": (Dense(12), LeakyReLU(0.1), Dense(4, "sigmoid")),
    "elu": (Dense(12), ELU(0.5), Dense(4, "sigmoid")),
    "bounded": (Dense(12), ReLU(0.9, 0.1, 0.2), Dense(12, ReLU(threshold=0.1)), Dense(4, "sigmoid")),
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_layers_with_numbers_of_their_own(layers):
    whole, images = network(*layers), pixels()
    np.testing.assert_allclose(answers(tflite.written(whole), images), whole.outputs(images), rtol=NEAR, atol=NEAR)
    found = answers_int8(tflite.written_int8(whole, images), images)
    np.testing.assert_allclose(found, whole.outputs(images), atol=STEPS_OFF / 255)


def test_operators_have_the_schema_s_numbers():
    options = {number: name for name, number in vars(schema.BuiltinOptions).items() if isinstance(number, int)}
    words = {
        "MAXIMUM": "MaximumMinimum",
        "MINIMUM": "MaximumMinimum",
        "SUM": "Reducer",
        "MEAN": "Reducer",
        "TOPK_V2": "TopKV2",
    }
    for name, (number, own) in tflite_file.CODES.items():
        assert getattr(schema.BuiltinOperator, name) == number
        due = words.get(name, "".join(part.capitalize() for part in name.split("_")))
        assert options[own] in (f"{due}Options", "NONE")


def test_a_jump_in_int8_is_where_it_was_to_a_rounding():
    whole, images = network(Dense(12, "hard_shrink"), Dense(4, "sigmoid")), pixels()
    found = answers_int8(tflite.written_int8(whole, images), images)
    assert (np.abs(found - whole.outputs(images)) < STEPS_OFF / 255).mean() > 0.9


@pytest.fixture(scope="module")
def trained():
    """The textbook's network on the built-in sample, briefly, and its test images."""
    sample = why128.load_data("sample")
    layers = [Rescaling(1 / 255, input_shape=(28, 28)), Flatten(), Dense(64, "relu"), Dense(10, "softmax")]
    model = Sequential(layers, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(sample.train.pixels[..., 0], sample.train.labels, epochs=2, verbose=0)
    model.classes = sample.classes
    return model.network, sample


def test_int8_answers_real_images_as_well(trained):
    whole, sample = trained
    images, labels = sample.test.pixels[..., 0], sample.test.labels
    data = tflite.written_int8(whole, sample.train.pixels[:500, ..., 0])
    found = answers(data, (images.astype(np.int16) - 128).astype(np.int8))  # bytes are what they were
    chosen, due = found.argmax(1), whole.outputs(images).argmax(1)
    assert (chosen == due).mean() >= 0.98
    assert abs((chosen == labels).mean() - (due == labels).mean()) <= POINT
    assert 3.5 < len(tflite.written(whole)) / len(data) < 4.0


def test_all_is_in_int8(trained):
    whole, sample = trained
    found = Interpreter(model_content=tflite.written_int8(whole, sample.train.pixels[:50, ..., 0]))
    found.allocate_tensors()
    entering, leaving = found.get_input_details()[0], found.get_output_details()[0]
    assert (entering["dtype"], entering["quantization"]) == (np.int8, (1.0, -128))
    assert (leaving["dtype"], leaving["quantization"]) == (np.int8, (1 / 256, -128))
    tensors = found.get_tensor_details()
    assert {each["dtype"] for each in tensors} == {np.int8, np.int32}
    kernel = next(each["quantization_parameters"] for each in tensors if tuple(each["shape"]) == (64, 784))
    assert len(kernel["scales"]) == 64
    assert kernel["quantized_dimension"] == 0
    assert not kernel["zero_points"].any()


def test_what_it_is_called_and_says_of_itself():
    whole = networks.build(classes=("cat", "dog", "çedilla"), preparation=Preparation("gray", (0.0, 255.0)))
    data = tflite.written(whole)
    found = Interpreter(model_content=data)
    (entering,), (leaving,) = found.get_input_details(), found.get_output_details()
    assert (entering["name"], leaving["name"]) == ("images", "outputs")
    assert (entering["shape"].tolist(), entering["shape_signature"].tolist()) == ([1, 4, 5], [-1, 4, 5])
    assert (leaving["shape"].tolist(), leaving["shape_signature"].tolist()) == ([1, 3], [-1, 3])
    assert found.get_signature_list() == {"serving_default": {"inputs": ["images"], "outputs": ["outputs"]}}
    assert data[4:8] == b"TFL3"
    assert json.dumps(["cat", "dog", "çedilla"], ensure_ascii=False).encode() in data
    assert b'{"mode": "gray", "scale": [0.0, 255.0]}' in data
    assert b"why128.classes" in data
    assert b"why128.classes" not in tflite.written(networks.build())


def test_the_same_network_is_the_same_bytes():
    images = pixels(20, (4, 5), 255.0)
    for write in (tflite.written, lambda whole: tflite.written_int8(whole, images)):
        assert write(networks.build()) == write(networks.build())


def test_constants_begin_where_they_can_be_used():
    data = tflite.written(networks.build())
    kernel = networks.build().weights[-2].T.tobytes()
    assert data.find(kernel) % tflite_file.ALIGNED == 0


def test_memory_worked_by_hand():
    whole = network(Dense(9, "relu"), Dense(8, "tanh"), Dense(4, "softmax"))
    assert tflite.arena(whole) == 4 * (30 + 9)  # images and the first layer's answers
    assert tflite.arena(whole, in_int8=True) == 30 + 9
    grown = network(Dense(100, "silu"), Dense(4, "softmax"))
    assert tflite.arena(grown) == 4 * 3 * 100  # sums, how much of each, and the product of the two
    assert tflite.arena(grown, in_int8=True) == 4 * 2 * 100  # int32: which of 256, before and after the shift


def test_a_dead_neuron_and_a_blank_activity_have_a_scale():
    layers = (Input((4,)), Dense(3, "relu"), Dense(2, "softmax"))
    dead = np.array([[0.5, 0.0, 0.1]] * 4, np.float32), np.array([-9.0, -1.0, -9.0], np.float32)
    whole = Network(layers, (*dead, np.eye(3, 2, dtype=np.float32), np.array([3e5, 3e5], np.float32)))
    images = pixels(9, (4,))
    np.testing.assert_allclose(answers_int8(tflite.written_int8(whole, images), images), 0.5, atol=1 / 256)


def test_a_sum_that_could_leave_int32_has_a_coarser_scale():
    layers = (Input((1,)), Dense(2, "linear"))
    whole = Network(layers, (np.array([[1e-6, 1.0]], np.float32), np.array([1000.0, 0.0], np.float32)))
    images = pixels(9, (1,))
    found = answers_int8(tflite.written_int8(whole, images), images)
    np.testing.assert_allclose(found, whole.outputs(images), atol=1000 / 255)


def test_images_that_show_nothing_are_refused():
    whole = network(Dense(4, "exponential"))
    with pytest.raises(UsageError) as refused:
        tflite.written_int8(whole, pixels(0))
    assert str(refused.value) == "int8: no images to see the range of activity by, expected some hundreds"
    assert refused.value.hint == "give images that are like those to come, for example the training images"
    with pytest.raises(UsageError) as refused:
        tflite.written_int8(whole, pixels(3, white=1e6))
    assert str(refused.value).startswith("int8: step 1 (exponential) gives numbers from ")
    assert str(refused.value).endswith(" to inf, expected finite ones; nothing was written")
    assert refused.value.hint == "the network diverged, or the images are not on its own scale"
    with pytest.raises(InputRefused):
        tflite.written_int8(whole, pixels(3, (4, 4)))


def test_what_a_file_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(tflite_file, "MOST_BYTES", 100)
    with pytest.raises(UsageError) as refused:
        tflite.written(network(Dense(4)))
    assert str(refused.value) == "TFLite: weights of 496 bytes, a file holds at most 100; nothing was written"
    assert refused.value.hint == "write int8, which takes a quarter, or a smaller network"


def test_steps_that_are_not_known_are_refused(monkeypatch):
    class Table:
        pass

    monkeypatch.setattr(tflite, "folded", lambda found: (*found, Table()))
    with pytest.raises(UsageError) as refused:
        tflite.written(network(Dense(4)))
    assert str(refused.value) == "TFLite cannot hold this network: the step Table has no form there"
    assert refused.value.hint == "choose another format"


def test_a_scaling_of_each_pixel_that_stays_is_done_in_float32(monkeypatch):
    each = np.arange(30, dtype=np.float32)
    found = (Scaling(each, each), Product(np.eye(30, 4, dtype=np.float32), np.zeros(4, np.float32)))
    monkeypatch.setattr(tflite, "folded", lambda _: found)
    whole, images = network(Dense(4)), pixels()
    due = images.reshape(40, 30)[:, :4] * each[:4] + each[:4]
    np.testing.assert_allclose(answers(tflite.written(whole), images), due, rtol=NEAR)
    np.testing.assert_allclose(answers_int8(tflite.written_int8(whole, images), images), due, atol=58 / 255)


def test_without_flatbuffers_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    with pytest.raises(SurroundingsError) as refused:
        tflite.written(networks.build())
    assert str(refused.value) == (
        "TFLite: a file takes FlatBuffers, expected its package flatbuffers, found none here; nothing was written"
    )
    assert refused.value.hint == "pip install 'why128[export]'   (or: pip install flatbuffers)"


def test_it_is_exported_with_what_litert_answers():
    whole = network(Dense(6, "relu"), Dense(4, "softmax"))
    rows = pixels(shape=(30,))
    made = tflite_run.exported(whole)
    np.testing.assert_allclose(made.answers(rows), whole.outputs(rows), rtol=NEAR, atol=NEAR)
    assert made.by.startswith("LiteRT 2")
    small = tflite_run.exported_int8(whole, rows)
    assert np.abs(small.answers(rows) - whole.outputs(rows)).max() <= STEPS_OFF / 255
    assert (made.constants, small.constants) == (4 * (30 * 6 + 6 * 4 + 10), 30 * 6 + 6 * 4 + 4 * 10)
    assert (made.pixels, small.pixels) == (120, 30)


def test_a_file_that_nothing_could_answer_by(monkeypatch):
    monkeypatch.setattr(tflite_run.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SurroundingsError) as caught:
        tflite_run.exported(network(Dense(4, "softmax")))
    said = (
        "TFLite: the package 'ai-edge-litert', which answers by what is written, is not installed; nothing was written"
    )
    assert (str(caught.value), caught.value.hint) == (said, "pip install 'why128[export]'")
