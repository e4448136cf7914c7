"""What the page asks of a study: as a plan, as the command that would do the same, and what it would take."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from why128 import activations
from why128.errors import UsageError, shown
from why128.recipe import Recipe
from why128.report import documents, words
from why128.studies import asked
from why128.studies import plan as plans
from why128.studies.forecast import foresee
from why128.studies.plan import Plan
from why128.studies.until import Until, limit
from why128.studio.source import Source

DEFAULT = Plan()
# The page's fields, in its order: each is the option of the same name, as it is typed.
FIELDS = {
    "widths": ",".join(map(str, plans.WIDTHS)),
    "replicates": str(DEFAULT.replicates),
    "epochs": str(DEFAULT.recipe.epochs),
    "tolerance": f"{DEFAULT.tolerance:g}",
    "confidence": f"{DEFAULT.confidence:g}",
    "activations": "relu",
    "learning-rates": "",
    "seed": str(DEFAULT.recipe.seed),
    "budget": "",
}
LONGEST = 400  # characters of a field
SETTLE = "until-settled"


@dataclass(frozen=True)
class Wanted:
    """A study, as the page asks for it."""

    source: Source
    fields: Mapping[str, str] = field(default_factory=lambda: dict(FIELDS))
    settle: bool = False  # stop when it is known

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Wanted:
        """From what the page sends.  Raises UsageError."""
        given = document.get("fields") or {}
        if not isinstance(given, dict) or not set(given) <= set(FIELDS):
            raise UsageError(f"fields: expected some of {', '.join(FIELDS)}, got {shown(repr(given), 80)}")
        for name, value in given.items():
            if not isinstance(value, str) or len(value) > LONGEST:
                raise UsageError(f"--{name}: expected a text of at most {LONGEST} characters")
        source = document.get("source")
        if not isinstance(source, dict):
            raise UsageError("source: expected which images, got nothing")
        fields = {name: given.get(name, value).strip() or value for name, value in FIELDS.items()}
        return cls(Source.of(source), fields, bool(document.get("settle")))

    @property
    def plan(self) -> Plan:
        """The plan; raises UsageError naming the guilty field."""
        of = self.fields
        candidates = asked.ladder(of["widths"], (), asked.names(of["activations"]))
        settings = asked.settings(of["learning-rates"] or None, None, None)
        recipe = Recipe(_whole("epochs", of["epochs"]), seed=_whole("seed", of["seed"]))
        numbers = (_number("tolerance", of["tolerance"]), _number("confidence", of["confidence"]))
        return Plan(candidates, _whole("replicates", of["replicates"]), recipe, *numbers, settings)

    @property
    def until(self) -> Until | None:
        """When it stops, if it stops when it knows."""
        return limit(self.fields["budget"]) if self.fields["budget"] else Until() if self.settle else None

    @property
    def options(self) -> list[str]:
        """What the command line is told beside the data."""
        own = [word for name, value in self.fields.items() if value != FIELDS[name] for word in (f"--{name}", value)]
        settle = self.settle and not self.fields["budget"]
        return [*self.source.options, *own, *[f"--{SETTLE}"] * settle]

    @property
    def command(self) -> str:
        """The command that would do the same."""
        return shlex.join(["why128", "study", self.source.data, *self.options])


def foreseen(wanted: Wanted) -> dict[str, Any]:
    """What a study would take.  Raises what the command line would refuse."""
    plan, data = wanted.plan, wanted.source.open()
    found = foresee(plan, data, None, wanted.until)
    return {
        "command": wanted.command,
        "said": words.forecast(found),
        "widths": words.runs(plan.labels, range(len(plan.labels))),
        **documents.forecast(plan, data, found),
    }


def choices() -> dict[str, Any]:
    """What the page's fields begin with, and may be."""
    return {"fields": FIELDS, "activations": sorted(activations.NAMED)}


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"--{name}: expected a whole number, got '{shown(text, 40)}'")
    return int(text)


def _number(name: str, text: str) -> float:
    (found,) = asked.numbers(text, f"--{name}", FIELDS[name]) if "," not in text else (None,)
    if found is None:
        raise UsageError(f"--{name}: expected one number, got '{shown(text, 40)}'")
    return found
