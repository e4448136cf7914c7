"""Every activation against Keras's own, and what a name or a function is taken for."""

import types
from functools import partial

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import networks
from why128 import activations, nn
from why128.engine.arithmetic import JAX
from why128.errors import UsageError
from why128.forward import NUMPY
from why128.layers import Dense, Flatten
from why128.sequential import Sequential

# Some formulas are arranged otherwise than Keras's (sigmoid by tanh): a few last bits of float32, relative to 1 + |value|.
SAME = 1e-6
GRID = np.concatenate([np.linspace(-6, 6, 49), [-100, -50, -20, 20, 50, 100]]).astype(
    np.float32
)  # -6 + 12·24/48 is exactly 0
ONE_BY_ONE = dict.fromkeys(activations.ELEMENTWISE, GRID[:, None])
SUMS = ONE_BY_ONE | {
    name: np.random.default_rng(0).permutation(np.concatenate([GRID, [0.5]])).astype(np.float32).reshape(7, 8)
    for name in activations.ACROSS
}
AS_KERAS = sorted(set(activations.NAMED) - {"sparsemax"})  # Keras 3.15's own does not sum to one
UNBOUNDED = {"exponential"}  # e¹⁰⁰ is beyond float32, there and here
NOT_EVEN_IN_KERAS = {"soft_shrink", "hard_shrink"}  # both make NaN a 0


def apart(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float((np.abs(a - b) / (1 + np.abs(b))).max())


def sums(name):
    return np.minimum(SUMS[name], 80) if name in UNBOUNDED else SUMS[name]


def with_slopes(functions):
    """For each name, its function's values and the slope of their sum, compiled as one program.

    Each number of an answer weighs otherwise in that sum: softmax's plain sum is always 1.
    """

    def of(function, x):
        value, back = jax.vjp(function, x)
        return value, back(jnp.linspace(0.5, 1.5, value.size, dtype=np.float32).reshape(value.shape))[0]

    every = jax.jit(lambda inputs: {name: of(functions[name], x) for name, x in inputs.items()})
    return jax.tree.map(np.asarray, every({name: sums(name) for name in functions}))


@pytest.fixture(scope="module")
def ours():
    return with_slopes({name: partial(activations.apply, JAX, name) for name in activations.NAMED})


@pytest.fixture(scope="module")
def keras_s():
    with networks.keras_ways():
        return with_slopes({name: keras.activations.get(name) for name in AS_KERAS})


@pytest.mark.parametrize("name", AS_KERAS)
def test_every_activation_is_keras_s_of_that_name(name, ours, keras_s):
    due = keras_s[name][0]
    for found in (ours[name][0], activations.apply(NUMPY, name, sums(name))):
        assert found.dtype == np.float32
        assert found.shape == due.shape
        assert apart(found, due) < SAME


def test_every_activation_of_keras_is_here():
    theirs = {name for name in dir(keras.activations) if not name.startswith("_")} - {
        "get",
        "serialize",
        "deserialize",
        "threshold",
    }
    assert {activations.ALIASES.get(name, name) for name in theirs} == set(activations.NAMED)


def test_threshold_is_no_activation_by_name_in_keras_either():
    """`threshold` asks for two more arguments; it is left out for that reason."""
    with pytest.raises(TypeError):
        keras.activations.get("threshold")(jnp.zeros(3))
    with pytest.raises(UsageError, match="'threshold' is not known"):
        activations.resolve("threshold")


@pytest.mark.parametrize("name", sorted(activations.NAMED))
def test_value_and_slope_stay_finite_far_out(name, ours):
    assert all(np.isfinite(a).all() for a in ours[name])


@pytest.mark.parametrize("name", AS_KERAS)
def test_slopes_are_keras_s(name, ours, keras_s):
    """At every kink too: a blank image and a bias of 0 give a sum of exactly 0, so the slope there is met in training."""
    assert apart(ours[name][1], keras_s[name][1]) < 1e-5  # terms of float32, some of which cancel


@pytest.mark.parametrize("name", sorted(set(activations.ELEMENTWISE) - NOT_EVEN_IN_KERAS))
def test_what_is_not_a_number_stays_so(name):
    """A network that diverged must not look sound."""
    with np.errstate(invalid="ignore"):
        assert np.isnan(activations.apply(NUMPY, name, np.float32([np.nan]))).all()


# ---------------------------------------------------------------- sparsemax, by its definition


def onto_the_simplex(z):
    """The point of the simplex nearest to z: the threshold t with Σ max(z − t, 0) = 1, by bisection."""
    low, high = z.min() - 1, z.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(z - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(z - (low + high) / 2, 0)


@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=9))
def test_sparsemax_is_the_projection_onto_the_simplex(z):
    found = activations.apply(NUMPY, "sparsemax", np.float32([z]))[0]
    assert np.abs(found - onto_the_simplex(np.float64(np.float32(z)))).max() < 1e-5
    assert found.sum() == pytest.approx(1, abs=1e-5)


