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

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from why128.cli.output import say
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
        busy = sorted(r + 1 for r, e in self.latest.items() if e.epoch + 1 < self.plan.recipe.epochs)
        of = f"of {self.plan.replicates}"
        doing = (
            f"training replicate {', '.join(map(str, busy))} {of}"
            if busy
            else "judging"
            if self.latest
            else "compiling"
        )
        spent = time.monotonic() - self.began
        left = f"{spent * (1 - self.share) / self.share:.0f} s left" if self.share > 0.05 else ""
        return f"{doing} · {spent:.0f} s{' · ' if left else ''}{left}"

    def accuracies(self) -> list[tuple[str, float | None]]:
        """Each candidate's width, and its validation accuracy so far over replicates."""
        so_far = np.mean([e.accuracies for e in self.latest.values()], axis=0) if self.latest else None
        return [(c.label, None if so_far is None else float(so_far[k])) for k, c in enumerate(self.plan.candidates)]

    def __rich__(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("neurons", justify="right")
        table.add_column("validation", justify="right")
        table.add_column("")
        for label, accuracy in self.accuracies():
            cells = ("…", "") if accuracy is None else (words.percent(accuracy), _bar(accuracy, 40, "cyan"))
            table.add_row(label, *cells)
        title = Text(
            f"{words.subject(self.data)}; {len(self.plan.candidates)} widths × {self.plan.replicates} replicates"
        )
        whole = Table.grid(padding=(0, 2))
        whole.add_row(_bar(self.share, 30, "green"), Text(self.line(), style="dim"))
        return Group(title, Padding(table, (1, 0)), whole)


def _bar(share: float, width: int, style: str) -> ProgressBar:
    return ProgressBar(total=1.0, completed=share, width=width, complete_style=style, finished_style=style)


@contextmanager
def watched(plan: Plan, data: Dataset) -> Iterator[Callable[[Event], None]]:
    """Shows a study while it runs; gives the function that hears its events."""
    watch, console = Watch(plan, data), Console(stderr=True)
    if console.is_terminal:
        with Live(watch, console=console, transient=True, refresh_per_second=8):
            yield watch.hear
        return
    say(f"{words.subject(data)}; {len(plan.candidates)} widths x {plan.replicates} replicates")

    def hear(event: Event) -> None:
        watch.hear(event)
        if not isinstance(event, EpochDone):
            say(f"replicate {event.number + 1} of {plan.replicates} done · {watch.line()}")

    yield hear


def show(answer: Answer) -> None:
    """The answer on standard output: table, folder, caveats, and the verdict last."""
    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    *numbers, mark = HEADINGS.cells()
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(mark, no_wrap=True)
    for row in answer.rows():
        table.add_row(*row.cells(), style=STYLES[row.mark])
    console.print(table)
    texts = [
        ("", ""),
        *((f"· {caveat}", "dim") for caveat in answer.caveats),
        (f"Study: {shown(answer.study.folder)}", ""),
    ]
    texts += [(words.tested(answer.study) or "", ""), (answer.sentence, "bold")]
    for text, style in texts:
        console.print(text, style=style, markup=False, soft_wrap=not console.is_terminal)
