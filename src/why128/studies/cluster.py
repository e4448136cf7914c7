"""A cluster's crew: replicates are trained by Dask's workers, wherever these are; otherwise as crew.py has it.

Whatever dies there is tried again from its checkpoint, and ends as a Replicate, or as Lost.  The images are sent once, as
data that Dask keeps; so is what all replicates of a run share.  Results, and all files, are this process's.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import secrets
import signal
import tempfile
import threading
import time
import warnings
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from distributed import Client, Future, LocalCluster, Security
from distributed.scheduler import KilledWorker

from why128.errors import SurroundingsError, Why128Error, shown
from why128.studies import node
from why128.studies.bench import MADE_BY, Bench, Pictures, versions
from why128.studies.crew import ATTEMPTS, OURS, Fault, deaf_to
from why128.studies.dispatch import Dispatch
from why128.studies.events import Event, Lost, Luck, Replicate
from why128.studies.hiring import LOCAL

PATIENCE = 10.0  # seconds for a scheduler to answer
WORKERLESS = 30.0  # seconds without any worker: what queues for longer is started before the study
HEARD = 1.0  # seconds without news, after which is looked whether anybody is there
ALIKE = ("why128", *MADE_BY, "distributed")  # whose versions must be the same everywhere


class Cluster:
    """Trains replicates of one data set on a cluster, keeping checkpoints in a folder here.  Use `with`: it frees the cluster."""

    def __init__(self, on: str, pictures: Pictures, checkpoints: Path, workers: int):
        """`on` is an address, or LOCAL; `workers` how many replicates at a time, 0: as many as the cluster has threads.

        Raises SurroundingsError where there is no scheduler, no worker, or where versions differ: nothing is trained then.
        """
        self.on, self.pictures, self.checkpoints, self.most = on, pictures, checkpoints, workers
        self._runs, self._topic, self._versions = 0, f"why128-{secrets.token_hex(8)}", versions()
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            self.client = _connected(on, workers, stack)
            _await_workers(on, self.client)
            _check(on, self.client)
            self._images = self.share(pictures.without_sealed())
            self._left = stack.pop_all()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def run(self, bench: Bench, lucks: Sequence[Luck]) -> Generator[Event]:
        """Train a replicate a luck; every one of them ends as a Replicate, or as Lost.

        Whoever stops asking stops the training.  Raises Why128Error for a fault of ours on a worker, SurroundingsError
        where the scheduler or all workers have gone.
        """
        self._runs += 1
        try:
            with Dispatch(self.client, self._runs, bench, self.checkpoints) as out:
                self.client.subscribe_topic(self._topic, out.hear)
                yield from _Round(self, bench, out).events(lucks)
        except (OSError, RuntimeError, CancelledError) as fault:  # Dask's, in whatever it was doing
            if isinstance(fault, SurroundingsError):
                raise
            raise SurroundingsError(
                f"{shown(self.on)}: the cluster does not answer any more ({shown(repr(fault))}); what was trained before is kept",
                hint="start its scheduler and workers again",
            ) from None

    def submit(self, bench: Future, luck: Luck) -> Future:
        """One attempt after the other at this replicate, until one has an outcome."""
        errand = node.Errand(self._topic, self._runs, luck, self._versions)
        key = f"why128-{secrets.token_hex(8)}"
        return self.client.submit(node.train, errand, self._images, bench, key=key, pure=False)

    def share(self, what: Any) -> Future:
        """Something sent to all workers once, which each of them keeps; a worker that comes later gets it from another."""
        _await_workers(self.on, self.client)
        return self.client.scatter(what, broadcast=True, hash=False)

    def share_again(self) -> None:
        """The images, where all workers died that had them."""
        if self._images.status != "finished":
            self._images = self.share(self.pictures.without_sealed())

    @property
    def room(self) -> int:
        """How many replicates to have out: as many as are trained at a time, and those that follow at once."""
        return self.most or 2 * sum(self.client.nthreads().values())


class _Round:
    """The training of some replicates, from the first task to the last outcome."""

    def __init__(self, cluster: Cluster, bench: Bench, out: Dispatch):
        self.cluster, self.bench, self.out = cluster, bench, out
        self.waiting: deque[Luck] = deque()
        self.suspects: deque[Luck] = deque()  # which may kill their worker: each has its last attempt alone
        self.broken: Counter[Luck] = Counter()  # tasks that Dask gave up
        self._shared = cluster.share(bench)

    def events(self, lucks: Sequence[Luck]) -> Iterator[Event]:
        self.waiting.extend(lucks)
        self._fill()
        while len(self.out):
            heard = self._heard()
            if isinstance(heard, Mapping):
                yield node.told(heard)
            elif self.out.back(*heard):
                yield from self._ended(*heard)
                self._fill()

    def _fill(self) -> None:
        """As many tasks as there is room for; those in doubt one by one, when there are no others."""
        if self.waiting:
            for _ in range(min(len(self.waiting), self.cluster.room - len(self.out))):
                self._send(self.waiting.popleft())
        elif self.suspects and not len(self.out):
            self.out.alone = self.suspects.popleft()
            self._send(self.out.alone)

    def _send(self, luck: Luck) -> None:
        self.out.send(luck, lambda: self.cluster.submit(self._shared, luck))

    def _heard(self) -> Any:
        """The next news.  Raises SurroundingsError where there will be none."""
        lonely = time.monotonic()
        while True:
            try:
                return self.out.heard.get(timeout=HEARD)
            except queue.Empty:
                _check_connected(self.cluster.on, self.cluster.client)
                if self.cluster.client.nthreads():
                    lonely = time.monotonic()
                elif time.monotonic() - lonely > WORKERLESS:
                    raise _workerless(self.cluster.on) from None

    def _ended(self, luck: Luck, future: Future) -> Iterator[Event]:
        """What comes of a task that ended."""
        outcome = self._outcome(future)
        self.broken[luck] += isinstance(outcome, Exception)
        if isinstance(outcome, Replicate):
            yield outcome
        elif isinstance(outcome, node.Unlike):
            raise SurroundingsError(
                f"{shown(self.cluster.on)}: {shown(outcome.said)}, this machine {_listed(versions())}",
                hint="install the same versions there",
            )
        elif isinstance(outcome, Fault) and not outcome.memory:
            raise Why128Error(f"a fault of ours in training: {shown(outcome.said, 400)}")
        elif max(self.out.tries[luck], self.broken[luck]) >= ATTEMPTS:
            yield Lost(luck, self._reason(luck, outcome), ATTEMPTS)
        else:
            self._again(luck)

    def _outcome(self, future: Future) -> Replicate | node.Stopped | Fault | node.Unlike | Exception:
        """What a task came to; the exceptions are Dask's own, which ended it without any outcome."""
        try:
            return future.result()
        except KilledWorker as killed:
            return killed
        except (CancelledError, OSError) as gone:  # the images were lost with all workers that had them; or everything
            _check_connected(self.cluster.on, self.cluster.client)
            self.cluster.share_again()
            if self._shared.status != "finished":
                self._shared = self.cluster.share(self.bench)
            return gone
        except Exception as fault:
            return Fault.of(0, fault)

    def _again(self, luck: Luck) -> None:
        if self.out.tries[luck] == ATTEMPTS - 1:
            self.suspects.append(luck)
        else:
            self.waiting.append(luck)

    def _reason(self, luck: Luck, outcome: object) -> str:
        if isinstance(outcome, Fault):
            return f"not enough memory ({shown(outcome.said)})"
        return f"its worker died ({shown(self.out.last.get(luck, 'before it began'))})"


