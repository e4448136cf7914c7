"""Where eight bits are spent."""

import numpy as np

from why128.formats.calibrating import span
from why128.formats.steps import Applied, Product


def answers(inputs, seed=0):
    """What follows: a layer whose answers are probabilities."""
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 0.3, (inputs, 5)).astype(np.float32)
    return Product(kernel, np.zeros(5, np.float32)), Applied("softmax")


def test_numbers_that_are_spread_evenly_are_all_told_apart():
    x = np.random.default_rng(1).random((500, 20), np.float32)
    assert span(x, answers(20)) == (float(x.min()), float(x.max()))


def test_what_is_rare_and_huge_does_not_take_the_bytes_of_all_others():
    x = np.random.default_rng(1).random((500, 20), np.float32)
    x[7, 3] = 10_000.0
    low, high = span(x, answers(20))
    assert 0.0 <= low < 0.01 < 0.9 < high < 2.0


def test_the_last_step_s_answers_are_all_kept():
    x = np.array([[0.0, 1.0, 1e6]], np.float32)
    assert span(x, ()) == (0.0, 1e6)


def test_what_is_no_number_is_told_as_it_is():
    low, high = span(np.array([[1.0, np.inf]], np.float32), answers(2))
    assert (low, high) == (1.0, np.inf)
