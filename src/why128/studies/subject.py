"""What a study asks about: its data and their division, as far as its answer speaks of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from why128.data.images import Dataset
from why128.division import Division, sample
from why128.studies.plan import Plan


@dataclass(frozen=True)
class Subject:
    """The data of a study, without their pixels."""

    name: str
    fingerprint: str
    images: int  # given to learn from and to validate by; without a test part, also to test by
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]  # height, width, channels
    warnings: tuple[str, ...]
    learned: tuple[int, ...]  # images that one replicate learns from, by class
    judged: tuple[int, ...]  # validation images, by class
    tuned_by: int  # tuning images
    tested_on: int  # test images; 0 where there are none
    test_given: bool  # whether these came with the data, or were set aside
    leaked: int  # test images that are also among the others

    @property
    def learned_from(self) -> int:
        """How many images are learned from."""
        return sum(self.learned)

    @property
    def judged_by(self) -> int:
        """How many validation images there are."""
        return sum(self.judged)

    @classmethod
    def of(cls, plan: Plan, data: Dataset, division: Division) -> Subject:
        """The subject of a study by this plan of this data, divided so."""
        labels, rows = data.train.labels, division.learned
        drawn = sample(rows, labels, plan.recipe.seed, 0) if plan.resample else rows  # as many in every replicate
        learned, judged = (
            tuple(np.bincount(labels[part], minlength=len(data.classes)).tolist())
            for part in (drawn, division.held_out)
        )
        others = np.concatenate([division.learned, division.held_out, division.tuning])
        leaked = division.test.repeated(data.train.digests[others]) if division.test else 0
        return cls(
            data.name, data.fingerprint, len(data.train), tuple(data.classes), data.image_shape, tuple(data.warnings),
            learned, judged, len(division.tuning), len(division.test or ()), division.test_given, leaked,
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The subject as JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Subject:
        """The inverse of `document`."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in document.items()}
        return cls(**values)
