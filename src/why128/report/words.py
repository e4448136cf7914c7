"""The verdict in words.  Every sentence about a study's answer is made here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from why128.data.images import Dataset
from why128.errors import shown
from why128.statistics.intervals import Interval
from why128.studies.candidate import Candidate
from why128.studies.cost import Timing
from why128.studies.forecast import Forecast
from why128.studies.progress import Standing
from why128.studies.study import Study

if TYPE_CHECKING:
    from why128.exporting import Written
    from why128.judging import Judged
    from why128.network import Network
    from why128.recurring import Recurring
    from why128.resizing import Resized
    from why128.single import Trained  # it trains: JAX takes seconds to import


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 as a person reads it: 0.8512 is "85.1 %"."""
    return f"{100 * share:.{digits}f} %"


def level(confidence: float) -> str:
    """A confidence without needless digits: 0.95 is "95 %", 0.99583 is "99.6 %"."""
    return f"{100 * confidence:.3g} %"


def points(tolerance: float) -> str:
    """A number of percentage points: "1 point", "0.5 points"."""
    return f"{tolerance:g} point{'s' * (tolerance != 1)}"


def counted(count: int, thing: str) -> str:
    """How many of a thing: "1 run", "1,200 runs"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def hidden(candidate: Candidate, rest: str = "") -> str:
    """A candidate as a person says it: "128 neurons", "128x64 neurons", "128 neurons (tanh)", "no hidden neurons"."""
    named = f"{candidate.label} neurons" if len(candidate.widths) > 1 else counted(candidate.neurons, "neuron")
    return (named if candidate.widths else "no hidden neurons") + (f" ({shown(rest)})" if rest else "")


def neurons(study: Study, k: int) -> str:
    """Candidate k of a study, with what sets it apart from others of its width."""
    return hidden(study.candidates[k], study.evidence.labels[k].partition(" ")[2])


def under_way(found: Standing) -> str:
    """What a running study does, since when, and for how long still."""
    if found.twins:
        doing = "telling the parts of luck apart"
    elif found.compiling:
        doing = "compiling"
    else:
        doing = f"replicate {min(found.finished + 1, found.replicates)} of {found.replicates}"
    return f"{doing} · {found.seconds:.0f} s{'' if found.left is None else f' · {found.left:.0f} s left'}"


def subject(data: Dataset) -> str:
    """The data that a study asks about."""
    return f"{shown(data.name)}: {len(data.train):,} images, {len(data.classes)} classes"


def runs(labels: Sequence[str], places: Sequence[int]) -> str:
    """Some of a ladder's labels, neighbours taken together: "0 to 16 and 64"."""
    parts: list[list[int]] = []
    for place in places:
        if parts and place == parts[-1][-1] + 1:
            parts[-1].append(place)
        else:
            parts.append([place])
    said = [f"{labels[p[0]]} to {labels[p[-1]]}" if len(p) > 2 else " and ".join(labels[k] for k in p) for p in parts]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def sentence(study: Study) -> str:
    """The verdict: how many neurons are enough, and how sure that is."""
    verdict, k = study.verdict, study.verdict.enough
    seen = f"{percent(verdict.accuracies[k].mean)} of unseen images answered rightly"
    if study.failed:
        return "No answer: none of these networks learned anything; nothing can be said of their widths."
    if len(study.candidates) == 1:
        return f"No answer: only {neurons(study, k)} tried ({seen}); what is enough shows only against other widths."
    if study.evidence.replicates.max() == 1:
        best = verdict.best
        return (
            f"Not settled: in this one replicate {neurons(study, best)} did best "
            f"({percent(verdict.accuracies[best].mean)} of unseen images answered rightly), "
            "but how much of that is luck only further replicates can tell."
        )
    sure, tolerance = f"at {level(study.plan.confidence)} confidence", points(study.plan.tolerance)
    if not verdict.settled:
        why = f"{sure} no candidate can be said to be within {tolerance} of the best"
        if verdict.doubtful[k]:
            runs = counted(int(study.evidence.replicates[k]), "replicate")
            why = f"narrower networks failed in some runs, and {runs} cannot show {sure} that these do not"
        looks = f"look{'s' * (study.candidates[k].neurons == 1)} enough"
        return f"Not settled: {neurons(study, k)} {looks} ({seen}), but {why}; {between(study)}."
    return f"{_enough(study, k)}: {seen}, {_compared(study, tolerance)}, {sure}; {between(study)}."


