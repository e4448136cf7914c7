"""The names of columns, a CSV file's or a frame's: which is the label, and the order of the pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from why128.data.layout import quoted
from why128.errors import InputRefused, shown

LABEL_NAMES = {"label", "labels", "class", "classes", "target", "category", "y"}
PIXEL_NAME = re.compile(r"(?P<stem>[a-z_ .-]*)(?P<row>\d{1,9})(?:x(?P<column>\d{1,9}))?", re.IGNORECASE | re.ASCII)
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Columns:
    """How the cells of a row are to be read."""

    count: int
    label: int  # the column of the label
    order: tuple[int, ...] | None  # the pixels' columns in reading order, when the header has them in another one
    named: bool  # whether the first line is a header
    separator: str = ","
    warnings: tuple[str, ...] = ()


def is_header(cells: Sequence[str]) -> bool:
    """Whether the first line names columns: most cells are no numbers, or a label's name heads column numbers."""
    words = sum(not NUMBER.fullmatch(cell) for cell in cells)
    if words * 2 > len(cells):
        return True
    rest = [cell.strip() for cell in cells if cell.strip().lower() not in LABEL_NAMES]
    return len(rest) == len(cells) - 1 and rest in (
        [str(i) for i in range(len(rest))],
        [str(i + 1) for i in range(len(rest))],
    )


def columns_of(cells: Sequence[str], where: str) -> Columns:
    """The columns that the first line of a file tells of; without a header the label comes first.

    Raises InputRefused when no column, or more than one, can be the label, or a name occurs twice.
    """
    if len(cells) < 2:
        raise InputRefused(
            f"{where}: line 1 has {len(cells)} column{'s'[: len(cells) != 1]}, expected a label and pixels separated by a comma (delimiter , or ; or tab)"
        )
    if not is_header(cells):
        return Columns(len(cells), 0, None, False)
    names = [cell.strip() for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputRefused(f"{where}: line 1: duplicate column names: {quoted(twice)}, expected each name once")
    label, warnings = label_column(names, where, f"{where}: line 1")
    order, more = pixel_order(names, label, where, f"{where}: line 1")
    return Columns(len(cells), label, order, True, warnings=warnings + more)


def label_column(names: Sequence[str], where: str, line: str) -> tuple[int, tuple[str, ...]]:
    """The column of the label: the one so named, else the only one whose name is no pixel's; `line` is where the names are."""
    known = [index for index, name in enumerate(names) if name.lower() in LABEL_NAMES]
    if len(known) == 1:
        return known[0], ()
    other = [index for index, name in enumerate(names) if not PIXEL_NAME.fullmatch(name)]
    if not known and len(other) == 1:
        return other[0], (
            f"{where}: the column {shown(names[other[0]], 40)} is read as the label: no other is named like one",
        )
    which = quoted(names[index] for index in known or other) or "pixel columns only"
    raise InputRefused(
        f"{line}: expected one column named label, found {which}",
        hint="name the column of the class label: label,pixel0,pixel1,...",
    )


def pixel_order(
    names: Sequence[str], label: int, where: str, line: str
) -> tuple[tuple[int, ...] | None, tuple[str, ...]]:
    """The pixels' columns by the numbers in their names; None when they are in that order already, or not numbered."""
    pixels = [index for index in range(len(names)) if index != label]
    found = [PIXEL_NAME.fullmatch(names[index]) for index in pixels]
    strange = [names[index] for index, match in zip(pixels, found, strict=True) if match is None]
    if 0 < len(strange) < len(pixels) / 2:
        raise InputRefused(
            f"{line}: columns that are neither the label nor pixels: {quoted(strange)}, expected label,pixel0,pixel1,...",
            hint="remove these columns",
        )
    if strange or len({match["stem"].lower() for match in found if match}) > 1:
        return None, ()
    key = {
        index: (int(match["row"]), int(match["column"] or 0))
        for index, match in zip(pixels, found, strict=True)
        if match
    }
    order = sorted(pixels, key=lambda index: key[index])
    if order == pixels:
        return None, ()
    return tuple(order), (f"{where}: the pixel columns are not in the order of their names: they are put in order",)
