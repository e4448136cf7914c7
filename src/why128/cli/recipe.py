"""The options of every command that trains, built from the defaults that recipe.py and plan.py own."""

from __future__ import annotations

from collections.abc import Callable

import click

from why128 import optimizers
from why128.errors import UsageError, shown
from why128.recipe import PRECISIONS, Recipe

DEFAULTS = Recipe()
ACTIVATION = "relu"  # the textbook's
MOST_RATE = 1e6  # of learning: one beyond it is a slip


def options(*given: Callable) -> Callable[[Callable], Callable]:
    """Several options as one decorator, in their order."""

    def add(command: Callable) -> Callable:
        for option in reversed(given):
            command = option(command)
        return command

    return add


def recipe_options(batch_size: int) -> Callable[[Callable], Callable]:
    """The options of training, with this default batch size."""

    return options(
        click.option(
            "--epochs",
            type=int,
            default=DEFAULTS.epochs,
            show_default=True,
            help="Times that every image is learned from.",
        ),
        click.option(
            "--batch-size",
            type=int,
            default=batch_size,
            show_default=True,
            help="Images learned from at a time.",
        ),
        click.option("--optimizer", default="adam", show_default=True, help=f"One of {', '.join(optimizers.NAMED)}."),
        click.option("--learning-rate", type=float, help="By default the optimizer's own (Keras's)."),
        click.option("--activation", help=f"Of the hidden neurons, by its Keras name; by default {ACTIVATION}."),
        click.option(
            "--seed",
            type=int,
            default=DEFAULTS.seed,
            show_default=True,
            help="Fixes every draw: the same seed gives the same answer.",
        ),
        click.option(
            "--precision",
            default=DEFAULTS.precision,
            show_default=True,
            help=f"{' or '.join(PRECISIONS)}: while learning, the first layer multiplies numbers rounded to bfloat16. Faster where "
            "the processor has such products.",
        ),
    )


def recipe(
    epochs: int, batch_size: int, optimizer: str, learning_rate: float | None, seed: int, precision: str
) -> Recipe:
    """The recipe of these options; raises UsageError."""
    if learning_rate is not None and not 0 < learning_rate < MOST_RATE:
        raise UsageError(
            f"--learning-rate: expected a number above 0 and below {MOST_RATE:,.0f}, got {shown(learning_rate)}"
        )
    return Recipe(epochs, batch_size, optimizers.resolve(optimizer, learning_rate), seed=seed, precision=precision)
