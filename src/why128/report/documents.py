"""The JSON documents that faces give out.  Their keys are documented in docs/json.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from why128.prediction import Prediction
from why128.report import words
from why128.single import Judged, Trained
from why128.studies.plan import width
from why128.studies.statistics import Interval
from why128.studies.study import CHOSEN, Study, described


def study(found: Study) -> dict[str, Any]:
    """What a study answers."""
    return {
        "data": {
            **described(found.data),
            "validation_images": found.judged_by,
            "test_images": found.tested_on,
            "warnings": list(found.data.warnings),
        },
        "plan": found.plan.document(),
        "candidates": [_candidate(found, k) for k in range(len(found.plan.candidates))],
        "verdict": _verdict(found),
        "study": str(found.folder),
        "network": str(found.folder / CHOSEN) if found.network.finite else None,
    }


def _candidate(found: Study, k: int) -> dict[str, Any]:
    candidate, verdict = found.plan.candidates[k], found.verdict
    return {
        "width": width(candidate),
        "neurons": candidate.neurons,
        "parameters": found.parameters[k],
        "train_accuracy": asdict(verdict.learned[k]),
        "validation_accuracy": asdict(verdict.accuracies[k]),
        "gap": verdict.gaps[k],
        "seconds": found.seconds[k],
        "share_within_tolerance": verdict.shares[k],
    }


def _verdict(found: Study) -> dict[str, Any]:
    plan, verdict = found.plan, found.verdict
    neurons = [candidate.neurons for candidate in plan.candidates]
    return {
        "enough": neurons[verdict.enough],
        "interval": [neurons[verdict.low], neurons[verdict.high]],
        "confidence": plan.confidence,
        "tolerance": plan.tolerance,
        "settled": verdict.settled,
        "best": neurons[verdict.best],
        "replicate": found.replicate,
        **_test(found.test),
        "sentence": words.sentence(found),
        "caveats": words.caveats(found),
    }


def _test(test: Interval | None) -> dict[str, Any]:
    return {"test_accuracy": test and test.mean, "test_interval": test and [test.low, test.high]}


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


def predictions(answers: list[Prediction]) -> list[dict[str, Any]]:
    """What `why128 predict` says of each picture."""
    return [{"file": a.file, "label": a.label, "probabilities": dict(a.probabilities)} for a in answers]
