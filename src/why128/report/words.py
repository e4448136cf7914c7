"""The verdict in words.  Every sentence about a study is made here and nowhere else."""

from __future__ import annotations

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


def sentence(study: Study) -> str:
    """The verdict: how many neurons are enough, and how sure that is."""
    plan, verdict = study.plan, study.verdict
    chosen, best = plan.candidates[verdict.enough], plan.candidates[verdict.best]
    found = percent(verdict.accuracies[verdict.enough].mean)
    sure = f"at {level(plan.confidence)} confidence"
    named = neurons(chosen)
    head = f"{named[0].upper()}{named[1:]} {'is' if chosen.neurons == 1 else 'are'} {'needed' if not chosen.widths else 'enough'}"
    if not verdict.settled:
        return (
            f"Not settled: {named} did best ({found} of unseen images answered rightly), but {sure} no width of this ladder "
            f"can be told to be within {plan.tolerance:g} points of the best; the answer lies {between(study)}."
        )
    if verdict.enough == verdict.best:
        return f"{head}: {found} of unseen images answered rightly, and nothing tried does better by more than {plan.tolerance:g} points, {sure}; the answer lies {between(study)}."
    return (
        f"{head}: {found} of unseen images answered rightly, not worse than the best ({neurons(best)}, "
        f"{percent(verdict.accuracies[verdict.best].mean)}) by more than {plan.tolerance:g} points, {sure}; the answer lies {between(study)}."
    )


def between(study: Study) -> str:
    """The interval on the number of neurons."""
    low, high = (study.plan.candidates[k] for k in (study.verdict.low, study.verdict.high))
    return f"at {neurons(low)}" if low == high else f"between {low.label} and {neurons(high)}"


def tested(study: Study) -> str | None:
    """What the chosen network did on the test images; None where there are none."""
    if study.test is None:
        return None
    source = "test images" if study.test_given else "images set aside before training"
    return f"On {source} that were looked at once, this network answers {limits(study.test)} rightly."


def limits(interval: Interval) -> str:
    """A share with its limits: "85.0 % (83.4 to 86.5 %)"."""
    return f"{percent(interval.mean)} ({100 * interval.low:.1f} to {percent(interval.high)})"


def compact(interval: Interval) -> str:
    """The same for a table: "85.0 % (83.4–86.5)"."""
    return f"{percent(interval.mean)} ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def caveats(study: Study) -> list[str]:
    """What a careful reader should know before relying on the verdict, most important first."""
    plan, verdict, last = study.plan, study.verdict, len(study.plan.candidates) - 1
    held_out = study.judged_by
    told = []
    if len(plan.candidates) == 1:
        told.append("Only one width was tried: there is nothing to compare it with.")
    elif verdict.best == last or verdict.enough == last:
        told.append(f"The widest network tried ({neurons(plan.candidates[last])}) is among the best: wider ones were not tried and may do better.")
    if verdict.low != verdict.high:
        told.append(f"Widths {between(study).removeprefix('between ').replace(' and ', ' to ')} cannot be told apart with certainty: more replicates or more images would narrow this.")
    if plan.replicates < FEW_REPLICATES:
        told.append(f"{plan.replicates} replicate{'s' * (plan.replicates > 1)}: luck of initialisation and data order is {'not measured' if plan.replicates == 1 else 'measured badly'}; {FEW_REPLICATES} or more are better.")
    if held_out < FEW_IMAGES:
        told.append(f"Only {held_out} validation images: each one is {100 / held_out:.2g} points.")
    if study.test is None:
        told.append("No test images: the classes are too small to set some aside, so the accuracy is that of images which helped to choose.")
    if any(not 0 <= loss < float("inf") for loss in study.losses):
        told.append("Some networks diverged: a smaller learning rate may help.")
    return told


def trained(found: Trained) -> str:
    """What one training gave."""
    last = found.epochs[-1]
    seen = f"After {len(found.epochs)} epoch{'s' * (len(found.epochs) > 1)}: {percent(last['accuracy'])} of the images learned from, {percent(last['val_accuracy'])} of validation images"
    return f"{seen}." if found.test is None else f"{seen}, {limits(found.test)} of test images answered rightly."


def judged(found: Judged) -> str:
    """What a network did on a data set."""
    part = "test images" if found.part == "test" else "images"
    return f"{limits(found.accuracy)} of {found.images:,} {part} answered rightly; loss {found.loss:.4f}."
