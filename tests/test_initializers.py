"""Every initialiser against Keras's own, by its distribution; and the law that a draw belongs to its address."""

from functools import cache

import keras
import numpy as np
import pytest

from tests import networks
from why128 import drawing, initializers
from why128.addresses import draws, key_words
from why128.errors import UsageError
from why128.ladder import Ladder
from why128.layers import Dense, Input

SHAPE = (
    300,
    200,
)  # 60,000 numbers: the standard error of a mean is 0.4 % of a standard deviation, of a deviation 0.3 %
EXACT = ["zeros", "ones", "identity"]
RANDOM = sorted(set(initializers.NAMED) - {*EXACT, "orthogonal"})
BOUNDED = [name for name in RANDOM if name != "random_normal"]


def drawn(name, shape=SHAPE, seed=0):
    return drawing.draw(name, np.random.default_rng(seed), shape)


@cache
def keras_s(name, shape=SHAPE):
    with networks.keras_ways():
        return np.asarray(keras.initializers.get(name)(shape))


@pytest.mark.parametrize("name", RANDOM)
def test_mean_and_standard_deviation_are_keras_s(name):
    found, due = drawn(name), keras_s(name)
    assert found.dtype == np.float32
    assert found.std() == pytest.approx(due.std(), rel=0.02)  # two deviations with a standard error of 0.3 % each
    assert abs(found.mean()) < 5 * found.std() / np.sqrt(found.size)


@pytest.mark.parametrize("name", BOUNDED)
def test_limits_are_keras_s(name):
    found, due = np.abs(drawn(name)).max(), np.abs(keras_s(name)).max()
    assert found == pytest.approx(due, rel=0.005)  # both come within a thousandth of the limit


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", (6 / 500) ** 0.5),
        ("he_uniform", (6 / 300) ** 0.5),
        ("lecun_uniform", (3 / 300) ** 0.5),
        ("random_uniform", 0.05),
        ("truncated_normal", 0.1),
    ],
)
def test_limits_are_those_of_the_papers(name, limit):
    found = np.abs(drawn(name))
    assert found.max() <= limit * (1 + 1e-6)
    assert found.max() > 0.995 * limit


@pytest.mark.parametrize(
    ("name", "deviation"),
    [("glorot_normal", (2 / 500) ** 0.5), ("he_normal", (2 / 300) ** 0.5), ("lecun_normal", (1 / 300) ** 0.5)],
)
def test_a_cut_normal_has_the_deviation_asked_for_after_the_cut(name, deviation):
    assert drawn(name).std() == pytest.approx(deviation, rel=0.01)


def test_a_normal_is_normal():
    share_within_one = (np.abs(drawn("random_normal")) < 0.05).mean()
    assert share_within_one == pytest.approx(0.6827, abs=0.01)
    assert np.abs(drawn("random_normal")).max() > 0.15  # not cut


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
def test_what_is_not_random_is_exactly_keras_s(name, shape):
    assert (drawn(name, shape) == keras_s(name, shape)).all()


@pytest.mark.parametrize("shape", [(20, 20), (30, 12), (12, 30)])
def test_orthogonal_has_right_angles_and_length_one(shape):
    q = drawn("orthogonal", shape)
    assert q.shape == shape
    square = q.T @ q if shape[0] >= shape[1] else q @ q.T
    assert np.abs(square - np.eye(len(square))).max() < 1e-5


def test_orthogonal_prefers_no_sign():
    """Without the correction of signs a QR decomposition favours some rotations: the diagonal's mean would not be 0."""
    traces = [np.trace(drawn("orthogonal", (3, 3), seed)) for seed in range(400)]
    assert abs(np.mean(traces)) < 4 * np.std(traces) / np.sqrt(400)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", initializers.NAMED)
def test_keras_knows_every_name(name):
    real = keras.initializers.get(name)
    assert initializers.resolve(name) == name
    assert initializers.resolve(type(real).__name__.removesuffix("Initializer")) == name


def test_no_initialiser_is_zeros():
    assert Dense(3, bias_initializer=None).bias_initializer == "zeros"


def test_a_dense_layer_begins_as_keras_s():
    assert (Dense(3).kernel_initializer, Dense(3).bias_initializer) == ("glorot_uniform", "zeros")


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        Dense(3, kernel_initializer="HeNormall")
    assert str(caught.value) == "initializer: 'HeNormall' is not known"
    assert caught.value.hint == f"did you mean 'he_normal'? known names: {', '.join(initializers.NAMED)}"


