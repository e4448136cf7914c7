"""Where pixels are put: the same data in memory and on disk, room asked for before it is taken, and nothing left behind."""

from __future__ import annotations

import errno
import gzip
import os
import pickle
import signal
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data import making
from tests.data.making import X, Y
from why128.data import spool
from why128.data.found import Reading
from why128.data.images import Dataset, Images
from why128.data.room import is_memory
from why128.data.source import open_data
from why128.data.spool import MOST, Pile, Spool, blocks, descriptor, in_memory, made, pieces, received, shared
from why128.errors import InputRefused, SurroundingsError

HINT = "free some room there, or name another folder for them: TMPDIR=FOLDER"
Usage = namedtuple("Usage", ["total", "used", "free"])


def npy_folder(root: Path, x: np.ndarray = X) -> Path:
    root.mkdir()
    np.save(root / "x.npy", x)
    np.save(root / "y.npy", Y)
    return root


def mixed_pictures(root: Path) -> Path:
    """Gray and colour, and of two sizes: some are decoded twice."""
    making.picture_folder(root)
    Image.fromarray(np.repeat(X[0][..., None], 3, axis=2) // np.array([1, 2, 3], np.uint8)).save(root / "0" / "rgb.png")
    Image.fromarray(np.kron(X[1], np.ones((2, 2), np.uint8))).save(root / "1" / "large.png")
    (root / "2" / "bad.png").write_bytes(b"\x89PNG")
    return root


def shuffled_csv(root: Path) -> Path:
    head, *rows = making.csv_lines()
    label, *names = head.split(",")
    lines = [",".join([label, *names[::-1]]), *(",".join([r.split(",")[0], *r.split(",")[:0:-1]]) for r in rows)]
    return making.csv_file(root.with_suffix(".csv"), lines)


def csv_of_two_types(root: Path) -> Path:
    """Bytes at first and decimals later."""
    lines = making.csv_lines()
    last = lines[-1].split(",")
    return making.csv_file(root.with_suffix(".csv"), [*lines[:-1], ",".join([*last[:-1], "0.5"])])


FORMS: dict[str, Callable[[Path], Any]] = {
    "npy": npy_folder,
    "npy fortran": lambda root: npy_folder(root, np.asfortranarray(X)),
    "npy floats": lambda root: npy_folder(root, X.astype(np.float64) / 255),
    "npy decimals": lambda root: npy_folder(root, X.astype(np.float32) / 254.5),
    "npy channels first": lambda root: npy_folder(root, np.stack([X, X // 2, X // 3], axis=1)),
    "idx": making.sound_idx,
    "idx gz": lambda root: making.idx_folder(root, gzip.compress(making.idx_bytes(X)), making.idx_bytes(Y)),
    "npz": lambda root: making.npz_file(root.with_suffix(".npz"), x=X, y=Y),
    "npz parts": lambda root: making.npz_file(
        root.with_suffix(".npz"), x=X, y=Y, x_val=255 - X, y_val=Y, x_test=X // 2, y_test=Y
    ),
    "npz of two types": lambda root: making.npz_file(
        root.with_suffix(".npz"), x=X / 255, y=Y, x_test=X / 256.7, y_test=Y
    ),
    "csv": lambda root: making.csv_file(root.with_suffix(".csv"), making.csv_lines()),
    "csv shuffled": shuffled_csv,
    "csv of two types": csv_of_two_types,
    "pictures": making.picture_folder,
    "mixed pictures": mixed_pictures,
    "arrays": lambda _: (np.concatenate([X, X]), np.concatenate([Y, 2 - Y])),
}


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for what is put on disk, where everything is."""
    monkeypatch.setattr(spool, "MOST", 0)
    monkeypatch.setattr(spool, "is_memory", lambda folder: False)  # wherever the tests' own folder lies
    monkeypatch.setattr("why128.data.table.BLOCK", 400)
    monkeypatch.setattr("why128.data.folder.AT_ONCE", 5)
    return here(tmp_path, monkeypatch)


def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def told(data: Dataset) -> tuple[Any, ...]:
    parts = [p for p in (data.train, data.test) if p is not None]
    arrays = [(p.pixels.dtype, p.pixels.shape, p.pixels.tobytes(), p.labels.tobytes()) for p in parts]
    return data.summary(), arrays


@pytest.mark.parametrize("form", FORMS)
def test_the_same_data_in_memory_and_on_disk(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, reading = FORMS[form](tmp_path / "d"), Reading((8, 8) if "fortran" in form else None, skip_bad=True)
    near = open_data(source, reading)
    assert in_memory(near.train.pixels) == near.train.pixels.nbytes
    for most, piece in ((0, 64), (0, 100), (500, 1000), (MOST, 64)):  # 500: some of the piles are in both
        monkeypatch.setattr(spool, "MOST", most)
        monkeypatch.setattr(spool, "PIECE", piece)
        monkeypatch.setattr("why128.data.table.BLOCK", 400)
        monkeypatch.setattr("why128.data.folder.AT_ONCE", 5)
        far = open_data(source, reading)
        assert told(far) == told(near)
        if form != "arrays" and most < MOST:
            assert in_memory(far.train.pixels) == 0


@pytest.mark.parametrize("form", ["npy", "idx gz", "npz", "csv", "pictures"])
def test_no_room_on_disk_is_told_before_it_is_taken(form: str, on_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FORMS[form](on_disk.parent / "d")
    monkeypatch.setattr("why128.data.room.shutil.disk_usage", lambda _: Usage(1000, 990, 10))
    monkeypatch.setattr(spool.Nameless, "write", None)  # nobody comes that far
    with pytest.raises(SurroundingsError) as refused:
        open_data(source)
    assert str(refused.value).startswith(str(source))
    assert ": too large for the disk: its pixels take " in str(refused.value)
    assert str(refused.value).endswith(f" bytes in {on_disk}, of which 10 are free")
    assert (refused.value.hint, refused.value.status) == (HINT, 4)


@pytest.mark.parametrize("form", ["npy", "idx gz", "npz", "csv", "pictures"])
@pytest.mark.parametrize(
    ("error", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk is full"), (errno.EIO, "Input/output error")],
)
def test_a_disk_that_fills_up_meanwhile(
    form: str, error: int, words: str, on_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, write = FORMS[form](on_disk.parent / "d"), os.write

    def full(descriptor: int, data: bytes) -> int:
        if data[:6] != b"\x93NUMPY":
            raise OSError(error, os.strerror(error))
        return write(descriptor, data)

    monkeypatch.setattr(spool.os, "write", full)
    with pytest.raises(SurroundingsError) as refused:
        open_data(source)
    said = f": its pixels cannot be put on disk, in {on_disk}: {words}"
    assert str(refused.value).endswith(said)
    assert refused.value.hint == HINT
    assert os.listdir(on_disk) == []


def test_no_room_to_reserve(on_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool.os, "posix_fallocate", full, raising=False)
    with pytest.raises(SurroundingsError, match="the disk is full"):
        open_data(FORMS["npy"](on_disk.parent / "d"))


def test_no_folder_to_put_it(on_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FORMS["npz"](on_disk.parent / "d")
    monkeypatch.setenv("TMPDIR", "/nowhere")
    with pytest.raises(SurroundingsError) as refused:
        open_data(source)
    due = "its pixels are to be put on disk, but there is no folder /nowhere: No such file or directory"
    assert str(refused.value) == f"{source}: y.npy: {due}"
    assert refused.value.hint == "name a folder for them: TMPDIR=FOLDER"


def test_it_has_no_name_and_goes_with_its_last_user(on_disk: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    data = open_data(FORMS["npy"](on_disk.parent / "d"))
    assert in_memory(data.train.pixels) == 0
    assert os.listdir(on_disk) == []
    del data
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_an_interrupted_reading_leaves_nothing(on_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("why128.data.assembling.check_classes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_data(FORMS["npy"](on_disk.parent / "d"))
    assert os.listdir(on_disk) == []


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="looks into /proc")
def test_a_killed_reading_leaves_nothing(on_disk: Path) -> None:
    source = FORMS["npy"](on_disk.parent / "d")
    code = (
        "import sys, time; from why128.data import spool; from why128.data.source import open_data; spool.MOST = 0; "
        f"data = open_data({str(source)!r}); print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert any(str(on_disk) in os.readlink(each) for each in Path(f"/proc/{process.pid}/fd").iterdir())
        process.send_signal(signal.SIGKILL)
    assert os.listdir(on_disk) == []


def test_a_file_that_is_cut_or_changed_later_is_no_longer_needed(on_disk: Path) -> None:
    """Mapped, one that is cut would end the process, and one that is changed would change what is learned from."""
    folder = FORMS["npy"](on_disk.parent / "d")
    data = open_data(folder)
    before = data.train.pixels.copy()
    with open(folder / "x.npy", "r+b") as file:
        file.seek(130)
        file.write(b"changed")
        file.truncate(200)
    assert (data.train.pixels == before).all()


def test_a_file_that_is_cut_while_it_is_read_is_refused(on_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = npy_folder(on_disk.parent / "d", making.pixels(side=64))
    monkeypatch.setattr(spool, "PIECE", 64)
    write = Spool.write

    def cut(self: Spool, data: memoryview) -> None:
        write(self, data)
        os.truncate(folder / "x.npy", 300)

    monkeypatch.setattr(Spool, "write", cut)
    with pytest.raises(InputRefused, match="truncated"):
        open_data(folder)


def test_where_it_is_put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert spool.folder() == str(tmp_path), "where a person says so"
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(spool.os, "access", lambda *_: True)
    assert spool.folder() == "/var/tmp", "on disk, where /tmp may be memory"
    monkeypatch.setattr(spool.os, "access", lambda *_: False)
    assert spool.folder() == spool.tempfile.gettempdir()


def test_pieces_are_all_rows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PIECE", 100)
    for shape in ((1, 300), (7, 30), (7, 4), (0, 5)):
        array = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
        assert (np.concatenate([array[:0], *(array[rows] for rows in pieces(array))]) == array).all()
        assert all(block.nbytes <= max(100, shape[1]) for block in blocks(array))


@pytest.mark.parametrize("most", [0, MOST])
@pytest.mark.parametrize("array", [X, X.astype(np.float32).T, np.array([1, 2]), X[..., ::2]], ids=str)
def test_an_array_is_handed_on_as_a_file(array: np.ndarray, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST", most)
    given = shared(array, "images")
    found = received(descriptor(given))
    assert (found == array).all()
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert not found.flags.writeable
    assert shared(given, "images") is given
    flat = given.reshape(len(given), -1)
    assert shared(flat, "images") is flat, "in another shape it is still the whole file"
    assert in_memory(given) == (array.nbytes if most else 0)
    assert not np.shares_memory(shared(given[1:], "images"), given)
    assert (pickle.loads(pickle.dumps(given)) == array).all(), "to a cluster it is sent as numbers"


def test_what_is_made_is_there_after_its_maker(on_disk: Path) -> None:
    array = made((3, 2), np.float32, iter([np.ones((1, 2)), np.zeros((2, 2), np.uint8)]), "here")
    assert array.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert array.dtype == np.float32


@pytest.mark.parametrize("most", [0, 10, 1000])
def test_a_pile_gives_back_what_was_added(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST", most)
    pile, rng = Pile("here"), np.random.default_rng(0)
    added = [rng.random(shape).astype(dtype) for shape in ((2, 3), (1,), (5, 1)) for dtype in (np.float64, np.uint8)]
    for number, array in enumerate(added):
        assert pile.add(array) == number
        assert (pile[number] == array).all(), "also between two"
    assert len(pile) == len(added)
    for number, array in enumerate(added):
        assert (pile[number] == array).all()
        assert pile.form(number) == (array.shape, array.dtype)


def test_digests_tell_images_apart_and_only_these() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 256, (1, 5, 5, 1), np.uint8)
    near = np.repeat(base, 2 * 25 * 8 + 1, axis=0).reshape(-1, 25)
    for bit in range(25 * 8):  # every image with one bit turned; and with that bit turned in the next pixel too
        near[1 + bit, bit // 8] ^= 1 << bit % 8
        near[201 + bit, [bit // 8, (bit // 8 + 1) % 25]] ^= 1 << bit % 8
    every = Images(near.reshape(-1, 5, 5, 1), np.zeros(len(near), np.int32)).digests
    assert len(np.unique(every)) == len(np.unique(near, axis=0)) == len(near)
    again = Images(np.concatenate([near, near[:3]]).reshape(-1, 5, 5, 1), np.zeros(len(near) + 3, np.int32)).digests
    assert (again[:-3] == every).all()
    assert (again[-3:] == every[:3]).all()
    rolled = np.stack([np.roll(np.eye(1, 64, dtype=np.uint8)[0], i).reshape(8, 8, 1) for i in range(64)])
    assert len(np.unique(Images(rolled, np.zeros(64, np.int32)).digests)) == 64, "a pixel counts in its place"


@pytest.mark.skipif(not is_memory("/dev/shm"), reason="there is no folder in memory here")
def test_a_folder_in_memory_is_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("why128.data.spool.MOST", 100)
    rows = np.arange(400, dtype=np.uint8).reshape(4, 100)
    for folder, taken in (("/dev/shm", 400), ("/var/tmp", 400 * is_memory("/var/tmp"))):
        monkeypatch.setenv("TMPDIR", folder)
        assert in_memory(made(rows.shape, rows.dtype, [rows], "rows")) == taken
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    monkeypatch.setattr("why128.data.room.memory", lambda: 500)
    with pytest.raises(
        SurroundingsError,
        match=r"^rows: too large for the memory of this machine: 400 bytes are declared, the limit is 250",
    ):
        made(rows.shape, rows.dtype, [rows], "rows")


def test_a_folder_that_is_not_there_is_no_memory() -> None:
    assert not is_memory("/nowhere")