def test_sparsemax_worked_by_hand(ours):
    """(1, 0.8, −1): two survive, the threshold is (1 + 0.8 − 1)/2 = 0.4."""
    found = activations.apply(NUMPY, "sparsemax", np.float32([[1, 0.8, -1]]))
    assert found[0] == pytest.approx([0.6, 0.4, 0], abs=1e-7)
    assert apart(ours["sparsemax"][0], activations.apply(NUMPY, "sparsemax", SUMS["sparsemax"])) < SAME


# ---------------------------------------------------------------- names and functions


@pytest.mark.parametrize(
    ("alias", "name"),
    [("swish", "silu"), ("hard_swish", "hard_silu"), ("softmax_v2", "softmax"), ("exp", "exponential")],
)
def test_aliases(alias, name):
    assert activations.resolve(alias) == name
    assert Dense(4, alias) == Dense(4, name)


def test_no_activation_is_linear():
    assert activations.resolve(None) == "linear"


@pytest.mark.parametrize("name", sorted(activations.NAMED))
def test_keras_s_functions_are_known_for_what_they_are(name):
    assert activations.resolve(getattr(keras.activations, name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "relu",
        "relu6",
        "elu",
        "celu",
        "selu",
        "silu",
        "swish",
        "mish",
        "softplus",
        "sigmoid",
        "hard_sigmoid",
        "hard_tanh",
        "hard_swish",
        "glu",
        "softmax",
        "log_softmax",
    ],
)
def test_jax_s_functions_are_known_for_what_they_are(name):
    assert activations.resolve(getattr(jax.nn, name)) == activations.ALIASES.get(name, name)
    assert activations.resolve(jnp.tanh) == "tanh"
    assert activations.resolve(jnp.exp) == "exponential"


def test_what_is_known_of_jax_is_indeed_the_same():
    names = [name for name in activations.NAMED if activations.resolve(getattr(jax.nn, name, len)) == name]
    assert len(names) > 15
    theirs = with_slopes({name: getattr(jax.nn, name) for name in names})
    for name in names:
        assert apart(activations.apply(NUMPY, name, sums(name)), theirs[name][0]) < SAME, name


@pytest.mark.parametrize("name", ["gelu", "leaky_relu"])
def test_functions_of_jax_with_other_defaults_are_kept_as_they_are(name):
    function = getattr(jax.nn, name)
    assert activations.resolve(function) is function
    assert np.isfinite(activations.apply(NUMPY, function, GRID)).all()


def test_gelu_of_jax_is_not_gelu_of_keras():
    """jax.nn.gelu approximates by tanh; taken by its name it would silently become the exact one."""
    function, x = activations.resolve(jax.nn.gelu), np.float32([-1, 2])
    assert np.abs(np.asarray(function(jnp.asarray(x))) - activations.apply(NUMPY, "gelu", x)).max() > 1e-5


@pytest.mark.parametrize("name", sorted(activations.NAMED))
def test_why128_nn_names_them_and_computes_them(name):
    function = getattr(nn, name)
    assert activations.resolve(function) == name
    assert (function(SUMS[name][:2]) == activations.apply(NUMPY, name, SUMS[name][:2])).all()
    assert repr(function) == f"why128.nn.{name}"
    assert name in dir(nn)


