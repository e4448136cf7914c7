"""What a careful reader should know before relying on a verdict: as data, each with what to do about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from why128.errors import shown
from why128.report import words
from why128.studies.plan import MOST_REPLICATES
from why128.studies.study import Study

FEW_REPLICATES = 5  # below it, the spread between replicates is known too badly
FEW_IMAGES = 300  # validation images: below it, half a point is less than two images
FEW_OF_A_CLASS = 10  # validation images of one class: below it, a class may be forgotten unnoticed
UNEQUAL = 10  # times more images in the largest class than in the smallest


@dataclass(frozen=True)
class Caveat:
    """One thing to know, and what to do about it.  Printing it gives both."""

    kind: str  # a stable name
    says: str
    do: str

    def __str__(self) -> str:
        return f"{self.says} {self.do}".strip()


def caveats(study: Study) -> list[Caveat]:
    """All that apply, most important first."""
    return [caveat for ask in ASKED for caveat in ask(study)]


def _alone(study: Study) -> Iterator[Caveat]:
    if len(study.candidates) == 1:
        yield Caveat("one candidate", "Only one width was tried: there is nothing to compare it with.", "Try several.")


def _replicates(study: Study) -> Iterator[Caveat]:
    count = int(study.evidence.replicates.max())
    if count < FEW_REPLICATES:
        how = "is not measured" if count == 1 else "is measured badly"
        yield Caveat(
            "few replicates",
            f"{words.counted(count, 'replicate')}: luck of initialisation and data order {how}.",
            f"Use --replicates {FEW_REPLICATES} or more.",
        )


def _lost(study: Study) -> Iterator[Caveat]:
    for replicate, reason in study.lost:
        yield Caveat(
            "replicate lost",
            f"Replicate {replicate} is missing: whatever trained it ended each time, the last time {shown(reason)}.",
            "With --workers 1 it may have more memory.",
        )


def _failed(study: Study) -> Iterator[Caveat]:
    for counts, did in ((study.findings.never, "never learned"), (study.findings.diverged, "diverged")):
        runs = study.evidence.replicates
        failed = [
            f"{count} of {words.counted(int(runs[k]), 'run')} at {words.neurons(study, k)}"
            for k, count in enumerate(counts)
            if count
        ]
        if failed:
            yield Caveat(
                did,
                f"{'; '.join(failed)} {did}.",
                "Their widths are judged by all their runs; a smaller learning rate, or several starts, may help them.",
            )


def _uneven(study: Study) -> Iterator[Caveat]:
    never = study.findings.never
    for k, found in enumerate(study.findings.uneven):
        if found is not None and not never[k]:
            yield Caveat(
                "uneven runs",
                f"Of {words.counted(found.runs, 'run')} at {words.neurons(study, k)}, {found.low} ended near "
                f"{words.percent(found.low_mean, 0)} of the images learned from, the others near {words.percent(found.high_mean, 0)}.",
                "Train this width several times and keep the best.",
            )


def _unseen_failures(study: Study) -> Iterator[Caveat]:
    """A width whose runs all went well, next above one whose runs did not, may fail as well, only more seldom."""
    best = study.verdict.accuracies[study.verdict.best].mean
    for k, due in enumerate(study.verdict.doubtful):
        near = study.verdict.accuracies[k].mean >= best - study.plan.tolerance / 100
        if due and near and not study.verdict.too_small[k]:
            runs = int(study.evidence.replicates[k])
            most = 1 - (1 - study.plan.confidence) ** (1 / runs)
            yield Caveat(
                "failures unseen",
                f"All {words.counted(runs, 'run')} at {words.neurons(study, k)} went well, but narrower ones failed, and as many as "
                f"{words.percent(most, 0)} of such runs could fail without having shown: that is not called enough.",
                f"{due:,} replicates of it would tell." if due <= MOST_REPLICATES else "Ask with a greater tolerance.",
            )


def _edge(study: Study) -> Iterator[Caveat]:
    last = len(study.candidates) - 1
    if last and not study.failed and last in (study.verdict.best, study.verdict.enough) and study.plan.budget.unlimited:
        yield Caveat(
            "edge of the ladder",
            f"The widest network tried ({words.neurons(study, last)}) is among the best: wider ones may do better.",
            "Add wider ones with --widths.",
        )


def _undecided(study: Study) -> Iterator[Caveat]:
    low, high = study.verdict.low, study.verdict.high
    if low != high and not study.failed and study.evidence.replicates.max() > 1:
        yield Caveat(
            "undecided",
            f"Widths {study.evidence.labels[low]} to {study.evidence.labels[high]} cannot be told apart with certainty.",
            "More replicates or more images would narrow this.",
        )


def _images(study: Study) -> Iterator[Caveat]:
    count, tolerance = study.subject.judged_by, study.plan.tolerance
    each = 100 / max(1, count)
    worth = words.points(float(f"{each:.3g}"))
    if 0 < tolerance < each:
        yield Caveat(
            "few validation images",
            f"Only {words.counted(count, 'validation image')}: each one is {worth}, more than the tolerance of "
            f"{tolerance:g}.",
            f"A tolerance of {math.ceil(each)} or more can be answered sooner.",
        )
    elif count < FEW_IMAGES:
        yield Caveat(
            "few validation images",
            f"Only {words.counted(count, 'validation image')}: each one is {worth}.",
            "More labelled images would make the answer surer.",
        )


def _classes(study: Study) -> Iterator[Caveat]:
    names, judged = study.subject.classes, study.subject.judged
    missing = [shown(name, 40) for name, count in zip(names, judged, strict=True) if not count]
    if missing:
        yield Caveat(
            "class missing",
            f"No validation image is of class {', '.join(missing)}: nothing is known of how it is answered.",
            "Add images of it.",
        )
    sizes = [a + b for a, b in zip(study.subject.learned, judged, strict=True)]
    low, high = (sizes.index(size) for size in (min(sizes), max(sizes)))
    if sizes[high] >= UNEQUAL * max(1, sizes[low]):
        yield Caveat(
            "unequal classes",
            f"Classes are unequal: {sizes[high]:,} images of {shown(names[high], 40)}, {sizes[low]:,} of "
            f"{shown(names[low], 40)}; the accuracy is mostly that of the large ones.",
            "Look at the accuracy of each class in the report.",
        )
    elif not missing and min(judged) < FEW_OF_A_CLASS:
        rare = judged.index(min(judged))
        yield Caveat(
            "rare class",
            f"Class {shown(names[rare], 40)} has only {words.counted(judged[rare], 'validation image')}.",
            "Its own accuracy is not known well.",
        )


def _leaked(study: Study) -> Iterator[Caveat]:
    if study.subject.leaked:
        yield Caveat(
            "duplicates",
            f"{study.subject.leaked:,} of {study.subject.tested_on:,} test images are also among the training images: "
            "the test accuracy is too good.",
            "Remove them and ask again.",
        )


def _still(study: Study) -> Iterator[Caveat]:
    going = [k for k, rising in enumerate(study.findings.still_learning) if rising]
    if going:
        yield Caveat(
            "still learning",
            f"At the last epoch networks of {words.runs(study.evidence.labels, going)} neurons were still learning: "
            "with more epochs the answer may be another.",
            f"Use --epochs {2 * study.plan.recipe.epochs}.",
        )


def _recipe(study: Study) -> Iterator[Caveat]:
    if len(study.plan.settings) == 1 and len(study.candidates) > 1:
        yield Caveat(
            "one recipe",
            "All widths were trained by one recipe, which may suit some better than others.",
            "--learning-rates 0.0003,0.001,0.003 gives each its own best.",
        )


def _no_test(study: Study) -> Iterator[Caveat]:
    if not study.subject.tested_on:
        yield Caveat(
            "no test images",
            "No test images: the classes are too small to set some aside, so the accuracy is that of images which helped "
            "to choose.",
            "Give more images, or a test part.",
        )


ASKED = (
    _alone, _replicates, _lost, _failed, _uneven, _unseen_failures, _edge, _undecided, _images, _classes, _leaked, _still, _recipe, _no_test,
)  # fmt: skip