def test_what_is_no_name_is_refused():
    with pytest.raises(
        UsageError, match=r"^initializer: expected a name or one of why128.initializers, got 3$"
    ) as caught:
        Dense(3, bias_initializer=3)
    assert caught.value.hint.startswith("known names: glorot_uniform, ")


# ---------------------------------------------------------------- addresses


def test_a_draw_does_not_depend_on_what_was_drawn_before():
    first = draws(1, "weights", replicate=0, candidate=(4,), layer=0).normal(size=5)
    draws(1, "order", replicate=0, epoch=0).permutation(1000)
    draws(1, "weights", replicate=0, candidate=(4,), layer=1).normal(size=99)
    assert (draws(1, "weights", replicate=0, candidate=(4,), layer=0).normal(size=5) == first).all()


def test_every_part_of_an_address_counts():
    base = {"replicate": 0, "candidate": (4,), "layer": 0}
    seen = [draws(1, "weights", **base), draws(2, "weights", **base), draws(1, "order", **base)]
    seen += [
        draws(1, "weights", **base | other)
        for other in ({"replicate": 1}, {"candidate": (4, 4)}, {"candidate": (5,)}, {"layer": 1})
    ]
    assert len({rng.integers(2**63) for rng in seen}) == len(seen)


def test_neighbouring_addresses_are_not_alike():
    """1,000 epochs' first numbers are spread as independent ones would be."""
    first = np.array([draws(0, "order", replicate=0, epoch=e).random() for e in range(1000)])
    assert first.mean() == pytest.approx(0.5, abs=4 * 0.2887 / np.sqrt(1000))
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 4 / np.sqrt(1000)


def test_a_compiled_program_gets_its_key_from_an_address_too():
    words = key_words(3, "dropout", replicate=1, epoch=2)
    assert (words.shape, words.dtype) == ((2,), np.uint32)
    assert (words == key_words(3, "dropout", epoch=2, replicate=1)).all()
    assert (words != key_words(3, "dropout", epoch=3, replicate=1)).any()


def begun(width, activation="relu"):
    """The initial weights of a network of 10 inputs and 3 classes."""
    ladder = Ladder.of([(Input((10,)), Dense(width, activation), Dense(3, "softmax"))])
    return ladder.unpack(ladder.initial(4, 1))[0]


def test_a_layer_s_numbers_depend_on_the_sizes_and_not_on_the_activation():
    """So activations and learning rates are compared from equal starts."""
    for a, b in zip(begun(6, "relu"), begun(6, "tanh"), strict=True):
        assert (a == b).all()
    assert (begun(7)[0][:, :6] != begun(6)[0]).any()


def test_biases_begin_at_zero_and_kernels_within_glorot_s_limit():
    kernel, bias, *_ = begun(6)
    assert (bias == 0).all()
    assert np.abs(kernel).max() <= (6 / 16) ** 0.5


KERAS_S = {
    "RandomUniform": {"minval": 1.0, "maxval": 3.0},
    "RandomNormal": {"mean": 1.0, "stddev": 0.2},
    "TruncatedNormal": {"mean": -1.0, "stddev": 0.2},
    "VarianceScaling": {"scale": 3.0, "mode": "fan_out", "distribution": "uniform"},
    "Orthogonal": {"gain": 2.0},
    "Identity": {"gain": 0.5},
    "Constant": {"value": 0.3},
}


@pytest.mark.parametrize("name", KERAS_S)
def test_parameters_do_what_keras_s_do(name):
    """Two samples of many numbers: their means and spreads agree, and what is certain is the same."""
    ours = drawing.draw(getattr(initializers, name)(**KERAS_S[name]), np.random.default_rng(0), (400, 300))
    with networks.keras_ways():
        theirs = np.asarray(getattr(keras.initializers, name)(**KERAS_S[name])((400, 300)))
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.01)
    assert ours.std() == pytest.approx(theirs.std(), abs=0.01)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.2)


def test_classes_with_nothing_to_choose_are_names():
    assert initializers.HeNormal() == "he_normal"
    assert initializers.resolve(initializers.RandomNormal()) == "random_normal"
    own = initializers.RandomNormal(stddev=1.0)
    assert initializers.resolve(own) is own


def test_what_cannot_be_scaled():
    said = "VarianceScaling: mode must be one of fan_in, fan_out, fan_avg, got 'both'"
    with pytest.raises(UsageError, match=f"^{said}$"):
        initializers.VarianceScaling(mode="both")
    with pytest.raises(UsageError, match=r"distribution must be one of truncated_normal, uniform, got 'normal'$"):
        initializers.VarianceScaling(distribution="normal")
