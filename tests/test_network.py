"""A finished network answers by NumPy alone: the same, however its images come and however many they are."""

import subprocess
import sys

import numpy as np
import pytest

from why128 import activations
from why128.engine.arithmetic import JAX
from why128.forward import NUMPY, outputs
from why128.layers import Dense, Dropout, Flatten, Input, Rescaling
from why128.network import AT_ONCE, Network, Preparation

LAST_BITS = 1e-6  # of a probability: sums of 30 products in another order


def network(*before):
    draws = np.random.default_rng(0)
    layers = (Input((5, 6)), *before, Flatten(), Dense(7, "relu"), Dense(3, "softmax"))
    shapes = (30, 7), (7,), (7, 3), (3,)
    return Network(layers, tuple(draws.normal(0, 0.5, shape).astype(np.float32) for shape in shapes))


def pictures(count):
    return np.random.default_rng(1).integers(0, 256, (count, 5, 6), np.uint8)


@pytest.mark.parametrize("count", [1, 7, 8, AT_ONCE + 1], ids=lambda n: f"{n} images")
@pytest.mark.parametrize(
    "before", [(Rescaling(1 / 255),), (Rescaling(1 / 127.5, -1.0),), (Dropout(0.5), Rescaling(1 / 255))]
)
def test_bytes_are_answered_as_the_same_numbers_in_float32_and_as_the_engine_answers(before, count):
    own, images = network(*before), pictures(count)
    found = own.outputs(images)
    assert found.dtype == np.float32
    assert np.array_equal(found, own.outputs(images.astype(np.float32)))
    its = np.asarray(outputs(JAX, own.ladder, own.ladder.pack([own.weights]), images.reshape(count, -1)))[0]
    assert np.abs(found - its).max() < LAST_BITS


def test_one_image_is_answered_as_in_company():
    own, images = network(Rescaling(1 / 255)), pictures(50)
    alone = np.concatenate([own.outputs(images[i : i + 1]) for i in range(50)])
    assert np.abs(alone - own.outputs(images)).max() < LAST_BITS


def test_relu_of_numpy_is_the_formula_s():
    x = np.array([-np.inf, -1.0, -0.0, 0.0, 1e-45, 1.0, np.inf, np.nan], np.float32)
    due = np.array([0, 0, 0, 0, 1e-45, 1, np.inf, np.nan], np.float32)
    for xp in (NUMPY, JAX):
        found = np.asarray(activations.apply(xp, "relu", x))
        assert found.dtype == np.float32
        assert np.array_equal(found[np.arange(8) != 4], due[np.arange(8) != 4], equal_nan=True)
    assert activations.apply(NUMPY, "relu", x)[4] == due[4]  # XLA takes what is below 1e-38 for 0


def test_images_stay_as_they_were_given():
    for images in (pictures(20), pictures(20) / np.float32(255)):
        kept = images.copy()
        network().outputs(images)
        network(Rescaling(2.0, 1.0)).outputs(images)
        assert np.array_equal(images, kept)


def test_a_picture_is_brought_to_the_network_s_scale():
    pixels = np.array([[0, 51, 255]], np.uint8)
    assert Preparation().to_input(pixels) is pixels, "a network of bytes takes them as they are"
    assert Preparation().to_input(pixels / np.float32(255)).tolist()[0] == pytest.approx([0, 51, 255])
    assert Preparation(scale=(-1.0, 1.0)).to_input(pixels).tolist()[0] == pytest.approx([-1, -0.6, 1])


def test_an_answer_does_not_wait_for_the_engine():
    code = (
        "import sys; import numpy as np; from why128 import Dense, Flatten, Sequential\n"
        "model = Sequential([Flatten(input_shape=(4, 4)), Dense(3, 'relu'), Dense(2, 'softmax')])\n"
        "model.predict(np.zeros((2, 4, 4))), model.network.probabilities(np.zeros((2, 4, 4), np.uint8))\n"
        "print('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
