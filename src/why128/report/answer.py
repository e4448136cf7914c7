"""A study's answer for every face: its sentence, its table, and its JSON document."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from why128.network import Network
from why128.report import documents, words
from why128.report.caveats import Caveat, caveats
from why128.report.readings import Reading, readings
from why128.studies.study import Study


@dataclass(frozen=True)
class Row:
    """One candidate as a line of the table; accuracies as text, the mark says which it is."""

    neurons: str
    parameters: str
    training: str
    validation: str
    gap: str
    latency: str
    seconds: str
    mark: str

    def cells(self) -> list[str]:
        """Its cells, in the order of the columns."""
        return [getattr(self, field.name) for field in fields(self)]


HEADINGS = Row("neurons", "parameters", "training", "validation", "gap", "latency", "time", "")


@dataclass(frozen=True, eq=False)
class Answer:
    """What a study answers.  Printing it gives the table and the verdict; a notebook shows it with its chart."""

    study: Study

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return words.sentence(self.study)

    @property
    def caveats(self) -> list[Caveat]:
        """What a careful reader should know before relying on it, each with what to do."""
        return caveats(self.study)

    @property
    def readings(self) -> list[Reading]:
        """What else the study found, a sentence each."""
        return readings(self.study)

    @property
    def enough(self) -> int | None:
        """How many neurons are enough; where it is not settled, how many look so; None where there is no answer."""
        return self.study.candidates[self.study.verdict.enough].neurons if self.study.answered else None

    @property
    def settled(self) -> bool:
        """Whether that is shown, or only looks so."""
        return self.study.settled

    @property
    def interval(self) -> tuple[int, int] | None:
        """The interval on that number; None where there is no answer."""
        if not self.study.answered:
            return None
        verdict, candidates = self.study.verdict, self.study.candidates
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
                neurons=study.evidence.labels[k],
                parameters=f"{study.evidence.parameters[k]:,}",
                training=words.percent(float(study.evidence.learned(k).mean())),
                validation=words.compact(verdict.accuracies[k]),
                gap=f"{round(100 * study.findings.gaps[k].mean, 1) + 0.0:+.1f}",
                latency=f"{1e6 * study.costs[k].latency_one.median:.0f} µs" if study.costs else "",
                seconds=f"{study.costs[k].seconds:.2f} s" if study.costs else "",
                mark=self._mark(k),
            )
            for k in range(len(study.candidates))
        ]

    def _mark(self, k: int) -> str:
        verdict = self.study.verdict
        if k == verdict.enough and self.study.settled:
            return "enough"
        if self.study.findings.never[k] + self.study.findings.diverged[k] == self.study.evidence.replicates[k]:
            return "failed"
        if not verdict.within_budget[k]:
            return "too dear"
        if k == verdict.best and self.study.answered:
            return "best"
        within = self.study.answered and verdict.low <= k <= verdict.high
        return "possible" if within and not verdict.too_small[k] else ""

    def document(self) -> dict[str, Any]:
        """The answer as one JSON document; its keys are documented in docs/json.md."""
        return documents.study(self.study)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """What a notebook shows: the sentence, the chart and the table; the chart alone, or text, where it shows less."""
        from why128.report.charts.figures import figure
        from why128.report.page import notebook  # these draw: only where a notebook asks for it
        from why128.report.rendering import mimebundle

        drawn = mimebundle(figure(self.study, "accuracy").specification)
        return {**drawn, "text/html": notebook(self), "text/plain": str(self)}

    def __str__(self) -> str:
        rows = [row.cells() for row in (HEADINGS, *self.rows())]
        wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        table = ("  ".join(cell.rjust(wide[i]) for i, cell in enumerate(row)).rstrip() for row in rows)
        said = [*map(str, self.caveats), *(reading.text for reading in self.readings)]
        return "\n".join([*table, "", *said, *filter(None, [words.tested(self.study)]), self.sentence])
