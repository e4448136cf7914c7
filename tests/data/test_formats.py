"""The same data in every format is the same data: equal arrays, equal fingerprint."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import making
from tests.data.making import SIDE, N, X, Y
from why128.data.found import Reading
from why128.data.images import Dataset
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError, UsageError


def arrays(x: np.ndarray, y: Any = Y) -> Callable[[Path], Any]:
    return lambda _: (x, y)


def npz(**members: Any) -> Callable[[Path], Any]:
    return lambda root: making.npz_file(root / "d.npz", **members)


def csv(lines: list[str], **how: str) -> Callable[[Path], Any]:
    return lambda root: making.csv_file(root / "d.csv", lines, **how)


def npy_folder(root: Path) -> Path:
    (root / "x.npy").write_bytes(making.npy_bytes(X))
    (root / "y.npy").write_bytes(making.npy_bytes(Y))
    return root


LINES = making.csv_lines()
SAME: dict[str, Callable[[Path], Any]] = {
    "idx": lambda root: making.sound_idx(root / "d"),
    "idx file": lambda root: making.sound_idx(root / "d") / "train-images-idx3-ubyte",
    "idx labels file": lambda root: making.sound_idx(root / "d") / "train-labels-idx1-ubyte.gz",
    "idx test file": lambda root: (
        making.idx_folder(root / "d", None, None, t10k_images=making.idx_bytes(X), t10k_labels=making.idx_bytes(Y))
        / "t10k-images-idx3-ubyte"
    ),
    "idx two gzip members": lambda root: making.idx_folder(
        root / "d",
        gzip.compress(making.idx_bytes(X)[:99]) + gzip.compress(making.idx_bytes(X)[99:]),
        making.idx_bytes(Y),
    ),
    "idx float": lambda root: making.idx_folder(
        root / "d", making.idx_bytes(X.astype(">f4")), making.idx_bytes(Y.astype(">i4"))
    ),
    "folder": lambda root: making.picture_folder(root / "d"),
    "csv": csv(LINES),
    "csv no header": csv(LINES[1:]),
    "csv crlf bom blank": csv([*LINES, "", ""], end="\r\n", encoding="utf-8-sig"),
    "csv cr": csv(LINES, end="\r"),
    "csv semicolon": csv([line.replace(",", ";") for line in LINES]),
    "csv tab": csv([line.replace(",", "\t") for line in LINES]),
    "csv quoted": csv(['"' + line.replace(",", '","') + '"' for line in LINES]),
    "csv label last": csv([",".join([*line.split(",")[1:], line.split(",")[0]]) for line in LINES]),
    "csv label third": csv(
        [",".join([*line.split(",")[1:3], line.split(",")[0], *line.split(",")[3:]]) for line in LINES]
    ),
    "csv shuffled": csv([",".join([line.split(",")[0], *line.split(",")[:0:-1]]) for line in LINES]),
    "csv numbered header": csv(["label," + ",".join(map(str, range(SIDE * SIDE))), *LINES[1:]]),
    "csv row x column": csv(["label," + ",".join(f"{r}x{c}" for r in range(1, 9) for c in range(1, 9)), *LINES[1:]]),
    "csv other label name": csv([LINES[0].replace("label", "digit"), *LINES[1:]]),
    "csv float labels": csv([LINES[0], *(line.replace(",", ".0,", 1) for line in LINES[1:])]),
    "csv decimals": csv(making.csv_lines(X / 255)),
    "npz": npz(x=X, y=Y),
    "npz keras": npz(x_train=X, y_train=Y),
    "npz names": npz(images=X, labels=Y),
    "npz extra": npz(x=X, y=Y, extra=making.npy_head("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }")),
    "npz fortran": npz(x=np.asfortranarray(X), y=Y),
    "npz big-endian": npz(x=(X.astype("u2") * 257).astype(">u2"), y=Y.astype(">i4")),
    "npy": npy_folder,
    "npy file": lambda root: npy_folder(root) / "x.npy",
    "arrays": arrays(X),
    "arrays one-hot": arrays(X, np.eye(3)[Y]),
    "arrays column": arrays(X, Y[:, None]),
    "arrays text": arrays(X, Y.astype(str)),
    "arrays bytes": arrays(X, Y.astype("S")),
    "arrays float labels": arrays(X, Y.astype(float)),
    "arrays flat": arrays(X.reshape(N, -1)),
    "arrays channels": arrays(X[..., None]),
    "arrays channels first": arrays(X[:, None]),
    "arrays float64": arrays(X / 255),
    "arrays float32": arrays((X / 255).astype("f4")),
    "arrays float16": arrays((X / 255).astype("f2")),
    "arrays float 0-255": arrays(X.astype(float)),
    "arrays signed": arrays((X / 127.5 - 1).astype("f4")),
    "arrays int64": arrays(X.astype(np.int64)),
    "arrays uint16": arrays(X.astype("u2") * 257),
}


@pytest.fixture(scope="module")
def plain() -> Dataset:
    return open_data((X, Y))


@pytest.mark.parametrize("kind", SAME)
def test_every_format_gives_the_same_data(kind: str, plain: Dataset, tmp_path: Path) -> None:
    data = open_data(SAME[kind](tmp_path))
    assert data.train.pixels.dtype == np.uint8
    assert data.train.labels.dtype == np.int32
    np.testing.assert_array_equal(data.train.pixels[..., 0], X)
    np.testing.assert_array_equal(data.train.labels, Y)
    assert data.classes == ("0", "1", "2")
    assert data.fingerprint == plain.fingerprint


@pytest.mark.parametrize("kind", ["idx", "csv", "npz", "npy", "folder", "arrays"])
def test_a_sound_file_gives_no_warning(kind: str, tmp_path: Path) -> None:
    assert open_data(SAME[kind](tmp_path)).warnings == ()


def test_colour_in_every_format(tmp_path: Path) -> None:
    colour = making.pixels(channels=3)
    sources = [
        (colour, Y),
        (colour.reshape(N, -1), Y),
        making.picture_folder(tmp_path / "d", colour),
        making.idx_folder(tmp_path / "i", making.idx_bytes(colour), making.idx_bytes(Y)),
        making.csv_file(tmp_path / "d.csv", making.csv_lines(colour)),
    ]
    assert {open_data(source).fingerprint for source in sources} == {open_data((colour, Y)).fingerprint}
    assert open_data((colour, Y)).image_shape == (SIDE, SIDE, 3)


def test_parts(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    making.picture_folder(folder / "train")
    making.picture_folder(folder / "test", X[::2], Y[::2])
    sources = [
        ((X, Y), (X[::2], Y[::2])),
        folder,
        making.npz_file(tmp_path / "d.npz", x_train=X, y_train=Y, x_test=X[::2], y_test=Y[::2]),
        making.idx_folder(
            tmp_path / "i",
            making.idx_bytes(X),
            making.idx_bytes(Y),
            t10k_images=making.idx_bytes(X[::2]),
            t10k_labels=making.idx_bytes(Y[::2]),
        ),
    ]
    for source in sources:
        data = open_data(source)
        assert data.test is not None
        np.testing.assert_array_equal(data.test.labels, Y[::2])
        assert data.fingerprint == open_data(sources[0]).fingerprint
        assert any("6 of 6 test images are also among the training images" in line for line in data.warnings)


def test_a_validation_part_is_the_test_part_or_joins_the_training_part(tmp_path: Path) -> None:
    other = 255 - X
    alone = open_data(making.npz_file(tmp_path / "a.npz", x_train=X, y_train=Y, x_val=other, y_val=Y))
    assert alone.test is not None
    np.testing.assert_array_equal(alone.test.pixels[..., 0], other)
    assert "12 validation images are taken as the test part" in alone.warnings[0]
    both = open_data(
        making.npz_file(tmp_path / "b.npz", x_train=X, y_train=Y, x_val=other, y_val=Y, x_test=X // 2, y_test=Y)
    )
    assert len(both.train) == 2 * N
    assert "12 validation images join the images to learn from" in both.warnings[0]


def test_summary_is_what_inspect_prints(tmp_path: Path) -> None:
    data = open_data(making.sound_idx(tmp_path / "d"))
    assert data.summary() == {
        "name": "d", "count": N, "shape": [SIDE, SIDE, 1], "labels": {"0": 4, "1": 4, "2": 4}, "classes": ["0", "1", "2"], "scale": "0-255",
        "test_count": 0, "bad": [], "fingerprint": data.fingerprint, "warnings": [],
    }  # fmt: skip


def test_the_fingerprint_sees_every_change(plain: Dataset) -> None:
    changed = X.copy()
    changed[3, 4, 5] ^= 1
    others = [(changed, Y), (X, Y[::-1]), (X, np.array(["a", "b", "c"])[Y]), ((X, Y), (X, Y)), (X[:-1], Y[:-1])]
    assert len({plain.fingerprint, *(open_data(other).fingerprint for other in others)}) == 1 + len(others)


def test_take(plain: Dataset) -> None:
    some = plain.train.take(np.array([3, 1]))
    assert len(some) == 2
    np.testing.assert_array_equal(some.pixels[..., 0], X[[3, 1]])
    np.testing.assert_array_equal(some.labels, Y[[3, 1]])


def test_what_bytes_cannot_hold_stays_float32() -> None:
    data = open_data((X / 255 * 0.999, Y))
    assert data.train.pixels.dtype == np.float32
    np.testing.assert_allclose(data.train.pixels[..., 0], X / 255 * 0.999, rtol=1e-6)
    test = open_data(((X / 255, Y), (X[::2] / 255 * 0.999, Y[::2]))).test
    assert test is not None
    assert test.pixels.dtype == np.float32


@pytest.mark.parametrize(
    ("x", "scale"),
    [
        (X, "0-255"), (X / 255, "0-1"), (X / 127.5 - 1, "-1-1"), (X > 99, "0/1"), ((X > 99).astype(int), "0/1"), (X.astype("u2") * 257, "0-65535"),
        (X.astype("u2"), "0-255"),
    ],
)  # fmt: skip
def test_scales(x: np.ndarray, scale: str) -> None:
    data = open_data((x, Y))
    assert data.scale == scale
    assert data.train.pixels.max() == 255


def test_size_of_arrays(tmp_path: Path) -> None:
    assert open_data((X, Y), Reading(size=(4, 6))).image_shape == (4, 6, 1)
    assert open_data((X / 255 * 0.999, Y), Reading(size=(4, 6))).image_shape == (4, 6, 1)
    rows = X.reshape(N, -1)[:, :60]
    np.testing.assert_array_equal(open_data((rows, Y), Reading(size=(6, 10))).train.pixels.reshape(N, -1), rows)
    with pytest.raises(UsageError, match=r"size: expected \(height, width\) of 1 to 4,096 pixels each, got \(0, 3\)"):
        Reading(size=(0, 3))


def test_a_name_is_a_name_and_a_path_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    making.sound_idx(tmp_path / "sample")
    assert open_data("sample").name == "sample"
    assert len(open_data("sample").train) == 10_000
    assert len(open_data("./sample").train) == N


REFUSED_SOURCES = [
    (
        "mnits",
        r"mnits: no file or folder of that name, and not a known data set \(sample, fashion-mnist, mnist, kmnist, digits\)",
        "did you mean mnist",
    ),
    ("nothing-like-it", "no file or folder of that name", "check the spelling of the path"),
    ("a\0b", r"a\\x00b: no file or folder of that name", None),
    ("a" * 300, "aaa: cannot be opened: File name too long", None),
    ("d.txx", "no file or folder", "did you mean d.txt"),
]


@pytest.mark.parametrize(("source", "message", "hint"), REFUSED_SOURCES)
def test_an_unknown_source_is_refused(
    source: str, message: str, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.txt").touch()
    with pytest.raises(InputRefused, match=message) as caught:
        open_data(source)
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "d.bin",
            b"hello there",
            r"not a known format, expected IDX, CSV, NPZ, NPY or a folder of pictures \(its first bytes are 68 65 6c 6c 6f 20 74 68\)",
        ),
        ("d.bin", b"", "none: it is empty"),
        ("d.png", b"\x89PNG\r\n\x1a\n", "a single picture, expected a data set: labelled images"),
        ("d.bin", making.idx_bytes(X), "an IDX file whose name does not say whether it holds images or labels"),
        ("d.csv", b"\x89PNG\r\n", r"a PNG picture \(binary\), expected CSV text in UTF-8"),
        ("d.csv", b"\xff\xd8\xff", r"a JPEG picture \(binary\)"),
        ("d.csv", b"GIF8", r"a GIF picture \(binary\)"),
        ("d.csv", b"\x1f\x8b", r"a gzip file \(binary\)"),
    ],
)
def test_an_unknown_file_is_refused(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputRefused, match=message):
        open_data(tmp_path / name)


def test_other_refusals_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"data: expected a name, a path, arrays \(x, y\), or a data set, got int"):
        open_data(3)  # type: ignore[arg-type]
    making.csv_file(tmp_path / "d.csv", LINES)
    with pytest.raises(InputRefused, match=r"a folder without class folders, found d\.csv") as caught:
        open_data(tmp_path)
    assert "name the file itself" in str(caught.value.hint)
    monkeypatch.setattr("why128.data.room.memory", lambda: 100)
    with pytest.raises(
        SurroundingsError,
        match="too large for the memory of this machine: 768 bytes are declared, the limit is 50 bytes",
    ):
        open_data(making.npz_file(tmp_path / "d.npz", x=X, y=Y))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "too large for the memory"),
        (PermissionError(13, "Permission denied"), "the system refuses to read it: Permission denied"),
    ],
)
def test_the_surroundings_refuse(
    error: Exception, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    path = making.csv_file(tmp_path / "d.csv", LINES)
    monkeypatch.setattr("why128.data.source.read_csv", fail)
    with pytest.raises(SurroundingsError, match=message):
        open_data(path)
