"""The verdict in words.  Every sentence about a study is made here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator

from why128.data import Dataset
from why128.errors import shown
from why128.single import Judged, Trained
from why128.studies.plan import Candidate
from why128.studies.statistics import Interval
from why128.studies.study import Study

FEW_REPLICATES = 5  # below it, the spread between replicates is known too badly to be resampled
FEW_IMAGES = 300  # validation images: below it, half a point is less than two images


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 as a person reads it: 0.8512 is "85.1 %"."""
    return f"{100 * share:.{digits}f} %"


def level(confidence: float) -> str:
    """A confidence without needless digits: 0.95 is "95 %"."""
    return f"{100 * confidence:g} %"


def neurons(candidate: Candidate) -> str:
    """A candidate as a person says it."""
    if not candidate.widths:
        return "no hidden neurons"
    if len(candidate.widths) > 1:
        return f"{candidate.label} neurons"
    return f"{candidate.neurons:,} neuron{'s' * (candidate.neurons != 1)}"


def subject(data: Dataset) -> str:
    """The data that a study asks about."""
    return f"{shown(data.name)}: {len(data.train):,} images, {len(data.classes)} classes"


def sentence(study: Study) -> str:
    """The verdict: how many neurons are enough, and how sure that is."""
    plan, verdict = study.plan, study.verdict
    chosen, best = plan.candidates[verdict.enough], plan.candidates[verdict.best]
    found = f"{percent(verdict.accuracies[verdict.enough].mean)} of unseen images answered rightly"
    sure, points = f"at {level(plan.confidence)} confidence", f"{plan.tolerance:g} points"
    if not verdict.settled:
        return (
            f"Not settled: {neurons(best)} did best ({found}), but {sure} no width of this ladder can be told "
            f"to be within {points} of the best; {between(study)}."
        )
    if chosen == best:
        compared = f"and nothing tried does better by more than {points}"
    else:
        highest = percent(verdict.accuracies[verdict.best].mean)
        compared = f"not worse than the best ({neurons(best)}, {highest}) by more than {points}"
    return f"{_enough(chosen)}: {found}, {compared}, {sure}; {between(study)}."


def _enough(candidate: Candidate) -> str:
    named = neurons(candidate)
    does = "are needed" if not candidate.widths else "is enough" if candidate.neurons == 1 else "are enough"
    return f"{named[0].upper()}{named[1:]} {does}"


def between(study: Study) -> str:
    """What the interval on the number of neurons says."""
    low, high = (study.plan.candidates[k] for k in (study.verdict.low, study.verdict.high))
    if low == high:
        return "no other width is in question"
    return f"the answer lies between {low.label} and {neurons(high)}"


def tested(study: Study) -> str | None:
    """What the chosen network did on the test images; None where there are none."""
    if study.test is None:
        return None
    source = "test images" if study.test_given else "images set aside before training"
    return f"On {study.tested_on:,} {source}, looked at once, this network answers {limits(study.test)} rightly."


def limits(interval: Interval) -> str:
    """A share with its limits: "85.0 % (83.4 to 86.5 %)"."""
    return f"{percent(interval.mean)} ({100 * interval.low:.1f} to {percent(interval.high)})"


def compact(interval: Interval) -> str:
    """The same for a table: "85.0 % (83.4–86.5)"."""
    return f"{percent(interval.mean)} ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def caveats(study: Study) -> list[str]:
    """What a careful reader should know before relying on the verdict, most important first."""
    return [text for says in (_edge, _undecided, _luck, _few_images, _no_test, _diverged) for text in says(study)]


def _edge(study: Study) -> Iterator[str]:
    candidates, verdict = study.plan.candidates, study.verdict
    last = len(candidates) - 1
    if not last:
        yield "Only one width was tried: there is nothing to compare it with."
    elif last in (verdict.best, verdict.enough):
        yield (
            f"The widest network tried ({neurons(candidates[last])}) is among the best: "
            "wider ones were not tried and may do better."
        )


def _undecided(study: Study) -> Iterator[str]:
    low, high = (study.plan.candidates[k] for k in (study.verdict.low, study.verdict.high))
    if low != high:
        yield (
            f"Widths {low.label} to {high.label} cannot be told apart with certainty: "
            "more replicates or more images would narrow this."
        )


def _luck(study: Study) -> Iterator[str]:
    count = study.plan.replicates
    if count == 1:
        yield f"1 replicate: luck of initialisation and data order is not measured; {FEW_REPLICATES} or more are better."
    elif count < FEW_REPLICATES:
        yield (
            f"{count} replicates: luck of initialisation and data order is measured badly; "
            f"{FEW_REPLICATES} or more are better."
        )


def _few_images(study: Study) -> Iterator[str]:
    each, tolerance = 100 / study.judged_by, study.plan.tolerance
    if 0 < tolerance < each:
        yield (
            f"Only {study.judged_by} validation images: each one is {each:.2g} points, more than the tolerance of "
            f"{tolerance:g}; a tolerance of {math.ceil(each)} or more can be answered sooner."
        )
    elif study.judged_by < FEW_IMAGES:
        yield f"Only {study.judged_by} validation images: each one is {each:.2g} points."


def _no_test(study: Study) -> Iterator[str]:
    if study.test is None:
        yield (
            "No test images: the classes are too small to set some aside, "
            "so the accuracy is that of images which helped to choose."
        )


def _diverged(study: Study) -> Iterator[str]:
    if not all(math.isfinite(loss) for loss in study.losses):
        yield "Some networks diverged: a smaller learning rate may help."


def trained(found: Trained) -> str:
    """What one training gave."""
    last, count = found.epochs[-1], len(found.epochs)
    seen = (
        f"After {count} epoch{'s' * (count > 1)}: {percent(last['accuracy'])} of the images learned from, "
        f"{percent(last['val_accuracy'])} of validation images"
    )
    tested = "" if found.test is None else f", {limits(found.test)} of test images"
    return f"{seen}{tested} answered rightly."


def judged(found: Judged) -> str:
    """What a network did on a data set."""
    part = "test images" if found.part == "test" else "images"
    return f"{limits(found.accuracy)} of {found.images:,} {part} answered rightly; loss {found.loss:.4f}."
