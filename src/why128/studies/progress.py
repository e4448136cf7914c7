"""How far a running study is: what everyone who watches it is told, in a terminal or from its folder.

A running study keeps it in its folder as `progress.json`, twice a second: it is for looking at, and nothing goes on from it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from why128.data.files import opened
from why128.errors import Why128Error
from why128.formats import aside
from why128.studies.events import EpochDone, Event, Lost, Luck, Replicate, Resumed, Stage
from why128.studies.forecast import Forecast
from why128.studies.plan import Plan
from why128.studies.store import PROGRESS, is_written

Heard = Forecast | Stage | Resumed | Event

KEPT = 0.5  # seconds between two times that it is written
MOST_POINTS = 100  # of a curve: it is written again and again
MOST = 4_000_000  # bytes of it that are read
LEAST = 0.05  # of a stage, after which its pace says how long it will take


@dataclass(frozen=True)
class Standing:
    """How far a study was at one moment."""

    twins: bool  # whether it tells the parts of luck apart, which comes after the candidates
    replicates: int  # of this stage; of twins, their networks
    finished: int  # of them
    share: float  # of this stage's epochs that are done
    compiling: bool  # whether no epoch has been heard of yet
    seconds: float  # since this run began
    left: float | None  # seconds until the stage's last epoch, by its pace so far
    accuracies: dict[str, float | None]  # by candidate, on validation images, over the replicates begun
    curves: dict[str, list[list[float]]]  # by candidate, of each replicate under way: after every so many epochs
    every: int  # so many


class Progress:
    """What is known of a running study, from what is heard of it."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.every = -(-plan.recipe.epochs // MOST_POINTS)
        self.began = time.monotonic()
        self.seen: dict[str, dict[Luck, float]] = {label: {} for label in plan.labels}
        self._begin(Stage(plan.labels, plan.replicates, twins=False))

    def _begin(self, stage: Stage) -> None:
        self.stage = stage
        self.latest: dict[Luck, int] = {}  # epochs done of this stage
        self.finished = 0
        self.curves: dict[Luck, dict[str, list[float]]] = {}  # of replicates under way, by candidate
        self.under_way: tuple[float, float] | None = (
            None  # when its first epoch was heard of, and how much was done then
        )

    def hear(self, heard: Heard) -> None:
        """Take in what happened."""
        if isinstance(heard, Stage):
            self._begin(heard)
        elif isinstance(heard, EpochDone):
            self.latest[heard.luck] = heard.epoch + 1
            self.under_way = self.under_way or (time.monotonic(), self.share)
            if not self.stage.twins:
                self._accurate(heard)
        elif isinstance(heard, Replicate | Lost):
            self.finished += 1
            self.curves.pop(heard.luck, None)

    def _accurate(self, heard: EpochDone) -> None:
        best = heard.accuracies.reshape(len(self.stage.labels), -1).max(1).tolist()  # of its settings
        own = self.curves.setdefault(heard.luck, {label: [] for label in self.stage.labels})
        for label, accuracy in zip(self.stage.labels, best, strict=True):
            self.seen.setdefault(label, {})[heard.luck] = accuracy
            if (heard.epoch + 1) % self.every == 0:
                own[label].append(round(accuracy, 5))

    @property
    def share(self) -> float:
        """How much of this stage's epochs is done."""
        return sum(self.latest.values()) / (self.stage.replicates * self.plan.recipe.epochs)

    def _left(self, now: float) -> float | None:
        """Seconds by its pace since the first epoch: what was compiled before does not come again."""
        if self.under_way is None or self.stage.twins:
            return None
        since, then = self.under_way
        done = self.share - then
        return (now - since) * (1 - self.share) / done if done > LEAST else None

    def standing(self) -> Standing:
        """All of it, now."""
        now = time.monotonic()
        return Standing(
            self.stage.twins,
            self.stage.replicates,
            self.finished,
            self.share,
            not self.latest,
            now - self.began,
            self._left(now),
            {label: float(np.mean(list(by.values()))) if by else None for label, by in self.seen.items()},
            {label: [own[label] for own in self.curves.values() if label in own] for label in self.seen},
            self.every,
        )


def kept(folder: Path, plan: Plan, tell: Callable[[Heard], None]) -> Callable[[Heard], None]:
    """Hears a study's events, keeps in its folder how far it is, and tells; where it cannot be written, it is not."""
    progress, last = Progress(plan), -KEPT

    def hear(heard: Heard) -> None:
        nonlocal last
        progress.hear(heard)
        if time.monotonic() - last >= KEPT or isinstance(heard, Stage):
            last = time.monotonic()
            with suppress(Why128Error):
                aside.write(folder / PROGRESS, json.dumps(asdict(progress.standing())).encode(), lasting=False)
        tell(heard)

    return hear


def standing(folder: str | os.PathLike) -> Standing | None:
    """How far the study in a folder is; None where none runs there now, or it has told nothing yet."""
    if not is_written(folder):
        return None
    try:
        with opened(Path(folder) / PROGRESS) as file:
            return Standing(**json.loads(file.read(MOST)))
    except (Why128Error, ValueError, TypeError):
        return None
