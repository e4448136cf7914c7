"""Optimisers, as formulas: exactly what Keras's compute.

Each gives a *direction*; the step is `parameters -= rate × factor × (direction + decay × parameters)`, with one learning rate and
one weight decay a candidate, and one factor a step, so that all three are data and no program is compiled for them.  These loops go
through all of a cohort's memory, and Keras's Adam divides once where Optax's divides three times.
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
    # (gradients, remembered, the step's factor) -> (directions, remembered)
    turn: Callable[[Parameters, Any, jax.Array], tuple[Parameters, Any]]


class Moments(NamedTuple):
    """What Adam remembers: running means of the gradients and of their squares, and the number of steps."""

    first: Parameters
    second: Parameters
    steps: jax.Array  # () float32


def direction(optimizer: optimizers.Optimizer) -> Direction:
    """An optimiser's formulas."""
    match optimizer:
        case optimizers.SGD(momentum=0.0):
            return Direction(lambda parameters: (), lambda gradients, nothing, factor: (gradients, nothing))
        case optimizers.SGD():
            return _momentum(optimizer.momentum, optimizer.nesterov)
        case optimizers.RMSprop():
            root = _root_mean_square(optimizer.rho, optimizer.epsilon, optimizer.centered)
            return _one_after_the_other(root, _momentum(optimizer.momentum, False)) if optimizer.momentum else root
        case optimizers.Adam() | optimizers.AdamW():  # AdamW's decay is the step's
            return _adam(optimizer.beta_1, optimizer.beta_2, optimizer.epsilon, optimizer.amsgrad)
        case optimizers.Nadam():
            return _nadam(optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
        case optimizers.Adamax():
            return _adamax(optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
        case optimizers.Adagrad():
            return _adagrad(optimizer.initial_accumulator_value, optimizer.epsilon)
        case optimizers.Lion():
            return _lion(optimizer.beta_1, optimizer.beta_2)
    raise AssertionError(optimizer)


def moved(parameter: jax.Array, direction: jax.Array, rate: jax.Array, decay: jax.Array) -> jax.Array:
    """A parameter after a step, with its decay apart from the gradient (Loshchilov & Hutter 2019), as Keras has it."""
    return parameter - rate * (direction + decay * parameter)


def _momentum(momentum: float, nesterov: bool) -> Direction:
    """A trace of gradients, each by its step's factor: -rate times it is Keras's velocity."""

    def turn(gradients: Parameters, trace: Parameters, factor: jax.Array) -> tuple[Parameters, Parameters]:
        trace = jax.tree.map(lambda g, t: factor * g + momentum * t, gradients, trace)
        ahead = jax.tree.map(lambda g, t: factor * g + momentum * t, gradients, trace) if nesterov else trace
        return jax.tree.map(lambda t: t / factor, ahead), trace

    return Direction(_zeros, turn)


def _root_mean_square(rho: float, epsilon: float, centered: bool) -> Direction:
    def turn(gradients: Parameters, remembered: Any, factor: jax.Array) -> tuple[Parameters, Any]:
        squares, means = remembered if centered else (remembered, None)
        squares = jax.tree.map(lambda g, v: rho * v + (1.0 - rho) * g * g, gradients, squares)
        if means is None:
            return jax.tree.map(lambda g, v: g / jnp.sqrt(v + epsilon), gradients, squares), squares
        means = jax.tree.map(lambda g, m: rho * m + (1.0 - rho) * g, gradients, means)
        directions = jax.tree.map(lambda g, v, m: g / jnp.sqrt(v - m * m + epsilon), gradients, squares, means)
        return directions, (squares, means)

    return Direction((lambda p: (_zeros(p), _zeros(p))) if centered else _zeros, turn)


def _adam(beta_1: float, beta_2: float, epsilon: float, amsgrad: bool) -> Direction:
    """Kingma and Ba 2015, in the order of operations that their section 2 ends with, and Keras has."""

    def init(parameters: Parameters) -> Any:
        moments = Moments(_zeros(parameters), _zeros(parameters), _count())
        return (moments, _zeros(parameters)) if amsgrad else moments

    def turn(gradients: Parameters, remembered: Any, factor: jax.Array) -> tuple[Parameters, Any]:
        moments, most = remembered if amsgrad else (remembered, None)
        steps = moments.steps + 1.0
        correction = jnp.sqrt(1.0 - beta_2**steps) / (1.0 - beta_1**steps)
        first, second = _means(gradients, moments, beta_1, beta_2)
        most = jax.tree.map(jnp.maximum, most, second) if amsgrad else None
        directions = jax.tree.map(lambda m, v: correction * m / (jnp.sqrt(v) + epsilon), first, most or second)
        moments = Moments(first, second, steps)
        return directions, ((moments, most) if amsgrad else moments)

    return Direction(init, turn)


def _nadam(beta_1: float, beta_2: float, epsilon: float) -> Direction:
    """Dozat 2016, with the momentum's schedule of his section 2."""

    def init(parameters: Parameters) -> tuple[Moments, jax.Array]:
        return Moments(_zeros(parameters), _zeros(parameters), _count()), jnp.asarray(np.float32(1.0))

    def turn(gradients: Parameters, remembered: tuple[Moments, jax.Array], factor: jax.Array) -> tuple[Parameters, Any]:
        moments, product = remembered
        steps = moments.steps + 1.0
        now, then = (beta_1 * (1.0 - 0.5 * 0.96**number) for number in (steps, steps + 1.0))
        product = product * now
        first, second = _means(gradients, moments, beta_1, beta_2)
        of_first, of_gradient, of_second = (
            then / (1.0 - product * then),
            (1.0 - now) / (1.0 - product),
            1.0 - beta_2**steps,
        )
        directions = jax.tree.map(
            lambda g, m, v: (of_first * m + of_gradient * g) / (jnp.sqrt(v / of_second) + epsilon),
            gradients,
            first,
            second,
        )
        return directions, (Moments(first, second, steps), product)

    return Direction(init, turn)


def _adamax(beta_1: float, beta_2: float, epsilon: float) -> Direction:
    def turn(gradients: Parameters, moments: Moments, factor: jax.Array) -> tuple[Parameters, Moments]:
        steps = moments.steps + 1.0
        first = jax.tree.map(lambda g, m: m + (g - m) * (1.0 - beta_1), gradients, moments.first)
        largest = jax.tree.map(lambda g, u: jnp.maximum(beta_2 * u, jnp.abs(g)), gradients, moments.second)
        directions = jax.tree.map(lambda m, u: m / ((1.0 - beta_1**steps) * (u + epsilon)), first, largest)
        return directions, Moments(first, largest, steps)

    return Direction(lambda p: Moments(_zeros(p), _zeros(p), _count()), turn)


def _adagrad(initial: float, epsilon: float) -> Direction:
    def init(parameters: Parameters) -> Parameters:
        return Parameters(*(jnp.asarray(np.full(a.shape, initial, np.float32)) for a in parameters))

    def turn(gradients: Parameters, squares: Parameters, factor: jax.Array) -> tuple[Parameters, Parameters]:
        squares = jax.tree.map(lambda g, v: v + g * g, gradients, squares)
        return jax.tree.map(lambda g, v: g / jnp.sqrt(v + epsilon), gradients, squares), squares

    return Direction(init, turn)


def _lion(beta_1: float, beta_2: float) -> Direction:
    def turn(gradients: Parameters, means: Parameters, factor: jax.Array) -> tuple[Parameters, Parameters]:
        directions = jax.tree.map(lambda g, m: jnp.sign(m * beta_1 + g * (1.0 - beta_1)), gradients, means)
        return directions, jax.tree.map(lambda g, m: m * beta_2 + g * (1.0 - beta_2), gradients, means)

    return Direction(_zeros, turn)


def _means(gradients: Parameters, moments: Moments, beta_1: float, beta_2: float) -> tuple[Parameters, Parameters]:
    first = jax.tree.map(lambda g, m: m + (g - m) * (1.0 - beta_1), gradients, moments.first)
    second = jax.tree.map(lambda g, v: v + (g * g - v) * (1.0 - beta_2), gradients, moments.second)
    return first, second


def _one_after_the_other(one: Direction, other: Direction) -> Direction:
    def turn(
        gradients: Parameters, remembered: tuple[Any, Any], factor: jax.Array
    ) -> tuple[Parameters, tuple[Any, Any]]:
        directions, of_one = one.turn(gradients, remembered[0], factor)
        directions, of_other = other.turn(directions, remembered[1], factor)
        return directions, (of_one, of_other)

    return Direction(lambda parameters: (one.init(parameters), other.init(parameters)), turn)


def _zeros(parameters: Parameters) -> Parameters:
    """As many zeros, by NumPy: JAX would compile a program for each shape."""
    return Parameters(*(jnp.asarray(np.zeros(a.shape, np.float32)) for a in parameters))


def _count() -> jax.Array:
    return jnp.asarray(np.float32(0.0))
