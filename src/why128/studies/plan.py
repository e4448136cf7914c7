"""The plan: which networks a study tries, how often, and what it asks of them.  Owns every default of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from why128 import activations, losses, optimizers
from why128.activations import Activation
from why128.errors import InputRefused, UsageError, shown
from why128.layers import MOST_UNITS, Layer
from why128.recipe import Recipe, positive
from why128.studies.budget import BYTES_EACH, Budget
from why128.studies.candidate import Candidate, Setting, is_number, labels, place, width

if TYPE_CHECKING:
    from why128.data.images import Dataset

WIDTHS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # none, then doubled: equal steps of cost
REPLICATES = 5
# Points of accuracy that a person would give up for a smaller network.  Differences of half a point lie within the luck of
# five replicates on a few thousand images: a study of the default size could seldom say anything about them.
TOLERANCE = 1.0
CONFIDENCE = 0.95
# Of the images to learn from, set aside to choose settings by, where several are tried: the choice is among few, and
# every image more would be one less to learn from.
TUNING_SHARE = 0.15
SHAPE_SCALES = (1 / 8, 1 / 4, 1 / 2, 1, 2)  # a shape's ladder: one rung above it, to see whether it is enough
MOST_NETWORKS = 256  # in a replicate, which is one compiled program
MOST_REPLICATES = 1000
MOST_DIGITS = 9  # of a width as it is written: longer ones are slips
MOST_TWINS = 5  # rings of twins: the spread of more is known well enough from the replicates
TEXTBOOK = (784, 10)  # numbers in an image, and classes

Entry = tuple[Candidate, Setting]  # a candidate, and a setting under which it is trained


@dataclass(frozen=True)
class Plan:
    """The experiment: ladder × replicates, how each network is trained, and what is asked.

    The ladder is ordered by parameters, which depend on the data: `plan.on(data)` is the plan for them.
    Raises UsageError where a number cannot mean anything.
    """

    candidates: tuple[Candidate, ...] = tuple(Candidate((w,) if w else ()) for w in WIDTHS)
    replicates: int = REPLICATES
    recipe: Recipe = field(default_factory=Recipe)
    tolerance: float = TOLERANCE
    confidence: float = CONFIDENCE
    settings: tuple[Setting, ...] = (Setting(),)  # where several, each candidate is judged under its own best
    resample: bool = False  # whether each replicate draws its own share of the images to learn from
    budget: Budget = field(default_factory=Budget)
    inputs: int = TEXTBOOK[0]  # numbers in an image
    classes: int = TEXTBOOK[1]

    def __post_init__(self):
        ordered = sorted(set(self.candidates), key=lambda c: place(c, self.inputs, self.classes))
        object.__setattr__(self, "candidates", tuple(ordered))
        networks = len(ordered) * len(self.settings)
        if positive("replicates", self.replicates) > MOST_REPLICATES or networks > MOST_NETWORKS:
            raise UsageError(
                f"study: at most {MOST_NETWORKS} networks (candidates × settings) and {MOST_REPLICATES} replicates, "
                f"got {len(ordered)} × {len(self.settings)} and {self.replicates}"
            )
        if not ordered:
            raise UsageError("widths: expected at least one width, got none", hint="for example --widths 0,8,32,128")
        if len(set(self.settings)) != len(self.settings) or not self.settings:
            raise UsageError("settings: expected at least one, and each once", hint="for example (Setting(),)")
        self._check_names()
        if not is_number(self.tolerance) or not 0 <= self.tolerance < 100:
            raise UsageError(
                f"tolerance: expected points from 0 to 100, got {shown(repr(self.tolerance))}",
                hint="0.5 means half a percentage point of accuracy",
            )
        if not is_number(self.confidence) or not 0.5 <= self.confidence < 1:
            raise UsageError(
                f"confidence: expected a share from 0.5 to below 1, got {shown(repr(self.confidence))}",
                hint="0.95 means 95 %",
            )

    def _check_names(self) -> None:
        """Raises UsageError where two candidates would have one name: two functions that are called alike."""
        names = self.labels
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise UsageError(
                f"study: two candidates would be called '{shown(twice[0])}', because two activations have one name",
                hint="give each function a name of its own with def",
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """What each candidate is called in this plan: its widths, and of the rest only what differs."""
        return labels(self.candidates)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What a replicate trains: candidate k under setting s stands at k · S + s."""
        return tuple((candidate, setting) for candidate in self.candidates for setting in self.settings)

    @property
    def factors(self) -> tuple[str, ...]:
        """The parts of luck that twins tell apart."""
        return ("initialisation", "order", "sample") if self.resample else ("initialisation",)

    @property
    def tuning(self) -> float:
        """The share of the images to learn from by which settings are chosen: none where there is one."""
        return TUNING_SHARE if len(self.settings) > 1 else 0.0

    def on(self, data: Dataset) -> Plan:
        """The plan for this data: ordered by its parameters, and with the widest rungs that the budget's sizes allow.

        Raises UsageError where no candidate is within them.
        """
        plan = replace(self, inputs=math.prod(data.image_shape), classes=len(data.classes))
        plan = replace(plan, candidates=(*plan.candidates, *plan._widest_allowed()))
        sizes = [(c.neurons, c.parameters(plan.inputs, plan.classes)) for c in plan.candidates]
        if not any(self.budget.holds(*size) for size in sizes):
            neurons, parameters = min(sizes, key=lambda size: size[1])
            raise UsageError(
                f"budget: no candidate is within it; the smallest has {neurons:,} neuron{'s' * (neurons != 1)} and takes "
                f"{parameters * BYTES_EACH:,} bytes for these images",
                hint="raise --max-neurons or --max-bytes, or shrink the images with --size",
            )
        return plan

    def _widest_allowed(self) -> list[Candidate]:
        """For each kind of candidate, the widest within the budget, where its ladder of single layers goes beyond it."""
        if any(len(c.widths) > 1 for c in self.candidates):
            return []
        widest = {replace(c, widths=(2,)): c for c in self.candidates if c.widths}  # two: glu halves
        limits = {c: self.budget.widest(c, self.inputs, self.classes) for c in widest.values()}
        return [replace(c, widths=(limit,)) for c, limit in limits.items() if limit and limit < c.neurons]

    def networks(self, data: Dataset) -> list[tuple[Layer, ...]]:
        """Every candidate's layers for this data."""
        return [c.layers_for(data) for c in self.candidates]

    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        recipe, first = self.recipe, next((c for c in self.candidates if c.widths), self.candidates[0])
        loss = next(name for name, kind in losses.NAMED.items() if isinstance(recipe.loss, kind))
        return {
            "widths": [width(c) for c in self.candidates],
            "activation": activations.label(first.activation),
            "candidates": [c.document() for c in self.candidates],
            "settings": [asdict(s) for s in self.settings],
            "replicates": self.replicates,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "optimizer": _document_of(recipe.optimizer),
            "loss": {"name": loss, **asdict(recipe.loss)},
            "held_out": recipe.held_out,
            "resample": self.resample,
            "seed": recipe.seed,
            "precision": recipe.precision,
            "tolerance": self.tolerance,
            "confidence": self.confidence,
            "budget": asdict(self.budget),
            "inputs": self.inputs,
            "outputs": self.classes,
        }

    @classmethod
    def of(cls, document: dict[str, Any], own: Sequence[Activation] = ()) -> Plan:
        """The plan that `document` describes, the inverse of `plan.document()`.

        own: the activations that are functions of one's own, found by their names.  Raises InputRefused where one is
        missing, or the document is damaged.
        """
        try:
            return cls(
                tuple(Candidate.of(each, own) for each in document["candidates"]),
                document["replicates"],
                _recipe(document),
                document["tolerance"],
                document["confidence"],
                tuple(Setting(**each) for each in document["settings"]),
                document["resample"],
                Budget(**document["budget"]),
                document["inputs"],
                document["outputs"],
            )
        except InputRefused:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, UsageError) as fault:
            raise InputRefused(
                f"plan: expected what Plan.document() gives, got something else or a damaged one ({shown(fault)})",
                hint="give the folder of a study as it was written",
            ) from None


