"""Studies built from simulated answers in milliseconds: nothing is trained, and the truth is known."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from benchmarks.truths import truth

from why128.recipe import Recipe
from why128.studies.candidate import Candidate
from why128.studies.cost import Cost, Timing
from why128.studies.evidence import Evidence
from why128.studies.examination import Examination, Mistake
from why128.studies.plan import Plan
from why128.studies.store import EpochRow, Trial
from why128.studies.study import Study, decided
from why128.studies.subject import Subject

CLASSES = ("cat", "dog", "emu", "fox")
ENVIRONMENT = {
    "versions": {"why128": "1", "jax": "1", "numpy": "1", "scipy": "1"},
    "python": "3.11",
    "machine": "x86_64, Linux",
    "cores": 2,
    "command": ["why128", "study"],
}


def plan(*widths, epochs=4, seed=0, **changes):
    """A plan of single hidden layers of these widths, or of the candidates given."""
    candidates = tuple(w if isinstance(w, Candidate) else Candidate((w,) if w else ()) for w in widths)
    return Plan(candidates, recipe=Recipe(epochs=epochs, seed=seed), inputs=64, classes=len(CLASSES), **changes)


def hits(percents, replicates=5, images=2000, luck=0.3, seed=0):
    """Answers of networks with these true accuracies and SDs of luck, in points, on common images.  # (R, K, N) bool"""
    return truth("", percents, luck, images, 0).hits(np.random.default_rng(seed), replicates)


def trial(asked, place, replicate, right, learned, setting=0, twin="", tuning=None):
    """One network that answers the validation images `right` (N,), and this share of those that it learned from."""
    finite, label = bool(np.isfinite(learned)), asked.labels[place]
    return Trial(
        label,
        setting,
        replicate,
        twin,
        asked.candidates[place].parameters(asked.inputs, asked.classes),
        0.4 if finite else float("nan"),
        learned if finite else 1 / asked.classes,
        0.5 if finite else float("nan"),
        float(right.mean()),
        tuning,
        np.packbits(right).tobytes(),
        f"networks/{label}-replicate{replicate}.keras" if finite and not twin else "",
        0.5,
    )


def rows(asked, answers, learned=None, runs=None):
    """The trials of answers (R, K, N): `learned` (R, K) shares of the images learned from, nan for one that diverged, by
    default a point above the validation accuracy; `runs` (K,) how many of the replicates each candidate has."""
    replicates, candidates, _ = answers.shape
    learned = (
        np.minimum(answers.mean(2) + 0.01, 1.0) if learned is None else np.broadcast_to(learned, answers.shape[:2])
    )
    runs = runs or [replicates] * candidates
    return [
        trial(asked, k, r, answers[r, k], float(learned[r, k]))
        for k in range(candidates)
        for r in range(runs[k])
    ]  # fmt: skip


def flat_epochs(asked, trials, rise=0.0):
    """Learning curves that end at each trial's accuracies, and rise by so much an epoch."""
    last = asked.recipe.epochs - 1
    return [
        EpochRow(
            t.candidate, t.setting, t.replicate, e, t.loss, t.accuracy, t.val_loss, t.val_accuracy - rise * (last - e)
        )
        for t in trials
        if not t.twin
        for e in range(last + 1)
    ]


def subject(judged_by, **changes):
    """Data that no caveat belongs to: four classes of equal size, four images learned from for each one that judges."""
    share = judged_by // len(CLASSES)
    judged = (judged_by - 3 * share, share, share, share)
    base = Subject("pets", "f" * 64, 10 * judged_by, CLASSES, (8, 8, 1), (), (4 * share,) * 4, judged, 0, 2000, True, 0)
    return replace(base, **changes)


def cost(parameters, neurons, seconds=0.5, latency=20e-6):
    """What a network of so many parameters costs on a machine that never varies."""
    one, many = (Timing(t, t, t) for t in (latency, 500 * latency))
    return Cost(neurons, parameters, 4 * parameters, parameters + 100, seconds, one, many)


def examination(right=1700, count=2000, part="test", sure=0.85, temperature=1.1):
    """A network that answered so many of these images rightly, always as sure as this."""
    labels = np.arange(count) % len(CLASSES)
    answers = np.where(np.arange(count) < right, labels, (labels + 1) % len(CLASSES))
    probabilities = np.full((count, len(CLASSES)), (1 - sure) / 3, np.float32)
    probabilities[np.arange(count), answers] = sure
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    mistakes = tuple(
        Mistake(pixels, int(labels[i]), int(answers[i]), sure) for i in range(right, min(count, right + 24))
    )
    return Examination(part, probabilities, labels, mistakes, temperature)


def told(
    asked, answers, *, learned=None, runs=None, twins=(), epochs=None, rise=0.0, about=None, examined="test", looks=None, verdict=None,
    findings=None, latencies=None, environment=ENVIRONMENT,
):  # fmt: skip
    """The study that saw these answers (R, K, N).

    What is not said is unremarkable.  `about` changes the subject; `verdict` and `findings` change single conclusions, for
    sentences about what is hard to simulate.
    """
    trials = rows(asked, answers, learned, runs)
    evidence = Evidence.of(asked, answers.shape[2], [*trials, *twins], epochs or flat_epochs(asked, trials, rise))
    latencies = latencies or [20e-6] * len(evidence.tried)
    of_each = zip(evidence.parameters.tolist(), evidence.candidates, latencies, strict=True)
    costs = tuple(cost(count, candidate.neurons, latency=latency) for count, candidate, latency in of_each)
    decision = replace(decided(evidence, costs, looks), **(verdict or {}))
    examined = examination(part=examined) if isinstance(examined, str) else examined
    data = subject(answers.shape[2], **(about or {}))
    study = Study(asked, data, evidence, decision, costs, examined, environment, looks, Path("studies/pets-1"))
    if findings:
        vars(study)["findings"] = replace(study.findings, **findings)  # cached: what is asked later is this
    return study


# Answers to which 8 neurons are enough beyond doubt: 8 replicates, 4,000 images.
LADDER = (0, 2, 8, 32)
PERCENTS = (70.0, 80.0, 90.0, 90.0)
clear = partial(hits, PERCENTS, 8, 4000, 0.2)
