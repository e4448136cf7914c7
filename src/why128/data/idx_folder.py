"""A folder of IDX files: which of them hold the images and the labels of which part."""

from __future__ import annotations

import os
from pathlib import Path

from why128.data.found import TEST, TRAIN, Found, Part
from why128.data.idx import read_pair
from why128.data.layout import IDX_NAME, PART_WORDS
from why128.errors import InputRefused, shown

Files = dict[tuple[str, str, str], Path]  # by (set, part, role): ("", "train", "images")


def idx_files(folder: Path) -> Files:
    """The IDX files of `folder` by what their names say; the plain file wins over its gzipped twin."""
    files: Files = {}
    for name in sorted(os.listdir(folder), key=lambda name: (name.lower().endswith(".gz"), name)):
        key = idx_key(name)
        if key is not None and not name.startswith("."):
            files.setdefault(key, folder / name)
    return files


def idx_key(name: str) -> tuple[str, str, str] | None:
    """What the name of an IDX file says: the set, the part, and "images" or "labels"; None when it says nothing."""
    match = IDX_NAME.fullmatch(name)
    if match is None or not any(word in name.lower() for word in ("idx", "ubyte")):
        return None
    return match["set"].lower(), PART_WORDS[match["part"].lower() or "train"], match["role"].lower()


def read_idx_folder(folder: Path) -> Found:
    """Every part in `folder`; raises InputRefused when files are missing or belong to several sets."""
    files = idx_files(folder)
    sets = sorted({name for name, _, _ in files})
    if len(sets) > 1:
        raise InputRefused(
            f"{shown(folder)}: IDX files of {len(sets)} sets in one folder: {', '.join(shown(name or '(no name)', 40) for name in sets)}",
            hint="name one file of the set that is meant",
        )
    return read_set(folder, files, sets[0], (TRAIN, TEST))


def read_idx_file(path: Path) -> Found:
    """The set that the IDX file `path` belongs to: of a training file all parts, of a test file that part alone."""
    key = idx_key(path.name)
    if key is None:
        raise InputRefused(
            f"{shown(path)}: an IDX file whose name does not say whether it holds images or labels",
            hint="name the files as published: train-images-idx3-ubyte and train-labels-idx1-ubyte, with or without .gz",
        )
    files = {**idx_files(path.parent), key: path}
    if key[1] == TEST:
        return read_set(
            path,
            {(name, TRAIN, role): file for (name, part, role), file in files.items() if part == TEST},
            key[0],
            (TRAIN,),
        )
    return read_set(path, files, key[0], (TRAIN, TEST))


def read_set(path: Path, files: Files, name: str, parts: tuple[str, ...]) -> Found:
    """The `parts` of the set `name` among `files`; the training part must be there."""
    found: dict[str, Part] = {}
    for part in parts:
        images, labels = files.get((name, part, "images")), files.get((name, part, "labels"))
        if images is None and labels is None and part != TRAIN:
            continue
        if images is None or labels is None:
            missing, there = ("images", labels) if images is None else ("labels", images)
            beside = f" beside {shown(there.name)}" if there is not None else ""
            raise InputRefused(
                f"{shown(path)}: no file of {part} {missing}{beside}",
                hint=f"expected {part if part == TRAIN else 't10k'}-{missing}-idx{3 if missing == 'images' else 1}-ubyte, with or without .gz",
            )
        found[part] = read_pair(images, labels)
    return Found(shown(path), path.name or str(path), found)
