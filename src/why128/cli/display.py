"""What a person watches while a study runs, and the table that it ends with.

On a terminal, a bar and a table that fills up; elsewhere, a line a finished replicate.  All of it on standard error,
but for the answer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from why128.errors import shown
from why128.report import words
from why128.report.answer import HEADINGS, Answer
from why128.studies.plan import Plan
from why128.studies.run import EpochDone, Event

if TYPE_CHECKING:
    from why128.data import Dataset

STYLES = {"enough": "bold green", "best": "bold", "possible": "green", "": ""}


class Watch:
    """What is known of a running study: how far each replicate is, and the accuracies so far."""

    def __init__(self, plan: Plan, data: Dataset):
        self.plan, self.data = plan, data
        self.began = time.monotonic()
        self.latest: dict[int, EpochDone] = {}

    def hear(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            self.latest[event.replicate] = event

    @property
    def share(self) -> float:
        """How much of all epochs is done."""
        return sum(e.epoch + 1 for e in self.latest.values()) / (self.plan.replicates * self.plan.recipe.epochs)

    def line(self) -> str:
        """What is being trained, and the time left."""
        busy = [r for r, e in self.latest.items() if e.epoch + 1 < self.plan.recipe.epochs]
        doing = "compiling" if not self.latest else f"training replicate {', '.join(str(r + 1) for r in sorted(busy))} of {self.plan.replicates}" if busy else "judging"
        spent = time.monotonic() - self.began
        left = f"{spent * (1 - self.share) / self.share:.0f} s left" if self.share > 0.05 else ""
        return f"{doing} · {spent:.0f} s{' · ' if left else ''}{left}"

    def accuracies(self) -> list[tuple[str, float | None, int]]:
        """Each candidate's width, its validation accuracy so far over replicates, and how many these are."""
        rows = [e.accuracies for e in self.latest.values()]
        return [(c.label, sum(r[k] for r in rows) / len(rows) if rows else None, len(rows)) for k, c in enumerate(self.plan.candidates)]

    def __rich__(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("neurons", justify="right")
        table.add_column("validation", justify="right")
        table.add_column("")
        for label, accuracy, _ in self.accuracies():
            bar = "" if accuracy is None else ProgressBar(total=1.0, completed=accuracy, width=40, complete_style="cyan", finished_style="cyan")
            table.add_row(label, "…" if accuracy is None else words.percent(accuracy), bar)
        title = Text(f"{shown(self.data.name)}: {len(self.data.train):,} images, {len(self.data.classes)} classes; {len(self.plan.candidates)} widths × {self.plan.replicates} replicates")
        whole = Table.grid(padding=(0, 2))
        whole.add_row(ProgressBar(total=1.0, completed=self.share, width=30, complete_style="green", finished_style="green"), Text(self.line(), style="dim"))
        return Group(title, Padding(table, (1, 0)), whole)


@contextmanager
def watched(plan: Plan, data: Dataset) -> Iterator[Callable[[Event], None]]:
    """Shows a study while it runs; gives the function that hears its events."""
    watch, console = Watch(plan, data), Console(stderr=True)
    if console.is_terminal:
        with Live(watch, console=console, transient=True, refresh_per_second=8):
            yield watch.hear
        return
    console.print(f"{shown(data.name)}: {len(data.train):,} images, {len(plan.candidates)} widths x {plan.replicates} replicates", highlight=False, soft_wrap=True)

    def hear(event: Event) -> None:
        watch.hear(event)
        if not isinstance(event, EpochDone):
            console.print(f"replicate {event.number + 1} of {plan.replicates} done · {watch.line()}", highlight=False, soft_wrap=True)

    yield hear


def show(answer: Answer) -> None:
    """The answer on standard output: table, folder, caveats, and the verdict last."""
    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in HEADINGS.__dataclass_fields__:
        table.add_column(getattr(HEADINGS, name), justify="left" if name == "mark" else "right", no_wrap=True)
    for row in answer.rows():
        table.add_row(*(getattr(row, name) for name in HEADINGS.__dataclass_fields__), style=STYLES[row.mark])
    console.print(table)
    console.print()
    for caveat in answer.caveats:
        console.print(f"· {caveat}", style="dim", markup=False, soft_wrap=not console.is_terminal)
    console.print(f"Study: {answer.study.folder}", markup=False, soft_wrap=True)
    for text, style in ((words.tested(answer.study), ""), (answer.sentence, "bold")):
        if text:
            console.print(text, style=style, markup=False, soft_wrap=not console.is_terminal)
