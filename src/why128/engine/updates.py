"""Optimisers, as formulas: Optax's, arranged to compute exactly what Keras's compute.

Each gives a *direction*; the step is `parameters -= rate × (direction + decay × parameters)`, with one learning rate and
one weight decay a candidate, so that both are data and no program is compiled for them.
"""

from __future__ import annotations

import jax.numpy as jnp
import optax

from why128 import optimizers


def direction(optimizer: optimizers.Optimizer) -> optax.GradientTransformation:
    """The pair of functions (init, update) of an optimiser, without its learning rate and weight decay."""
    match optimizer:
        case optimizers.SGD(momentum=0.0):
            return optax.identity()
        case optimizers.SGD():
            return optax.trace(optimizer.momentum, optimizer.nesterov)
        case optimizers.RMSprop():
            root = optax.scale_by_rms(optimizer.rho, optimizer.epsilon, eps_in_sqrt=True)
            return optax.chain(root, optax.trace(optimizer.momentum)) if optimizer.momentum else root
        case optimizers.Adam() | optimizers.AdamW():  # AdamW's decay is the step's
            return _adam(optimizer)
    raise AssertionError(optimizer)


def _adam(optimizer: optimizers.Adam | optimizers.AdamW) -> optax.GradientTransformation:
    """Adam with epsilon where Keras has it.

    Keras divides by √v + ε, Optax by √(v / (1 − β₂ᵗ)) + ε; Optax's equals Keras's when its ε is ε / √(1 − β₂ᵗ).
    """

    def epsilon(updates_before):
        t = (updates_before + 1).astype(jnp.float32)
        return optimizer.epsilon / jnp.sqrt(1.0 - optimizer.beta_2**t)

    adam = optax.inject_hyperparams(optax.scale_by_adam, static_args=("b1", "b2", "eps_root"))
    return adam(b1=optimizer.beta_1, b2=optimizer.beta_2, eps=epsilon)
