"""The plan: which networks a study tries, how often, and what it asks of them.  Owns every default of a study."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from why128 import activations
from why128.activations import Activation
from why128.errors import UsageError, shown
from why128.layers import MOST_UNITS, Dense, Flatten, Input, Layer, Rescaling, Shape
from why128.recipe import Recipe, positive

if TYPE_CHECKING:
    from why128.data import Dataset

WIDTHS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # none, then doubled: equal steps of cost
REPLICATES = 5
TOLERANCE = 0.5  # points of accuracy that a person would give up for a smaller network
CONFIDENCE = 0.95
MOST_CANDIDATES = 64
MOST_REPLICATES = 1000
MOST_DIGITS = 9  # of a width as it is written: longer ones are slips


@dataclass(frozen=True)
class Candidate:
    """One architecture in question: the neurons of each hidden layer, none for softmax regression."""

    widths: tuple[int, ...]
    activation: Activation = "relu"

    def __post_init__(self):
        for units in self.widths:
            Dense(units, self.activation)  # refuses what no layer can be

    @property
    def neurons(self) -> int:
        """All hidden neurons: what the verdict counts."""
        return sum(self.widths)

    @property
    def label(self) -> str:
        """How a person writes it: "128", "128x64", "0"."""
        return "x".join(map(str, self.widths)) or "0"

    def layers(self, image: Shape, classes: int, rescaling: bool) -> tuple[Layer, ...]:
        """The network for images of shape (height, width, channels): the textbook's, with these hidden layers.

        `rescaling` brings bytes to 0..1 within the network, so that its file takes pictures as they are.
        """
        hidden = (Dense(width, self.activation) for width in self.widths)
        scaled = (Rescaling(1 / 255),) if rescaling else ()
        return (Input(image[:2] if image[2] == 1 else image), *scaled, Flatten(), *hidden, Dense(classes, "softmax"))


@dataclass(frozen=True)
class Plan:
    """The experiment: ladder × replicates, how each network is trained, and what is asked.

    Raises UsageError where a number cannot mean anything.
    """

    candidates: tuple[Candidate, ...] = tuple(Candidate((w,) if w else ()) for w in WIDTHS)
    replicates: int = REPLICATES
    recipe: Recipe = field(default_factory=Recipe)
    tolerance: float = TOLERANCE
    confidence: float = CONFIDENCE

    def __post_init__(self):
        ordered = tuple(sorted(set(self.candidates), key=lambda c: (c.neurons, len(c.widths), c.widths)))
        object.__setattr__(self, "candidates", ordered)
        if positive("replicates", self.replicates) > MOST_REPLICATES or len(ordered) > MOST_CANDIDATES:
            raise UsageError(
                f"study: at most {MOST_CANDIDATES} widths and {MOST_REPLICATES} replicates, got {len(ordered)} and {self.replicates}"
            )
        if not ordered:
            raise UsageError("widths: expected at least one width, got none", hint="for example --widths 0,8,32,128")
        if not _is_number(self.tolerance) or not 0 <= self.tolerance < 100:
            raise UsageError(
                f"tolerance: expected points from 0 to 100, got {shown(repr(self.tolerance))}",
                hint="0.5 means half a percentage point of accuracy",
            )
        if not _is_number(self.confidence) or not 0.5 <= self.confidence < 1:
            raise UsageError(
                f"confidence: expected a share from 0.5 to below 1, got {shown(repr(self.confidence))}",
                hint="0.95 means 95 %",
            )

    def networks(self, data: Dataset) -> list[tuple[Layer, ...]]:
        """Every candidate's layers for this data."""
        rescaling = data.train.pixels.dtype == "uint8"
        return [c.layers(data.image_shape, len(data.classes), rescaling) for c in self.candidates]

    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        recipe = self.recipe
        return {
            "widths": [width(c) for c in self.candidates],
            "activation": activations.label(self.candidates[0].activation),
            "replicates": self.replicates,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "optimizer": {"name": type(recipe.optimizer).__name__.lower(), **asdict(recipe.optimizer)},
            "held_out": recipe.held_out,
            "seed": recipe.seed,
            "tolerance": self.tolerance,
            "confidence": self.confidence,
        }


def width(candidate: Candidate) -> int | list[int]:
    """A candidate's width as JSON: one number for one hidden layer or none, a list for several."""
    return candidate.neurons if len(candidate.widths) < 2 else list(candidate.widths)


def candidates(text: str, activation: Activation = "relu") -> tuple[Candidate, ...]:
    """Candidates from what a person writes: "0,4,16" or, for two hidden layers, "32x16".

    Raises UsageError naming the guilty part.
    """
    resolved = activations.resolve(activation)
    return tuple(Candidate(widths(part), resolved) for part in text.split(","))


def widths(text: str) -> tuple[int, ...]:
    """The neurons of each hidden layer from "128" or "128x64"; () from "0".  Raises UsageError."""
    return neurons(text.lower().split("x"), "widths", "0,4,16 or 32x16 for two layers", "--widths 0,8,32,128")


def hidden(text: str, activation: Activation = "relu") -> Candidate:
    """One candidate from its hidden layers: "128", "128,64" or "128x64", "0" for none.  Raises UsageError."""
    parts = text.lower().replace("x", ",").split(",")
    sizes = neurons(parts, "--hidden", "128, or 128,64 for two layers", "--hidden 128")
    return Candidate(sizes, activations.resolve(activation))


def neurons(parts: list[str], what: str, such: str, example: str) -> tuple[int, ...]:
    """The neurons of each hidden layer from their texts; () from "0" alone.  Raises UsageError naming `what`."""
    written = shown("x".join(parts).strip())
    if not all(p.strip().isascii() and p.strip().isdigit() and len(p.strip()) < MOST_DIGITS for p in parts):
        raise UsageError(
            f"{what}: expected whole numbers such as {such}, got '{written}'", hint=f"for example {example}"
        )
    sizes = tuple(int(p) for p in parts)
    if sizes == (0,):
        return ()
    if not all(0 < size <= MOST_UNITS for size in sizes):
        raise UsageError(
            f"{what}: expected 1 to {MOST_UNITS:,} neurons a layer, got '{written}'",
            hint="0 alone means softmax regression, without neurons",
        )
    return sizes


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
