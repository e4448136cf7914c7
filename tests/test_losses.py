"""Cross-entropy against Keras and scikit-learn, its names, and its refusals."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests import networks
from why128 import losses
from why128.activations import apply
from why128.engine.arithmetic import JAX
from why128.errors import UsageError
from why128.forward import NUMPY

RNG = np.random.default_rng(0)
SCORES, LABELS = RNG.normal(0, 2, (50, 4)).astype(np.float32), RNG.integers(0, 4, 50)
SAME = 1e-5  # float32: logarithms of probabilities down to 1e-4


def ours(scores, labels=LABELS, activation="softmax", from_logits=False):
    return losses.cross_entropy(NUMPY, scores, labels, activation, from_logits)


def keras_s(loss, *arguments, **kwargs):
    with networks.keras_ways():
        return np.asarray(loss(*map(jnp.asarray, arguments), **kwargs))


def test_worked_by_hand():
    """Scores (0, log 3): probabilities ¼ and ¾, so −log ¼ = 2 log 2 and −log ¾."""
    scores = np.float32([[0, np.log(3)], [0, np.log(3)]])
    assert ours(scores, np.array([0, 1])) == pytest.approx([2 * np.log(2), np.log(4 / 3)], rel=1e-6)


def test_it_is_scikit_learn_s():
    assert ours(SCORES).mean() == pytest.approx(
        log_loss(LABELS, apply(NUMPY, "softmax", SCORES.astype(np.float64))), rel=1e-5
    )


def test_it_is_keras_s():
    due = keras_s(keras.losses.sparse_categorical_crossentropy, LABELS, apply(NUMPY, "softmax", SCORES))
    assert np.abs(ours(SCORES) - due).max() < SAME


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "sparsemax", "relu"])
def test_answers_that_are_no_probabilities_are_normalised_as_keras_does(activation):
    answers = apply(NUMPY, activation, SCORES) + np.float32(1e-3)  # Keras divides by their sum: it must not be 0
    due = keras_s(keras.losses.sparse_categorical_crossentropy, LABELS, answers)
    found = losses.cross_entropy(NUMPY, SCORES, LABELS, lambda x: apply(NUMPY, activation, x) + np.float32(1e-3), False)
    assert np.abs(found - due).max() < SAME


def test_from_logits_is_keras_s():
    due = keras_s(keras.losses.sparse_categorical_crossentropy, LABELS, SCORES, from_logits=True)
    assert np.abs(ours(SCORES, activation="linear", from_logits=True) - due).max() < SAME
    assert np.abs(ours(SCORES) - due).max() < SAME, "softmax then its logarithm is the same from the sums"


def test_from_logits_takes_the_last_activation_first():
    due = keras_s(keras.losses.sparse_categorical_crossentropy, LABELS, np.tanh(SCORES), from_logits=True)
    assert np.abs(ours(SCORES, activation="tanh", from_logits=True) - due).max() < SAME


def test_one_hot_targets_mean_the_same():
    one_hot = np.eye(4, dtype=np.float32)[LABELS]
    due = keras_s(keras.losses.categorical_crossentropy, one_hot, apply(NUMPY, "softmax", SCORES))
    assert np.abs(ours(SCORES) - due).max() < SAME


def test_numpy_and_jax_compute_the_same():
    with jax.numpy_rank_promotion("raise"):
        found = losses.cross_entropy(JAX, jnp.asarray(SCORES), jnp.asarray(LABELS), "softmax", False)
    assert np.abs(np.asarray(found) - ours(SCORES)).max() < 1e-6


def test_a_sure_wrong_answer_costs_much_and_stays_finite():
    scores = np.float32([[500, -500]])
    assert ours(scores, np.array([1])) == pytest.approx([1000])
    assert ours(np.float32([[1e30, -1e30]]), np.array([0])) == pytest.approx([0])
    slope = jax.grad(lambda s: losses.cross_entropy(JAX, s, jnp.array([1]), "softmax", False).sum())(
        jnp.asarray(scores)
    )
    assert np.asarray(slope)[0] == pytest.approx([1, -1])


def test_several_candidates_and_batches_at_once():
    """Scores (K, B, C) and labels (1, B) give (K, B), as a cohort asks for."""
    both = np.stack([SCORES, SCORES[:, ::-1]])
    found = ours(both, LABELS[None])
    assert found.shape == (2, 50)
    assert (found[0] == ours(SCORES)).all()


def test_names():
    assert losses.resolve("sparse_categorical_crossentropy") == losses.SparseCategoricalCrossentropy()
    assert losses.resolve("categorical_crossentropy") == losses.CategoricalCrossentropy(from_logits=False)
    own = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert losses.resolve(own) is own


@pytest.mark.parametrize(
    ("loss", "text"),
    [("msle", "'msle'"), (3, "3"), (losses.CategoricalCrossentropy, "<class 'why128.losses.CategoricalCrossentropy'>")],
)
def test_an_unknown_loss_is_refused(loss, text):
    with pytest.raises(UsageError, match=f"^loss: {text} is not known here$") as caught:
        losses.resolve(loss)
    assert caught.value.hint == f"known names: {', '.join(losses.NAMED)}"
