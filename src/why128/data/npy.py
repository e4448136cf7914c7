"""The NPY format, read without NumPy's reader: nothing is unpickled, nothing allocated on a header's word alone.

Source: NumPy, "numpy.lib.format", versions 1.0 to 3.0.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from why128.data.spool import poured
from why128.errors import InputRefused, shown

MAGIC = b"\x93NUMPY"
MOST_HEADER = 10_000  # bytes: NumPy's own limit (max_header_size), against headers made to exhaust the parser
MOST_BRACKETS = 64  # in a header: a plain one has two, and thousands exhaust the parser's stack
MOST_TEXT = 1 << 12  # bytes of one text label
NUMBERS = re.compile(r"[<>=|]?([biuf])\d{1,2}")
TEXTS = re.compile(r"[<>=|]?([US])(\d{1,9})")


class Source(Protocol):
    """Where the bytes of an array come from."""

    where: str  # its path, escaped

    @property
    def most(self) -> int:
        """The most bytes that can be in it."""

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer at the end."""

    def fill(self, buffer: memoryview) -> int:
        """Reads into `buffer` until it is full or the end is reached; how many bytes were read."""


@dataclass(frozen=True)
class Header:
    """What an NPY file declares of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    start: int  # bytes before the elements

    @property
    def size(self) -> int:
        """Bytes of the elements."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(source: Source) -> Header:
    """The header at the start of `source`; raises InputRefused naming what is wrong with it."""
    start = source.read(8)
    if start[:6] != MAGIC:
        raise InputRefused(
            f"{source.where}: not an NPY array: expected it to start with the magic bytes \\x93NUMPY, found {found(start)}"
        )
    if len(start) < 8:
        raise InputRefused(f"{source.where}: truncated in its NPY header: {len(start)} bytes")
    if start[6] not in (1, 2, 3) or start[7] != 0:
        raise InputRefused(f"{source.where}: NPY format version {start[6]}.{start[7]}, expected 1.0, 2.0 or 3.0")
    width = 2 if start[6] == 1 else 4
    declared = source.read(width)
    length = int.from_bytes(declared, "little")
    if len(declared) == width and length > MOST_HEADER:
        raise InputRefused(
            f"{source.where}: its NPY header is too large: {length:,} bytes, the limit is {MOST_HEADER:,}"
        )
    text = source.read(length)
    if len(declared) < width or len(text) < length:
        raise InputRefused(f"{source.where}: truncated in its NPY header: it is shorter than declared")
    return parsed(source, text.decode("latin-1" if start[6] < 3 else "utf-8", "replace"), 8 + width + length)


def found(start: bytes) -> str:
    """The first bytes of a file in words."""
    if not start:
        return "0 bytes: it is empty"
    pickle = " (a pickle? it is never opened)" if start[:1] == b"\x80" else ""
    return f"{start.hex(' ')}{pickle}"


def parsed(source: Source, text: str, start: int) -> Header:
    """The header whose text is `text`: a Python literal, parsed as such and never run."""
    fields = literal(source, text)
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise InputRefused(
            f"{source.where}: its NPY header is malformed: expected descr, fortran_order and shape, found {shown(text.strip(), 80)}"
        )
    shape, fortran = fields["shape"], fields["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(size) is int for size in shape) or not isinstance(fortran, bool):
        raise InputRefused(
            f"{source.where}: its NPY header is malformed: expected a shape of whole numbers, found {shown(repr(shape), 80)}"
        )
    if min(shape, default=0) < 0:
        raise InputRefused(f"{source.where}: its NPY header declares a negative size in the shape {shown(shape, 80)}")
    return Header(shape, checked_dtype(source, fields["descr"]), fortran, start)


def literal(source: Source, text: str) -> object:
    """The value that `text` spells, by `ast.literal_eval`, which builds literals and runs nothing."""
    if sum(text.count(bracket) for bracket in "([{") > MOST_BRACKETS:
        raise InputRefused(f"{source.where}: its NPY header is malformed: brackets too deep to be parsed")
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise InputRefused(f"{source.where}: its NPY header cannot be parsed: {shown(text.strip(), 80)}") from None


def checked_dtype(source: Source, descr: object) -> np.dtype:
    """The dtype named `descr`, when it is one of numbers or of text."""
    if isinstance(descr, str) and descr.lstrip("<>=|") == "O":
        raise InputRefused(
            f"{source.where}: an array of Python objects (dtype object), which only unpickling could read: it is never opened",
            hint="save it as numbers or text: array.astype(...)",
        )
    text = TEXTS.fullmatch(descr) if isinstance(descr, str) else None
    sound = isinstance(descr, str) and (
        NUMBERS.fullmatch(descr) or (text is not None and 0 < int(text[2]) <= MOST_TEXT)
    )
    try:
        if sound:
            return np.dtype(str(descr))
    except TypeError:
        pass
    kind = "a structured dtype" if isinstance(descr, list) else f"dtype {shown(repr(descr), 60)}{named(descr)}"
    raise InputRefused(f"{source.where}: {kind}, expected numbers (bool, int, uint, float) or text labels")


def named(descr: object) -> str:
    """The name of a dtype that is not read, where NumPy knows one."""
    kind = str(descr).lstrip("<>=|")[:1]
    return {"c": " (complex)", "M": " (datetime)", "m": " (timedelta)", "V": " (void)"}.get(kind, "")


def read_body(source: Source, header: Header) -> np.ndarray:
    """The elements after `header`; raises InputRefused when they are fewer or more bytes than declared."""
    expected = f"its header declares the shape {shown(header.shape, 80)}: {header.size:,} bytes are expected"
    if header.size > source.most - header.start:
        raise InputRefused(
            f"{source.where}: truncated: {expected}, at most {max(0, source.most - header.start):,} bytes can follow"
        )
    shape = header.shape[::-1] if header.fortran else header.shape
    array, done = poured(source.fill, shape, header.dtype, source.where)
    if array is None:
        raise InputRefused(f"{source.where}: truncated: {expected}, only {done:,} bytes follow")
    if source.read(1):
        raise InputRefused(f"{source.where}: longer than it declares: {expected}, extra bytes follow after them")
    return array.T if header.fortran else array
