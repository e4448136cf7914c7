"""The IDX format of MNIST and its successors, plain or gzipped.

Source: Y. LeCun, "The MNIST database", section "File formats": two zero bytes, a type code, the number of dimensions,
each dimension as a big-endian 32-bit number, then the elements in C order, big-endian.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass

import numpy as np

from why128.data.found import Part
from why128.data.spool import poured
from why128.data.stream import GZIP, Stream
from why128.errors import InputRefused, shown

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_DIMENSIONS = 4  # images, height, width, channels
KINDS = {1: "labels", 3: "images", 4: "images"}


@dataclass(frozen=True)
class Header:
    """What an IDX file declares of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Bytes of the elements."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_pair(images: str | os.PathLike[str], labels: str | os.PathLike[str]) -> Part:
    """The images of one IDX file with the labels of another.

    Raises InputRefused when a file is no IDX file, is shorter or longer than it declares, or the two do not match.
    """
    with Stream(images) as image_stream, Stream(labels) as label_stream:
        image_header = read_header(image_stream, "images")
        label_header = read_header(label_stream, "labels")
        check_kind(image_stream, image_header, "images")
        check_kind(label_stream, label_header, "labels")
        check_size(image_stream, image_header, "images")
        check_size(label_stream, label_header, "labels")
        check_counts(image_stream, image_header.shape[0], shown(os.path.basename(labels)), label_header.shape[0])
        read_labels = read_body(label_stream, label_header, "labels")  # (N,)
        return Part(read_body(image_stream, image_header, "images"), read_labels)


def read_header(stream: Stream, role: str) -> Header:
    """The header at the start of `stream`; `role` is what the file is to hold, "images" or "labels"."""
    start = stream.read(4)
    if not start:
        raise InputRefused(f"{stream.where}: empty (0 bytes), expected IDX {role}")
    if len(start) < 4:
        raise InputRefused(f"{stream.where}: too short for an IDX header: {len(start)} bytes, expected at least 8")
    zeros, code, dimensions = struct.unpack(">HBB", start)
    if zeros or not code:
        raise InputRefused(
            f"{stream.where}: not an IDX file of {role}: its magic number is {start.hex(' ')}, expected 00 00 08 0{3 if role == 'images' else 1}{looks(start)}"
        )
    if code not in TYPES:
        raise InputRefused(
            f"{stream.where}: IDX type code 0x{code:02X} does not exist, expected one of {', '.join(f'0x{c:02X}' for c in TYPES)}"
        )
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise InputRefused(
            f"{stream.where}: its IDX magic number declares {dimensions} dimensions, expected {3 if role == 'images' else 1} for {role}"
        )
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise InputRefused(
            f"{stream.where}: truncated in its header: {4 + len(sizes)} bytes, expected at least {4 + 4 * dimensions}"
        )
    return Header(struct.unpack(f">{dimensions}I", sizes), np.dtype(TYPES[code]))


def looks(start: bytes) -> str:
    """What the first bytes of a file that is not IDX look like, as the end of a message."""
    if start[:2] == GZIP:
        return " (it looks like gzip inside gzip)"
    if start.lstrip()[:1] == b"<":
        return " (it looks like an HTML page)"
    return ""


def check_kind(stream: Stream, header: Header, role: str) -> None:
    """Raises InputRefused when the file holds something else than `role`, or nothing."""
    dimensions = len(header.shape)
    if (dimensions == 1) != (role == "labels"):
        found = KINDS.get(dimensions, "something else")
        raise InputRefused(
            f"{stream.where}: expected {role} ({'1 dimension' if role == 'labels' else '3 dimensions'}), "
            f"found {dimensions} dimension{'s'[: dimensions != 1]}: {found}",
            hint="are the files of images and of labels swapped?",
        )
    if not header.shape[0]:
        raise InputRefused(f"{stream.where}: empty: no {role} (it declares 0 {role})")
    if not header.size:
        raise InputRefused(f"{stream.where}: its images have no pixels: the shape {by(header.shape[1:])} has a zero")


def check_counts(stream: Stream, images: int, labels_name: str, labels: int) -> None:
    """Raises InputRefused unless there are as many images as labels."""
    if images != labels:
        raise InputRefused(
            f"{stream.where}: the counts do not match: {images:,} images, but {labels:,} labels in {labels_name}",
            hint="both files must come from the same part of the set",
        )


def due(header: Header, role: str) -> str:
    """What a header promises, in words."""
    return f"by its header {by(header.shape)} {role} are expected: {header.size:,} bytes"


def check_size(stream: Stream, header: Header, role: str) -> None:
    """Raises InputRefused when the file cannot hold what its header declares; nothing is allocated for it."""
    start = 4 + 4 * len(header.shape)
    if header.size > stream.most - start:
        held = (
            f"at most {stream.most:,} bytes can be in the gzip stream"
            if stream.zipped
            else f"only {stream.size - start:,} bytes follow"
        )
        raise InputRefused(f"{stream.where}: truncated: {due(header, role)}, {held}")


def read_body(stream: Stream, header: Header, role: str) -> np.ndarray:
    """The elements after `header`, as an array of its shape; raises InputRefused unless they are exactly as many."""
    array, done = poured(stream.fill, header.shape, header.dtype, stream.where)
    if array is None:
        raise InputRefused(f"{stream.where}: truncated: {due(header, role)}, only {done:,} bytes follow")
    if stream.read(1):
        raise InputRefused(
            f"{stream.where}: longer than it declares: {due(header, role)}, extra bytes follow after them",
            hint="a wrong header would give wrong pictures, so nothing is read",
        )
    return array


def by(shape: tuple[int, ...]) -> str:
    """A shape in words: 60 x 28 x 28."""
    return " x ".join(f"{size:,}" for size in shape)