def test_why128_nn_lists_what_it_knows():
    with pytest.raises(
        AttributeError, match=r"module 'why128.nn' has no activation 'rellu'; known are celu, elu, .*, tanh_shrink"
    ):
        nn.rellu


def tensorflow_s(name, module="tensorflow.python.ops.gen_nn_ops"):
    """A stand-in for a function of TensorFlow, which is not installed: what identifies it is its name and module."""

    def function(features, name=None):
        raise AssertionError("only its name may be asked for")

    function.__name__, function.__module__ = name, module
    return function


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("relu", "relu"),
        ("softmax_v2", "softmax"),
        ("log_softmax_v2", "log_softmax"),
        ("elu", "elu"),
        ("softplus", "softplus"),
    ],
)
def test_functions_of_tensorflow_are_known_by_name_alone(called, name):
    assert Dense(3, tensorflow_s(called)).activation == name


def test_a_person_s_own_function_of_a_known_name_is_their_own():
    def relu(x):
        return jnp.where(x > 1, x, 0.0)

    assert activations.resolve(relu) is relu
    assert activations.label(relu) == "relu"


def test_a_library_that_only_sounds_like_one_is_not_one_of_them():
    function = tensorflow_s("relu", "tensorflowish.ops")
    assert activations.resolve(function) is function


@pytest.mark.parametrize("function", [lambda x: jnp.sin(3 * x), jax.nn.gelu], ids=["lambda", "gelu"])
def test_any_function_of_jax_trains_and_answers(function):
    images, labels = networks.pictures(64)
    model = Sequential([Flatten(input_shape=(8, 8)), Dense(5, function), Dense(4, "softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = model.get_weights()
    model.fit(images / 255.0, labels, epochs=2, verbose=0)
    kernel, bias, *_ = after = model.get_weights()
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))
    x = (images.reshape(64, -1) / 255).astype(np.float32)
    hidden = np.asarray(function(jnp.asarray(x @ kernel + bias)))
    due = activations.apply(NUMPY, "softmax", hidden @ after[2] + after[3])
    assert np.abs(model.predict(images / 255.0) - due).max() < SAME


def test_a_callable_object_is_a_function_too():
    class Steep:
        def __call__(self, x):
            return x * 3

    steep = Steep()
    assert activations.resolve(steep) is steep
    assert "Steep" in activations.label(steep)
    assert activations.resolve(types.SimpleNamespace) is types.SimpleNamespace


def test_glu_halves_the_neurons():
    assert Dense(6, "glu").outputs == 3
    assert Dense(6, "relu").outputs == 6


# ---------------------------------------------------------------- refusals


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        activations.resolve("rellu")
    assert str(caught.value) == "activation: 'rellu' is not known; expected a Keras name or a function of one array"
    assert caught.value.hint == f"did you mean 'relu'? known names: {', '.join(sorted(activations.NAMED))}"


def test_a_name_that_resembles_none_is_refused_with_the_list():
    with pytest.raises(UsageError) as caught:
        activations.resolve("zzz\n")
    assert str(caught.value).startswith(r"activation: 'zzz\n' is not known")
    assert caught.value.hint.startswith("known names: celu, elu, ")


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (["relu"], r"\['relu'\]"), ({}, r"\{\}")])
def test_what_is_neither_a_name_nor_a_function_is_refused(value, text):
    with pytest.raises(UsageError, match=f"^activation: expected a name or a function, got {text}$") as caught:
        activations.resolve(value)
    assert caught.value.hint == "for example 'relu', or tf.nn.relu"


def test_a_function_that_changes_the_shape_is_refused():
    def halved(x):
        return x[:, ::2]

    model = Sequential([Flatten(input_shape=(2, 2)), Dense(4, halved), Dense(2)])
    with pytest.raises(UsageError) as caught:
        model.predict(np.zeros((3, 2, 2)))
    said = "activation: halved must give an array of the shape it is given, (3, 4), gave (3, 2)"
    assert str(caught.value) == said
