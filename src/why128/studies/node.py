"""What a worker of a cluster does: trains one replicate, tells how far it is, and hands out where it stands.

A task is a specification, a luck and checkpoints (one a cohort), so it may run again anywhere and come to the same bits.  It asks from
where to begin, because Dask starts it again by itself where a worker dies, and only the study knows how far it was.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Worker, get_worker

from why128.studies.bench import Bench, Pictures, Task, versions
from why128.studies.crew import Fault
from why128.studies.events import EpochDone, Luck, Replicate

ANSWER = 30.0  # seconds within which it is said from where to begin; then it begins anew, to the same bits
LOOK = 0.2  # seconds between two looks at whether the scheduler still wants it

Checkpoints = Mapping[str, bytes]  # a replicate's, by the names of their files


@dataclass(frozen=True)
class Errand:
    """One replicate to be trained somewhere, for one run of a study."""

    topic: str  # under which is told what happens
    run: int  # of the study's runs: what comes late from an earlier one is none of this one's
    luck: Luck
    versions: Mapping[str, str]  # of who asks


@dataclass(frozen=True)
class Stopped:
    """A task that ended before its replicate was trained, and what it kept last."""

    checkpoints: Checkpoints = field(default_factory=dict)


@dataclass(frozen=True)
class Unlike:
    """A task that was not begun, because this worker has other versions: one that came after the others were asked."""

    said: str


@dataclass
class Attempt:
    """One try at a replicate, in this process now."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    answered: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    start: Checkpoints = field(default_factory=dict)  # to go on from
    files: tuple[Path, ...] = ()  # where its own checkpoints are


UNDER_WAY: dict[str, Attempt] = {}  # by name


def train(errand: Errand, pictures: Pictures, bench: Bench) -> Replicate | Stopped | Fault | Unlike:
    """Train one replicate: the task that Dask runs, in a thread of a worker."""
    if other := [f"{name} {has}" for name, has in versions().items() if errand.versions[name] != has]:
        return Unlike(f"worker {get_worker().address} has {', '.join(other)}")
    worker, attempt = get_worker(), Attempt()
    UNDER_WAY[attempt.name] = attempt
    try:
        _tell(worker, errand, begun=attempt.name, at=worker.address)
        with _watched(worker, attempt), tempfile.TemporaryDirectory(dir=worker.local_directory) as folder:
            return _trained(worker, errand, attempt, pictures, bench, Path(folder))
    except Exception as fault:
        return Fault.of(errand.run, fault)
    finally:
        del UNDER_WAY[attempt.name]


def _trained(
    worker: Worker, errand: Errand, attempt: Attempt, pictures: Pictures, bench: Bench, folder: Path
) -> Replicate | Stopped:
    from why128.studies.run import trials  # JAX: seconds, of which the answer takes its own part

    attempt.answered.wait(ANSWER)
    if attempt.stop.is_set():
        return Stopped()
    attempt.files = files(bench, errand.luck, folder)
    for file in attempt.files:
        if file.name in attempt.start:
            file.write_bytes(attempt.start[file.name])
    for event in trials(Task(0, bench, (errand.luck,), 1, folder), pictures, attempt.stop):
        if isinstance(event, Replicate):
            return event
        if isinstance(event, EpochDone):
            measured = {name: values.tolist() for name, values in event.measured.items()}
            _tell(worker, errand, epoch=event.epoch, measured=measured)
    return Stopped(contents(attempt.files))


def _tell(worker: Worker, errand: Errand, **what: Any) -> None:
    """To whoever listens, by way of the scheduler, which forgets all but the last thousand."""
    luck = [errand.luck.initialisation, errand.luck.order, errand.luck.sample]
    worker.log_event(errand.topic, {"run": errand.run, "luck": luck, **what})


@contextmanager
def _watched(worker: Worker, attempt: Attempt) -> Iterator[None]:
    """Stops an attempt that nobody wants any more: cancelled, its study killed, its scheduler gone, its worker closing.

    Dask cannot stop a thread; it changes the state of the thread's task, and waits.
    """
    key, over = worker.get_current_task(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            task = worker.state.tasks.get(key)
            if worker.status.name != "running" or task is None or task.state != "executing":
                attempt.stop.set()
                attempt.answered.set()
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


# -------------------------------------------------------------------- what a study asks of a worker under way


def begin(name: str, start: Checkpoints, wanted: bool) -> None:
    """Say to an attempt from where it begins; or, where it is not wanted, that it is to end."""
    if attempt := UNDER_WAY.get(name):
        attempt.start = start
        if not wanted:
            attempt.stop.set()
        attempt.answered.set()


def kept(name: str, since: float) -> tuple[float, Checkpoints] | None:
    """Where an attempt stands, and when that was written; None where nothing was since."""
    attempt = UNDER_WAY.get(name)
    written = {file: file.stat().st_mtime for file in attempt.files if file.exists()} if attempt else {}
    fresh = [file for file, when in written.items() if when > since]
    return (max(written.values()), contents(fresh)) if fresh else None


def stop(names: list[str]) -> None:
    """End these attempts; each keeps where it stands."""
    for name in names:
        begin(name, {}, wanted=False)


def files(bench: Bench, luck: Luck, folder: Path) -> tuple[Path, ...]:
    """Where a replicate's checkpoints lie."""
    return tuple(folder / f"{name}.npz" for name in bench.addresses(luck))


def contents(found: Iterable[Path]) -> Checkpoints:
    """What these files hold, of those that are there."""
    return {file.name: file.read_bytes() for file in found if file.exists()}


def told(message: Mapping[str, Any]) -> EpochDone:
    """An epoch from what was told of it."""
    measured = {name: np.array(values) for name, values in message["measured"].items()}
    return EpochDone(Luck(*message["luck"]), message["epoch"], measured)
