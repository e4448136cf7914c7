"""What a person watches while a study runs, and the table that it ends with.

On a terminal, a bar and a table that fills up; elsewhere, a line a finished replicate.  All of it on standard error,
but for the answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
from why128.studies.events import EpochDone, Lost, Resumed, Stage
from why128.studies.forecast import Forecast
from why128.studies.plan import Plan
from why128.studies.progress import Heard, Progress

if TYPE_CHECKING:
    from why128.data.images import Dataset

STYLES = {"enough": "bold green", "best": "bold", "possible": "green", "failed": "red", "too dear": "dim", "": ""}


class Watch:
    """A running study as a terminal shows it: how far it is, and what happened besides training."""

    def __init__(self, plan: Plan, title: str):
        self.progress, self.title = Progress(plan), title
        self.said: list[str] = []

    def hear(self, heard: Heard) -> None:
        self.progress.hear(heard)
        if isinstance(heard, Resumed):
            self.said.append(words.resumed(heard.folder, heard.networks))
        elif isinstance(heard, Forecast):
            self.said.append(words.forecast(heard))
        elif isinstance(heard, Lost):
            self.said.append(words.given_up(heard.luck.initialisation, heard.reason, heard.attempts))

    def line(self) -> str:
        """What is being trained, and the time left."""
        return words.under_way(self.progress.standing())

    def __rich__(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("neurons", justify="right")
        table.add_column("validation", justify="right")
        table.add_column("")
        found = self.progress.standing()
        for label, accuracy in found.accuracies.items():
            cells = ("…", "") if accuracy is None else (words.percent(accuracy), _bar(accuracy, 40, "cyan"))
            table.add_row(label, *cells)
        whole = Table.grid(padding=(0, 2))
        whole.add_row(_bar(found.share, 30, "green"), Text(words.under_way(found), style="dim"))
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
    progress = watch.progress
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
                f"{progress.finished} of {words.counted(progress.stage.replicates, 'network' if progress.stage.twins else 'replicate')} done · {watch.line()}"
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
