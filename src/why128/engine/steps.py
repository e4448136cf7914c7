"""What a cohort's programs compute: a stretch of steps of learning, and a look at images without."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from why128 import activations, forward, losses
from why128.engine.arithmetic import JAX, MixedBfloat16
from why128.engine.cohort import Cohort, Pace, State, Sums
from why128.engine.data import NOBODY, Pool
from why128.engine.updates import direction, moved
from why128.ladder import Ladder, Parameters
from why128.layers import BatchNormalization, Dropout, GaussianNoise
from why128.optimizers import Optimizer

Running = dict[
    int, jax.Array
]  # by its place among the parts of Parameters.rest: what becomes of it that is not learned


def learning(cohort: Cohort) -> Callable:
    """A stretch of an epoch: one batch after the other, from each of which every candidate learns.

    Where it begins and ends is data, so that one program serves every stretch, and how an epoch is cut changes no bit.
    """

    def stretch(
        state: State,
        sums: Sums,
        pool: Pool,
        batches: jax.Array,
        begin: jax.Array,
        first: jax.Array,
        last: jax.Array,
        pace: Pace,
        key: jax.Array,
    ):
        xp = JAX if cohort.precision == "float32" else MixedBfloat16(first < last)

        def one(number: jax.Array, carried: tuple[State, Sums, jax.Array]):
            state, sums, told = carried
            own = jax.random.fold_in(jax.random.wrap_key_data(key), number)
            moved, (more, answers) = _step(
                xp, cohort, state, pool, batches[number - begin], (pace, pace.factors[number], own)
            )
            if cohort.telling:
                told = jax.lax.dynamic_update_index_in_dim(told, answers, number - begin, 0)
            return moved, jax.tree.map(jnp.add, sums, more), told

        shape = (*batches.shape, len(cohort.ladder.chains), cohort.ladder.classes) if cohort.telling else (0,)
        return jax.lax.fori_loop(first, last, one, (state, sums, jnp.zeros(shape, jnp.float32)))

    return stretch


def assessing(cohort: Cohort) -> Callable:
    """Losses and hits of a batch, image by image, of candidates that do not learn; NOBODY's are to be left out."""

    def assess(parameters: Parameters, pool: Pool, batch: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = jnp.maximum(batch, 0)  # (B,)
        scores = forward.scores(JAX, cohort.ladder, parameters, pool.images[rows])  # (K, B, C)
        targets = pool.targets[rows][None]
        found = losses.each(JAX, cohort.loss, scores, targets, cohort.ladder.answer)
        return found, forward.right(JAX, cohort.ladder, scores, targets)

    return assess


def _step(
    xp, cohort: Cohort, state: State, pool: Pool, batch: jax.Array, how: tuple[Pace, jax.Array, jax.Array]
) -> tuple[State, tuple[Sums, jax.Array]]:
    pace, factor, key = how
    gradients, (sums, answers, running) = jax.grad(_loss, argnums=2, has_aux=True)(
        xp, cohort, state.parameters, pool, batch, key
    )
    gradients = _clipped(xp, cohort.optimizer, cohort.ladder, gradients)
    directions, moments = direction(cohort.optimizer).turn(gradients, state.moments, factor)

    rates = jax.tree.map(lambda rate: rate * factor, pace.rates)
    parameters = jax.tree.map(moved, state.parameters, directions, rates, pace.decays)
    return State(_brought_back(xp, cohort.ladder, _followed(xp, cohort.ladder, parameters, running)), moments), (
        sums,
        answers,
    )


def _loss(
    xp, cohort: Cohort, parameters: Parameters, pool: Pool, batch: jax.Array, key: jax.Array
) -> tuple[jax.Array, tuple[Sums, jax.Array, Running]]:
    """The loss of a batch (B,) of rows, *summed* over candidates: a mean would divide each one's gradient by K."""
    ladder, present, rows = cohort.ladder, batch != NOBODY, jnp.maximum(batch, 0)
    weights = jnp.where(present, pool.weights[rows], 0.0)  # (B,)
    mode = Learning(key, present)
    scores = forward.scores(xp, ladder, parameters, pool.images[rows], mode)  # (K, B, C)
    targets = pool.targets[rows][None]
    each = losses.each(xp, cohort.loss, scores, targets, ladder.answer) * weights[None]  # (K, B)
    hits = forward.right(xp, ladder, scores, targets) & present[None]
    told, count = each.sum(1), present.sum().astype(jnp.float32)
    loss = each.sum() / count
    if ladder.held_down:
        penalties = forward.penalty(xp, ladder, parameters)  # (K,)
        told, loss = told + penalties * count, loss + penalties.sum()
    answers = activations.apply(xp, ladder.answer, scores).swapaxes(0, 1) if cohort.telling else jnp.zeros(0)
    return loss, (Sums(told, hits.sum(1, dtype=jnp.int32)), answers, mode.running)


# ---------------------------------------------------------------- what single weights ask for: nothing is done where none does


def _brought_back(xp, ladder: Ladder, parameters: Parameters) -> Parameters:
    if not any(weight.constraint for own in ladder.weights for weight in own):
        return parameters
    back = [
        [weight.constraint.brought_back(xp, value) if weight.constraint else value for weight, value in zip(own, values, strict=True)]
        for own, values in zip(ladder.weights, ladder.apart(xp.cut, parameters), strict=True)
    ]  # fmt: skip
    return ladder.joined(xp, back)


def _clipped(xp, optimizer: Optimizer, ladder: Ladder, gradients: Parameters) -> Parameters:
    """Gradients, none longer than the optimiser allows: by number, by weight, or by candidate."""
    bound = optimizer.clipvalue
    if bound is not None:
        return jax.tree.map(lambda g: jnp.clip(g, -bound, bound), gradients)
    most = optimizer.clipnorm if optimizer.clipnorm is not None else optimizer.global_clipnorm
    if most is None:
        return gradients
    each = ladder.apart(xp.cut, gradients)
    squares = [[jnp.sum(value * value) for value in values] for values in each]
    if optimizer.global_clipnorm is not None:
        squares = [[jnp.stack(own).sum()] * len(own) for own in squares]
    shorter = [
        [value * (most / jnp.maximum(jnp.sqrt(square), most)) for value, square in zip(*pair, strict=True)]
        for pair in zip(each, squares, strict=True)
    ]
    return ladder.joined(xp, shorter)


def _followed(xp, ladder: Ladder, parameters: Parameters, running: Running) -> Parameters:
    """The parameters with what is not learned, but follows the batches, in its place."""
    if not running:
        return parameters
    parts = xp.cut(parameters.rest, ladder.later_cuts)
    return parameters._replace(rest=jnp.concatenate([running.get(place, part) for place, part in enumerate(parts)]))


class Learning:
    """What layers that behave otherwise while learning do then, with one batch.

    Noise is by address: the numbers belong to the candidate and the layer, not to its place in the cohort.
    """

    def __init__(self, key: jax.Array, present: jax.Array):
        self._key, self._present = key, present.astype(jnp.float32)  # (B,)
        self.running: Running = {}

    def disturb(self, layer: Dropout | GaussianNoise, activity: jax.Array, address: tuple[int, ...]) -> jax.Array:
        """Some numbers dropped, or noise added."""
        own = jax.random.fold_in(self._key, zlib.crc32(repr(address).encode()))
        if isinstance(layer, GaussianNoise):
            return activity + np.float32(layer.stddev) * jax.random.normal(own, activity.shape)
        kept = jax.random.bernoulli(own, 1.0 - layer.rate, activity.shape)
        return jnp.where(kept, activity / np.float32(1.0 - layer.rate), 0.0)

    def moments(
        self, layer: BatchNormalization, activity: jax.Array, place: int, running: tuple[jax.Array, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        """Mean and variance (n,) of the images of this batch; the running ones follow them."""
        share = (self._present / self._present.sum())[None]  # (1, B)
        mean = (activity * share).sum(1)
        away = activity - mean[:, None]
        variance = (away * away * share).sum(1)
        for offset, (old, new) in enumerate(zip(running, (mean, variance), strict=True)):
            followed = old * np.float32(layer.momentum) + new * np.float32(1.0 - layer.momentum)
            self.running[place + offset] = jax.lax.stop_gradient(followed)
        return mean, variance
