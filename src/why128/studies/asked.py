"""What a person asks for in text: ladders, lists of activations, and lists of numbers to try as settings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from why128 import activations
from why128.activations import Activation
from why128.errors import UsageError, shown
from why128.studies.candidate import Candidate, Setting
from why128.studies.plan import WIDTHS, candidates, hidden, shape_ladder


def ladder(widths: str | None, shapes: Sequence[str], of: Sequence[Activation]) -> tuple[Candidate, ...]:
    """The candidates asked for, each with each of these activations.

    `widths` is "0,4,16" or "32x16"; `shapes` are hidden layers such as "128,64", a candidate each.  One shape alone
    becomes a ladder of that shape, so that there is something to ask; nothing at all is the default ladder.
    Raises UsageError naming the guilty part.
    """
    given = [hidden(shape) for shape in shapes]
    _once("--hidden", [candidate.label for candidate in given])
    if widths is not None:
        given = [*candidates(widths), *given]
    elif not given:
        given = list(candidates(",".join(map(str, WIDTHS))))
    elif len(given) == 1 and given[0].widths:
        given = list(shape_ladder(given[0]))
    return tuple(replace(candidate, activation=activation) for activation in of for candidate in given)


def names(text: str) -> tuple[Activation, ...]:
    """Activations from "relu,tanh,gelu".  Raises UsageError for one that is not known, or given twice."""
    found = [activations.resolve(name.strip()) for name in text.split(",")]
    _once("--activations", list(map(activations.label, found)))
    return tuple(found)


def settings(rates: str | None, dropouts: str | None, decays: str | None) -> tuple[Setting, ...]:
    """Every combination of the learning rates, dropouts and weight decays asked for; None leaves one as it is.

    Raises UsageError naming the guilty part.
    """
    lists = (
        numbers(rates, "--learning-rates", "0.0003,0.001,0.003"),
        numbers(dropouts, "--dropouts", "0,0.2,0.5"),
        numbers(decays, "--weight-decays", "0,0.0001,0.001"),
    )
    return tuple(Setting(*each) for each in itertools.product(*lists))


def numbers(text: str | None, what: str, such: str) -> tuple[float | None, ...]:
    """Numbers from "0.001,0.003"; None alone where nothing was asked.  Raises UsageError naming `what`."""
    if text is None:
        return (None,)
    parts = [part.strip() for part in text.split(",")]
    found = []
    for part in parts:
        try:
            found.append(float(part if part.isascii() and "_" not in part else "none"))
        except ValueError:
            raise UsageError(
                f"{what}: expected numbers such as {such}, got '{shown(part)}'", hint=f"for example {what} {such}"
            ) from None
    _once(what, [f"{number:g}" for number in found])
    return tuple(found)


def _once(what: str, labels: list[str]) -> None:
    """Raises UsageError where the same is asked for twice: it would be trained twice, and told apart from itself."""
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise UsageError(f"{what}: '{shown(twice)}' is given twice", hint="give each once")
