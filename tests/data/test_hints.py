"""What a person is told to do next: the hint of every refusal of data, whole; and the refusals that need a special machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import making
from tests.data.making import N, X, Y
from tests.data.test_refused_arrays import ARRAYS, NPY, NPZ
from tests.data.test_refused_files import CSV, GOOD_X, GOOD_Y, IDX
from why128.data.found import Reading
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError

AGAIN, MEND = "copy or download it again", "give one label for each image"
FETCH = "fetch or copy the file again"
OTHERWISE = "mend it, or give the images as a folder with one sub-folder a class, or as an IDX, CSV or NPZ file"
HEADER = "name the column of the class label: label,pixel0,pixel1,..."
ONE_HOT = "an image with several labels cannot be learned here"
NO_CLASS = "a column of measurements is no column of classes"
CHANNELS = "leave out an alpha channel: x[..., :3]"
SCALES = "bring them to one of these scales, for example (x - x.min()) / (x.max() - x.min())"
OTHER_CLASS = "a network learns to tell classes apart: add images of another class"
SINGLE_NAMES = "are the labels names or numbers of single images?"
UTF_8 = "save it again with the encoding UTF-8"

HINTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "npy": (
        NPY,
        {
            "object": "save it as numbers or text: array.astype(...)",
            "complex": OTHERWISE,
            "cut": AGAIN,
            "empty": AGAIN,
            "alone": "put x.npy and y.npy into a folder and name the folder, "
            "or save both: numpy.savez('data.npz', x=images, y=labels)",
        },
    ),
    "npz": (
        NPZ,
        {
            "encrypted": "unpack it with its password and save it again",
            "crc": "copy or save the file again",
            "names": "save them under such names: numpy.savez('data.npz', x=images, y=labels)",
            "no labels": "save both: numpy.savez('data.npz', x=..., y=...)",
            "counts": MEND,
        },
    ),
    "arrays": (
        ARRAYS,
        {
            "not one-hot": ONE_HOT,
            "label negative": NO_CLASS,
            "two channels": CHANNELS,
            "1020": SCALES,
            "nan": "remove or mend such images first",
            "label bytes": "save them as text: y.astype(str)",
        },
    ),
    "idx": (
        IDX,
        {
            "swapped": "are the files of images and of labels swapped?",
            "counts": "both files must come from the same part of the set",
            "long": "a wrong header would give wrong pictures, so nothing is read",
            "no labels": "expected train-labels-idx1-ubyte, with or without .gz",
            "gzip cut": FETCH,
            "gzip crc": FETCH,
            "one class": OTHER_CLASS,
        },
    ),
    "csv": (
        CSV,
        {
            "no label column": HEADER,
            "an id": "remove these columns",
            "no label": "give it a label, or leave the image out",
            "utf-16": UTF_8,
            "latin-1": UTF_8,
            "long": "a label that holds a comma needs quotes around it",
            "one each": SINGLE_NAMES,
            "no square": "say their height and width (--size), save them as NPZ with the shape (N, height, width), "
            "or check whether a column is missing",
        },
    ),
}


def source(kind: str, case: Any, folder: Path) -> Any:
    """The data of a case of refused data: a path, or arrays."""
    if kind == "arrays":
        return case[:2]
    if kind == "idx":
        return making.idx_folder(folder / "d", *case[:2])
    lines = case[0]
    path = folder / f"d.{kind}"
    path.write_bytes(lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode())
    return path


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, (_, hints) in HINTS.items() for case in hints])
def test_what_to_do_next(kind: str, case: str, tmp_path: Path) -> None:
    cases, hints = HINTS[kind]
    with pytest.raises(InputRefused) as caught:
        open_data(source(kind, cases[case], tmp_path))
    assert caught.value.hint == hints[case]


def set_of(**files: bytes) -> Callable[[Path], Path]:
    return lambda root: making.idx_folder(root / "d", GOOD_X, GOOD_Y, **files)


def named_badly(root: Path) -> Path:
    (root / "d.bin").write_bytes(GOOD_X)
    return root / "d.bin"


def two_sets(root: Path) -> Path:
    folder = making.idx_folder(root / "d", GOOD_X, GOOD_Y)
    (folder / "emnist-letters-train-images-idx3-ubyte").write_bytes(GOOD_X)
    return folder


def one_picture(root: Path) -> Path:
    return next((making.picture_folder(root / "d") / "0").iterdir())


def folder_of(*names: str) -> Callable[[Path], Path]:
    """An image folder with empty files, or folders where a name ends in a slash."""

    def made(root: Path) -> Path:
        for name in names:
            path = root / name
            path.mkdir(parents=True) if name.endswith("/") else path.touch()
        return root

    return made


SETS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a name that says nothing": (
        named_badly,
        "name the files as published: train-images-idx3-ubyte and train-labels-idx1-ubyte, with or without .gz",
    ),
    "two sets": (two_sets, "name one file of the set that is meant"),
    "no test labels": (set_of(t10k_images=GOOD_X), "expected t10k-labels-idx1-ubyte, with or without .gz"),
    "another size": (
        set_of(t10k_images=making.idx_bytes(X[:, :, :4]), t10k_labels=GOOD_Y),
        "both parts must be prepared alike",
    ),
    "one picture": (one_picture, "name a folder with one sub-folder of pictures for each class"),
    "nothing": (folder_of(), "put the pictures of each class into a sub-folder of its own"),
    "a text": (folder_of("notes.txt"), "name the file itself, if one of them is the data"),
    "an empty class": (
        folder_of("ant/"),
        "fill or remove them; pictures must lie directly in their class folder",
    ),
}


@pytest.mark.parametrize("case", SETS)
def test_what_to_do_next_with_files(case: str, tmp_path: Path) -> None:
    made, hint = SETS[case]
    with pytest.raises(InputRefused) as caught:
        open_data(made(tmp_path))
    assert caught.value.hint == hint


def test_validation_parts_are_told_of(tmp_path: Path) -> None:
    path = making.npz_file(tmp_path / "d.npz", x=X, y=Y, x_val=255 - X, y_val=Y, z=Y)
    assert open_data(path).warnings == (
        f"{path}: arrays that were not asked for are left unread: z",
        f"{path}: 12 validation images are taken as the test part: no other is given",
    )
    making.npz_file(path, x=X, y=Y, x_val=255 - X, y_val=Y, x_test=X // 2, y_test=Y)
    line = f"{path}: 12 validation images join the images to learn from, of which some are held out anyway"
    assert open_data(path).warnings == (line,)
    assert len(open_data(path).train) == 2 * N


def test_a_small_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = making.npz_file(tmp_path / "d.npz", x=X, y=Y)
    monkeypatch.setattr("why128.data.room.memory", lambda: 100)
    with pytest.raises(SurroundingsError, match=r"too large for the memory of this machine: 768 bytes") as caught:
        open_data(path)
    assert caught.value.hint == "use fewer or smaller images, or a machine with more memory"
    monkeypatch.undo()

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("why128.data.source.read_npz", full)
    with pytest.raises(SurroundingsError) as caught:
        open_data(path)
    assert str(caught.value) == f"{path}: too large for the memory of this machine"
    assert caught.value.hint == "use fewer or smaller images"


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step on the way to the data: looking at the path, listing its folder, opening the file."""
    folder = making.picture_folder(tmp_path / "d")
    path = making.csv_file(tmp_path / "d.csv", making.csv_lines())

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    for place, data in (
        ("why128.data.source.Path.is_dir", path),
        ("why128.data.source.idx_files", folder),
        ("why128.data.tree.os.scandir", folder),
        ("why128.data.files.os.open", path),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(place, broken)
            with pytest.raises(SurroundingsError) as caught:
                open_data(data)
        assert str(caught.value) == f"{data}: the system refuses to read it: Input/output error"
        assert caught.value.hint == "check its permissions and its disk"


def test_an_npy_file_that_ends_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may cut a file after its size was looked at."""
    folder = tmp_path / "d"
    folder.mkdir()
    np.save(folder / "x.npy", X)
    np.save(folder / "y.npy", Y)
    whole = os.path.getsize(folder / "x.npy")
    os.truncate(folder / "x.npy", whole - 9)
    monkeypatch.setattr("why128.data.stream.Stream.most", whole)
    with pytest.raises(
        InputRefused,
        match=r"truncated: its header declares the shape \(12, 8, 8\): 768 bytes are expected, only 759 bytes follow",
    ):
        open_data(folder)


def test_a_broken_set_of_digits_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "why128" / "digits").mkdir(parents=True)
    (tmp_path / "why128" / "digits" / "digits.csv.gz").write_bytes(b"1,2,3\n")
    with pytest.raises(InputRefused) as caught:
        open_data("digits")
    assert caught.value.hint == "remove the file: it is then fetched again"


def test_another_size_needs_no_hint(tmp_path: Path) -> None:
    lines = [line.rpartition(",")[0] for line in making.csv_lines()]
    path = making.csv_file(tmp_path / "d.csv", lines)
    assert open_data(path, Reading(size=(7, 9))).image_shape == (7, 9, 1)