def parted(study: Study) -> tuple[str, str]:
    """The verdict's sentence, parted at its colon: what a person remembers, and what it rests on."""
    headline, _, said = sentence(study).partition(": ")
    return headline, said[:1].upper() + said[1:]


def _compared(study: Study, tolerance: str) -> str:
    best = study.verdict.best
    within = "" if study.plan.budget.unlimited else " within the budget"
    if study.verdict.enough == best:
        return f"and nothing tried{within} does better by more than {tolerance}"
    highest = percent(study.verdict.accuracies[best].mean)
    return f"not worse than the best{within} ({neurons(study, best)}, {highest}) by more than {tolerance}"


def _enough(study: Study, k: int) -> str:
    named, candidate = neurons(study, k), study.candidates[k]
    does = "are needed" if not candidate.widths else "is enough" if candidate.neurons == 1 else "are enough"
    return f"{named[0].upper()}{named[1:]} {does}"


def between(study: Study) -> str:
    """What the interval on the number of neurons says."""
    low, high = study.verdict.low, study.verdict.high
    if low == high:
        return "no other width is in question"
    return f"the answer lies between {study.evidence.labels[low]} and {neurons(study, high)}"


def tested(study: Study) -> str | None:
    """What the chosen network did on the test images; None where there are none."""
    if study.test is None:
        return None
    source = "test images" if study.subject.test_given else "images set aside before training"
    k, one = study.verdict.enough, study.evidence.replicates.max() == 1  # whose sentence names the best instead
    which = (
        f"the network of {neurons(study, k)} that is handed over" if one and k != study.verdict.best else "this network"
    )
    return f"On {study.subject.tested_on:,} {source}, looked at once, {which} answers {limits(study.test)} rightly."


def limits(interval: Interval) -> str:
    """A share with its limits: "85.0 % (83.4 to 86.5 %)"."""
    return f"{percent(interval.mean)} ({100 * interval.low:.1f} to {percent(interval.high)})"


def compact(interval: Interval) -> str:
    """The same for a table: "85.0 % (83.4–86.5)"."""
    return f"{percent(interval.mean)} ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def difference(interval: Interval) -> str:
    """A difference of two shares in points: "2.1 points (0.9 to 3.3)"."""
    return f"{100 * interval.mean:.1f} points ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def trained(found: Trained) -> str:
    """What one training gave."""
    last, count = found.epochs[-1], len(found.epochs)
    seen = (
        f"After {counted(count, 'epoch')}: {percent(last['accuracy'])} of the images learned from, "
        f"{percent(last['val_accuracy'])} of validation images"
    )
    tested = "" if found.test is None else f", {limits(found.test)} of test images"
    return f"{seen}{tested} answered rightly."


def judged(found: Judged) -> str:
    """What a network did on a data set."""
    part = "test images" if found.part == "test" else "images"
    return f"{limits(found.accuracy)} of {found.images:,} {part} answered rightly; loss {found.loss:.4f}."


def exported(found: Written) -> tuple[str, ...]:
    """What was written, what it needs, and how far its answers are from the original's: a line each."""
    numbers = "int8" if found.int8 else "float32"
    lines = (
        f"written: {shown(found.file)} ({found.format}, {numbers}): {found.bytes:,} bytes",
        f"needs: {found.constants:,} bytes of weights and {found.memory:,} bytes of RAM, beside an image's {found.pixels:,}",
    )
    seen = found.comparison
    if seen is None:
        return (
            *lines,
            "not compared with the original: the images that it learned from were not found; give some with --data",
        )
    part = "test images" if seen.part == "test" else "images"
    return (
        *lines,
        f"on {seen.images:,} {part} of {shown(seen.data)}, answered by {seen.by}: no probability differs by more than "
        f"{seen.difference:.2g}; {percent(seen.alike, 2)} are answered alike; {percent(seen.accuracy, 2)} rightly "
        f"(the original: {percent(seen.original_accuracy, 2)})",
    )


