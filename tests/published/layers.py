"""Keras's interface of layers and models over our words, for its own tests of them.

A layer is called by itself: here as the first of a network whose last layer gives back what it is given.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from keras.src import testing

import why128
from why128 import arrays, forward, layers
from why128.engine.arithmetic import JAX
from why128.engine.steps import Learning, _followed
from why128.formats.keras_layer import item_of, layer_of
from why128.layers import Dense, Fixed, Flatten, Input, output_shape, weights
from why128.network import Network

NAMES = (
    "Activation", "BatchNormalization", "Dense", "Dropout", "ELU", "Flatten", "GaussianNoise", "LayerNormalization", "LeakyReLU",
    "Normalization", "PReLU", "ReLU", "Rescaling", "Reshape", "Softmax",
)  # fmt: skip

OF_KERAS = {"module": "keras.layers", "registered_name": None}


class Symbol:
    """What a shape with a batch before it stands for: Keras's KerasTensor."""

    def __init__(self, shape, words=None):
        self.shape, self.words = tuple(shape), words


def entering(shape=None, batch_size=None, batch_shape=None):
    """Keras's Input: the batch belongs to the symbol, since our Input knows single images."""
    shape = batch_shape[1:] if shape is None else shape
    return Symbol((batch_size, *shape), Input(tuple(shape)))


class Variable(np.ndarray):
    """One weight, with the constraint that it is held by."""

    constraint = None


class Layer:
    """One layer that can be built and called; `words` is ours."""

    kind = None

    def __init__(self, *values, seed=None, **named):
        self.words, self.seed = self.kind(*values, **named), seed or 0
        self._shape, self._values = None, None

    def __getattr__(self, name):
        if name in ("words", "_shape", "_values"):
            raise AttributeError(name)
        for weight, value in self._named():
            if weight.name == name:
                return value
        return getattr(self.words, name)

    def _named(self):
        if self._shape is None:
            return
        given = iter(self._values)
        for weight in weights(self.words, self._shape):
            value = np.asarray(next(given)).view(Variable) if weight.present else None
            if value is not None:
                value.constraint = weight.constraint
            yield weight, value

    @property
    def built(self):
        return self._shape is not None or getattr(self.words, "adapted", False)

    @property
    def weights(self):
        return [value for weight, value in self._named() if weight.present]

    @property
    def trainable_weights(self):
        return [value for weight, value in self._named() if weight.present and weight.learned]

    @property
    def non_trainable_weights(self):
        return [value for weight, value in self._named() if weight.present and not weight.learned]

    @property
    def losses(self):
        return [weight.regularizer.penalty(np, value) for weight, value in self._named() if weight.regularizer]

    def _after(self):
        """What gives back what the layer gave."""
        return Flatten(), Dense(math.prod(output_shape(self.words, self._shape)), name="gives_back")

    def build(self, input_shape):
        self._shape = tuple(input_shape[1:])
        model = why128.Sequential([Input(self._shape), self.words, *self._after()], seed=self.seed)
        model.build()
        self._values = model.get_weights()[:-2]

    def set_weights(self, values):
        self._values = [np.asarray(value, np.float32) for value in values]

    def adapt(self, data):
        self.words.adapt(data)

    def compute_output_shape(self, shape):
        return (shape[0], *output_shape(self.words, tuple(shape[1:])))

    def _network(self):
        after = self._after()
        given_back = (np.eye(after[1].units, dtype=np.float32), np.zeros(after[1].units, np.float32))
        return Network((Input(self._shape), self.words, *after), (*self._values, *given_back))

    def __call__(self, x, training=False):
        if not isinstance(x, Symbol):
            x = np.asarray(x, np.float32)
        if len(x.shape) == 1 and isinstance(self.words, Fixed):  # single numbers: here, images of one
            return self(x[:, None])[:, 0]
        if self._shape is None or not self._values:
            self.build(x.shape)
        leaving = output_shape(self.words, self._shape)
        if isinstance(x, Symbol):
            arrays.images(np.zeros((1, *x.shape[1:])), self._shape)
            return Symbol((x.shape[0], *leaving))
        images = arrays.images(x, self._shape)
        found = self._learning(images) if training else self._network().outputs(images)
        return found.reshape(-1, *leaving)

    def _learning(self, x):
        network = self._network()
        ladder, mode = network.ladder, Learning(jax.random.key(self.seed), jnp.ones(len(x), bool))
        parameters = jax.tree.map(jnp.asarray, ladder.pack([network.weights]))
        images = jnp.asarray(np.reshape(x, (len(x), -1)), jnp.float32)
        out = forward.scores(JAX, ladder, parameters, images, mode)[0]
        self._values = list(ladder.unpack(_followed(JAX, ladder, parameters, mode.running))[0][:-2])
        return np.asarray(out)

    def get_config(self):
        return item_of(self.words, self.words.name, self._shape or ())["config"]

    @classmethod
    def from_config(cls, config):
        made = cls.__new__(cls)
        made.__dict__.update(
            words=layer_of({**OF_KERAS, "class_name": cls.kind.__name__, "config": config}),
            seed=0,
            _shape=None,
            _values=None,
        )
        return made


KINDS = {name: type(name, (Layer,), {"kind": getattr(layers, name)}) for name in NAMES}


