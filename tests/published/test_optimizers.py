"""Keras's own published tests of its optimisers and schedules, run against ours: their text, with the imports led here.

What Keras calls optimisers are stand-ins over our words and our formulas.  Every test passes, or is named below with the reason for which it
is not claimed; a named one that passes fails here.
"""

import dataclasses
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src import testing

from tests import networks
from why128 import optimizers, schedules
from why128.engine.updates import direction, moved
from why128.ladder import Parameters

KERAS = Path(keras.__file__).parent / "src" / "optimizers"
NOTHING = np.zeros(0, np.float32)

NOT_CLAIMED = {
    "test_ema": "averages of weights",
    "test_ema_overwrite_frequency": "averages of weights",
    "test_weight_decay": "variables exempt from decay, by name",
    "test_clip_norm": "a private method",
    "test_clip_value": "a private method",
    "test_clipnorm_indexed_slices": "embeddings, on TensorFlow",
    "test_invalid_beta_1": "another wording",
    "test_invalid_momentum": "another wording",
    "AdamWTest.test_weight_decay_is_none": "another wording",
    "SGDTest.test_single_step": "its list of variables",
    "test_build_with_empty_var_list": "variables that are built beforehand",
    "test_fit_lr_correctness": "a schedule inside Keras's own fit",
}


class Optimizer:
    """Keras's interface over our words, and our formulas for one variable at a time."""

    def __init__(self, kind, *values, **named):
        self.words, self._formulas, self._kept, self._steps = kind(*values, **named), None, {}, 0
        self._formulas = direction(self.words)

    def apply_gradients(self, pairs):
        words = self.words
        (rate,) = schedules.rates(words.learning_rate, np.array([self._steps]))
        for gradient, variable in pairs:
            own = Parameters(jnp.asarray(variable.value), NOTHING, NOTHING)
            kept = self._kept.get(id(variable)) or self._formulas.init(own)
            given = Parameters(jnp.asarray(gradient, jnp.float32), NOTHING, NOTHING)
            turned, self._kept[id(variable)] = self._formulas.turn(given, kept, np.float32(rate))
            variable.assign(moved(own.kernel, turned.kernel, np.float32(rate), np.float32(words.weight_decay or 0.0)))
        self._steps += 1

    @property
    def iterations(self):
        return self._steps


class Case(testing.TestCase):
    """Keras's, but for what a config is here: the fields of a frozen value."""

    def run_class_serialization_test(self, instance, custom_objects=None):
        words = instance.words if isinstance(instance, Optimizer) else instance
        fields = {field.name: getattr(words, field.name) for field in dataclasses.fields(words)}
        assert type(words)(**fields) == words
        assert fields == {key: fields[key] for key in type(words)(**fields).__dict__}


def suite(file):
    """The classes of tests in one of Keras's files, with our stand-ins."""
    text = re.sub(r"^ *@pytest.mark.requires_trainable_backend\n", "", (KERAS / file).read_text(), flags=re.M)
    ours = {
        name: partial(Optimizer, kind) for name, kind in ((kind.__name__, kind) for kind in optimizers.NAMED.values())
    }
    text = re.sub(r"^from keras.src.optimizers\.\w+ import (\w+)$", r"\1 = OURS['\1']", text, flags=re.M)
    text = re.sub(r"^from keras.src.optimizers import schedules$", "schedules = SCHEDULES", text, flags=re.M)
    text = re.sub(r"^from keras.src import testing$", "testing = TESTING", text, flags=re.M)
    scope = {"OURS": ours, "SCHEDULES": SCHEDULES, "TESTING": SimpleNamespace(TestCase=Case), "__name__": "keras_s_own"}
    exec(compile(text, file, "exec"), scope)
    return [made for made in scope.values() if isinstance(made, type) and issubclass(made, Case) and made is not Case]


# A schedule of Keras's is called with one step and gives a number; ours give as many as they are asked for.  Names are not kept.
SCHEDULES = SimpleNamespace(
    **{
        name: (lambda kind: lambda *values, name=None, **named: kind(*values, **named))(getattr(schedules, name))
        for name in ("ExponentialDecay", "PiecewiseConstantDecay", "PolynomialDecay", "InverseTimeDecay", "CosineDecay", "CosineDecayRestarts")
    },
    LearningRateSchedule=object,
)  # fmt: skip

FILES = ("sgd", "rmsprop", "adam", "adamw", "nadam", "adamax", "adagrad", "lion", "schedules/learning_rate_schedule")
TESTS = [
    (kind, method)
    for file in FILES
    for kind in suite(f"{file}_test.py")
    for method in sorted(name for name in dir(kind) if name.startswith("test_") and name != "test_session")
]


def reason(kind, method):
    return NOT_CLAIMED.get(f"{kind.__name__}.{method}") or NOT_CLAIMED.get(method)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "method"), TESTS, ids=[f"{kind.__name__}.{method}" for kind, method in TESTS])
def test_keras_s_own(kind, method):
    said = reason(kind, method)
    with networks.keras_ways():
        if said:
            with pytest.raises((Exception, pytest.fail.Exception)):  # in whatever way it is not here
                getattr(kind(method), method)()
        else:
            case = kind(method)
            case.setUp()
            getattr(case, method)()


def test_no_reason_is_left_over():
    used = {key for kind, method in TESTS for key in (method, f"{kind.__name__}.{method}")}
    assert set(NOT_CLAIMED) <= used
