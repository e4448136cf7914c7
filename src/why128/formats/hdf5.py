"""The small part of HDF5 that Keras writes, read in Python with every bound checked.

Not h5py: among 6,000 files damaged in their structure one sent HDF5 2.0's C library (h5py 3.16, November 2026) into a
loop that takes 400 MB more each second and that no signal handler of Python's ends; and its import takes 0.4 s of
every prediction.  What is read: superblock 0, object headers 1, groups as symbol tables or as links, floating-point
datasets in one piece.  All else is refused by name.  Section numbers are those of the HDF5 File Format Specification,
version 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np

from why128.errors import InputRefused, shown

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOWHERE = (1 << 64) - 1  # the address of what is not stored
MOST_STEPS = 400_000  # reads of structure: a thousand layers take 60,000, a structure that runs in circles all of them
MOST_DIMENSIONS = 8
LONGEST_NAME = 1024  # bytes; a layer's path piece is some twenty

# Header messages (IV.A.2): what follows each number in an object's header.
SPACE, LINK_INFO, TYPE, LINK, EXTERNAL, LAYOUT, CONTINUATION, SYMBOL_TABLE = 0x1, 0x2, 0x3, 0x6, 0x7, 0x8, 0x10, 0x11
SHARED = 0x2

# IEEE 754 as datatype messages describe it (IV.A.2.d): flags, size, bit offset and precision, exponent, mantissa, bias.
FLOATS = {
    bytes.fromhex("200f0002000000000010000a05000a0f000000"): "<f2",
    bytes.fromhex("201f000400000000002000170800177f000000"): "<f4",
    bytes.fromhex("203f000800000000004000340b0034ff030000"): "<f8",
}
TYPE_CLASSES = (
    "integer",
    "float",
    "time",
    "string",
    "bit field",
    "opaque",
    "compound",
    "reference",
    "enumeration",
    "sequence",
    "array",
)


@dataclass(frozen=True)
class Dataset:
    """An array as the file declares it; nothing is read before `values`."""

    shape: tuple[int, ...]
    dtype: str  # "<f4", or in words what it is instead
    layout: str  # "contiguous", or in words what it is instead
    start: int = NOWHERE
    size: int = 0  # bytes stored


@dataclass(frozen=True)
class Link:
    """A name in a group: an object's address, or what kind of link it is instead."""

    name: str
    address: int | None
    kind: str = "hard"


