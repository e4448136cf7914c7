"""Randomness by address: a draw depends on what it is for, never on what was drawn before.

The same (seed, purpose, replicate, candidate, layer, epoch) gives the same numbers whoever asks, in whatever
order, alone or in company.  This is what makes any single network of a study repeatable.
"""

from __future__ import annotations

import hashlib

import numpy as np

Part = int | tuple[int, ...] | str


def draws(seed: int, purpose: str, **address: Part) -> np.random.Generator:
    """A fresh generator that belongs to one address.

    Philox is counter-based: its key is the first 128 bits of the SHA-256 of the address (Salmon et al. 2011).

    >>> a, b = draws(7, "order", replicate=0, epoch=3), draws(7, "order", epoch=3, replicate=0)
    >>> bool((a.permutation(100) == b.permutation(100)).all())
    True
    """
    digest = hashlib.sha256(repr((int(seed), purpose, sorted(address.items()))).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def key_words(seed: int, purpose: str, **address: Part) -> np.ndarray:
    """Two words of an address, from which a compiled program draws by itself.  # (2,) uint32"""
    return draws(seed, purpose, **address).integers(0, 2**32, 2, dtype=np.uint32)
