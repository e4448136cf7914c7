"""Who trains a study's replicates: a crew on this machine, or the workers of a cluster.

Either is made of (images, folder for checkpoints, cohorts at a time), is used in a `with`, and has one ability, `run`, which
takes a Bench and a luck for each replicate, and gives the same events.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Protocol

from why128.errors import SurroundingsError, UsageError, shown
from why128.studies.bench import Bench, Pictures
from why128.studies.crew import Crew, started_ahead
from why128.studies.events import Event, Luck

LOCAL = "dask"  # a cluster of one's own on this machine, for as long as the study runs
ADDRESS = re.compile(r"(tcp|tls)://[^\s/@]+:\d{1,5}")


class Trains(Protocol):
    """What a study asks of whoever trains."""

    def run(self, bench: Bench, lucks: Sequence[Luck]) -> Generator[Event]:
        """Train a replicate a luck; every one of them ends as a Replicate, or as Lost."""


Hire = Callable[[Pictures, Path, int], AbstractContextManager[Trains]]  # how many at a time; 0 leaves it to who trains


def crew(on: str | None) -> Hire:
    """Who trains there: None is this machine, without a cluster."""
    if on is None:
        return Crew
    from why128.studies.cluster import Cluster  # Dask, which only this needs

    return partial(Cluster, on)


def getting_ready(on: str | None) -> AbstractContextManager[None]:
    """Lets whoever will train there get ready, while the data is still read."""
    return started_ahead() if on is None else nullcontext()


def is_here(on: str | None) -> bool:
    """Whether this machine's memory must do."""
    return on in (None, LOCAL)


def check(on: str | None) -> None:
    """Raises UsageError for what is no place to train at, SurroundingsError where Dask is missing."""
    if on is None:
        return
    if on != LOCAL and not ADDRESS.fullmatch(on):
        raise UsageError(
            f"--on: expected tcp://HOST:PORT, tls://HOST:PORT or {LOCAL}, got '{shown(on)}'",
            hint="dask scheduler prints its address when it starts",
        )
    if importlib.util.find_spec("distributed") is None:
        raise SurroundingsError(
            "--on: a cluster takes Dask, expected its package distributed, found none here; nothing was trained",
            hint="pip install 'why128[cluster]'   (or: pip install distributed)",
        )
