"""Memory, planned before it is taken: what training a plan will hold, and what this machine has.

The estimate is an upper one, held against measured peaks in benchmarks/memory.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from why128.data.images import Dataset
from why128.data.spool import in_memory
from why128.division import Division
from why128.errors import SurroundingsError
from why128.studies.plan import Entry, Plan

PROCESS = (
    510_000_000  # bytes of a process that has imported JAX and compiled: what benchmarks/forecast.py saw, and some more
)
FLOATS = 20  # of 4 bytes a parameter: weights, two moments, gradients, rates, decays, a checkpoint, and copies on the way out
SPARE = 0.9  # of what is free: the rest is for whatever else the machine does
ASSESSED = 512  # images answered together (engine/cohort.py)
LAID_OUT = 16_000_000  # bytes of images that a cohort looks at: as they are laid out, and as its program takes them (engine/data.py)
GROUP = Path("/sys/fs/cgroup")  # where a container's own limit is told
SENT = 2  # copies that a process of a cluster has: as they came, and as they are used


def needed(
    plan: Plan, data: Dataset, division: Division, entries: Sequence[Entry], workers: int, apart: bool = False
) -> int:
    """Bytes that training these takes at most, so many cohorts at a time.

    The images are held once for all, and none of them where they lie on disk; `apart`, a process of a cluster has its own.
    """
    pixels = data.train.pixels
    images = SENT * pixels.nbytes if apart else in_memory(pixels)
    parameters = sum(c.parameters(plan.inputs, plan.classes) for c, _ in entries)
    activity = sum(c.neurons + 4 * plan.classes for c, _ in entries)  # of one image
    batch = max(ASSESSED, plan.recipe.batch_size) * (3 * activity + 2 * plan.inputs) * 4
    answers = len(entries) * (len(division.learned) + len(division.held_out) + len(division.tuning)) * 3 * 5
    return PROCESS + images + workers * (parameters * FLOATS * 4 + LAID_OUT + batch + answers)


def on_disk(data: Dataset) -> int:
    """Bytes that the images take on disk while they are used (data/spool.py)."""
    return sum(part.pixels.nbytes - in_memory(part.pixels) for part in (data.train, data.test) if part is not None)


def available() -> int | None:
    """Bytes that this process may still take; None where the system does not say."""
    free = []
    with suppress(OSError):
        free += [1024 * int(kib) for kib in re.findall(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())]
    with suppress(OSError, ValueError):  # a container's own limit
        kept = sum(
            map(int, re.findall(r"^(?:in)?active_file (\d+)", (GROUP / "memory.stat").read_text(), re.MULTILINE))
        )
        held = int((GROUP / "memory.current").read_text()) - kept  # pages of files it gives back when they are wanted
        free.append(int((GROUP / "memory.max").read_text()) - held)
    if not free:
        with suppress(OSError, ValueError, AttributeError):
            free.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(free, default=None)


def planned(plan: Plan, data: Dataset, division: Division, workers: int, apart: bool = False) -> int:
    """Bytes that a study takes at most; `apart`: each cohort in a process of its own."""
    together, processes = (1, workers) if apart else (workers, 1)
    return processes * needed(plan, data, division, plan.entries, together, apart)


def affordable(plan: Plan, data: Dataset, division: Division, workers: int, apart: bool = False) -> int:
    """How many cohorts may be trained at a time, at most `workers`; `apart`: each in a process of its own.

    Raises SurroundingsError where not even one fits, naming the ladder that would.
    """
    has = available()
    if has is None:
        return workers
    room = int(SPARE * has)
    for fewer in range(workers, 0, -1):
        if planned(plan, data, division, fewer, apart) <= room:
            return fewer
    due = needed(plan, data, division, plan.entries, 1, apart)
    fitting = [
        plan.candidates[k].label
        for k in range(len(plan.candidates))
        if needed(plan, data, division, plan.entries[: (k + 1) * len(plan.settings)], 1, apart) <= room
    ]
    raise SurroundingsError(
        f"memory: this ladder takes about {_size(due)} to train, {_size(room)} are free; nothing was begun",
        hint=f"the ladder up to {fitting[-1]} neurons would fit: --widths {','.join(dict.fromkeys(fitting))}"
        if fitting
        else "use fewer or smaller images, such as with --size, or a machine with more memory",
    )


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB"
