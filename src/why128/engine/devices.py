"""The devices of this machine, and a function mapped over several replicates that are spread over them.

A replicate never needs another: each device trains its own ones, and none waits for what another computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as Axes

REPLICATES = "replicates"  # the mesh's one axis


def devices() -> int:
    """How many there are."""
    return jax.device_count()


def maps() -> bool:
    """Whether replicates are to be mapped into one program here.

    Cores want a cohort each, small enough for their cache; an accelerator wants all the work that there is at once, and
    several devices are only reached by a program that is spread over them.
    """
    return jax.default_backend() != "cpu" or devices() > 1


def room() -> int | None:
    """Bytes that this process may hold on each device; None where the device does not say."""
    told = jax.devices()[0].memory_stats() or {}
    return told.get("bytes_limit")


@lru_cache(maxsize=8)
def mesh(count: int) -> Mesh:
    """The first so many devices, in a row."""
    return Mesh(np.array(jax.devices()[:count]), (REPLICATES,))


def on_each(over: Mesh) -> NamedSharding:
    """Where an array lies that all replicates share: whole on every device."""
    return NamedSharding(over, Axes())


def spread(over: Mesh) -> NamedSharding:
    """Where an array lies whose first axis is the replicates: each device has an equal part of them."""
    return NamedSharding(over, Axes(REPLICATES))


def mapped(function: Callable, over: Mesh, own: Sequence[bool]) -> Callable:
    """The function of one replicate, as one of several: of the arguments that are `own`, each replicate has one.

    Their first axis, and that of all results, is the replicates.  Every device runs the same program on as many of them.
    """
    lanes = jax.vmap(function, in_axes=tuple(0 if each else None for each in own))
    places = tuple(Axes(REPLICATES) if each else Axes() for each in own)
    return jax.shard_map(lanes, mesh=over, in_specs=places, out_specs=Axes(REPLICATES))
