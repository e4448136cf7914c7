"""Threads for what would keep every other request waiting: decoding large pictures, reading megabytes of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
THREADS = 2  # each may need hundreds of MB


class Workers:
    """Some threads, and what waits for them.

    They are daemons, which those of an executor are not: a decoder cannot be stopped, and the server's end does not wait
    for it.
    """

    def __init__(self, threads: int = THREADS):
        self.waiting: SimpleQueue[tuple[Callable[[], object], Future]] = SimpleQueue()
        for _ in range(threads):
            Thread(target=self._work, daemon=True).start()

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` gives, or raises."""
        done: Future[T] = Future()
        self.waiting.put((work, done))
        return await asyncio.wrap_future(done)

    def _work(self) -> None:
        while True:
            work, done = self.waiting.get()
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(work())
                except Exception as fault:
                    done.set_exception(fault)
