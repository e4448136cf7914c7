"""Learning with products of bfloat16: which numbers are rounded, and which are not."""

import dataclasses

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from tests import networks
from why128 import optimizers
from why128.engine import Run, assess, start, train
from why128.engine.arithmetic import JAX, MixedBfloat16

KERNEL = np.random.default_rng(0).normal(0, 0.1, (48, 64)).astype(np.float32)
IMAGES = np.random.default_rng(1).uniform(0, 1, (32, 64)).astype(np.float32)
ABOVE = np.random.default_rng(2).normal(0, 1, (48, 32)).astype(np.float32)  # the gradients of the product


def rounded(array):
    return array.astype(ml_dtypes.bfloat16).astype(np.float64)


def ours(kernel, images, above, always=True):
    product, pull = jax.vjp(lambda k: MixedBfloat16(always).wide(k, images), kernel)
    return product, pull(above)[0]


def test_factors_are_rounded_and_sums_are_not():
    product, gradient = map(np.asarray, jax.jit(ours)(KERNEL, IMAGES, ABOVE))
    assert product.dtype == gradient.dtype == np.float32
    np.testing.assert_allclose(product, rounded(KERNEL) @ rounded(IMAGES).T, rtol=0, atol=1e-5)
    np.testing.assert_allclose(gradient, rounded(ABOVE) @ rounded(IMAGES), rtol=0, atol=1e-4)
    assert np.abs(product - KERNEL @ IMAGES.T).max() > 1e-4  # or nothing was rounded


def test_the_compiler_multiplies_what_was_rounded():
    """It would else round, and multiply in float32: as many digits less, and no time won."""
    told = jax.jit(ours).lower(KERNEL, IMAGES, ABOVE, jnp.array(True)).as_text()
    products = [line for line in told.splitlines() if "dot_general" in line]
    assert len(products) == 2
    assert all(line.count("bf16") == 2 for line in products)


def mixed(own, optimizer=None):
    return dataclasses.replace(networks.cohort(own, optimizer), precision="mixed_bfloat16")


def test_weights_and_moments_stay_float32():
    own = networks.ladder((), (16,), (16, 8))
    state = start(mixed(own), own.initial(0, 0))
    *_, last = train(mixed(own), networks.data(96), Run(np.arange(96), 1, 0), state)
    assert {str(leaf.dtype) for leaf in jax.tree.leaves(last.state)} == {"float32"}


@pytest.mark.parametrize("widths", [(), (4,), (16,), (16, 8)])
def test_it_learns_as_float32_does(widths):
    own, data, rows = networks.ladder(widths), networks.data(640), np.arange(640)
    found = []
    for cohort in (networks.cohort(own, optimizers.Adam(0.01)), mixed(own, optimizers.Adam(0.01))):
        *_, last = train(cohort, data, Run(rows, 10, 0), start(cohort, own.initial(0, 0)))
        found.append(assess(cohort, data, rows, last.state.parameters).losses.mean())
    assert found[1] == pytest.approx(found[0], rel=0.05, abs=0.01)
    assert found[1] != found[0]


def test_answers_are_float32_s_also_of_what_learned_otherwise():
    own, data, rows = networks.ladder((16,)), networks.data(96), np.arange(96)
    parameters = own.initial(0, 0)
    one, other = (assess(cohort, data, rows, parameters).losses for cohort in (networks.cohort(own), mixed(own)))
    assert (one == other).all()


def test_float32_is_the_usual():
    assert networks.cohort(networks.ladder((4,))).precision == "float32"
    assert np.asarray(JAX.wide(jnp.asarray(KERNEL), jnp.asarray(IMAGES))).dtype == np.float32