class Sequential(why128.Sequential):
    """Ours, taking the layers above; there is no functional model within."""

    _functional = None

    def add(self, layer):
        super().add(layer.words if isinstance(layer, (Layer, Symbol)) else layer)

    @property
    def weights(self):
        return self.get_weights()

    def __call__(self, x):
        if isinstance(x, Symbol):
            return Symbol(self.compute_output_shape(x.shape))
        return super().__call__(np.asarray(x, np.float32))


WORDS = {  # Keras's of a message, and ours
    "incompatible with the layer": r"expected the shape \(N, 2\), got \(1, 3\)",
    "positive integer": "must be a whole number from 1",
    r"`momentum` must be a float between \[0, 1\].": "momentum must be a number from 0 to 1, got ",
    "Argument `weight_decay` must be a float. Received: weight_decay=None": "weight_decay must be a number of at least 0, got None",
    **{
        rf"Argument `beta_1` must be in the \[0, 1\] range. Otherwise, the optimizer degenerates to SignSGD. Received: beta_1={given}.": said
        for given, said in (
            ("-0.1", "from 0 to 1, got -0.1"),
            ("0.0", "above 0, got 0"),
            ("1.1", "from 0 to 1, got 1.1"),
        )
    },
    "already been configured": "an Input must come first|images of this model have the shape",
    "should have unique names": "expected each name once",
    "no layers": "the last layer must be a Dense",
    "Only instances of": "expected a layer, got",
    r"Use `add\(\)` and `pop\(\)`": "has no setter",
    "Invalid value received for argument `rate`. Expected a float value between 0 and 1.": "rate must be at least 0 and below 1",
    "empty iterable": "was given no images",
    "incompatible shape": "met a batch of another shape",
    "All `axis` values must be in the range": "axis must be -1 or None",
    "both `mean` and `variance` must be set": "mean and variance go together",
    "The negative_slope value of a Leaky ReLU layer cannot be None": "negative_slope must be a number",
    "max_value of a ReLU layer cannot be a negative value": "max_value must be a number of at least 0",
    "negative_slope of a ReLU layer cannot be None or a negative value": "negative_slope must be a number",
    "threshold of a ReLU layer cannot be None or a negative value": "threshold must be a number",
    "at most one unknown dimension.*target_shape=\\(-1, -1, 5\\)": r"at most one -1, got \(-1, -1, 5\)",
    "non-negative integer.*-1.*target_shape=\\(-2, 5\\)": r"at most one -1, got \(-2, 5\)",
}


class Spoken(testing.TestCase):
    """Keras's, with the words of our messages."""

    def assertRaisesRegex(self, expected, regex, *values, **named):
        return super().assertRaisesRegex(expected, WORDS.get(regex, regex), *values, **named)  # noqa: PT027 (it is being stood in for)


class Case(Spoken):
    """Keras's, but for what it asks of every layer."""

    def run_layer_test(
        self,
        layer_cls,
        init_kwargs,
        input_shape=None,
        input_dtype="float32",
        input_data=None,
        call_kwargs=None,
        expected_output_shape=None,
        expected_output=None,
        expected_num_trainable_weights=None,
        expected_num_non_trainable_weights=None,
        expected_num_losses=None,
        run_training_check=True,
        **others,
    ):
        """What Keras asks of every layer, without masks, symbolic shapes, seeds, other precisions, and sparse or ragged data."""
        assert not others.get("expected_output_sparse"), "sparse data"
        rng = np.random.default_rng(0)
        x = input_data if input_data is not None else (rng.random(input_shape) * 3).astype(input_dtype)
        self.run_class_serialization_test(layer_cls(**init_kwargs))
        layer = layer_cls(**init_kwargs)
        layer.build(np.shape(x))
        assert layer.built
        for expected, found in (
            (expected_num_trainable_weights, layer.trainable_weights),
            (expected_num_non_trainable_weights, layer.non_trainable_weights),
            (expected_num_losses, layer.losses),
        ):
            assert expected is None or len(found) == expected
        assert expected_output_shape in (None, layer.compute_output_shape(np.shape(x)))
        out = layer_cls(**init_kwargs)(x, **(call_kwargs or {}))
        assert out.dtype == np.float32
        assert expected_output_shape in (None, out.shape)
        if expected_output is not None:
            self.assertAllClose(out, expected_output)
        if run_training_check:
            self._learn(layer, x)

    def _learn(self, layer, x):
        """A step of learning with the layer in a network."""
        model = why128.Sequential([Input(np.shape(x)[1:]), layer.words, Flatten(), Dense(2)], seed=0)
        model.compile("sgd", "mse")
        model.fit(np.asarray(x, np.float32), np.zeros((len(x), 2), np.float32), verbose=0)
        assert all(np.isfinite(w).all() for w in model.get_weights())

    def run_class_serialization_test(self, instance, custom_objects=None):
        """Written as Keras's files say it, and read, it is the same."""
        if isinstance(instance, Layer):
            revived = type(instance).from_config(instance.get_config())
            assert revived.get_config() == instance.get_config()
            return revived
        words = instance.words if hasattr(instance, "words") else instance
        raise AssertionError(f"{words} is none of a file's layers")