# -------------------------------------------------------------------- meeting


def _connected(on: str, workers: int, stack: ExitStack) -> Client:
    """A client of the cluster; what it takes is closed with the stack."""
    where: Any = stack.enter_context(_local(workers)) if on == LOCAL else on
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*Mismatched versions")  # which are told in our own words
            if on.startswith("tls://") and Security().get_connection_args("client")["ssl_context"] is None:
                raise OSError("Dask's configuration has no certificates for a client")
            client = stack.enter_context(_client(where))
    except (OSError, TypeError, ValueError, RuntimeError) as fault:  # nobody there, or TLS without certificates
        raise SurroundingsError(
            f"{shown(on)}: expected Dask's scheduler, found none within {PATIENCE:.0f} s ({shown(fault)}); nothing was trained",
            hint="start one: dask scheduler; for tls:// see docs/cluster.md",
        ) from None
    return client


def _client(where: Any) -> Client:
    """A client; Dask's own bound does not hold for what listens and says nothing."""
    made: queue.SimpleQueue[Client | Exception] = queue.SimpleQueue()

    def make() -> None:
        try:
            made.put(Client(where, timeout=PATIENCE, set_as_default=False))
        except Exception as fault:
            made.put(fault)

    threading.Thread(target=make, daemon=True).start()
    try:
        found = made.get(timeout=2 * PATIENCE)
    except queue.Empty:
        raise TimeoutError("it says nothing") from None
    if isinstance(found, Exception):
        raise found
    return found


