"""Every chart of a study by name: its specification, the finding above it, a plain sentence, and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from why128.errors import UsageError, shown
from why128.report import words
from why128.report.charts import accuracy, classes, cost, curves, gap, growth, reliability, rows, spread
from why128.report.charts.table import Table
from why128.report.readings import MISFIT, of_kind
from why128.studies.study import Study


@dataclass(frozen=True)
class Figure:
    """One chart of one study."""

    name: str
    title: str  # the finding
    sentence: str  # what its numbers say
    specification: dict[str, Any]
    table: Table


def figure(study: Study, name: str) -> Figure:
    """The chart of this name.  Raises UsageError for a name that is none, or a chart that this study has no data for."""
    if name not in FIGURES:
        raise UsageError(
            f"--chart: expected one of {', '.join(FIGURES)}, got '{shown(name)}'",
            hint="why128 report --list says what they show",
        )
    found = FIGURES[name](study)
    if found is None:
        raise UsageError(
            f"--chart: this study has nothing to draw for '{name}': {NEEDS[name]}",
            hint=f"it has {', '.join(available(study))}",
        )
    return found


def available(study: Study) -> list[str]:
    """The names of the charts that this study has data for."""
    return [name for name, make in FIGURES.items() if make(study) is not None]


def _accuracy(study: Study) -> Figure:
    found, title = rows.rungs(study), words.sentence(study).partition(":")[0]
    chart = accuracy.accuracy(found, rows.marks(study), title)
    level = words.level(study.plan.confidence)
    drawn = f"Faint dots are single networks, and the band is the {level} interval on their mean"
    drawn += f"; {words.between(study)}." if study.answered else "."
    return Figure(
        "accuracy", title, _said(study, "compared", "likely", "underfit", first=drawn), chart, accuracy.table(found)
    )


def _gap(study: Study) -> Figure:
    found, opens = rows.rungs(study), study.findings.opens
    title = f"No gap wider than {words.points(study.plan.tolerance)} is shown"
    if opens is not None:
        title = f"The gap opens at {words.neurons(study, opens)}"
    drawn = f"How much better the images learned from are answered than unseen ones, with {words.level(study.plan.confidence)} intervals."
    chart = gap.gap(found, rows.threshold(study), title)
    return Figure("gap", title, _said(study, "gap", "harm", "interpolation", first=drawn), chart, gap.table(found))


def _curves(study: Study) -> Figure:
    found = rows.rungs(study)
    going = [found[k].label for k, is_so in enumerate(study.findings.still_learning) if is_so]
    said = f"At the last epoch validation accuracy was still rising for {', '.join(going)}." if going else (
        "At the last epoch no candidate is shown to be still rising."
    )  # fmt: skip
    title = f"Learning over {words.counted(study.plan.recipe.epochs, 'epoch')}"
    return Figure("curves", title, said, curves.curves(found, study.verdict.enough, title), curves.table(found))


def _cost(study: Study, measure: str) -> Figure | None:
    if not study.costs:
        return None
    found, budget = rows.priced(study, measure), study.plan.budget
    limit = budget.bytes if measure == "bytes" else budget.latency
    best = sorted(cost.frontier(found), key=lambda k: found[k].cost)
    title = {"bytes": "What accuracy costs in bytes", "latency": "What accuracy costs in time to answer"}[measure]
    drawn = f"Nothing cheaper is as accurate as these: {', '.join(found[k].label for k in best)} neurons."
    said = _said(study, "budget", first=drawn)
    return Figure(
        {"bytes": "size", "latency": "latency"}[measure],
        title,
        said,
        cost.cost(found, measure, limit, title),
        cost.table(found, measure),
    )


def _confusion(study: Study) -> Figure | None:
    examined, names = study.examination, study.subject.classes
    if examined is None:
        return None
    counts, title = examined.confusion, "No image was answered wrongly"
    pairs = classes.confusions(counts)
    said = f"All {int(counts.sum()):,} images were answered rightly."
    if pairs:
        (true, answered), name = pairs[0], [shown(name, classes.NAME) for name in names]
        title = f"{name[true]} is most often taken for {name[answered]}"
        said = (
            f"{counts[true, answered]:,} of {counts[true].sum():,} images of {name[true]} were answered {name[answered]}; "
            f"in all, {counts.sum() - counts.trace():,} of {counts.sum():,} answers were wrong."
        )
    return Figure(
        "confusion", title, said, classes.confusion(counts, names, title), classes.confusion_table(counts, names)
    )


def _classes(study: Study) -> Figure | None:
    examined = study.examination
    found = rows.classes(examined, study.subject.classes, study.plan.confidence) if examined else []
    if examined is None or not found:
        return None
    overall = examined.accuracy(study.plan.confidence).mean
    hardest = min(found, key=lambda one: one.accuracy.mean)
    title = f"{shown(hardest.name, classes.NAME)} is the hardest class"
    said = (
        f"{words.limits(hardest.accuracy)} of its {hardest.images:,} images were answered rightly, against "
        f"{words.percent(overall)} of all."
    )
    return Figure("classes", title, said, classes.per_class(found, overall, title), classes.per_class_table(found))


def _growth(study: Study) -> Figure | None:
    law = study.findings.growth
    if law is None:
        return None
    fitted, measured = rows.fit(law), rows.errors(study, law)
    title = "No power law describes these errors"
    if law.misfit >= MISFIT:
        widest = max(law.widths)
        title = f"Doubling {widest:,.0f} neurons would buy {words.points(round(100 * law.doubling(widest).mean, 1))}"
    return Figure(
        "growth", title, _said(study, "growth"), growth.growth(measured, fitted, title), growth.table(measured, fitted)
    )


def _spread(study: Study) -> Figure | None:
    found, shares = rows.sources(study), study.findings.limits
    if not found:
        return None
    title = "Where the spread comes from"
    if shares is not None:
        largest = {"luck": "Luck of training", "images": "Which images judge", "both": "Luck on single images"}[
            shares.largest
        ]
        title = f"{largest} limits the answer most"
    return Figure("spread", title, _said(study, "spread"), spread.spread(found, title), spread.table(found))


def _reliability(study: Study) -> Figure | None:
    examined = study.examination
    found = rows.reliability(examined) if examined else []
    if examined is None or not found:
        return None
    chance, error = examined.by_chance, found[0].error
    title = "No sign that probabilities mislead"
    if chance is None or error > chance.high:
        title = f"Probabilities are off by {words.points(round(100 * error, 1))} on average"
    said = _said(
        study, "calibration", first="On the dotted line a probability means what it says; below it, it says too much."
    )
    return Figure("reliability", title, said, reliability.reliability(found, title), reliability.table(found))


def _said(study: Study, *kinds: str, first: str = "") -> str:
    """The sentences of these kinds that report/readings.py has for this study."""
    return " ".join(filter(None, (first, *(of_kind(study, kind) for kind in kinds))))


FIGURES: dict[str, Callable[[Study], Figure | None]] = {
    "accuracy": _accuracy,
    "gap": _gap,
    "curves": _curves,
    "size": lambda study: _cost(study, "bytes"),
    "latency": lambda study: _cost(study, "latency"),
    "growth": _growth,
    "spread": _spread,
    "confusion": _confusion,
    "classes": _classes,
    "reliability": _reliability,
}
ABOUT = {
    "accuracy": "accuracy against neurons, with the verdict and its interval",
    "gap": "training minus validation accuracy against neurons",
    "curves": "validation accuracy after each epoch",
    "size": "accuracy against bytes, with the frontier",
    "latency": "accuracy against the time of an answer, with the frontier",
    "growth": "error against neurons, with a power law and its floor",
    "spread": "where the spread between networks comes from",
    "confusion": "which classes are taken for which",
    "classes": "accuracy of each class",
    "reliability": "whether probabilities mean what they say",
}
NEEDS = {
    "size": "costs are measured at its end",
    "latency": "costs are measured at its end",
    "growth": "a power law takes four widths of one activation, each trained at least twice",
    "spread": "it takes at least two replicates",
    "confusion": "its chosen network diverged",
    "classes": "its chosen network diverged",
    "reliability": "its chosen network diverged",
}
