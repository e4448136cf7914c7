"""From a study to the rows that its charts draw."""

from __future__ import annotations

import numpy as np

from why128 import activations
from why128.report import words
from why128.report.charts.classes import ClassAccuracy
from why128.report.charts.cost import Priced
from why128.report.charts.growth import Fit
from why128.report.charts.reliability import Reliability
from why128.report.charts.rungs import Marks, Rung
from why128.report.charts.spread import Source
from why128.statistics.growth import PowerLaw
from why128.statistics.intervals import Interval, wilson
from why128.studies.candidate import Candidate
from why128.studies.examination import Examination
from why128.studies.study import Study

SMOOTH = 40  # places at which a fitted curve is drawn, beside the widths themselves
SOURCES = {  # of spread, by their names in statistics.spread.Spread, in the order of the chart
    "luck": "all luck of training",
    "initialisation": "initialisation",
    "order": "data order",
    "sample": "training sample",
    "images": "validation images",
    "interaction": "luck and images together",
}


def rungs(study: Study) -> list[Rung]:
    """Every candidate tried, smallest first."""
    evidence, several = study.evidence, len({len(c.widths) for c in study.candidates if c.widths}) > 1
    return [
        Rung(
            label=evidence.labels[k],
            named=words.neurons(study, k),
            neurons=candidate.neurons,
            parameters=int(evidence.parameters[k]),
            layers=len(candidate.widths),
            family=_family(candidate, several),
            training=float(evidence.learned(k).mean()),
            validation=study.verdict.accuracies[k],
            gap=None if evidence.diverged(k).all() else study.findings.gaps[k],
            singles=tuple(evidence.accuracies(k).tolist()),
            curve=tuple(evidence.curves(k)["val_accuracy"].mean(0).tolist()),
        )
        for k, candidate in enumerate(study.candidates)
    ]


def _family(candidate: Candidate, several: bool) -> str:
    name = activations.label(candidate.activation)
    layers = f", {words.counted(len(candidate.widths), 'layer')}" if several else ""
    return name + layers if candidate.widths else ""


def marks(study: Study) -> Marks:
    """What the verdict says of them."""
    verdict = study.verdict
    enough = verdict.enough if study.answered else None
    return Marks(enough, verdict.settled, verdict.low, verdict.high, verdict.best, study.plan.tolerance / 100)


def threshold(study: Study) -> float | None:
    """Where on the axis of `rungs` a network has as many parameters as there are images × classes.

    In parameters where some candidate has several layers; else in neurons, by which the parameters of one hidden layer grow
    in a straight line.  None where there are not two widths to draw it through.
    """
    due = study.subject.learned_from * len(study.subject.classes)
    if any(len(c.widths) > 1 for c in study.candidates):
        return float(due)
    wide = {c.neurons: int(study.evidence.parameters[k]) for k, c in enumerate(study.candidates) if c.widths}
    if len(wide) < 2:
        return None
    (low, fewest), (high, most) = min(wide.items()), max(wide.items())
    found = low + (due - fewest) * (high - low) / (most - fewest)
    return found if found > 0 else None


def priced(study: Study, measure: str) -> list[Priced]:
    """What every candidate costs: `measure` is a key of cost.MEASURES."""
    several = len({len(c.widths) for c in study.candidates if c.widths}) > 1
    enough = study.verdict.enough if study.settled else None
    found = []
    for k, (candidate, price) in enumerate(zip(study.candidates, study.costs, strict=True)):
        timed = price.latency_one
        due, quartiles = (
            (timed.median, (timed.low, timed.high)) if measure == "latency" else (price.bytes_float32, None)
        )
        family = _family(candidate, several)
        found.append(
            Priced(study.evidence.labels[k], family, float(due), study.verdict.accuracies[k], k == enough, quartiles)
        )
    return found


def classes(examined: Examination, names: tuple[str, ...], confidence: float) -> list[ClassAccuracy]:
    """How often each class was answered rightly; classes without an image are left out."""
    counts = examined.confusion
    return [
        ClassAccuracy(name, int(counts[c].sum()), wilson(int(counts[c, c]), int(counts[c].sum()), confidence))
        for c, name in enumerate(names)
        if counts[c].sum()
    ]


def errors(study: Study, law: PowerLaw) -> list[tuple[int, Interval]]:
    """The validation error of each width that the power law was fitted to."""
    fitted = {
        c.neurons: study.verdict.accuracies[k] for k, c in enumerate(study.candidates) if float(c.neurons) in law.widths
    }
    return [(width, Interval(1 - a.mean, 1 - a.high, 1 - a.low)) for width, a in sorted(fitted.items()) if width]


def fit(law: PowerLaw) -> Fit:
    """The curve from the smallest width to twice the largest: what another doubling would buy is on it."""
    low, high = min(law.widths), 2 * max(law.widths)
    places = sorted({*np.geomspace(low, high, SMOOTH).tolist(), *law.widths})
    return Fit(law.floor, law.scale, law.exponent, tuple((w, law.at(w)) for w in places))


def sources(study: Study) -> list[Source]:
    """The sources of spread that were measured."""
    found = [(name, getattr(study.findings.spread, field, None)) for field, name in SOURCES.items()]
    return [
        Source(name, one.mean, one.low, one.high) if isinstance(one, Interval) else Source(name, one)
        for name, one in found
        if one is not None
    ]


def reliability(examined: Examination) -> list[Reliability]:
    """The curve of the network as trained, and of its temperature where there is one."""
    found = [("as trained", examined.calibration)]
    if examined.temperature is not None:
        found.append((f"with temperature {examined.temperature:.2f}", examined.calibrated))
    return [
        Reliability(name, tuple((b.confidence, b.accuracy, b.images) for b in one.bins), one.ece)
        for name, one in found
        if one is not None
    ]
