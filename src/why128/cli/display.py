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
from why128.studies.conduct import Heard, Resumed, Stage
from why128.studies.events import EpochDone, Lost
from why128.studies.forecast import Forecast
from why128.studies.plan import Plan

if TYPE_CHECKING:
    from why128.data.images import Dataset

STYLES = {"enough": "bold green", "best": "bold", "possible": "green", "failed": "red", "too dear": "dim", "": ""}


class Watch:
    """What is known of a running study: what it trains now, how far each replicate is, and the accuracies so far."""

    def __init__(self, plan: Plan, title: str):
        self.plan, self.title = plan, title
        self.began = time.monotonic()
        self.stage = Stage(plan.labels, plan.replicates, twins=False)
        self.latest: dict[object, EpochDone] = {}  # of this stage, by luck
        self.seen: dict[str, dict[object, float]] = {label: {} for label in plan.labels}
        self.finished = 0  # replicates of this stage
        # When its first epoch was heard of, and how much was done then.
        self.under_way: tuple[float, float] | None = None
        self.said: list[str] = []  # what happened besides training

    def hear(self, heard: Heard) -> None:
        if isinstance(heard, Resumed):
            self.said.append(words.resumed(heard.folder, heard.networks))
        elif isinstance(heard, Forecast):
            self.said.append(words.forecast(heard))
        elif isinstance(heard, Stage):
            self.stage, self.latest, self.finished, self.under_way = heard, {}, 0, None
        elif isinstance(heard, EpochDone):
            self.latest[heard.luck] = heard
            self.under_way = self.under_way or (time.monotonic(), self.share)
            if not self.stage.twins:
                best = heard.accuracies.reshape(len(self.stage.labels), -1).max(1)  # of its settings
                for label, accuracy in zip(self.stage.labels, best.tolist(), strict=True):
                    self.seen.setdefault(label, {})[heard.luck] = accuracy
        else:
            self.finished += 1
            if isinstance(heard, Lost):
                self.said.append(words.given_up(heard.luck.initialisation, heard.reason, heard.attempts))

    @property
    def share(self) -> float:
        """How much of this stage's epochs is done."""
        return sum(e.epoch + 1 for e in self.latest.values()) / (self.stage.replicates * self.plan.recipe.epochs)

    def line(self) -> str:
        """What is being trained, and the time left."""
        now = time.monotonic()
        if self.stage.twins:
            doing = "telling the parts of luck apart"
        elif not self.latest:
            doing = "compiling"
        else:
            doing = f"replicate {min(self.finished + 1, self.stage.replicates)} of {self.stage.replicates}"
        left = self._left(now)
        return f"{doing} · {now - self.began:.0f} s{'' if left is None else f' · {left:.0f} s left'}"

    def _left(self, now: float) -> float | None:
        """Seconds until this stage's last epoch, by its pace since the first: what was compiled before does not come again."""
        if self.under_way is None or self.stage.twins:
            return None
        since, then = self.under_way
        done = self.share - then
        return (now - since) * (1 - self.share) / done if done > 0.05 else None

    def accuracies(self) -> list[tuple[str, float | None]]:
        """Each candidate, and its validation accuracy so far over replicates."""
        return [(label, float(np.mean(list(by.values()))) if by else None) for label, by in self.seen.items()]

    def __rich__(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("neurons", justify="right")
        table.add_column("validation", justify="right")
        table.add_column("")
        for label, accuracy in self.accuracies():
            cells = ("…", "") if accuracy is None else (words.percent(accuracy), _bar(accuracy, 40, "cyan"))
            table.add_row(label, *cells)
        whole = Table.grid(padding=(0, 2))
        whole.add_row(_bar(self.share, 30, "green"), Text(self.line(), style="dim"))
        return Group(Text(self.title), *(Text(said, style="dim") for said in self.said), Padding(table, (1, 0)), whole)


def title(plan: Plan, data: Dataset, settling: bool) -> str:
    """What is about to be studied; one that stops when it knows has no number of replicates yet."""
    counts = [(len(plan.candidates), "candidate")]
    counts += [(len(plan.settings), "setting")] if len(plan.settings) > 1 else []
    counts += [] if settling else [(plan.replicates, "replicate")]
    tried = " × ".join(words.counted(count, thing) for count, thing in counts)
    return f"{words.subject(data)}; {tried}{' at most, until it is settled' if settling else ''}"


def _bar(share: float, width: int, style: str) -> ProgressBar:
    return ProgressBar(total=1.0, completed=share, width=width, complete_style=style, finished_style=style)


@contextmanager
def watched(plan: Plan, data: Dataset, settling: bool) -> Iterator[Callable[[Heard], None]]:
    """Shows a study while it runs; gives the function that hears its events."""
    watch, console = Watch(plan, title(plan, data, settling)), Console(stderr=True)
    if console.is_terminal:
        with Live(watch, console=console, transient=True, refresh_per_second=8):
            yield watch.hear
        return
    say(watch.title)

    def hear(heard: Heard) -> None:
        watch.hear(heard)
        if isinstance(heard, Resumed | Forecast | Lost):
            say(watch.said[-1])
        elif isinstance(heard, Stage) and not heard.twins and len(heard.labels) < len(plan.labels):
            say(f"{', '.join(heard.labels)} neurons, {words.counted(heard.replicates, 'replicate')}")
        elif not isinstance(heard, Stage | EpochDone):
            say(
                f"{watch.finished} of {words.counted(watch.stage.replicates, 'network' if watch.stage.twins else 'replicate')} done · {watch.line()}"
            )

    yield hear


def show(answer: Answer) -> None:
    """The answer on standard output: table, what to know, folder, and the verdict last."""
    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")  # within 80 columns
    *numbers, mark = HEADINGS.cells()
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(mark, no_wrap=True)
    for row in answer.rows():
        table.add_row(*row.cells(), style=STYLES[row.mark])
    console.print(table)
    texts = [("", ""), *((f"· {reading.text}", "") for reading in answer.readings), ("", "")]
    texts += [*((f"! {caveat}", "dim") for caveat in answer.caveats), ("", "")]
    folder = shown(answer.study.folder)
    texts += [(f"Study: {folder}   (why128 report {folder} draws it)", "")]
    tested = words.tested(answer.study)
    texts += [*([(tested, "")] if tested else []), (answer.sentence, "bold")]
    for text, style in texts:
        console.print(text, style=style, markup=False, soft_wrap=not console.is_terminal)
