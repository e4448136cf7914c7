"""Work that would keep the page waiting, in processes of its own: one for each kind, so that what is slow delays its own kind only."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import ParamSpec, TypeVar

from why128.errors import SurroundingsError

T = TypeVar("T")
P = ParamSpec("P")
PICTURES, STUDIES, NETWORKS = "pictures", "studies", "networks"  # kinds of work


class Desk:
    """Processes that work for the page; each begins when it is first needed."""

    def __init__(self) -> None:
        self._pools: dict[str, ProcessPoolExecutor] = {}
        self._waiting: set[asyncio.Future] = set()

    async def do(self, kind: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` gives, or raises.  Raises SurroundingsError where its process ended in the middle; the next one begins anew."""
        pool = self._pool(kind)
        try:
            doing = pool.submit(work, *args, **kwargs)
        except BrokenProcessPool:  # it died while it had nothing to do: nobody needs to know
            del self._pools[kind]
            pool = self._pool(kind)
            doing = pool.submit(work, *args, **kwargs)
        done = asyncio.wrap_future(doing)
        self._waiting.add(done)
        try:
            return await done
        except BrokenProcessPool:
            if self._pools.get(kind) is pool:
                del self._pools[kind]
            raise SurroundingsError(
                f"studio: the process that works on {kind} has ended before its work was done (killed, or out of memory); nothing is lost",
                hint="ask again; if it happens again, free some memory",
            ) from None
        finally:
            self._waiting.discard(done)

    def ready(self, kind: str) -> None:
        """Let its process begin now, so that the first work of this kind need not wait for it."""
        if kind not in self._pools:
            self._pool(kind).submit(_prepare, kind)

    def _pool(self, kind: str) -> ProcessPoolExecutor:
        if kind not in self._pools:
            spawning = multiprocessing.get_context("spawn")
            self._pools[kind] = ProcessPoolExecutor(1, mp_context=spawning, initializer=_begin)
        return self._pools[kind]

    def end(self) -> None:
        """End all of them at once: nobody waits for what they do any more."""
        for done in self._waiting:
            done.cancel()
        for pool in self._pools.values():
            workers = list((pool._processes or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.kill()
        self._pools.clear()


def _begin() -> None:
    """In a new process: Ctrl-C is the studio's to hear, and where the studio is gone, so is this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


def _prepare(kind: str) -> None:
    """Import what this kind of work needs."""
    importlib.import_module(
        {PICTURES: "why128.studio.planning", STUDIES: "why128.studio.watching", NETWORKS: "why128.studio.taking"}[kind]
    )
