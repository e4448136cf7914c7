"""What all replicates of a run share: the images, which of them do what, the networks, and how these are trained."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from why128 import __version__
from why128.data.images import SEALED, Dataset
from why128.division import Division, sample
from why128.ladder import Ladder
from why128.layers import Layer
from why128.recipe import Recipe
from why128.studies.events import Luck
from why128.studies.plan import Entry, Plan

# Whatever turns numbers into other numbers: what was begun by other versions cannot be gone on with to the same bits.
MADE_BY = ("jax", "jaxlib", "numpy")

# About how many first-layer neurons a cohort has.  A replicate with more is trained as several cohorts of the same luck: weights and
# moments then stay near the processor's cache, and cores share a replicate (1,033 rows at a time took 4 to 15 % longer).
ROWS = 512
# Images, at most, by which a study draws its curves: all of those to judge by would take a tenth of a large study's time.
WATCHED = 4096


def versions() -> dict[str, str]:
    """The versions of everything that a network's bits depend on."""
    return {"why128": __version__} | {name: version(name) for name in MADE_BY}


@dataclass(frozen=True, eq=False)
class Pictures:
    """All images that a run may see, flat, and their labels."""

    pixels: np.ndarray  # (N, D) uint8 or float32
    labels: np.ndarray  # (N,) int32

    @classmethod
    def of(cls, data: Dataset) -> Pictures:
        """Those of the train part."""
        return cls(data.train.pixels.reshape(len(data.train), -1), data.train.labels)

    def without_sealed(self) -> Pictures:
        """The same in memory, for whoever is elsewhere: images that are sealed are blank."""
        pixels = np.array(self.pixels)
        pixels[self.labels == SEALED] = 0
        return Pictures(pixels, np.array(self.labels))


@dataclass(frozen=True, eq=False)
class Bench:
    """What to train, T networks a replicate: small, and the same in whatever process it is."""

    recipe: Recipe
    layers: tuple[tuple[Layer, ...], ...]  # (T,) of each network
    rates: tuple[float | None, ...]  # (T,) learning rates; None is the recipe's
    decays: tuple[float | None, ...]  # (T,) weight decays; likewise
    learned: np.ndarray  # rows to learn from
    held_out: np.ndarray  # rows to judge by
    watched: np.ndarray  # those of them that are also looked at after each epoch, for the curves
    tuning: np.ndarray  # rows to choose settings by; may be none
    resample: bool  # whether each cohort draws its own share of the rows to learn from
    data: str = field(repr=False)  # the fingerprint of the data

    @classmethod
    def of(
        cls, plan: Plan, data: Dataset, division: Division, entries: Sequence[Entry], watched: int | None = None
    ) -> Bench:
        """These candidates under these settings; after each epoch they are judged by at most `watched` images, None for all.

        Of the plan, only its recipe and whether replicates draw their own images count, so that what is trained does
        not depend on what else a study tries: a trial is the same (to float32's last bits) in any company, and any
        replicate can be trained later.
        """
        candidates = [candidate.under(setting) for candidate, setting in entries]
        return cls(
            plan.recipe,
            tuple(candidate.layers_for(data) for candidate in candidates),
            tuple(candidate.learning_rate for candidate in candidates),
            tuple(candidate.weight_decay for candidate in candidates),
            division.learned,
            division.held_out,
            _spaced(division.held_out, watched),
            division.tuning,
            plan.resample,
            data.fingerprint,
        )

    @property
    def ladder(self) -> Ladder:
        """The networks as one ladder."""
        return Ladder.of(self.layers)

    @property
    def cohorts(self) -> tuple[Bench, ...]:
        """What a replicate is trained as, each to be compiled as one: neighbours on the ladder, of about ROWS first-layer neurons.

        How it is cut depends on the networks alone, never on the machine: where it runs again, the same bits come out.
        """
        ends = np.cumsum(self.ladder.rows)  # (T,)
        count = max(1, round(float(ends[-1]) / ROWS))
        wanted = ends[-1] * np.arange(1, count) / count
        cuts = [0, *sorted({int(np.abs(ends - due).argmin()) + 1 for due in wanted}), len(ends)]
        pieces = [slice(first, last) for first, last in itertools.pairwise(cuts) if first < last]
        return tuple(
            replace(self, layers=self.layers[own], rates=self.rates[own], decays=self.decays[own]) for own in pieces
        )

    def rows(self, labels: np.ndarray, luck: Luck) -> np.ndarray:
        """The rows that a cohort of this luck learns from; labels: of all rows.  # (N,)"""
        return sample(self.learned, labels, self.recipe.seed, luck.sample) if self.resample else self.learned

    def address(self, luck: Luck) -> str:
        """A name for one cohort's training, which no other shares that would come to other bits: for its checkpoint."""
        told = [
            repr(self.recipe),
            repr(self.layers),
            self.rates,
            self.decays,
            self.resample,
            self.data,
            versions(),
            asdict(luck),
        ]
        digest = hashlib.sha256(json.dumps(told).encode())
        for rows in (self.learned, self.held_out, self.watched, self.tuning):
            digest.update(np.ascontiguousarray(rows, np.int64).tobytes() + b"|")
        return f"{digest.hexdigest()[:24]}-{luck.initialisation}"

    def addresses(self, luck: Luck) -> tuple[str, ...]:
        """The names of all checkpoints that a replicate may have: one a cohort, and one where all of it is mapped."""
        return tuple(dict.fromkeys(each.address(luck) for each in (*self.cohorts, self)))


def _spaced(rows: np.ndarray, most: int | None) -> np.ndarray:
    """At most so many of these rows, evenly spaced: images may be sorted by class."""
    if most is None or len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


@dataclass(frozen=True)
class Task:
    """What is to be trained now: a replicate a luck."""

    number: int  # of this task among those of its crew
    bench: Bench
    lucks: tuple[Luck, ...]
    workers: int  # cohorts at a time
    checkpoints: Path | None  # the folder for them; None keeps none
