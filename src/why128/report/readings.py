"""What else a study found, a plain sentence beside every number: where width helps, hurts, or costs, and what limits the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from why128.report import words
from why128.studies.findings import MISFIT
from why128.studies.plan import MOST_REPLICATES
from why128.studies.study import Study

MINUTE = 60.0
SOURCES = {
    "luck": "the luck of training, which more replicates would average out",
    "images": "which validation images there are, which only more images would mend",
    "both": "single answers that luck decides, which more replicates or more images would average out",
}


@dataclass(frozen=True)
class Reading:
    """One finding in words."""

    kind: str  # a stable name
    text: str


def readings(study: Study) -> list[Reading]:
    """All that can be said, in the order in which a person would ask."""
    return [Reading(kind, text) for kind in SAID for text in _said(study, kind)]


def of_kind(study: Study, kind: str) -> str:
    """The sentences of one kind, "" where nothing can be said."""
    return " ".join(_said(study, kind))


def _said(study: Study, kind: str) -> Iterator[str]:
    """Where no network learned anything, its numbers are none of these."""
    if not study.failed:
        yield from SAID[kind](study)


def _budget(study: Study) -> Iterator[str]:
    budget, verdict = study.plan.budget, study.verdict
    if budget.unlimited:
        return
    named = [
        None if budget.neurons is None else words.counted(budget.neurons, "neuron"),
        None if budget.bytes is None else size(budget.bytes),
        None if budget.latency is None else f"{1e6 * budget.latency:g} µs an image",
    ]
    limit = " and ".join(filter(None, named))
    if not all(verdict.within_budget) or study.evidence.plan.budget.allows(study.costs[-1]):
        found = verdict.accuracies[verdict.enough]
        yield f"Within {limit}: {words.neurons(study, verdict.enough)}, {half(found.mean, found.low, found.high)}."
    else:
        yield f"No network tried answers within {limit} on this machine: the limit was left aside."
    best = max(range(len(study.candidates)), key=lambda k: verdict.accuracies[k].mean)
    if not verdict.within_budget[best]:
        loss = verdict.accuracies[best].mean - verdict.accuracies[verdict.enough].mean
        yield f"The budget costs {100 * loss:.1f} points: {words.neurons(study, best)} reach {words.percent(verdict.accuracies[best].mean)}."


def _compared(study: Study) -> Iterator[str]:
    found, verdict = study.findings.against_best, study.verdict
    if found is None:
        return
    lost = words.Interval(-found.mean, -found.high, -found.low)
    if study.evidence.replicates.max() == 1:
        yield (
            f"The one network of {words.neurons(study, verdict.enough)} loses {words.difference(lost)} against the one of "
            f"{words.neurons(study, verdict.best)}, paired on the same images; what others of these widths would do is not in it."
        )
    else:
        yield (
            f"Against {words.neurons(study, verdict.best)}, {words.neurons(study, verdict.enough)} "
            f"lose{'s' * (study.candidates[verdict.enough].neurons == 1)} {words.difference(lost)}, paired on the same images."
        )


def _likely(study: Study) -> Iterator[str]:
    """What caution costs: a smaller candidate that looks as good, and how surely it is."""
    verdict, confidence = study.verdict, words.level(study.plan.confidence)
    due = verdict.accuracies[verdict.best].mean - study.plan.tolerance / 100 - 1e-12
    for k in range(verdict.low, verdict.enough if verdict.settled else 0):
        if verdict.within_budget[k] and verdict.accuracies[k].mean >= due:
            named, sure = words.neurons(study, k), verdict.confidences[k]
            looks = f"look{'s' * (study.candidates[k].neurons == 1)} enough too"
            how = (
                f"that holds at {words.level(sure)} confidence, not at {confidence}"
                if sure
                else "that may well be luck"
            )
            yield f"{named[0].upper()}{named[1:]} {looks} ({words.percent(verdict.accuracies[k].mean)}); {how}."
            return


def _underfit(study: Study) -> Iterator[str]:
    small = [k for k, does in enumerate(study.findings.underfit) if does]
    if small:
        best = words.percent(study.verdict.accuracies[study.verdict.best].mean)
        yield (
            f"Underfitting: {words.runs(study.evidence.labels, small)} neurons do not reach, even on the images they learn "
            f"from, the {best} that the best reaches on unseen ones."
        )


def _gap(study: Study) -> Iterator[str]:
    found, k, tolerance = study.findings.gaps, study.findings.opens, words.points(study.plan.tolerance)
    if study.evidence.replicates.max() < 2:
        return
    if k is not None:
        yield (
            f"From {words.neurons(study, k)} on, images learned from are answered better than unseen ones by more than "
            f"{tolerance}; there by {words.difference(found[k])}."
        )
    elif all(gap.high <= study.plan.tolerance / 100 for gap in found):
        yield f"The gap between training and validation images stays within {tolerance} at every width."
    else:
        largest = max(range(len(found)), key=lambda k: found[k].mean)
        yield (
            f"The gap between training and validation images is largest at {words.neurons(study, largest)}: "
            f"{words.difference(found[largest])}."
        )


def _harm(study: Study) -> Iterator[str]:
    found = study.findings.harm
    if found is None:
        return
    failed = study.findings.never[found.widest] + study.findings.diverged[found.widest]
    if found.shown and failed:
        yield (
            f"{failed} of {words.counted(int(study.evidence.replicates[found.widest]), 'run')} at "
            f"{words.neurons(study, found.widest)} did not learn at all: that these do worse is no sign of too many neurons."
        )
    elif found.shown:
        yield (
            f"More neurons hurt here: {words.neurons(study, found.widest)} do worse than {words.neurons(study, found.best)} "
            f"by {words.difference(found.loss)}."
        )
    else:
        yield f"No sign that more neurons hurt, up to {words.neurons(study, found.widest)}."


def _interpolation(study: Study) -> Iterator[str]:
    k, count = study.findings.interpolates, study.subject.learned_from
    if k is not None:
        which = f"From {words.neurons(study, k)} on networks have" if k else "All networks tried have"
        yield (
            f"{which} at least as many parameters as there are images × classes "
            f"({count:,} × {len(study.subject.classes)}): they can learn their images by heart."
        )


def _growth(study: Study) -> Iterator[str]:
    found = study.findings.growth
    if found is None:
        return
    if found.misfit < MISFIT:
        yield "The error does not fall with width by one power law: no forecast is made."
        return
    first, widest = int(found.widths[0]), int(found.widths[-1])
    if found.doubling(first).low <= 0:
        yield f"From {words.counted(first, 'neuron')} on the error is not seen to fall with width: no forecast is made."
        return
    yield (
        f"From {words.counted(first, 'neuron')} on the error falls with width as a power law: "
        f"another doubling, from {widest:,} to {2 * widest:,} neurons, would buy {words.difference(found.doubling(widest))}; "
        f"no width is expected to pass {words.percent(1 - found.floor.mean)} "
        f"({100 * (1 - found.floor.high):.1f} to {words.percent(1 - found.floor.low)})."
    )


def _spread(study: Study) -> Iterator[str]:
    found = study.findings.spread
    if found is None:
        return
    parts = {"initialisation": found.initialisation, "data order": found.order, "training sample": found.sample}
    alone = ", ".join(f"{name} alone {_points(sd.mean)}" for name, sd in parts.items() if sd is not None)
    if found.luck is not None:
        told = f" ({alone})" if alone else ""
        yield f"One network of this width differs from the next by luck with an SD of {_points(found.luck.mean)}{told}."
    share = study.findings.limits
    if share is not None:
        yield f"What limits the answer most: {SOURCES[share.largest]} ({words.percent(share.shares[share.largest], 0)} of the variance)."


def _points(sd: float) -> str:
    return f"{100 * sd:.2f} points"


def _more(study: Study) -> Iterator[str]:
    found, have = study.findings.more, int(study.evidence.replicates.max())
    if found is None:
        return
    aim = "narrow the interval to one rung" if study.verdict.settled else "settle it"
    replicates, images = (
        (found.replicates, found.images)
        if study.verdict.settled
        else (found.replicates_to_settle, found.images_to_settle)
    )
    by_images = f"about {images:,} validation images instead of {study.subject.judged_by:,} would" if images else ""
    if replicates:
        also = f"; so {by_images}" if by_images else ""
        yield f"To {aim}, {replicates - have} more replicates ({replicates} in all) would probably do{also}."
    elif by_images:
        yield f"To {aim}, replicates alone will not do: {by_images}, probably."
    else:
        yield f"To {aim}, neither more replicates alone nor more validation images alone will do: the candidates are too alike for this tolerance."


def _minute(study: Study) -> Iterator[str]:
    """What one more minute would buy."""
    each = sum(cost.seconds for cost in study.costs) / max(1, study.environment.get("cores", 1))
    found, have = study.findings.more, int(study.evidence.replicates.max())
    if found is None or each <= 0 or study.looks is not None:
        return
    bought = min(int(MINUTE / each), MOST_REPLICATES - have)
    due = found.replicates if study.verdict.settled else found.replicates_to_settle
    if not bought:
        yield f"One more minute would not buy a replicate of this ladder ({each:.0f} s each)."
    elif due is not None and due - have <= bought:
        yield f"One more minute buys about {words.counted(bought, 'replicate')} more: enough for that (--replicates {due})."
    else:
        short = (
            "narrower, but probably not down to one width"
            if study.verdict.settled
            else "probably not enough to settle it"
        )
        yield f"One more minute buys about {words.counted(bought, 'replicate')} more: {short}."


def _calibration(study: Study) -> Iterator[str]:
    seen = study.examination
    if seen is None or seen.calibration is None:
        return
    error, chance = seen.calibration.ece, seen.by_chance
    if chance is not None and error <= chance.high:
        yield f"No sign that its probabilities mislead: they are off by {100 * error:.1f} points on average, no more than chance explains."
        return
    after = (
        ""
        if seen.calibrated is None
        else f"; with a temperature of {seen.temperature:.2f}, by {100 * seen.calibrated.ece:.1f}"
    )
    yield f"Its probabilities are off by {100 * error:.1f} points on average{after}."


def half(mean: float, low: float, high: float) -> str:
    """An estimate with half its interval: "85.1 ± 0.5 %"."""
    return f"{100 * mean:.1f} ± {50 * (high - low):.1f} %"


def size(count: int) -> str:
    """Bytes as a person writes them: 64,000 is "64 KB", 65,536 "64 KiB"."""
    for unit, each in (("MiB", 2**20), ("MB", 10**6), ("KiB", 2**10), ("KB", 10**3)):
        if count >= each and not count % each:
            return f"{count // each:,} {unit}"
    return f"{count:,} bytes"


SAID = {
    "budget": _budget,
    "compared": _compared,
    "likely": _likely,
    "underfit": _underfit,
    "gap": _gap,
    "harm": _harm,
    "interpolation": _interpolation,
    "growth": _growth,
    "spread": _spread,
    "more": _more,
    "minute": _minute,
    "calibration": _calibration,
}
