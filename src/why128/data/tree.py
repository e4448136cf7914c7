"""The files of an image folder: class folders, their pictures, and what else lies about.

One sub-folder a class, pictures directly in it; or train/ beside test/ (or val/), each with class folders.  Folders are
not searched deeper: a folder named one level too high would otherwise be read as other classes, in silence.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from why128.data.files import refusal
from why128.data.found import TRAIN
from why128.data.labels import ordered
from why128.data.layout import PART_WORDS, quoted
from why128.data.pictures import SIGNATURES
from why128.errors import InputRefused, shown

ENDINGS = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".apng"}
SYSTEM = {"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information", "@eadir"}


@dataclass
class Tree:
    """What lies in an image folder."""

    root: Path
    classes: tuple[str, ...] = ()
    pictures: list[tuple[str, str, str]] = field(default_factory=list)  # (part, class, path relative to the root)
    strays: list[str] = field(default_factory=list)  # files that are no pictures, relative to the root
    deeper: list[str] = field(default_factory=list)  # folders inside class folders


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in `folder`, by name, without what operating systems and tools leave there."""
    try:
        with os.scandir(folder) as found:
            every = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise refusal(folder, error) from error
    return [entry for entry in every if not entry.name.startswith(".") and entry.name.lower() not in SYSTEM]


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether `entry` is a folder, or a link to one; a link that leads nowhere is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def folders(folder: Path) -> list[str]:
    """The names of the folders in `folder`; a link back to one that holds it is none."""
    above = {os.path.realpath(folder), *map(str, Path(os.path.realpath(folder)).parents)}
    return [
        entry.name
        for entry in entries(folder)
        if is_folder(entry) and not (entry.is_symlink() and os.path.realpath(entry.path) in above)
    ]


def is_picture(entry: os.DirEntry[str]) -> bool:
    """Whether `entry` claims to be a picture: by its ending, or without a known ending by its first bytes."""
    ending = os.path.splitext(entry.name)[1].lower()
    if ending in ENDINGS:
        return True
    try:
        if not entry.is_file():
            return False
        with open(entry.path, "rb") as file:
            return file.read(4).startswith(SIGNATURES)
    except OSError:
        return False


def walked(root: Path) -> Tree:
    """The tree at `root`; raises InputRefused when it is no folder of class folders."""
    tree = Tree(root)
    parts = parts_of(root)
    names: dict[str, list[str]] = {}
    for part, base in parts:
        names[part] = folders(root / base)
        for name in names[part]:
            walk_class(tree, part, name, os.path.join(base, name))
        tree.strays += [os.path.join(base, entry.name) for entry in entries(root / base) if not is_folder(entry)]
    tree.classes = ordered(names[TRAIN])
    check_tree(tree, dict(parts), names)
    return tree


def parts_of(root: Path) -> list[tuple[str, str]]:
    """(part, folder relative to `root`): the root itself, unless it holds train/ and only such folders."""
    names = folders(root)
    known = {PART_WORDS[name.lower()]: name for name in names if name.lower() in PART_WORDS}
    if TRAIN in known and len(known) == len(names) and folders(root / known[TRAIN]):
        return sorted(known.items(), key=lambda item: item[0] != TRAIN)
    return [(TRAIN, "")]


def walk_class(tree: Tree, part: str, name: str, base: str) -> None:
    """Adds what lies in one class folder to `tree`."""
    for entry in entries(tree.root / base):
        path = os.path.join(base, entry.name)
        if is_folder(entry):
            if not entry.is_symlink() and entries(Path(entry.path)):
                tree.deeper.append(path)
        elif is_picture(entry):
            tree.pictures.append((part, name, path))
        else:
            tree.strays.append(path)


def check_tree(tree: Tree, parts: dict[str, str], names: dict[str, list[str]]) -> None:
    """Raises InputRefused when the folders are not as they must be, naming those at fault."""
    where = shown(tree.root)
    if not tree.classes:
        loose = [path for path in tree.strays if os.path.splitext(path)[1].lower() in ENDINGS]
        if not loose and not tree.strays:
            raise InputRefused(
                f"{where}: no class folders and no images in it",
                hint="put the pictures of each class into a sub-folder of its own",
            )
        found = f"{len(loose):,} pictures" if loose else f"{len(tree.strays):,} files ({quoted(tree.strays)})"
        raise InputRefused(
            f"{where}: no class folders: {found} lie directly in it, expected one sub-folder for each class with its pictures",
            hint=None if loose else "name the file itself, if one of them is the data",
        )
    for part, folder_names in names.items():
        filled = {name for at, name, _ in tree.pictures if at == part}
        empty = [os.path.join(parts[part], name) for name in folder_names if name not in filled]
        if empty:
            below = (
                " (there are folders inside, which are not searched)"
                if any(path.startswith(tuple(e + os.sep for e in empty)) for path in tree.deeper)
                else ""
            )
            raise InputRefused(
                f"{where}: class folders without any picture: {quoted(empty)}{below}; leaving them out would number the classes anew",
                hint="fill or remove them; pictures must lie directly in their class folder",
            )
        extra = [name for name in folder_names if name not in tree.classes]
        if extra:
            raise InputRefused(
                f"{where}: classes that the training part does not have: {quoted(os.path.join(parts[part], name) for name in extra)}, "
                f"expected {quoted(tree.classes)}"
            )
