"""Optimisers as words (their arithmetic is compared with Keras's in engine/test_numbers.py)."""

import dataclasses

import keras
import pytest

from why128 import optimizers
from why128.errors import UsageError


@pytest.mark.parametrize("name", optimizers.NAMED)
def test_names_and_defaults_are_keras_s(name):
    ours, theirs = optimizers.resolve(name), keras.optimizers.get(name).get_config()
    for field in dataclasses.fields(ours)[:-1]:  # but its name, which nothing depends on
        assert getattr(ours, field.name) == pytest.approx(theirs[field.name]), field.name


@pytest.mark.parametrize("name", ["Adam", "ADAM", "adam"])
def test_a_name_in_any_case(name):
    assert optimizers.resolve(name) == optimizers.Adam()


def test_an_optimiser_itself_with_another_learning_rate():
    assert optimizers.resolve(optimizers.SGD(momentum=0.9), 0.5) == optimizers.SGD(0.5, 0.9)
    assert optimizers.resolve("sgd", 0.5).learning_rate == 0.5
    assert optimizers.resolve(optimizers.Adam(0.1)) == optimizers.Adam(0.1)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"^optimizer: 'adamm' is not known$") as caught:
        optimizers.resolve("adamm")
    assert (
        caught.value.hint == "did you mean 'adam'? known names: sgd, rmsprop, adam, adamw, nadam, adamax, adagrad, lion"
    )


def test_a_name_that_resembles_none():
    with pytest.raises(UsageError, match=r"^optimizer: 'zz' is not known$") as caught:
        optimizers.resolve("zz")
    assert caught.value.hint == "known names: sgd, rmsprop, adam, adamw, nadam, adamax, adagrad, lion"


def test_what_is_no_optimiser_is_refused():
    with pytest.raises(UsageError, match=r"^optimizer: expected a name or one of why128.optimizers, got 3$") as caught:
        optimizers.resolve(3)
    assert caught.value.hint == "for example 'adam'"


@pytest.mark.parametrize("kind", optimizers.NAMED.values())
@pytest.mark.parametrize(
    ("rate", "text"),
    [(-0.1, "-0.1"), (float("nan"), "nan"), (float("inf"), "inf"), ("0.1", "'0.1'"), (True, "True"), (None, "None")],
)
def test_a_learning_rate_that_is_none_is_refused(kind, rate, text):
    with pytest.raises(
        UsageError, match=f"^{kind.__name__}: learning_rate must be a number of at least 0, got {text}$"
    ):
        kind(learning_rate=rate)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: optimizers.SGD(momentum=-1), "SGD: momentum must be a number from 0 to 1, got -1"),
        (lambda: optimizers.Adam(beta_2="x"), "Adam: beta_2 must be a number from 0 to 1, got 'x'"),
        (lambda: optimizers.AdamW(weight_decay=-1), "AdamW: weight_decay must be a number of at least 0, got -1"),
        (lambda: optimizers.RMSprop(rho=None), "RMSprop: rho must be a number from 0 to 1, got None"),
    ],
)
def test_other_numbers_are_checked_too(make, text):
    with pytest.raises(UsageError, match=f"^{text}$"):
        make()
