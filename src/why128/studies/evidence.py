"""What a study has seen: the trials that count, and the arrays that inference asks for.

Built from rows alone, so that a study opened from its folder is the study that was run: everything that is said of it
is computed from here, by the same functions, in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from why128.studies.plan import Candidate, Plan
from why128.studies.store import EpochRow, Trial

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True, eq=False)
class Evidence:
    """The trials of a study: of each candidate those with its own best setting, in the order of the ladder."""

    plan: Plan
    judged_by: int  # N validation images
    tried: tuple[int, ...]  # places in the plan's ladder of the candidates that were trained
    settings: tuple[int, ...]  # by candidate tried: which of the plan's settings was best on tuning images
    trials: tuple[tuple[Trial, ...], ...]  # by candidate tried, by replicate
    twins: tuple[Trial, ...]  # networks in which one part of the luck was another replicate's
    epochs: tuple[EpochRow, ...]

    @classmethod
    def of(cls, plan: Plan, judged_by: int, trials: Iterable[Trial], epochs: Iterable[EpochRow]) -> Evidence:
        """From all rows of a study, in any order.  Raises ValueError where answers are missing or too many."""
        trials = sorted(trials, key=lambda t: t.replicate)
        if any(len(trial.hits) != -(-judged_by // 8) for trial in trials):
            raise ValueError(f"answers to another number of images than {judged_by}")
        by_place: dict[int, dict[int, list[Trial]]] = {}
        twins = []
        places = {label: k for k, label in enumerate(plan.labels)}
        for trial in trials:
            if trial.twin:
                twins.append(trial)
            else:
                by_place.setdefault(places[trial.candidate], {}).setdefault(trial.setting, []).append(trial)
        tried = tuple(sorted(by_place))
        settings = tuple(_best_setting(by_place[k]) for k in tried)
        chosen = tuple(tuple(by_place[k][s]) for k, s in zip(tried, settings, strict=True))
        return cls(plan, judged_by, tried, settings, chosen, tuple(twins), tuple(epochs))

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates tried, smallest first; all arrays below are in this order."""
        return tuple(self.plan.candidates[k] for k in self.tried)

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names within the plan."""
        return tuple(self.plan.labels[k] for k in self.tried)

    @property
    def parameters(self) -> np.ndarray:
        """How many numbers each learned.  # (K,)"""
        return np.array([trials[0].parameters for trials in self.trials])

    @property
    def replicates(self) -> np.ndarray:
        """How often each was trained.  # (K,)"""
        return np.array([len(trials) for trials in self.trials])

    @cached_property
    def in_question(self) -> np.ndarray:
        """Candidates with as many replicates as any: a study that stops when it knows gives up the others.  # (K,) bool"""
        return self.replicates == self.replicates.max()

    @property
    def sized(self) -> np.ndarray:
        """The candidates within the budget's sizes, which are known before any is timed; all where none tried is.  # (K,) bool"""
        sizes = zip((c.neurons for c in self.candidates), self.parameters.tolist(), strict=True)
        within = np.array([self.plan.budget.holds(*size) for size in sizes])
        return within if within.any() else ~within

    def hits(self, candidates: Sequence[int] | np.ndarray) -> np.ndarray:
        """Which validation images these candidates answered rightly, in the replicates that all of them have.

        Returns (R, K, N) bool.
        """
        found = [{trial.replicate: trial for trial in self.trials[k]} for k in candidates]
        common = sorted(set.intersection(*(set(of) for of in found)))
        return self._unpacked([[of[r] for of in found] for r in common])

    def twin_hits(self, factor: str) -> np.ndarray | None:
        """Those of the twins in which this factor was another replicate's; None where there are none.  # (R, N) bool

        Where samples are not drawn anew, the network with the initial weights of replicate r + 1 and the order of r is
        also replicate r + 1's with another order: one ring of twins shows both.
        """
        own = [trial for trial in self.twins if trial.twin == factor]
        turned = [trial for trial in self.twins if trial.twin == "initialisation"]
        if own or (factor == "order" and turned and not self.plan.resample):
            return self._unpacked([own or [turned[-1], *turned[:-1]]])[0]
        return None

    def _unpacked(self, trials: list[list[Trial]]) -> np.ndarray:
        packed = np.array([[np.frombuffer(trial.hits, np.uint8) for trial in row] for row in trials])
        return np.unpackbits(packed, axis=-1, count=self.judged_by).view(bool)

    def accuracies(self, k: int) -> np.ndarray:
        """A candidate's accuracy on validation images, by replicate.  # (R,)"""
        return np.array([trial.val_accuracy for trial in self.trials[k]])

    def learned(self, k: int) -> np.ndarray:
        """Its accuracy on the images learned from; of a network that diverged, what it answers by accident.  # (R,)"""
        return np.array([trial.accuracy for trial in self.trials[k]])

    def diverged(self, k: int) -> np.ndarray:
        """Which of its networks left the numbers.  # (R,) bool"""
        return np.array([not trial.network for trial in self.trials[k]])

    def curves(self, k: int) -> dict[str, np.ndarray]:
        """Its loss, accuracy, val_loss and val_accuracy, by replicate and epoch.  # (R, E) each"""
        rows = self._by_candidate[self.labels[k], self.settings[k]]
        shape = (len(self.trials[k]), -1)
        return {name: np.array([getattr(row, name) for row in rows], float).reshape(shape) for name in CURVES}

    @cached_property
    def _by_candidate(self) -> dict[tuple[str, int], list[EpochRow]]:
        found: dict[tuple[str, int], list[EpochRow]] = {}
        for row in sorted(self.epochs, key=lambda row: (row.replicate, row.epoch)):
            found.setdefault((row.candidate, row.setting), []).append(row)
        return found


def _best_setting(by_setting: dict[int, list[Trial]]) -> int:
    """The setting with the highest mean accuracy on tuning images, which neither train nor judge; the first of equals."""
    if len(by_setting) == 1:
        return next(iter(by_setting))
    return max(sorted(by_setting), key=lambda s: float(np.mean([trial.tuning or 0.0 for trial in by_setting[s]])))
