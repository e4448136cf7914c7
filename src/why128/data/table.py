"""CSV files of a label and pixels in each line: a C parser for the sound majority, exact words for the guilty line.

Lines are counted as a text editor counts them, from 1, the header included.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from why128.data.files import opened
from why128.data.found import TRAIN, Found, Part
from why128.data.header import NUMBER, SEPARATORS, Columns, columns_of
from why128.data.spool import Pile, made
from why128.errors import InputRefused, shown

MOST_LINE = 1 << 25  # characters of one row: 8 million pixels
MOST_CELL = 64  # characters of one pixel: more digits than any number needs
BLOCK = 1 << 22  # characters parsed at a time
MOST_CLASSES = 20  # values of a column that looks like a label beside another one that does not
SNIFFED = 4096  # bytes looked at for a file that is no text
SOUND = str.maketrans("", "", "0123456789.+-eE \t,\n")  # what is left of a sound block: nothing
BINARY = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "a gzip file",
    b"GIF8": "a GIF picture",
}


@dataclass
class Rows:
    """What was read so far."""

    blocks: Pile  # (rows, pixels) uint8 or float64
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # rows of pixels not parsed yet, separated by commas
    size: int = 0  # characters waiting


def read_csv(path: Path) -> Found:
    """The images of a CSV file; raises InputRefused naming the line at fault."""
    where = shown(path)
    with opened(path) as file:
        check_text(file.read(SNIFFED), where)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline=None)
        records = numbered(text, where)
        first_line, first = next(records, (0, ""))
        if not first_line:
            raise InputRefused(f"{where}: empty: no rows in it, only blank lines")
        separator = max(SEPARATORS, key=first.count)
        cells = cells_of(first, separator, f"{where}: line {first_line}")
        columns = replace(columns_of(cells, where), separator=separator)
        rows = Rows(Pile(where))
        if not columns.named:
            add(rows, first, first_line, columns, where)
        for line, record in records:
            add(rows, record, line, columns, where)
        flush(rows, where)
    if not rows.labels:
        raise InputRefused(f"{where}: no rows: a header and no data after it")
    pixels = joined(rows, columns, where)
    lines = [f"{where}: the separator is {'a tab' if separator == chr(9) else separator}"] if separator != "," else []
    if not columns.named:
        lines += last_column_line(rows.labels, pixels, where)
    return Found(where, path.name, {TRAIN: Part(pixels, rows.labels, rows.lines)}, warnings=(*lines, *columns.warnings))


def last_column_line(labels: list[str], pixels: np.ndarray, where: str) -> list[str]:
    """A line when, without a header to say so, the last column (numbers from 0 or 1 on) looks more like the label."""
    values, first = np.unique(pixels[:, -1]), len(set(labels))
    counted = values[0] in (0, 1) and (np.diff(values) == 1).all()
    if not (counted and MOST_CLASSES >= len(values) > 1 and first > MOST_CLASSES):
        return []
    return [
        f"{where}: without a header the first column is read as the label: it has {first:,} different values, "
        f"the last column {len(values)} ({values[0]:g} to {values[-1]:g}): if that is the label, put a header above that says so"
    ]


def check_text(start: bytes, where: str) -> None:
    """Raises InputRefused when the first bytes of a file are not those of text in UTF-8."""
    if not start:
        raise InputRefused(f"{where}: empty (0 bytes), expected CSV: a label and pixels in each line")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputRefused(f"{where}: text in UTF-16, expected UTF-8", hint="save it again with the encoding UTF-8")
    for signature, kind in BINARY.items():
        if start.startswith(signature):
            raise InputRefused(f"{where}: {kind} (binary), expected CSV text in UTF-8")


def numbered(text: io.TextIOWrapper, where: str) -> Iterator[tuple[int, str]]:
    """The rows of a file that are not blank, each with the number of its first line; quoted line ends stay in their row."""
    line = 0
    while record := text.readline(MOST_LINE):
        line += 1
        first = line
        while record.count('"') % 2 and len(record) < MOST_LINE and (more := text.readline(MOST_LINE)):
            record += more
            line += 1
        check_row(record, f"{where}: line {first}")
        if record.strip(' \t\n\r,;"'):
            yield first, record.rstrip("\n")


def check_row(record: str, where: str) -> None:
    """Raises InputRefused for a row that is too long, has an open quote, or is no text in UTF-8."""
    if len(record) >= MOST_LINE:
        raise InputRefused(f"{where}: longer than {MOST_LINE:,} characters, expected one image in each line")
    if record.count('"') % 2:
        raise InputRefused(f'{where}: a quote (") is opened and never closed')
    if "\0" in record:
        raise InputRefused(f"{where}: a NUL byte: the file is binary or damaged, expected text")
    if not record.isascii():
        try:
            record.encode()
        except UnicodeEncodeError:
            raise InputRefused(
                f"{where}: not in UTF-8, which is expected", hint="save it again with the encoding UTF-8"
            ) from None


def cells_of(record: str, separator: str, where: str) -> list[str]:
    """The cells of one row."""
    if '"' not in record:
        return record.split(separator)
    csv.field_size_limit(MOST_LINE)
    try:
        return next(csv.reader(io.StringIO(record, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputRefused(f'{where}: a quote (") in the wrong place: {shown(error, 60)}') from None


def add(rows: Rows, record: str, line: int, columns: Columns, where: str) -> None:
    """Adds one row; its pixels are parsed later, with others."""
    if '"' in record:
        cells = cells_of(record, columns.separator, f"{where}: line {line}")
        check_count(len(cells), columns, f"{where}: line {line}")
        label = cells.pop(columns.label)
        pixels = ",".join(cells)
        if pixels.count(",") != len(cells) - 1:
            raise InputRefused(f"{where}: line {line}: a pixel holds a comma, expected a number")
    else:
        check_count(record.count(columns.separator) + 1, columns, f"{where}: line {line}")
        label, pixels = without_label(record, columns)
        if columns.separator != ",":
            if "," in pixels:
                raise InputRefused(
                    f"{where}: line {line}: a pixel holds a comma, expected a number with a decimal point"
                )
            pixels = pixels.replace(columns.separator, ",")
    rows.labels.append(label)
    rows.lines.append(line)
    rows.waiting.append(pixels)
    rows.size += len(pixels)
    if rows.size > BLOCK:
        flush(rows, where)


def check_count(count: int, columns: Columns, where: str) -> None:
    """Raises InputRefused for a row that is shorter or longer than the first one."""
    if count != columns.count:
        raise InputRefused(
            f"{where}: {count:,} cells, expected {columns.count:,} as in the first line",
            hint="a label that holds a comma needs quotes around it" if count > columns.count else None,
        )


def without_label(record: str, columns: Columns) -> tuple[str, str]:
    """The label of a row without quotes, and the rest of it."""
    if columns.label == 0:
        label, _, rest = record.partition(columns.separator)
        return label, rest
    if columns.label == columns.count - 1:
        rest, _, label = record.rpartition(columns.separator)
        return label, rest
    cells = record.split(columns.separator)
    label = cells.pop(columns.label)
    return label, columns.separator.join(cells)


def flush(rows: Rows, where: str) -> None:
    """Parses the rows that wait."""
    if not rows.waiting:
        return
    block = parsed(rows.waiting)
    if block is None or (
        block.dtype.kind == "f" and not (block.min() >= 0 and block.max() <= 255)
    ):  # NaN fails as well
        name_guilty(rows, where)
        block = np.array([[float(cell) for cell in row.split(",")] for row in rows.waiting])
    rows.blocks.add(block)
    rows.waiting, rows.size = [], 0


def parsed(waiting: list[str]) -> np.ndarray | None:
    """Rows of numbers as an array, uint8 when all are bytes, else float64; None when a cell is no number."""
    if any(row.translate(SOUND) for row in waiting) or not all(waiting):
        return None
    for dtype in (np.uint8, np.float64):
        try:
            block = np.loadtxt(waiting, dtype=dtype, delimiter=",", comments=None, ndmin=2)
        except (ValueError, OverflowError):
            continue
        return block if len(block) == len(waiting) else None
    return None


def name_guilty(rows: Rows, where: str) -> None:
    """Raises InputRefused for the first pixel among the waiting rows that is no brightness."""
    lines = rows.lines[-len(rows.waiting) :]
    for line, row in zip(lines, rows.waiting, strict=True):
        for index, cell in enumerate(row.split(",")):
            fault = cell_fault(cell)
            if fault:
                raise InputRefused(
                    f"{where}: line {line}: pixel {index} (counted from 0) {fault}, expected a number in 0..255 or 0..1"
                )


def cell_fault(cell: str) -> str | None:
    """What is wrong with one pixel; None when it is sound."""
    if not cell.strip():
        return "is missing: an empty cell"
    if len(cell) > MOST_CELL:
        return f"has {len(cell):,} characters: {shown(cell, 20)}"
    if not NUMBER.fullmatch(cell):
        return f"is not a finite decimal number: {shown(cell, 40)}"
    return None if 0 <= float(cell) <= 255 else f"is out of range: {shown(cell, 40)}"


def joined(rows: Rows, columns: Columns, where: str) -> np.ndarray:
    """All blocks as one array, (N, pixels), in reading order, uint8 when every block is, else float64."""
    numbers = range(len(rows.blocks))
    dtype = np.uint8 if all(rows.blocks.form(number)[1] == np.uint8 for number in numbers) else np.float64
    order = [index - (index > columns.label) for index in columns.order or ()]
    blocks = (rows.blocks[number][:, order] if order else rows.blocks[number] for number in numbers)
    return made((len(rows.labels), columns.count - 1), dtype, blocks, where)
