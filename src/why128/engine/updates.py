"""Optimisers, as formulas: exactly what Keras's compute.

Each gives a *direction*; the step is `parameters -= rate × (direction + decay × parameters)`, with one learning rate and
one weight decay a candidate, so that both are data and no program is compiled for them.  These loops go through all of a
cohort's memory, and Keras's Adam divides once where Optax's divides three times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from why128 import optimizers
from why128.ladder import Parameters


class Direction(NamedTuple):
    """An optimiser without its learning rate and weight decay."""

    init: Callable[[Parameters], Any]  # what it remembers before the first step
    turn: Callable[[Parameters, Any], tuple[Parameters, Any]]  # (gradients, remembered) -> (directions, remembered)


class Moments(NamedTuple):
    """What Adam remembers: running means of the gradients and of their squares, and the number of steps."""

    first: Parameters
    second: Parameters
    steps: jax.Array  # () float32


def direction(optimizer: optimizers.Optimizer) -> Direction:
    """An optimiser's formulas."""
    match optimizer:
        case optimizers.SGD(momentum=0.0):
            return Direction(lambda parameters: (), lambda gradients, nothing: (gradients, nothing))
        case optimizers.SGD():
            return _momentum(optimizer.momentum, optimizer.nesterov)
        case optimizers.RMSprop():
            root = _root_mean_square(optimizer.rho, optimizer.epsilon)
            return _one_after_the_other(root, _momentum(optimizer.momentum, False)) if optimizer.momentum else root
        case optimizers.Adam() | optimizers.AdamW():  # AdamW's decay is the step's
            return _adam(optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    raise AssertionError(optimizer)


def _momentum(momentum: float, nesterov: bool) -> Direction:
    """A trace of gradients: with a rate that stays, Keras's velocity is -rate times it."""

    def turn(gradients: Parameters, trace: Parameters) -> tuple[Parameters, Parameters]:
        trace = jax.tree.map(lambda g, t: g + momentum * t, gradients, trace)
        return (jax.tree.map(lambda g, t: g + momentum * t, gradients, trace) if nesterov else trace), trace

    return Direction(_zeros, turn)


def _root_mean_square(rho: float, epsilon: float) -> Direction:
    def turn(gradients: Parameters, squares: Parameters) -> tuple[Parameters, Parameters]:
        squares = jax.tree.map(lambda g, v: rho * v + (1.0 - rho) * g * g, gradients, squares)
        return jax.tree.map(lambda g, v: g / jnp.sqrt(v + epsilon), gradients, squares), squares

    return Direction(_zeros, turn)


def _adam(beta_1: float, beta_2: float, epsilon: float) -> Direction:
    """Kingma and Ba 2015, in the order of operations that their section 2 ends with, and Keras has."""

    def init(parameters: Parameters) -> Moments:
        return Moments(_zeros(parameters), _zeros(parameters), jnp.asarray(np.float32(0.0)))

    def turn(gradients: Parameters, moments: Moments) -> tuple[Parameters, Moments]:
        steps = moments.steps + 1.0
        correction = jnp.sqrt(1.0 - beta_2**steps) / (1.0 - beta_1**steps)
        first = jax.tree.map(lambda g, m: m + (g - m) * (1.0 - beta_1), gradients, moments.first)
        second = jax.tree.map(lambda g, v: v + (g * g - v) * (1.0 - beta_2), gradients, moments.second)
        directions = jax.tree.map(lambda m, v: correction * m / (jnp.sqrt(v) + epsilon), first, second)
        return directions, Moments(first, second, steps)

    return Direction(init, turn)


def _one_after_the_other(one: Direction, other: Direction) -> Direction:
    def turn(gradients: Parameters, remembered: tuple[Any, Any]) -> tuple[Parameters, tuple[Any, Any]]:
        directions, of_one = one.turn(gradients, remembered[0])
        directions, of_other = other.turn(directions, remembered[1])
        return directions, (of_one, of_other)

    return Direction(lambda parameters: (one.init(parameters), other.init(parameters)), turn)


def _zeros(parameters: Parameters) -> Parameters:
    """As many zeros, by NumPy: JAX would compile a program for each shape."""
    return Parameters(*(jnp.asarray(np.zeros(a.shape, np.float32)) for a in parameters))