def _document_of(optimizer: optimizers.Optimizer) -> dict[str, Any]:
    """An optimiser as JSON, without what it does not have."""
    own = {name: value for name, value in asdict(optimizer).items() if name != "name" and value is not None}
    own = {name: value for name, value in own.items() if value or name not in ("amsgrad", "centered")}
    return {"name": type(optimizer).__name__.lower(), **own}


def _recipe(document: dict[str, Any]) -> Recipe:
    """The recipe of a plan's document."""
    optimizer, loss = dict(document["optimizer"]), dict(document["loss"])
    return Recipe(
        document["epochs"],
        document["batch_size"],
        optimizers.NAMED[optimizer.pop("name")](**optimizer),
        losses.NAMED[loss.pop("name")](**loss),
        document["held_out"],
        document["seed"],
        document.get("precision", Recipe.precision),  # studies from before there was a choice
    )


def shape_ladder(candidate: Candidate) -> tuple[Candidate, ...]:
    """A ladder of one shape, from an eighth of a candidate to its double, with softmax regression below."""
    scaled = (tuple(max(1, round(w * scale)) for w in candidate.widths) for scale in SHAPE_SCALES)
    return (replace(candidate, widths=()), *(replace(candidate, widths=widths) for widths in dict.fromkeys(scaled)))


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
