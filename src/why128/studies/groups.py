"""Which replicates are mapped into one program, and how many: as many as the devices hold.

Only how fast they are trained follows from it, and float32's last bits: those depend on how many replicates a device has
at a time.  So one that was begun goes on among as many.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from why128 import engine
from why128.studies.bench import Bench
from why128.studies.events import Luck
from why128.studies.memory import ASSESSED, SPARE, available

# Of 4 bytes, a parameter of a replicate, on its device: weights, two moments and the gradients, and each of them again where
# the next ones do not take their place.  An upper estimate, held against what compiled programs say (tests/studies/test_groups.py).
FLOATS = 8


@dataclass(frozen=True)
class Stand:
    """Where a replicate stands that was begun as one of a group."""

    lanes: int  # replicates that a device had at a time
    epoch: int
    step: int


@dataclass(frozen=True)
class Share:
    """Replicates to be trained as one program, of which each device has room for so many."""

    lucks: tuple[Luck, ...]
    lanes: int


def taken(bench: Bench) -> int:
    """Bytes that one replicate takes on its device, at most."""
    ladder = bench.ladder
    parameters = sum(ladder.rows) * (ladder.inputs + 1) + sum(ladder.parts)
    neurons = sum(sum(chain.sizes) + 4 * ladder.classes for chain in ladder.chains)
    activity = max(ASSESSED, bench.recipe.batch_size) * (3 * neurons + 3 * ladder.inputs)
    return 4 * (FLOATS * parameters + activity + 2 * len(bench.learned))


def room() -> int:
    """Bytes that each device may hold; 0 where nobody says.  Simulated devices share the machine's memory."""
    return engine.room() or (available() or 0) // engine.devices()


def most(bench: Bench, room: int, shared: int) -> int:
    """How many replicates a device holds with so many bytes of room, `shared` of which the images take; always one."""
    return max(1, int(SPARE * room - shared) // taken(bench))


def shares(stands: Mapping[Luck, Stand | None], devices: int, most: int) -> list[Share]:
    """All replicates, in as few groups as their devices hold; those that have not begun in groups alike, for one program."""
    begun: dict[Stand | None, list[Luck]] = {}
    for luck, stand in stands.items():
        begun.setdefault(stand, []).append(luck)
    fresh = begun.pop(None, [])
    found = [
        Share(part, stand.lanes)
        for stand, lucks in begun.items()
        if stand
        for part in _cut(lucks, stand.lanes * devices)
    ]
    if fresh:
        groups = _up(len(fresh), most * devices)
        lanes = _up(len(fresh), groups * devices)
        found += [Share(part, lanes) for part in _cut(fresh, lanes * devices)]
    return found


def used(found: Sequence[Share]) -> int:
    """How many devices these groups need."""
    return max(_up(len(share.lucks), share.lanes) for share in found)


def _cut(lucks: Sequence[Luck], size: int) -> Iterator[tuple[Luck, ...]]:
    starts = itertools.count(0, size)
    return itertools.takewhile(bool, (tuple(lucks[start : start + size]) for start in starts))


def _up(count: int, size: int) -> int:
    return -(-count // size)