@dataclass
class File:
    """An HDF5 file in memory.  Every method raises InputRefused where the bytes do not make sense."""

    data: bytes
    _steps: int = field(default=0, repr=False)

    @property
    def root(self) -> int:
        """The address of the root group (II.A)."""
        if not self.data.startswith(SIGNATURE):
            raise InputRefused("is not HDF5: the signature is missing")
        version = self._number(8, 1)
        if version != 0:
            raise InputRefused(
                f"has HDF5's superblock {version}; expected 0, as Keras writes it",
                hint="open it with Keras and save it again",
            )
        if (self._number(13, 1), self._number(14, 1), self._number(24, 8)) != (8, 8, 0):
            raise InputRefused("has an HDF5 superblock with odd sizes; expected 8-byte addresses from 0")
        if self._number(40, 8) > len(self.data):
            raise InputRefused(f"HDF5 is truncated: {len(self.data):,} bytes, {self._number(40, 8):,} were due")
        return self._number(64, 8)

    def links(self, address: int) -> dict[str, Link] | None:
        """The links of the group at `address`, or None where another kind of object is there."""
        found: dict[str, Link] = {}
        group = False
        for kind, at, size in self._messages(address):
            group = group or kind in (LINK_INFO, LINK, SYMBOL_TABLE)
            for link in self._links_of(kind, at, size):
                if link.name in found:
                    raise InputRefused(f"HDF5 is damaged: a group has '{shown(link.name)}' twice")
                found[link.name] = link
        return found if group else None

    def dataset(self, address: int) -> Dataset:
        """What the dataset at `address` declares."""
        parts = {kind: (at, size) for kind, at, size in self._messages(address)}
        if not {SPACE, TYPE, LAYOUT} <= parts.keys():
            raise InputRefused(f"HDF5 is damaged: expected a dataset at byte {address:,}")
        shape, dtype = self._shape(*parts[SPACE]), self._dtype(*parts[TYPE])
        if EXTERNAL in parts:
            return Dataset(shape, dtype, "external: its numbers are in another file")
        return Dataset(shape, dtype, *self._layout(parts[LAYOUT][0]))

    def values(self, dataset: Dataset) -> np.ndarray:
        """A view of a contiguous floating-point dataset's numbers, in the dtype that is stored."""
        dtype = np.dtype(dataset.dtype)
        due = prod(dataset.shape) * dtype.itemsize
        if dataset.size != due or dataset.start + due > len(self.data):
            raise InputRefused(
                f"HDF5 is damaged or truncated: {due:,} bytes were due from byte {dataset.start:,}, of {len(self.data):,} in the file"
            )
        return np.frombuffer(self.data, dtype, prod(dataset.shape), dataset.start).reshape(dataset.shape)

    # ---------------------------------------------------------------- bytes

    def _piece(self, at: int, size: int) -> bytes:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise InputRefused("HDF5 is damaged: its structure is too large or runs in circles")
        if at < 0 or at + size > len(self.data):
            raise InputRefused(f"HDF5 is damaged or truncated: it points to byte {at:,} of {len(self.data):,}")
        return self.data[at : at + size]

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._piece(at, size), "little")

    def _name(self, at: int, size: int) -> str:
        if size > LONGEST_NAME:
            raise InputRefused(f"HDF5 is damaged: a name of {size:,} bytes, the limit here is {LONGEST_NAME:,}")
        try:
            return self._piece(at, size).decode("utf-8")
        except UnicodeDecodeError:
            raise InputRefused("HDF5 is damaged: a name is not UTF-8") from None

    # ---------------------------------------------------------------- object headers (IV.A.1.a)

    def _messages(self, address: int) -> Iterator[tuple[int, int, int]]:
        """Each header message of an object: its kind, where its data begins, how many bytes they are."""
        if self._number(address, 1) != 1:
            raise InputRefused(
                f"HDF5 has an object header at byte {address:,} that is not of version 1",
                hint="open the file with Keras and save it again",
            )
        blocks = [(address + 16, self._number(address + 8, 4))]
        while blocks:
            at, left = blocks.pop(0)
            end = at + left
            while at + 8 <= end:
                kind, size, flags = self._number(at, 2), self._number(at + 2, 2), self._number(at + 4, 1)
                at += 8
                if kind == CONTINUATION:
                    blocks.append((self._number(at, 8), self._number(at + 8, 8)))
                elif kind in (SPACE, TYPE, LAYOUT) and flags & SHARED:
                    raise InputRefused(
                        "HDF5 has a shared header message; expected each dataset to say its own shape and dtype"
                    )
                yield kind, at, size
                at += size

    # ---------------------------------------------------------------- groups

    def _links_of(self, kind: int, at: int, size: int) -> Iterator[Link]:
        if kind == LINK_INFO:
            self._check_link_info(at)
        elif kind == LINK:
            yield self._link(at)
        elif kind == SYMBOL_TABLE:
            tree, heap = self._number(at, 8), self._number(at + 8, 8)
            if self._piece(heap, 4) != b"HEAP":
                raise InputRefused(f"HDF5 is damaged: no heap of names at byte {heap:,}")
            yield from self._symbols(tree, self._number(heap + 24, 8), self._number(heap + 8, 8))

    def _check_link_info(self, at: int) -> None:
        """Refuses links stored apart, in a fractal heap (IV.A.2.c): Keras's files never have them."""
        heap = at + 2 + (8 if self._number(at + 1, 1) & 1 else 0)
        if self._number(heap, 8) != NOWHERE:
            raise InputRefused(
                "HDF5 stores a group's links in a heap; expected a symbol table, as Keras writes it",
                hint="open it with Keras and save it again",
            )

    def _link(self, at: int) -> Link:
        """One link message (IV.A.2.g)."""
        flags, at = self._number(at + 1, 1), at + 2
        kind = 0
        if flags & 0x08:
            kind, at = self._number(at, 1), at + 1
        at += (8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0)  # creation order, character set
        width = 1 << (flags & 0x03)
        length, at = self._number(at, width), at + width
        name, at = self._name(at, length), at + length
        if kind:
            return Link(name, None, {1: "soft", 64: "external"}.get(kind, f"user-defined ({kind})"))
        return Link(name, self._number(at, 8))

    def _symbols(self, node: int, names: int, room: int) -> Iterator[Link]:
        """The links below a B-tree's node (III.A.1), whose names are in `room` bytes from `names`."""
        nodes: list[tuple[int, int | None]] = [(node, None)]
        while nodes:
            at, due = nodes.pop(0)
            level = self._number(at + 5, 1)
            if self._piece(at, 5) != b"TREE\x00" or (due is not None and level != due):
                raise InputRefused(f"HDF5 is damaged: no node of a group's tree at byte {at:,}")
            for i in range(self._number(at + 6, 2)):
                child = self._number(at + 32 + 16 * i, 8)  # a key of 8 bytes stands before each child
                if level:
                    nodes.append((child, level - 1))
                else:
                    yield from self._leaf(child, names, room)

    def _leaf(self, at: int, names: int, room: int) -> Iterator[Link]:
        """A symbol table node's entries (III.B, III.C)."""
        if self._piece(at, 4) != b"SNOD":
            raise InputRefused(f"HDF5 is damaged: no symbol table node at byte {at:,}")
        for entry in range(at + 8, at + 8 + 40 * self._number(at + 6, 2), 40):
            start = names + self._number(entry, 8)
            end = self.data.find(b"\0", start, min(start + LONGEST_NAME, names + room))
            if end < 0:
                raise InputRefused(f"HDF5 is damaged: a name at byte {start:,} has no end")
            name = self._name(start, end - start)
            soft = self._number(entry + 16, 4) == 2
            yield Link(name, None, "soft") if soft else Link(name, self._number(entry + 8, 8))

    # ---------------------------------------------------------------- datasets

    def _shape(self, at: int, size: int) -> tuple[int, ...]:
        """A dataspace message (IV.A.2.b)."""
        version, rank = self._number(at, 1), self._number(at + 1, 1)
        if version not in (1, 2) or rank > MOST_DIMENSIONS:
            raise InputRefused(f"HDF5 is damaged: a shape of version {version} with {rank} axes")
        first = at + (8 if version == 1 else 4)
        return tuple(self._number(first + 8 * i, 8) for i in range(rank))

    def _dtype(self, at: int, size: int) -> str:
        """A datatype message (IV.A.2.d)."""
        raw = self._piece(at, min(size, 20))
        if not raw:
            raise InputRefused("HDF5 is damaged: a datatype without bytes")
        kind, width = raw[0] & 0x0F, int.from_bytes(raw[4:8], "little")
        if kind == 0:
            return f"{'' if raw[1] & 0x08 else 'u'}int{8 * width}"
        if kind == 1:
            return FLOATS.get(raw[1:], f"float of {width} bytes in an odd layout")
        return TYPE_CLASSES[kind] if kind < len(TYPE_CLASSES) else f"HDF5 class {kind}"

    def _layout(self, at: int) -> tuple[str, int, int]:
        """A data layout message (IV.A.2.i): in words, where, how many bytes."""
        version, kind = self._number(at, 1), self._number(at + 1, 1)
        if version not in (3, 4) or kind != 1:
            return (
                {0: "compact", 2: "chunked", 3: "virtual: its numbers are in other datasets"}.get(
                    kind, "of an unknown layout"
                ),
                NOWHERE,
                0,
            )
        start, size = self._number(at + 2, 8), self._number(at + 10, 8)
        return "contiguous" if start != NOWHERE else "declared but not stored", start, size
