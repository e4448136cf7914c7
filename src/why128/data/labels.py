"""From labels of any kind (numbers, one-hot rows, words) to the names of classes and an index for each image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from why128.data.found import Part
from why128.errors import InputRefused, shown

WHOLE = re.compile(r"\+?0*(\d{1,40})(\.0*)?", re.ASCII)  # a whole number, as spreadsheets also write it: 3.0
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE)
ABSENT = {"nan", "null", "none", "na", "n/a"}  # what other tools write for a label that is missing
MOST_NAME = 1_000  # characters of a class name: the names of folders end at 255 bytes


@dataclass(frozen=True)
class Named:
    """The labels of one part: `names[codes[i]]` is the class of image i."""

    names: list[str]
    codes: np.ndarray  # (N,) int64


def named(part: Part, where: str) -> Named:
    """The classes of `part`; raises InputRefused naming the first label that cannot be one."""
    if not isinstance(part.labels, np.ndarray):
        return named_words(part, list(part.labels), where)
    labels = np.asarray(part.labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        return named_numbers(part, one_hot(labels, where), where)
    if labels.ndim != 1:
        raise InputRefused(
            f"{where}: labels of the shape {labels.shape}, expected one label for each image: ({len(part.pixels)},)"
        )
    if labels.dtype.kind == "S":
        return named_words(part, decoded(labels, where), where)
    if labels.dtype.kind == "U":
        return named_words(part, labels.tolist(), where)
    return named_numbers(part, labels, where)


def decoded(labels: np.ndarray, where: str) -> list[str]:
    """Byte strings as text."""
    try:
        return [label.decode() for label in labels.tolist()]
    except UnicodeDecodeError:
        raise InputRefused(
            f"{where}: labels are byte strings (dtype {labels.dtype}) that are not UTF-8",
            hint="save them as text: y.astype(str)",
        ) from None


def one_hot(labels: np.ndarray, where: str) -> np.ndarray:
    """The column of the one in each row, (N,)."""
    sound = labels.dtype.kind in "biuf" and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()
    if not sound:
        raise InputRefused(
            f"{where}: labels of the shape {labels.shape} that are not one-hot: expected exactly a single 1 in each row, or one label for each image",
            hint="an image with several labels cannot be learned here",
        )
    return np.asarray(labels.argmax(axis=1))


def named_numbers(part: Part, labels: np.ndarray, where: str) -> Named:
    """Classes of numeric labels."""
    if labels.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            refuse_first(part, labels, ~np.isfinite(labels), where, "is missing or not a number")
            refuse_first(part, labels, labels != np.floor(labels), where, "is not a whole number")
    refuse_first(
        part, labels, labels < 0 if labels.dtype.kind != "b" else np.zeros(len(labels), bool), where, "is negative"
    )
    values, codes = np.unique(labels, return_inverse=True)
    return Named([str(int(value)) for value in values], codes.astype(np.int64))


def refuse_first(part: Part, labels: np.ndarray, bad: np.ndarray, where: str, what: str) -> None:
    """Raises InputRefused for the first label that is `bad`, (N,)."""
    if bad.any():
        index = int(bad.argmax())
        raise InputRefused(
            f"{where}: the label of {part.row(index)} {what}: {shown(labels[index], 60)}, "
            f"expected a class: a whole number from 0, or a name ({int(bad.sum()):,} such labels)",
            hint="a column of measurements is no column of classes",
        )


def named_words(part: Part, labels: Sequence[str], where: str) -> Named:
    """Classes of labels that are text; numbers written as text are the classes of these numbers."""
    first: dict[str, int] = {}
    firsts: list[int] = []  # the row in which each code occurs first
    codes = np.empty(len(labels), np.int64)
    for row, label in enumerate(labels):
        code = first.setdefault(label, len(first))
        codes[row] = code
        if code == len(firsts):
            firsts.append(row)
    words = list(first)
    wordy = not any(WHOLE.fullmatch(word.strip()) for word in words)
    names = [
        class_name(word, wordy, f"{where}: the label of {part.row(row)}")
        for word, row in zip(words, firsts, strict=True)
    ]
    own = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return Named(list(own), np.array([own[name] for name in names], np.int64)[codes])


def class_name(word: str, wordy: bool, whose: str) -> str:
    """The class that the label `word` names; `wordy`: no label of the set is a whole number."""
    if not word.strip():
        raise InputRefused(f"{whose} is missing: an empty label", hint="give it a label, or leave the image out")
    if len(word) > MOST_NAME:
        raise InputRefused(f"{whose} has {len(word):,} characters, the limit is {MOST_NAME:,}: {shown(word, 40)}")
    whole = WHOLE.fullmatch(word.strip())
    if whole:
        return whole[1]
    if NUMBER.fullmatch(word.strip()) and not (wordy and word.strip().lower() in ABSENT):
        raise InputRefused(f"{whose} is not a class: {shown(word, 40)}, expected a whole number from 0, or a name")
    return word


def sort_key(name: str) -> tuple[bool, int, str]:
    """Whole numbers first and by value; then names."""
    whole = re.fullmatch(r"\d{1,40}", name, re.ASCII)
    return (False, int(name), name) if whole else (True, 0, name)


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Class names in their order: by number when all are whole numbers, else by name."""
    numeric = all(not sort_key(name)[0] for name in names)
    return tuple(sorted(names, key=sort_key) if numeric else sorted(names))
