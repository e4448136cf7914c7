"""Layers as words: what they say of themselves, and every refusal by its text."""

import dataclasses

import pytest

from why128.errors import UsageError
from why128.layers import MOST_UNITS, Dense, Dropout, Flatten, Input, Rescaling, output_shape, weights


def refused(text, hint=None):
    """Expects exactly this refusal."""
    return pytest.raises(UsageError, check=lambda e: (str(e), e.hint) == (text, hint))


def shapes(layer, shape):
    return [weight.shape for weight in weights(layer, shape) if weight.present]


def test_the_textbook_s_layers():
    assert shapes(Dense(128), (784,)) == [(784, 128), (128,)]
    assert shapes(Dense(10, use_bias=False), (128,)) == [(128, 10)]
    assert shapes(Flatten(), (28, 28)) == []
    assert output_shape(Flatten(), (28, 28)) == (784,)
    assert output_shape(Dense(128), (784,)) == (128,)
    assert output_shape(Rescaling(1 / 255), (28, 28)) == (28, 28)
    assert output_shape(Dropout(0.5), (128,)) == (128,)
    assert output_shape(Input((28, 28)), (28, 28)) == (28, 28)


def test_a_layer_is_frozen_and_equal_to_its_like():
    assert Dense(4, "swish") == Dense(4, "silu")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dense(4).units = 5


@pytest.mark.parametrize("shape", [784, (784,), [784]])
def test_a_shape_may_be_a_number_a_tuple_or_a_list(shape):
    assert Flatten(input_shape=shape).input_shape == (784,)
    assert Input(shape).shape == (784,)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Input, "Input"),
        (lambda s: Flatten(input_shape=s), "Flatten"),
        (lambda s: Dense(3, input_shape=s), "Dense"),
        (lambda s: Rescaling(1, input_shape=s), "Rescaling"),
    ],
)
@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((28, 0), "(28, 0)"),
        ((None, 28), "(None, 28)"),
        ((), "()"),
        ("28", "'28'"),
        ((28.0, 28), "(28.0, 28)"),
        ((True, 2), "(True, 2)"),
        (-1, "-1"),
    ],
)
def test_a_shape_that_is_none_is_refused(layer, name, shape, text):
    with refused(
        f"{name}: expected the shape of one image, got {text}", "for example (28, 28), without the number of images"
    ):
        layer(shape)


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0"), (-1, "-1"), (1.5, "1.5"), ("128", "'128'"), (True, "True"), (None, "None"), (MOST_UNITS + 1, "1048577")],
)
def test_a_number_of_neurons_that_is_none_is_refused(units, text):
    with refused(f"Dense: units must be a whole number from 1 to 1,048,576, got {text}", "for example Dense(128)"):
        Dense(units)


@pytest.mark.parametrize(
    ("rate", "text"), [(1, "1"), (1.0, "1.0"), (-0.1, "-0.1"), ("a", "'a'"), (True, "True"), (float("nan"), "nan")]
)
def test_a_rate_that_is_none_is_refused(rate, text):
    with refused(f"Dropout: rate must be at least 0 and below 1, got {text}", "for example Dropout(0.2)"):
        Dropout(rate)


@pytest.mark.parametrize(
    ("arguments", "what", "text"),
    [
        ((float("inf"),), "scale", "inf"),
        (("1/255",), "scale", "'1/255'"),
        ((1, None), "offset", "None"),
        ((1, float("nan")), "offset", "nan"),
        (([1],), "scale", "[1]"),
    ],
)
def test_a_scale_that_is_none_is_refused(arguments, what, text):
    with refused(f"Rescaling: {what} must be one finite number, got {text}", "for example Rescaling(1/255)"):
        Rescaling(*arguments)


def test_dense_on_pictures_is_refused():
    with refused(
        "Dense(3): expected a series of numbers, got images of shape (28, 28)", "put Flatten() before the first Dense"
    ):
        output_shape(Dense(3), (28, 28))


@pytest.mark.parametrize(
    ("layer", "kind"),
    [(Flatten(input_shape=(8, 8)), "Flatten"), (Dense(3, input_shape=(8, 8)), "Dense"), (Input((8, 8)), "Input")],
)
def test_a_wrong_shape_names_both_shapes(layer, kind):
    with refused(f"{kind}: expected an input of shape (8, 8), got (28, 28)"):
        output_shape(layer, (28, 28))
