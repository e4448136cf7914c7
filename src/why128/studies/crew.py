"""The crew: a process of its own in which cohorts are trained, a thread a core, watched by this one.

Whatever happens there (it is killed, memory runs out, a library crashes) ends that process alone: its cohorts go on
from their checkpoints in another, one at a time, so that an innocent one is not lost with a guilty one; one that keeps
failing is given up and reported.  This process keeps the results, and never imports JAX.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from why128.data.spool import descriptor, shared
from why128.errors import Why128Error
from why128.studies.bench import Bench, Pictures, Task
from why128.studies.events import Event, Lost, Luck, Replicate

ATTEMPTS = 3  # that a replicate gets before it is given up
GRACE = 2.0  # seconds that a crew gets to keep where it stands; compiling cannot be interrupted
DYING = 1.0  # seconds from a process's last word to its end: killed before, it could not be told how it ended
# What reaches every process of a terminal, or of a service: the one that asks for the training decides what becomes of it.
OURS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Done:
    """A task has ended: all of it, or because it was told to stop."""

    number: int


@dataclass(frozen=True)
class Fault:
    """A task has ended by a fault of ours, or for lack of memory."""

    number: int
    said: str
    memory: bool

    @classmethod
    def of(cls, number: int, fault: Exception) -> Fault:
        """What was raised, in a line."""
        said = f"{type(fault).__name__}: {fault}"
        return cls(number, said, isinstance(fault, MemoryError) or "RESOURCE_EXHAUSTED" in said)


@dataclass(frozen=True)
class _Child:
    """A process, and how one speaks with it."""

    process: subprocess.Popen
    connection: Connection


class Crew:
    """Trains cohorts of one data set, keeping checkpoints in a folder.  Use `with`: it leaves no process behind."""

    def __init__(self, pictures: Pictures, checkpoints: Path, workers: int):
        """Its process starts at once, or was started ahead: it takes a second until it can train."""
        self.pictures, self.checkpoints, self.workers = pictures, checkpoints, workers
        self._shared: tuple[np.ndarray, ...] = _shared(pictures)
        self._tasks = 0
        self._child: _Child | None = None
        with suppress(_Ended):  # then it is tried again when there is something to train
            self._child = self._start()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._shared = ()

    def run(self, bench: Bench, lucks: Sequence[Luck]) -> Generator[Event]:
        """Train a replicate a luck; every one of them ends as a Replicate, or as Lost.

        Whoever stops asking stops the training.  Raises Why128Error for a fault of ours in the process.
        """
        waiting, tries = list(lucks), Counter[Luck]()
        while waiting:
            calm = [luck for luck in waiting if not tries[luck]]
            task = Task(self._next(), bench, tuple(calm or waiting[:1]), self.workers if calm else 1, self.checkpoints)
            left = list(task.lucks)
            try:
                with closing(self._heard(task)) as events:
                    for event in events:
                        if isinstance(event, Replicate):
                            left.remove(event.luck)
                            waiting.remove(event.luck)
                        yield event
            except _Ended as ended:
                for luck in left[: task.workers]:  # those under way
                    tries[luck] += 1
                    if tries[luck] == ATTEMPTS:
                        waiting.remove(luck)
                        yield Lost(luck, ended.reason, ATTEMPTS)

    def _heard(self, task: Task) -> Generator[Event]:
        """The events of a task, to its end.  Raises _Ended where the process, or its memory, ends before."""
        child = self._child = self._child or self._start()
        over = False
        try:
            child.connection.send(task)
            while True:
                heard = self._message(child.connection)
                if isinstance(heard, Done | Fault):
                    over = True
                    if isinstance(heard, Fault) and heard.memory:
                        raise _Ended(f"not enough memory ({heard.said})")
                    if isinstance(heard, Fault):
                        raise Why128Error(f"a fault of ours in training: {heard.said}")
                    return
                yield heard
        except (EOFError, OSError, pickle.UnpicklingError):  # an end in the middle of a message is one too
            over = True
            raise _Ended(self._end(DYING)) from None
        finally:
            if not over:
                self._stop(child.connection, task)

    def _message(self, connection: Connection) -> Done | Fault | Event:
        """The next message.  After one that Ctrl-C cut in two nothing could be understood: that ends the process."""
        connection.poll(None)  # to wait is no harm: nothing is read yet
        try:
            return connection.recv()
        except Exception:
            raise
        except BaseException:
            self._end()
            raise

    def _stop(self, connection: Connection, task: Task) -> None:
        """Let it keep where it stands, and wait until it has; whoever cannot wait loses what is not kept yet."""
        last = time.monotonic() + GRACE
        try:
            connection.send(task.number)
            while (left := last - time.monotonic()) > 0 and connection.poll(left):
                heard = connection.recv()
                if isinstance(heard, Done | Fault) and heard.number == task.number:
                    return
        except (EOFError, OSError, pickle.UnpicklingError):
            pass
        except BaseException:  # a second Ctrl-C
            self._end()
            raise
        self._end()

    def _next(self) -> int:
        self._tasks += 1
        return self._tasks

    def _start(self) -> _Child:
        """A process that knows the images: one that was started ahead, where it lives, or another.  Raises _Ended."""
        while True:
            ahead = _ahead.pop() if _ahead else None
            child = ahead or _begun()
            try:
                for array in self._shared:
                    reduction.send_handle(child.connection, descriptor(array), child.process.pid)
                return child
            except (OSError, RuntimeError):  # it has ended already
                reason = _dismissed(child)
                if ahead is None:
                    raise _Ended(reason) from None

    def _end(self, patience: float = 0.0) -> str:
        """No process any more; says how it ended."""
        child, self._child = self._child, None
        if child is None:
            return "ended"
        return _dismissed(child, patience)


_ahead: list[_Child] = []  # until a crew takes them


@contextmanager
def started_ahead() -> Iterator[None]:
    """Starts the process of the next crew: it imports JAX while this one still reads its data.

    Where no crew takes it, because the data was refused or the answer is there already, it has ended when this ends.
    """
    child = _begun()
    _ahead.append(child)
    try:
        yield
    finally:
        if child in _ahead:
            _ahead.remove(child)
            _dismissed(child)


def _begun() -> _Child:
    """A process that will train, as soon as it knows the images."""
    ours, its = Pipe()
    # -P: what lies in the working folder is data, not a library; the paths of this process are known to be wanted
    with deaf_to(OURS):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "why128.studies.worker", str(its.fileno())],
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path)},
        )
    its.close()
    return _Child(process, ours)


def _dismissed(child: _Child, patience: float = 0.0) -> str:
    """No such process any more; says how it ended."""
    child.connection.close()
    with suppress(subprocess.TimeoutExpired):
        child.process.wait(patience)
    child.process.kill()
    return _ending(child.process.wait())


@contextmanager
def deaf_to(signals: set[signal.Signals]) -> Iterator[None]:
    """A process that is started here never hears these signals; to this one they come a moment later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Ended(Exception):
    """The process ended under its work."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def _ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    with suppress(ValueError):
        return f"killed by signal {-status} ({signal.Signals(-status).name})"
    return f"killed by signal {-status}"


def _shared(pictures: Pictures) -> tuple[np.ndarray, ...]:
    """The images and labels in files without a name, which the crew's process maps: no copy, where they lie in one already."""
    return tuple(shared(array, "images") for array in (pictures.pixels, pictures.labels))
