"""A study's answer for every face: its sentence, its table, and its JSON document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from why128.report import words
from why128.studies.plan import width
from why128.studies.study import CHOSEN, Study


@dataclass(frozen=True)
class Row:
    """One candidate as a line of the table; accuracies as text, the mark says which it is."""

    neurons: str
    parameters: str
    training: str
    validation: str
    gap: str
    seconds: str
    mark: str


HEADINGS = Row("neurons", "parameters", "training", "validation", "gap", "s/network", "")


@dataclass(frozen=True, eq=False)
class Answer:
    """What a study answers.  Printing it gives the table and the verdict."""

    study: Study

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return words.sentence(self.study)

    @property
    def caveats(self) -> list[str]:
        """What a careful reader should know before relying on it."""
        return words.caveats(self.study)

    @property
    def enough(self) -> int:
        """How many neurons are enough."""
        return self.study.plan.candidates[self.study.verdict.enough].neurons

    @property
    def interval(self) -> tuple[int, int]:
        """The interval on that number."""
        verdict, candidates = self.study.verdict, self.study.plan.candidates
        return candidates[verdict.low].neurons, candidates[verdict.high].neurons

    @property
    def network(self):
        """The network that the study hands over."""
        return self.study.network

    def rows(self) -> list[Row]:
        """The table, a line a candidate."""
        study = self.study
        return [
            Row(
                candidate.label, f"{study.parameters[k]:,}", words.percent(study.verdict.learned[k].mean), words.compact(study.verdict.accuracies[k]),
                f"{100 * study.verdict.gaps[k]:+.1f}", f"{study.seconds[k]:.2f}", self._mark(k),
            )
            for k, candidate in enumerate(study.plan.candidates)
        ]  # fmt: skip

    def _mark(self, k: int) -> str:
        marks = {self.study.verdict.best: "best", self.study.verdict.enough: "enough" if self.study.verdict.settled else "best"}
        within = self.study.verdict.low <= k <= self.study.verdict.high
        return marks.get(k, "possible" if within else "")

    def document(self) -> dict[str, Any]:
        """The answer as one JSON document; its keys are documented in docs/json.md."""
        study, verdict = self.study, self.study.verdict
        data, plan = study.data, study.plan
        return {
            "data": {
                "name": data.name, "fingerprint": data.fingerprint, "images": len(data.train), "classes": list(data.classes), "image_shape": list(data.image_shape),
                "validation_images": study.judged_by, "test_images": 0 if data.test is None else len(data.test), "warnings": list(data.warnings),
            },
            "plan": plan.document(),
            "candidates": [
                {
                    "width": width(candidate), "neurons": candidate.neurons, "parameters": study.parameters[k],
                    "train_accuracy": asdict(verdict.learned[k]), "validation_accuracy": asdict(verdict.accuracies[k]),
                    "gap": verdict.gaps[k], "seconds": study.seconds[k], "share_within_tolerance": verdict.shares[k],
                }
                for k, candidate in enumerate(plan.candidates)
            ],
            "verdict": {
                "enough": self.enough, "interval": list(self.interval), "confidence": plan.confidence, "tolerance": plan.tolerance,
                "settled": verdict.settled, "best": plan.candidates[verdict.best].neurons, "replicate": study.replicate,
                "test_accuracy": None if study.test is None else study.test.mean, "test_interval": None if study.test is None else [study.test.low, study.test.high],
                "sentence": self.sentence, "caveats": self.caveats,
            },
            "study": str(study.folder),
            "network": str(study.folder / CHOSEN),
        }  # fmt: skip

    def __str__(self) -> str:
        rows = [[getattr(row, name) for name in HEADINGS.__dataclass_fields__] for row in (HEADINGS, *self.rows())]
        wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        table = ("  ".join(cell.rjust(wide[i]) for i, cell in enumerate(row)).rstrip() for row in rows)
        return "\n".join([*table, "", *self.caveats, *filter(None, [words.tested(self.study)]), self.sentence])
