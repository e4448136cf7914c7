"""A folder of pictures as one array: every picture decoded once, one size and one mode for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from why128.data.found import Found, Part, Reading
from why128.data.layout import quoted
from why128.data.pictures import BadPictureError, Picture, decoded, glimpsed, in_mode, pillow_quiet
from why128.data.spool import Pile, Spool
from why128.data.tree import Tree, walked
from why128.errors import InputRefused, shown

KEPT = 64  # pixels a side up to which a common size is kept: a network for larger ones would have too many inputs
REDUCED = (32, 32)  # (height, width) to which larger pictures are brought: 1,024 inputs
THREADS = 2  # decode large pictures: measured 1.7 times as fast as one (Pillow frees the interpreter); small ones gain nothing
AT_ONCE = 1024  # pictures on their way to these: decoded, they wait in memory
QUOTED = 10  # bad pictures that a refusal describes
SHARE = 2_000  # bad pictures whose names one warning holds; the others are in the list `skipped`


@dataclass
class Decoding:
    """The pictures of a tree on their way: small ones are decoded at once, large ones only measured."""

    pile: Pile  # what is decoded, as Picture.pixels
    pixels: list[int | None] = field(default_factory=list)  # each picture's number in the pile
    sizes: list[tuple[int, int]] = field(default_factory=list)  # (height, width)
    rows: list[int] = field(default_factory=list)  # which picture of the tree
    bad: dict[str, str] = field(default_factory=dict)  # path -> reason
    notes: dict[str, list[str]] = field(default_factory=dict)  # note -> paths


def read_folder(root: Path, reading: Reading) -> Found:
    """The image folder `root`; raises InputRefused naming every picture that cannot be read."""
    tree = walked(root)
    with pillow_quiet:
        decoding = first_pass(tree)
        check_bad(tree, decoding, reading)
        size = reading.size or common_size(decoding.sizes)
        second_pass(tree, decoding, size)
        check_bad(tree, decoding, reading)
    mode, mode_lines = common_mode(shown(root), decoding)
    lines = (*notes(tree, decoding), *size_lines(shown(root), decoding, size, reading), *mode_lines)
    return Found(
        shown(root),
        root.name or str(root.resolve().name),
        parts(tree, decoding, size, mode),
        tree.classes,
        "0-255",
        tuple(sorted(decoding.bad)),
        lines,
    )


def first_pass(tree: Tree) -> Decoding:
    """Decodes every small picture of `tree`, measures every large one."""
    decoding = Decoding(Pile(shown(tree.root)))
    for row, (_, _, path) in enumerate(tree.pictures):
        try:
            size, picture = glimpsed(tree.root / path, KEPT)
        except BadPictureError as bad:
            decoding.bad[path] = str(bad)
            continue
        decoding.pixels.append(None if picture is None else noted(decoding, path, picture))
        decoding.sizes.append(size)
        decoding.rows.append(row)
    return decoding


def noted(decoding: Decoding, path: str, picture: Picture) -> int:
    """The number of the pixels of `picture` in the pile; its notes are kept."""
    for note in picture.notes:
        decoding.notes.setdefault(note, []).append(path)
    return decoding.pile.add(picture.pixels)


def second_pass(tree: Tree, decoding: Decoding, size: tuple[int, int]) -> None:
    """Decodes the large pictures, now that the size is known, and brings all to it."""
    pile = decoding.pile
    due = [i for i, number in enumerate(decoding.pixels) if number is None or pile.form(number)[0][:2] != size]

    def attempted(path: str) -> Picture | BadPictureError:
        try:
            return decoded(tree.root / path, size)
        except BadPictureError as bad:
            return bad

    lost = set()
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(due), AT_ONCE):
            some = due[start : start + AT_ONCE]
            paths = [tree.pictures[decoding.rows[index]][2] for index in some]
            for index, path, picture in zip(some, paths, pool.map(attempted, paths), strict=True):
                if isinstance(picture, BadPictureError):
                    decoding.bad[path] = str(picture)
                    lost.add(index)
                else:
                    decoding.pixels[index] = noted(decoding, path, picture)
    decoding.pixels = [pixels for index, pixels in enumerate(decoding.pixels) if index not in lost]
    decoding.sizes = [came for index, came in enumerate(decoding.sizes) if index not in lost]
    decoding.rows = [row for index, row in enumerate(decoding.rows) if index not in lost]


def check_bad(tree: Tree, decoding: Decoding, reading: Reading) -> None:
    """Raises InputRefused for bad pictures, all of them at once; with `skip_bad` only when a class is lost by them."""
    where, total, bad = shown(tree.root), len(tree.pictures), decoding.bad
    if len(bad) == total:
        raise InputRefused(f"{where}: no readable picture: all {total:,} are bad: {described(bad)}")
    if bad and not reading.skip_bad:
        raise InputRefused(
            f"{where}: {len(bad):,} of {total:,} pictures cannot be read: {described(bad)}",
            hint="mend or remove them, or leave them out with --skip-bad",
        )
    left = {tree.pictures[row][:2] for row in decoding.rows}
    lost = sorted({(part, name) for part, name, _ in tree.pictures} - left)
    if lost:
        raise InputRefused(
            f"{where}: without the bad pictures no picture is left in {quoted('/'.join(pair) for pair in lost)}: {described(bad)}"
        )


def described(bad: dict[str, str]) -> str:
    """The first bad pictures with the reason for each, then the names of the others, escaped."""
    paths = sorted(bad)
    words = "; ".join(f"{shown(path)} ({bad[path]})" for path in paths[:QUOTED])
    return words + (f"; and {quoted(paths[QUOTED:])}" if len(paths) > QUOTED else "")


def common_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The commonest size when it is small enough to keep, else the reduced one."""
    size, _ = max(Counter(sizes).items(), key=lambda item: (item[1], item[0]))
    return size if max(size) <= KEPT else REDUCED


