"""A study's answer for every face: its sentence, its table, and its JSON document."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from why128.network import Network
from why128.report import documents, words
from why128.studies.study import Study


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

    def cells(self) -> list[str]:
        """Its cells, in the order of the columns."""
        return [getattr(self, field.name) for field in fields(self)]


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
    def network(self) -> Network:
        """The network that the study hands over."""
        return self.study.network

    def rows(self) -> list[Row]:
        """The table, a line a candidate."""
        study, verdict = self.study, self.study.verdict
        return [
            Row(
                neurons=candidate.label,
                parameters=f"{study.parameters[k]:,}",
                training=words.percent(verdict.learned[k].mean),
                validation=words.compact(verdict.accuracies[k]),
                gap=f"{round(100 * verdict.gaps[k], 1) + 0.0:+.1f}",
                seconds=f"{study.seconds[k]:.2f}",
                mark=self._mark(k),
            )
            for k, candidate in enumerate(study.plan.candidates)
        ]

    def _mark(self, k: int) -> str:
        verdict = self.study.verdict
        if k == verdict.enough and verdict.settled:
            return "enough"
        if k == verdict.best:
            return "best"
        in_question = verdict.low <= k <= verdict.high and verdict.shares[k] > 1 - self.study.plan.confidence
        return "possible" if in_question else ""

    def document(self) -> dict[str, Any]:
        """The answer as one JSON document; its keys are documented in docs/json.md."""
        return documents.study(self.study)

    def __str__(self) -> str:
        rows = [row.cells() for row in (HEADINGS, *self.rows())]
        wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        table = ("  ".join(cell.rjust(wide[i]) for i, cell in enumerate(row)).rstrip() for row in rows)
        return "\n".join([*table, "", *self.caveats, *filter(None, [words.tested(self.study)]), self.sentence])