def shrunk(made: Resized) -> tuple[str, ...]:
    """What a network lost in getting smaller: a line each."""
    before, after, tidy = made.original, made.chosen, made.tidied
    gone = [(tidy.dead, "dead"), (tidy.constant, "constant"), (tidy.twins, "a twin of another")]
    free = ", ".join(f"{count:,} {what}" for count, what in gone if count) or "none"
    mean, low, high = (100 * limit for limit in (after.lost.mean, after.lost.low, after.lost.high))
    part = "test images" if made.part == "test" else "images"
    return (
        f"{sized(before.widths)} to {sized(after.widths)}: {percent(1 - after.neurons / before.neurons, 0)} of them removed, "
        f"{after.bytes:,} bytes of weights left of {before.bytes:,}",
        f"removed at no change in any answer, on the images that weights are fitted on: {free}",
        f"on {made.judged_by:,} {part} of {shown(made.data)} that did not choose the size: {limits(after.accuracy)} answered rightly "
        f"(before: {percent(before.accuracy.mean)}); {mean:.1f} points lost ({low:.1f} to {high:.1f})",
        f"an answer to one image takes {_took(made.costs[1].latency_one)} (before: {_took(made.costs[0].latency_one)}), "
        f"to a thousand {_took(made.costs[1].latency_thousand)} (before: {_took(made.costs[0].latency_thousand)})",
        *_curve(made),
    )


def _took(timing: Timing) -> str:
    return f"{1e6 * timing.median:,.0f} µs" if timing.median < 1e-3 else f"{1e3 * timing.median:,.1f} ms"


def _curve(made: Resized) -> list[str]:
    """Sizes and how often each is right, beside what learned with so many neurons in its study."""
    known = any(point.trained for point in made.curve)
    rows = [("neurons", "bytes", "shrunk to it", "learned with it" * known)]
    for point in made.curve:
        trained = "" if point.trained is None else limits(point.trained)
        rows.append(("x".join(map(str, point.widths)), f"{point.bytes:,}", limits(point.accuracy), trained))
    wide = [max(len(row[i]) for row in rows) for i in range(4)]
    return ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows]


def grown(before: Network, after: Network, epochs: int) -> str:
    """What a network became in getting wider."""
    then = f"; then learned for {counted(epochs, 'epoch')}" if epochs else "; its answers are what they were"
    return f"{sized(before.width)} to {sized(after.width)}, {after.parameters:,} parameters{then}"


def recurring(found: Recurring) -> list[str]:
    """Which neurons every network of a study learned: a line each width."""
    widest = found.widths[-1].label
    lines = [
        f"Neurons matched by what they do on the same {found.images:,} images; alike means a correlation of 0.8 or more."
    ]
    for one in found.widths:
        seen = one.recurrence
        within = "" if one.within is None else f"; {percent(one.within, 0)} of them are in a network of {widest}, too"
        chance = (
            ""
            if seen.by_chance is None
            else f" ({percent(seen.by_chance, 0)} have a partner in a network that learned nothing)"
        )
        lines.append(
            f"{one.label}: of {seen.neurons:.0f} neurons that are not dead, {seen.everywhere:.1f} are in nearly all of the other "
            f"{counted(seen.networks - 1, 'network')}, {seen.nowhere:.1f} in none{chance}{within}"
        )
    return lines


def sized(widths: Sequence[int]) -> str:
    """Hidden layers by their neurons: "128 neurons", "64x32 neurons"."""
    return counted(widths[0], "neuron") if len(widths) == 1 else f"{'x'.join(map(str, widths))} neurons"


def resumed(folder: object, networks: int) -> str:
    """That a study which was stopped is gone on with."""
    return f"going on with {shown(folder)}, which was stopped; {counted(networks, 'network')} of it are there"


def given_up(replicate: int, reason: str, attempts: int) -> str:
    """That a replicate is missing."""
    return f"replicate {replicate} was given up: its training ended {attempts} times, the last time {shown(reason)}"


def forecast(found: Forecast) -> str:
    """What a study will take."""
    first = " at first, and more where these do not settle it" if found.more else ""
    cores, memory = counted(found.cores, "free core"), f"{found.memory / 1e9:,.1f} GB"
    images = f"; the images lie on disk, {found.disk / 1e9:,.1f} GB while it runs" if found.disk else ""
    return f"{counted(found.networks, 'network')}{first}: {about(found.seconds)} on {cores}, at most {memory} of memory{images}"


def about(seconds: float) -> str:
    """A time that nobody knows exactly: "less than 10 s", "about 25 s", "about 4 min", "about 2.5 h"."""
    if seconds < 10:
        return "less than 10 s"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:,.1f} h"
