"""A candidate: one network in question; and the settings under which candidates may be trained.

An *architecture* is what the verdict is about: the neurons of each hidden layer, and their activation.  Learning rate,
dropout and weight decay are *settings*: where a plan tries several, each candidate gets the one that suits it best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from why128 import activations
from why128.activations import Activation
from why128.errors import InputRefused, UsageError, shown
from why128.layers import Dense, Dropout, Flatten, Input, Layer, Rescaling, Shape

if TYPE_CHECKING:
    from why128.data.images import Dataset

OWN = " (own)"  # behind the name of a function of one's own in a document: no file can hold it


@dataclass(frozen=True)
class Setting:
    """How a candidate is trained, where that is tried out: None leaves a number as the candidate has it.

    Raises UsageError where a number cannot mean anything.
    """

    learning_rate: float | None = None
    dropout: float | None = None
    weight_decay: float | None = None

    def __post_init__(self):
        _check(self.learning_rate, self.dropout, self.weight_decay)


@dataclass(frozen=True)
class Candidate:
    """One network in question: the neurons of each hidden layer, none for softmax regression, and how it is trained.

    `dropout` acts behind every hidden layer; `weight_decay` is decoupled, as in Keras (a step takes learning rate ×
    decay × weight off every weight).  None means as the recipe's optimiser has it.
    Raises UsageError for what no layer can be.
    """

    widths: tuple[int, ...]
    activation: Activation = "relu"
    dropout: float = 0.0
    weight_decay: float | None = None
    learning_rate: float | None = None

    def __post_init__(self):
        _check(self.learning_rate, self.dropout, self.weight_decay)
        hidden = tuple(Dense(units, self.activation) for units in self.widths)
        object.__setattr__(self, "widths", tuple(layer.units for layer in hidden))
        # Without neurons there is nothing to activate or to drop: written one way, it is one candidate.
        object.__setattr__(self, "activation", activations.resolve(self.activation) if hidden else "relu")
        object.__setattr__(self, "dropout", self.dropout if hidden else 0.0)

    @property
    def neurons(self) -> int:
        """All hidden neurons: what the verdict counts."""
        return sum(self.widths)

    @property
    def label(self) -> str:
        """How a person writes its widths: "128", "128x64", "0"."""
        return "x".join(map(str, self.widths)) or "0"

    def parameters(self, inputs: int, classes: int) -> int:
        """How many numbers it learns for images of so many numbers, in so many classes: 101,770 for 784, 128 and 10."""
        count, entering = 0, inputs
        for units in self.widths:
            count += (entering + 1) * units
            entering = activations.outputs(self.activation, units)
        return count + (entering + 1) * classes

    def under(self, setting: Setting) -> Candidate:
        """The same architecture under a setting."""
        return replace(self, **{name: value for name, value in asdict(setting).items() if value is not None})

    def layers(self, image: Shape, classes: int, rescaling: bool) -> tuple[Layer, ...]:
        """The network for images of shape (height, width, channels): the textbook's, with these hidden layers.

        `rescaling` brings bytes to 0..1 within the network, so that its file takes pictures as they are.
        """
        scaled = (Rescaling(1 / 255),) if rescaling else ()
        dropped = (Dropout(self.dropout),) if self.dropout else ()
        hidden = (layer for width in self.widths for layer in (Dense(width, self.activation), *dropped))
        return (Input(image[:2] if image[2] == 1 else image), *scaled, Flatten(), *hidden, Dense(classes, "softmax"))

    def layers_for(self, data: Dataset) -> tuple[Layer, ...]:
        """Its layers for this data."""
        return self.layers(data.image_shape, len(data.classes), rescaling=data.train.pixels.dtype == "uint8")

    def document(self) -> dict[str, Any]:
        """The candidate as JSON."""
        name = activations.label(self.activation)
        return {
            "width": width(self),
            "activation": name if isinstance(self.activation, str) else name + OWN,
            "dropout": self.dropout,
            "weight_decay": self.weight_decay,
            "learning_rate": self.learning_rate,
        }

    @classmethod
    def of(cls, document: dict[str, Any], own: Sequence[Activation] = ()) -> Candidate:
        """The candidate of a document; `own` are the functions of one's own that it may name.

        Raises InputRefused for a function that is not among them.
        """
        name = document["activation"]
        given = {activations.label(function) + OWN: function for function in own if callable(function)}
        if name.endswith(OWN) and name not in given:
            raise InputRefused(
                f"plan: the activation '{shown(name)}' is a function of one's own, which no file can hold",
                hint="give the function itself: Plan.of(document, own=[function])",
            )
        wide, rest = document["width"], {k: v for k, v in document.items() if k not in ("width", "activation")}
        widths = tuple(wide) if isinstance(wide, list) else (wide,) if wide else ()
        return cls(widths, given.get(name, name), **rest)


def width(candidate: Candidate) -> int | list[int]:
    """A candidate's width as JSON: one number for one hidden layer or none, a list for several."""
    return candidate.neurons if len(candidate.widths) < 2 else list(candidate.widths)


def place(candidate: Candidate, inputs: int, classes: int) -> tuple:
    """By what the candidates of a ladder are ordered.

    First those without neurons, then by parameters; those with equally many by depth, widths, activation and setting.
    """
    own = (candidate.learning_rate, candidate.dropout, candidate.weight_decay)
    setting = tuple(-1.0 if value is None else value for value in own)
    count, name = candidate.parameters(inputs, classes), activations.label(candidate.activation)
    return (len(candidate.widths) > 0, count, len(candidate.widths), candidate.widths, name, *setting)


def labels(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """What to call each candidate: its widths, and of the rest only what differs among these, such as "128 tanh 0.01".

    Unique for candidates whose own functions have names of their own.
    """
    shown_by = {
        "activation": lambda c: activations.label(c.activation),
        "learning_rate": lambda c: "" if c.learning_rate is None else f"{c.learning_rate:g}",
        "dropout": lambda c: f"dropout {c.dropout:g}" if c.dropout else "",
        "weight_decay": lambda c: "" if c.weight_decay is None else f"decay {c.weight_decay:g}",
    }
    hidden = [c for c in candidates if c.widths]  # without neurons, activation and dropout say nothing
    alike = {"activation": hidden, "dropout": hidden}
    differing = [name for name in shown_by if len({getattr(c, name) for c in alike.get(name, candidates)}) > 1]

    def label(candidate: Candidate) -> str:
        parts = (shown_by[name](candidate) for name in differing if candidate.widths or name not in alike)
        return " ".join((candidate.label, *filter(None, parts)))

    return tuple(map(label, candidates))


def is_number(value: object) -> bool:
    """Whether a value is one finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check(learning_rate: float | None, dropout: float | None, weight_decay: float | None) -> None:
    """Raises UsageError for a number that no training can use; None is left to others."""
    if learning_rate is not None and not (is_number(learning_rate) and learning_rate > 0):
        raise UsageError(
            f"learning rate: expected a number above 0, got {shown(repr(learning_rate))}", hint="for example 0.001"
        )
    if dropout is not None and not (is_number(dropout) and 0 <= dropout < 1):
        raise UsageError(
            f"dropout: expected a share of at least 0 and below 1, got {shown(repr(dropout))}",
            hint="0.2 drops a fifth of the neurons at each step",
        )
    if weight_decay is not None and not (is_number(weight_decay) and weight_decay >= 0):
        raise UsageError(
            f"weight decay: expected a number of at least 0, got {shown(repr(weight_decay))}", hint="for example 0.0001"
        )
