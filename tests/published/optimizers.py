"""Keras's interface of optimisers and schedules over our words and formulas, for its own tests of them."""

import dataclasses
from functools import partial
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np

from tests.published.layers import Spoken
from why128 import optimizers, schedules
from why128.engine.arithmetic import JAX
from why128.engine.steps import _clipped
from why128.engine.updates import direction, moved
from why128.ladder import Ladder, Parameters
from why128.layers import Dense, Input

NOTHING = np.zeros(0, np.float32)


class Optimizer:
    """One variable at a time."""

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

    def _clip_gradients(self, gradients):
        """Gradients of one kernel, by the step of a network of one neuron."""
        (gradient,) = gradients
        ladder = Ladder.of([(Input((len(gradient),)), Dense(1))])
        given = ladder.pack([(np.reshape(gradient, (-1, 1)), np.zeros(1))])
        return [np.ravel(_clipped(JAX, self.words, ladder, given).kernel)]

    @property
    def iterations(self):
        return self._steps


class Case(Spoken):
    """Keras's, but for what a config is here: the fields of a frozen value."""

    def run_class_serialization_test(self, instance, custom_objects=None):
        words = instance.words if isinstance(instance, Optimizer) else instance
        fields = {field.name: getattr(words, field.name) for field in dataclasses.fields(words)}
        assert type(words)(**fields) == words
        assert fields == {key: fields[key] for key in type(words)(**fields).__dict__}


# A schedule of Keras's is called with one step and gives a number; ours give as many as they are asked for.  Names are not kept.
SCHEDULES = SimpleNamespace(
    **{
        name: (lambda kind: lambda *values, name=None, **named: kind(*values, **named))(getattr(schedules, name))
        for name in ("ExponentialDecay", "PiecewiseConstantDecay", "PolynomialDecay", "InverseTimeDecay", "CosineDecay", "CosineDecayRestarts")
    },
    LearningRateSchedule=object,
)  # fmt: skip
HERE = {
    f"keras.src.optimizers.{name.lower()}": {name: partial(Optimizer, kind)}
    for name, kind in ((kind.__name__, kind) for kind in optimizers.NAMED.values())
} | {"keras.src.optimizers": {"schedules": SCHEDULES}}
