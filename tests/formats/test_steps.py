"""The steps of a network, taken one by one, are its answer."""

import numpy as np
import pytest

from why128 import Dense, Dropout, Flatten, Rescaling, Sequential, activations
from why128.errors import UsageError
from why128.formats.steps import Applied, Product, Scaling, folded, steps
from why128.forward import NUMPY

NEAR = 1e-6  # a product of 16 numbers, added in another order


def network(*layers):
    model = Sequential([Flatten(input_shape=(4, 4)), *layers], seed=1)
    model.build()
    return model.network


def taken(found, x):
    for step in found:
        if isinstance(step, Scaling):
            x = x * step.factor + step.offset
        elif isinstance(step, Product):
            x = x @ step.kernel + step.bias
        else:
            x = activations.apply(NUMPY, step.activation, x)
    return x


@pytest.mark.parametrize("use_bias", [True, False])
def test_taken_one_by_one_they_are_the_answer(use_bias):
    whole = network(
        Rescaling(1 / 255, -0.5),
        Dense(5, "relu", use_bias=use_bias),
        Dropout(0.5),
        Dense(4, "glu"),
        Dense(3, "softmax"),
    )
    images = np.random.default_rng(0).integers(0, 256, (7, 16)).astype(np.float32)
    found = steps(whole)
    assert [type(step) for step in found] == [Scaling, *[Product, Applied] * 3]
    for each in (found, folded(found)):
        np.testing.assert_allclose(taken(each, images), whole.outputs(images), atol=NEAR)
    assert [type(step) for step in folded(found)] == [Product, Applied] * 3


def test_plain_sums_are_no_step():
    assert [type(step) for step in steps(network(Dense(3)))] == [Product]


def test_a_function_without_a_name_is_refused():
    with pytest.raises(UsageError) as refused:
        steps(network(Dense(3, lambda x: x), Dense(2)))
    assert str(refused.value) == "an activation, <lambda>, is a function without a name"
    assert refused.value.hint == "a file holds no code: use an activation by name, for example 'relu'"