def _await_workers(on: str, client: Client) -> None:
    """Raises SurroundingsError where none comes."""
    try:
        client.wait_for_workers(1, timeout=WORKERLESS)
    except TimeoutError:
        raise _workerless(on) from None


def _workerless(on: str) -> SurroundingsError:
    return SurroundingsError(
        f"{shown(on)}: expected at least one worker, the scheduler had none for {WORKERLESS:.0f} s",
        hint="start some: dask worker ADDRESS" if on == LOCAL else f"start some: dask worker {shown(on)}",
    )


@contextmanager
def _local(workers: int) -> Iterator[LocalCluster]:
    """Workers on this machine, that hear of Ctrl-C from the study alone, and end with it however it ends."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        with deaf_to(OURS):  # inherited by the thread from which they are started
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # none would be 8787, for everybody
                memory_limit=0,  # it is planned before (memory.py)
                silence_logs=logging.CRITICAL,
                local_directory=scratch,
            )
        stack.callback(cluster.close, timeout=PATIENCE)
        try:
            yield cluster
        finally:  # nothing is theirs to keep, and they would take seconds to say so
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
                with suppress(ProcessLookupError, TypeError):  # it has gone, or was never there
                    os.kill(nanny.pid, signal.SIGKILL)


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask tells of lost workers in its own words on standard error; ours are among the events."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


def _check_connected(on: str, client: Client) -> None:
    if client.status != "running":
        raise SurroundingsError(
            f"{shown(on)}: the scheduler has gone; what was trained before is kept",
            hint="start it, and its workers, again",
        )


# -------------------------------------------------------------------- versions


def _check(on: str, client: Client) -> None:
    """Raises SurroundingsError where anybody has other versions: its networks would be of another kind."""
    found: Any = client.get_versions(packages=ALIKE)
    mine = _of(found["client"])
    others = {
        "the scheduler": found["scheduler"],
        **{f"worker {name}": each for name, each in found["workers"].items()},
    }
    for name, each in others.items():
        its = _of(each)
        differs = [package for package in mine if its.get(package) != mine[package]]
        if differs:
            has, due = (_listed({package: of[package] for package in differs}) for of in (its, mine))
            raise SurroundingsError(
                f"{shown(on)}: {shown(name)} has {has}, this machine {due}; networks would be of two kinds; nothing was trained",
                hint="install the same versions on every machine of the cluster",
            )


def _of(each: Mapping[str, Any]) -> dict[str, str]:
    """The versions that count, of what Dask says of a process; of Python, what decides whether they understand each other."""
    python = re.match(r"\d+\.\d+", each["host"]["python"])
    return {"python": python[0] if python else "", **{name: each["packages"].get(name) for name in ALIKE}}


def _listed(of: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {shown(version)}" if version else f"no {name}" for name, version in of.items())
