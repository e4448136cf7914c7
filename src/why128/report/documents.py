"""The JSON documents that faces give out.  Their keys are documented in docs/json.md."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from why128.report import words
from why128.report.caveats import caveats
from why128.report.readings import readings
from why128.statistics.intervals import Interval
from why128.studies.candidate import width
from why128.studies.forecast import Forecast
from why128.studies.plan import Plan
from why128.studies.study import CHOSEN, Study

if TYPE_CHECKING:
    from why128.data.images import Dataset
    from why128.exporting import Written
    from why128.judging import Judged
    from why128.network import Network
    from why128.recurring import Recurring
    from why128.resizing import Resized
    from why128.single import Trained


def study(found: Study) -> dict[str, Any]:
    """What a study answers."""
    return {
        "data": _data(found),
        "plan": found.plan.document(),
        "candidates": [_candidate(found, k) for k in range(len(found.candidates))],
        "verdict": _verdict(found),
        "findings": _findings(found),
        "examination": _examination(found),
        "environment": found.environment,
        "study": str(found.folder),
        "network": str(found.folder / CHOSEN) if found.examination else None,
    }


def _data(found: Study) -> dict[str, Any]:
    subject = found.subject
    return {
        "name": subject.name,
        "fingerprint": subject.fingerprint,
        "images": subject.images,
        "classes": list(subject.classes),
        "image_shape": list(subject.image_shape),
        "learned_from": subject.learned_from,
        "validation_images": subject.judged_by,
        "tuning_images": subject.tuned_by,
        "test_images": subject.tested_on,
        "leaked": subject.leaked,
        "warnings": list(subject.warnings),
    }


def _candidate(found: Study, k: int) -> dict[str, Any]:
    candidate, verdict, seen = found.candidates[k], found.verdict, found.findings
    cost = asdict(found.costs[k])
    return {
        "width": width(candidate),
        "label": found.evidence.labels[k],
        "neurons": candidate.neurons,
        "activation": candidate.document()["activation"],
        "setting": asdict(found.plan.settings[found.evidence.settings[k]]),
        "parameters": cost["parameters"],
        "bytes_float32": cost["bytes_float32"],
        "bytes_int8": cost["bytes_int8"],
        "seconds": cost["seconds"],
        "latency_one": cost["latency_one"],
        "latency_thousand": cost["latency_thousand"],
        "replicates": int(found.evidence.replicates[k]),
        "train_accuracy": _interval(seen.training[k], float(found.evidence.learned(k).mean())),
        "validation_accuracy": asdict(verdict.accuracies[k]),
        "gap": seen.gaps[k].mean,
        "gap_interval": [seen.gaps[k].low, seen.gaps[k].high],
        "confidence_enough": verdict.confidences[k],
        "too_small": verdict.too_small[k],
        "within_budget": verdict.within_budget[k],
        "underfits": seen.underfit[k],
        "never_learned": seen.never[k],
        "diverged": seen.diverged[k],
        "still_learning": seen.still_learning[k],
    }


def _verdict(found: Study) -> dict[str, Any]:
    plan, verdict = found.plan, found.verdict
    neurons = [candidate.neurons for candidate in found.candidates]
    return {
        "enough": neurons[verdict.enough] if found.answered else None,
        "interval": [neurons[verdict.low], neurons[verdict.high]] if found.answered else None,
        "label": found.evidence.labels[verdict.enough],
        "confidence": plan.confidence,
        "tolerance": plan.tolerance,
        "settled": found.settled,
        "best": neurons[verdict.best],
        "replicate": found.replicate,
        "looks": found.looks,
        **_test(found.test),
        "sentence": words.sentence(found),
        "caveats": [asdict(caveat) for caveat in caveats(found)],
        "readings": [asdict(reading) for reading in readings(found)],
    }


def _findings(found: Study) -> dict[str, Any]:
    seen, labels = found.findings, found.evidence.labels
    growth, harm, spread = seen.growth, seen.harm, seen.spread
    return {
        "gap_opens": None if seen.opens is None else labels[seen.opens],
        "interpolates": None if seen.interpolates is None else labels[seen.interpolates],
        "harm": harm
        and {"best": labels[harm.best], "widest": labels[harm.widest], "loss": asdict(harm.loss), "shown": harm.shown},
        "growth": growth
        and {
            "floor": asdict(growth.floor),
            "scale": growth.scale,
            "exponent": asdict(growth.exponent),
            "misfit": growth.misfit,
        },
        "spread": spread and asdict(spread),
        "more": seen.more and asdict(seen.more),
        "against_best": seen.against_best and asdict(seen.against_best),
    }


def _examination(found: Study) -> dict[str, Any] | None:
    seen = found.examination
    if seen is None:
        return None
    return {
        "part": seen.part,
        "accuracy": asdict(seen.accuracy(found.plan.confidence)),
        "confusion": seen.confusion.tolist(),
        "calibration_error": seen.calibration and seen.calibration.ece,
        "temperature": seen.temperature,
        "calibration_error_tempered": seen.calibrated and seen.calibrated.ece,
    }


def _interval(interval: Interval | None, mean: float) -> dict[str, float | None]:
    return {"mean": mean, "low": None, "high": None} if interval is None else asdict(interval)


def _test(test: Interval | None) -> dict[str, Any]:
    return {"test_accuracy": test and test.mean, "test_interval": test and [test.low, test.high]}


def forecast(plan: Plan, data: Dataset, found: Forecast) -> dict[str, Any]:
    """What a study would take."""
    return {
        "data": {"name": data.name, "fingerprint": data.fingerprint, "images": len(data.train)},
        "candidates": list(plan.labels),
        "forecast": asdict(found),
    }


def training(found: Trained, model: str | None) -> dict[str, Any]:
    """What `why128 train` gave; `model` is the file that it was saved to."""
    about = found.network.about
    return {
        "parameters": found.network.parameters,
        "hidden": list(found.network.width),
        "epochs": found.epochs,
        **_test(found.test),
        "seed": about["seed"],
        "replicate": about["replicate"],
        "model": model,
    }


def judging(found: Judged) -> dict[str, Any]:
    """What `why128 evaluate` found."""
    return {
        "accuracy": asdict(found.accuracy),
        "loss": found.loss,
        "images": found.images,
        "part": found.part,
        "classes": {name: {"right": right, "images": count} for name, (right, count) in found.by_class.items()},
    }


def shrunk(made: Resized, file: str | os.PathLike) -> dict[str, Any]:
    """What `why128 shrink` wrote."""
    tidy = made.tidied
    return {
        "file": os.fspath(file),
        "original": asdict(made.original),
        "chosen": asdict(made.chosen),
        "curve": [asdict(point) for point in made.curve],
        "latency_one": [asdict(cost.latency_one) for cost in made.costs],
        "latency_thousand": [asdict(cost.latency_thousand) for cost in made.costs],
        "at_no_change": {"dead": tidy.dead, "constant": tidy.constant, "twins": tidy.twins},
        "tolerance": made.tolerance,
        "data": made.data,
        "part": made.part,
        "judged_by": made.judged_by,
    }


def grown(before: Network, after: Network, file: str | os.PathLike) -> dict[str, Any]:
    """What `why128 grow` wrote."""
    return {
        "file": os.fspath(file),
        "from": list(before.width),
        "to": list(after.width),
        "parameters": after.parameters,
    }


def recurring(found: Recurring) -> dict[str, Any]:
    """What `why128 neurons STUDY` found."""
    return asdict(found)


def exported(found: Written) -> dict[str, Any]:
    """What `why128 export` wrote."""
    return asdict(found)
