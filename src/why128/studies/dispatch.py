"""One run on a cluster: which replicates are out, how often each was tried, and where each stands.

The study's side of node.py.  Two threads work beside the study, which keeps results meanwhile: one answers every
attempt from where it is to begin, the other fetches checkpoints, one after the other, for a small share of the time.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future

from why128.errors import SurroundingsError
from why128.formats import aside
from why128.studies import node
from why128.studies.bench import Bench
from why128.studies.crew import ATTEMPTS, GRACE
from why128.studies.events import Luck

SHARE = 0.03  # of the time, at most, for fetching checkpoints
PAUSE = 0.1  # seconds between two fetches, at least; else so many that fetching takes SHARE of the time


@dataclass
class Out:
    """A replicate that is out: its task, and the attempt that is under way, if one is."""

    future: Future | None
    worker: str = ""  # its address
    attempt: str = ""  # its name
    written: float = 0.0  # when what was fetched last was written, by its worker's clock
    asked: float = 0.0  # when it was asked for last, by ours


class Dispatch:
    """The replicates of one run that are out.  Use `with`: it leaves none."""

    def __init__(self, client: Client, number: int, bench: Bench, checkpoints: Path):
        self.client, self.number, self.bench, self.checkpoints = client, number, bench, checkpoints
        self.heard: queue.SimpleQueue[Any] = queue.SimpleQueue()  # what is told of epochs, and tasks that ended
        self.tries: Counter[Luck] = Counter()  # attempts that were let begin
        self.alone: Luck | None = None  # the only one that may begin its last attempt
        self.last: dict[Luck, str] = {}  # the worker that began the last attempt
        self._out: dict[Luck, Out] = {}
        self._lock, self._over, self._closing = threading.Lock(), threading.Event(), False
        self._begun: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._answer, self._fetch)]

    def __enter__(self) -> Dispatch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._recall()
        finally:
            self._over.set()
            self._begun.put(None)
            futures = [out.future for out in self._out.values() if out.future is not None]
            with suppress(Exception):  # the scheduler has gone
                self.client.cancel(futures, force=True)
            self._out.clear()

    def __len__(self) -> int:
        return len(self._out)

    def send(self, luck: Luck, submit: Callable[[], Future]) -> None:
        """Have a replicate trained, by the task that `submit` submits."""
        out = self._out[luck] = Out(None)  # before it can begin
        out.future = submit()
        out.future.add_done_callback(lambda future: self.heard.put((luck, future)))

    def back(self, luck: Luck, future: Future) -> bool:
        """A task has ended: whether it was this replicate's present one."""
        with self._lock:
            out = self._out.get(luck)
            if out is None or out.future is not future:
                return False
            del self._out[luck]
            return True

    def hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """What an attempt told, by way of the scheduler; called by Dask's thread, which must not wait."""
        message = event[1]
        if message["run"] == self.number:
            (self._begun if "begun" in message else self.heard).put(message)

    # ---------------------------------------------------------------- where each stands

    def files(self, luck: Luck) -> tuple[Path, ...]:
        """Where this replicate's checkpoints lie."""
        return node.files(self.bench, luck, self.checkpoints)

    def _answer(self) -> None:
        """Tells each attempt from where it begins, or that it is not wanted: the last one of a replicate is made alone, so that an
        innocent one is not lost with a guilty one that trains in the same process."""
        while (message := self._begun.get()) is not None:
            luck = Luck(*message["luck"])
            with self._lock:
                out, tries = self._out.get(luck), self.tries[luck]
                may = tries < ATTEMPTS - 1 or (tries == ATTEMPTS - 1 and self.alone == luck)
                wanted = may and out is not None and not self._closing
                if wanted and out is not None:
                    out.worker, out.attempt, out.written = message["at"], message["begun"], 0.0
                    self.tries[luck] += 1
                    self.last[luck] = message["at"]
            start: node.Checkpoints = {}
            with suppress(OSError):
                start = node.contents(self.files(luck)) if wanted else start
            with suppress(Exception):  # it died meanwhile, and Dask starts it again
                self.client.run(node.begin, message["begun"], start, wanted, workers=[message["at"]])

    def _fetch(self) -> None:
        """Fetches checkpoints while there is time for it, of the one that waited longest first."""
        pause = PAUSE
        while not self._over.wait(pause):
            with self._lock:
                begun = [(out.asked, luck) for luck, out in self._out.items() if out.attempt]
                luck = min(begun, key=lambda each: each[0])[1] if begun else None
                out = self._out.get(luck) if luck is not None else None
            if luck is None or out is None:
                pause = PAUSE
                continue
            out.asked = began = time.monotonic()
            pause = PAUSE  # where nothing travels: a worker that compiles may only be slow to say so
            with suppress(Exception):  # it died meanwhile
                found = self.client.run(node.kept, out.attempt, out.written, workers=[out.worker])[out.worker]
                if found is not None:
                    out.written = found[0]
                    self._keep(luck, found[1])
                    pause = max(PAUSE, (time.monotonic() - began) / SHARE)

    def _keep(self, luck: Luck, checkpoints: node.Checkpoints) -> None:
        """Checkpoints into the study's folder.  A disk that refuses costs work, no result."""
        with self._lock, suppress(SurroundingsError):
            for file in self.files(luck) if luck in self._out else ():  # or else it is finished, and they have served
                if file.name in checkpoints:
                    aside.write(file, checkpoints[file.name])

    def _recall(self) -> None:
        """Have all attempts end, and keep where they stand: as far as that takes no longer than GRACE."""
        last = time.monotonic() + GRACE
        with self._lock:
            self._closing = True  # what begins from now on is not wanted
            begun = {luck: out for luck, out in self._out.items() if out.attempt and out.future is not None}
        if self.client.status != "running":
            return
        threading.Thread(target=self._stop, args=[list(begun.values())], daemon=True).start()  # a worker may not answer
        for luck, out in begun.items():
            with suppress(Exception):  # it died, or takes too long
                assert out.future is not None
                ended = out.future.result(timeout=max(0.0, last - time.monotonic()))
                if isinstance(ended, node.Stopped):
                    self._keep(luck, ended.checkpoints)

    def _stop(self, begun: list[Out]) -> None:
        with suppress(Exception):  # as where the scheduler has gone
            names, workers = [out.attempt for out in begun], list({out.worker for out in begun})
            self.client.run(node.stop, names, workers=workers, on_error="ignore")