def common_mode(where: str, decoding: Decoding) -> tuple[str, tuple[str, ...]]:
    """ "gray" when every picture is gray, else "rgb"; and a line when they are mixed."""
    gray = sum(number is not None and len(decoding.pile.form(number)[0]) == 2 for number in decoding.pixels)
    colour = len(decoding.pixels) - gray
    if gray and colour:
        return "rgb", (f"{where}: {gray:,} gray and {colour:,} colour pictures: all are read as RGB",)
    return ("rgb" if colour else "gray"), ()


def size_lines(where: str, decoding: Decoding, size: tuple[int, int], reading: Reading) -> list[str]:
    """A line when pictures were resized without being asked to."""
    sizes = Counter(decoding.sizes)
    if set(sizes) == {size} or reading.size is not None:
        return []
    every = ", ".join(f"{width} x {height} ({count:,})" for (height, width), count in sizes.most_common(4))
    more = f" and {len(sizes) - 4:,} more" if len(sizes) > 4 else ""
    return [
        f"{where}: pictures come in {len(sizes):,} size{'s'[: len(sizes) != 1]} (width x height): {every}{more}: "
        f"all are resized to {size[1]} x {size[0]}, another size can be chosen with --size"
    ]


def notes(tree: Tree, decoding: Decoding) -> list[str]:
    """What else a person should know about the files, one line each."""
    where = shown(tree.root)
    bad, frames, clear = sorted(decoding.bad), decoding.notes.get("animated", []), decoding.notes.get("clear", [])
    lines = []
    if bad:
        names = ", ".join(shown(path, 80) for path in bad[:SHARE])
        lines.append(f"{where}: {len(bad):,} unreadable pictures are left out: {names}")
    if tree.strays:
        lines.append(
            f"{where}: {len(tree.strays):,} files that are no pictures in class folders are left out: {quoted(tree.strays)}"
        )
    if tree.deeper:
        lines.append(f"{where}: folders inside class folders are not searched: {quoted(tree.deeper)}")
    if frames:
        lines.append(
            f"{where}: animated, or of several pages, only the first frame (page) is read: {quoted(sorted(set(frames)))}"
        )
    if clear:
        lines.append(f"{where}: transparent parts are shown on white: {quoted(sorted(set(clear)))}")
    return lines


def parts(tree: Tree, decoding: Decoding, size: tuple[int, int], mode: str) -> dict[str, Part]:
    """The decoded pictures as one array for each part, sorted by class, then by name."""
    index = {name: code for code, name in enumerate(tree.classes)}
    found: dict[str, Part] = {}
    for part in dict.fromkeys(part for part, _, _ in tree.pictures):
        chosen = [at for at, row in enumerate(decoding.rows) if tree.pictures[row][0] == part]
        chosen.sort(key=lambda at: (index[tree.pictures[decoding.rows[at]][1]], tree.pictures[decoding.rows[at]][2]))
        shape = (len(chosen), *size, 1 if mode == "gray" else 3)
        spool = Spool(shape, np.uint8, shown(tree.root))
        for at in chosen:
            number = decoding.pixels[at]
            assert number is not None
            spool.add(in_mode(decoding.pile[number], mode))
        pictures = [tree.pictures[decoding.rows[at]] for at in chosen]
        codes = np.array([index[name] for _, name, _ in pictures], np.int32)
        found[part] = Part(spool.array, codes, files=[path for _, _, path in pictures])
    return found
