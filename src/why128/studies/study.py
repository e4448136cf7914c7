"""A study and its answer, read from its folder.

Running one (conduct.py) fills a folder, and ends by reading it: a study is the same whether it was run a second or a
year ago.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from why128.activations import Activation
from why128.errors import InputRefused, Why128Error, shown
from why128.formats import keras_file
from why128.network import Network
from why128.statistics.intervals import Interval
from why128.statistics.looks import spent
from why128.studies import store as stores
from why128.studies.candidate import Candidate
from why128.studies.cost import Cost
from why128.studies.evidence import Evidence
from why128.studies.examination import Examination, kept
from why128.studies.findings import Findings, find
from why128.studies.plan import Plan
from why128.studies.store import Trial
from why128.studies.subject import Subject
from why128.studies.verdict import Verdict, decide

CHOSEN = "enough.keras"  # the network that a study hands over
EXAMINED = "examination.npz"  # what it answered to the test images


@dataclass(frozen=True, eq=False)
class Study:
    """A study, finished or as it stands.  Candidates are those tried, by their place, smallest first."""

    plan: Plan
    subject: Subject
    evidence: Evidence
    verdict: Verdict
    costs: tuple[Cost, ...]  # none while it runs
    examination: Examination | None  # None where the chosen network diverged, and while it runs
    environment: dict[str, Any]
    looks: int | None  # before the one that ended a study that stops when it knows
    folder: Path
    lost: tuple[tuple[int, str], ...] = ()  # replicates that were given up, and how their training ended

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates tried."""
        return self.evidence.candidates

    @property
    def replicate(self) -> int:
        """Which replicate the chosen network is."""
        return chosen(self.evidence, self.verdict).replicate

    @property
    def failed(self) -> bool:
        """Whether no network learned anything: then nothing can be said of widths."""
        return sum(self.findings.never) + sum(self.findings.diverged) == int(self.evidence.replicates.sum())

    @property
    def answered(self) -> bool:
        """Whether there is an answer at all: not where one candidate alone was tried, nor where none learned anything."""
        return len(self.candidates) > 1 and not self.failed

    @property
    def settled(self) -> bool:
        """Whether `enough` is shown: among several widths, some of which learned."""
        return self.verdict.settled and self.answered

    @cached_property
    def findings(self) -> Findings:
        """What else the evidence says."""
        return find(self.evidence, self.verdict, self.subject)

    @cached_property
    def network(self) -> Network:
        """The network that the study hands over.  Raises InputRefused where its file is gone, or it diverged."""
        return keras_file.load(self.folder / CHOSEN)

    @property
    def test(self) -> Interval | None:
        """The chosen network's accuracy on the test images; None where there are none."""
        examined = self.examination
        return examined.accuracy(self.plan.confidence) if examined and examined.part == "test" else None


def read(folder: str | os.PathLike, own: Sequence[Activation] = ()) -> Study:
    """The study in a folder; `own` are the activations of one's own that its plan may name.

    Raises InputRefused for what is no study, is damaged, or did not end.
    """
    notes, rows, epochs = stores.read(folder)
    if "finished" not in notes:
        raise InputRefused(
            f"{shown(folder)}: expected a finished study, found one that did not end ({len(rows)} networks trained)",
            hint=f"go on with it: {stores.going_on(folder)}",
        )
    try:
        plan, subject = plan_of(folder, notes, own), Subject.from_document(notes["subject"])
        evidence = Evidence.of(plan, subject.judged_by, rows, epochs)
        costs = tuple(Cost.of(document) for document in notes["costs"])
        verdict = decided(evidence, costs, notes["looks"])
        examination = kept(Path(folder) / EXAMINED)
        environment = notes["environment"]
        lost = tuple((int(replicate), str(reason)) for replicate, reason in notes.get("lost", ()))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as fault:
        if isinstance(fault, Why128Error):
            raise
        raise stores.damaged(folder, fault) from None
    return Study(plan, subject, evidence, verdict, costs, examination, environment, notes["looks"], Path(folder), lost)


def so_far(folder: str | os.PathLike) -> Study | None:
    """The study in a folder as if it ended now; None before its first replicate is through.

    It is for looking at while it runs: costs are not measured yet (`costs` is empty), and whoever looks often and stops when
    the answer pleases errs more often than the stated confidence says.  Raises InputRefused for what is no study, or a damaged one.
    """
    notes, rows, epochs = stores.read(folder)
    if not any(not row.twin for row in rows):
        return None
    try:
        plan, subject = plan_of(folder, notes, ()), Subject.from_document(notes["subject"])
        evidence = Evidence.of(plan, subject.judged_by, rows, epochs)
        verdict = decide(evidence, evidence.sized, plan.confidence)
        lost = tuple((int(replicate), str(reason)) for replicate, reason in notes.get("lost", ()))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as fault:
        if isinstance(fault, Why128Error):
            raise
        raise stores.damaged(folder, fault) from None
    return Study(plan, subject, evidence, verdict, (), None, notes.get("environment", {}), None, Path(folder), lost)


def plan_of(folder: str | os.PathLike, notes: Mapping[str, Any], own: Sequence[Activation]) -> Plan:
    """The plan in a study's notes.  Raises InputRefused, naming the folder, where it is damaged or needs an activation."""
    try:
        return Plan.of(notes["plan"], own)
    except InputRefused as refused:
        raise InputRefused(f"{shown(folder)}: {refused}", hint=refused.hint) from None


def decided(evidence: Evidence, costs: Sequence[Cost], looks: int | None) -> Verdict:
    """The verdict of a study that looked so often before (None: that looks once, and spends its whole risk then)."""
    allowed = np.array([evidence.plan.budget.allows(cost) for cost in costs])
    if not allowed.any():  # too slow, all of them: then the limit decides nothing
        allowed[:] = True
    risk = 1 - evidence.plan.confidence
    return decide(evidence, allowed, 1 - (risk if looks is None else spent(risk, looks)))


def chosen(evidence: Evidence, verdict: Verdict) -> Trial:
    """Of the replicates of the verdict's candidate, the best on validation images that did not diverge, if any."""
    return max(evidence.trials[verdict.enough], key=lambda trial: (bool(trial.network), trial.val_accuracy))
