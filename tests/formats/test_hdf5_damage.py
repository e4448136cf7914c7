"""Each way in which HDF5's structure can be damaged, made by hand, and the words for it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import h5py
import numpy as np
import pytest

from tests.formats.test_keras_refusals import refusal, rewritten
from why128.errors import InputRefused
from why128.formats import hdf5


def two_arrays() -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", libver="earliest") as file:
        file["a"], file["b"] = np.arange(6, dtype="f4").reshape(2, 3), np.float32(1)
    return out.getvalue()


def new_group() -> bytes:
    """A group whose links are messages, one of them to another file."""
    out = io.BytesIO()
    with h5py.File(out, "w", libver="earliest") as file:
        file["new/a"] = np.float32(2)
        file["new/b"] = h5py.ExternalLink("other.h5", "/a")
    return out.getvalue()


SOUND, NEW = two_arrays(), new_group()


def address(data: bytes, *path: str) -> int:
    """Where the object at `path` begins."""
    file = hdf5.File(data)
    at = file.root
    for name in path:
        at = file.links(at)[name].address
    return at


def message(data: bytes, kind: int, *path: str, last: bool = False) -> int:
    """Where the content of an object's first (or last) message of a kind begins; its header is the 8 bytes before."""
    found = [at for each, at, _ in hdf5.File(data)._messages(address(data, *path)) if each == kind]
    return found[-1 if last else 0]


def put(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def number(value: int, size: int = 8) -> bytes:
    return value.to_bytes(size, "little")


def read(data: bytes, *path: str) -> np.ndarray:
    file = hdf5.File(data)
    at = file.root
    for name in path:
        link = (file.links(at) or {})[name]
        assert link.address is not None
        at = link.address
    return file.values(file.dataset(at))


HEAP, TREE, NODE = SOUND.index(b"HEAP"), SOUND.index(b"TREE"), SOUND.index(b"SNOD")
NAMES = struct.unpack_from("<Q", SOUND, HEAP + 24)[0]
A, B = SOUND.index(b"a\0", NAMES), SOUND.index(b"b\0", NAMES)
SIZE = len(SOUND)
ROOT = address(SOUND)
START = message(SOUND, hdf5.LAYOUT, "a")
DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "signature": (lambda: put(SOUND, 0, b"\0"), "is not HDF5: the signature is missing"),
    "sizes": (lambda: put(SOUND, 13, b"\4"), "has an HDF5 superblock with odd sizes; expected 8-byte addresses from 0"),
    "cut": (lambda: SOUND[:-1], f"HDF5 is truncated: {SIZE - 1:,} bytes, {SIZE:,} were due"),
    "no version": (
        lambda: put(SOUND, ROOT, b"\2"),
        f"HDF5 has an object header at byte {ROOT:,} that is not of version 1",
    ),
    "heap": (lambda: put(SOUND, HEAP, b"LEAP"), f"HDF5 is damaged: no heap of names at byte {HEAP:,}"),
    "tree": (lambda: put(SOUND, TREE, b"FREE"), f"HDF5 is damaged: no node of a group's tree at byte {TREE:,}"),
    "node": (lambda: put(SOUND, NODE, b"SNUD"), f"HDF5 is damaged: no symbol table node at byte {NODE:,}"),
    "twice": (lambda: put(SOUND, B, b"a"), "HDF5 is damaged: a group has 'a' twice"),
    "not utf-8": (lambda: put(SOUND, A, b"\xff"), "HDF5 is damaged: a name is not UTF-8"),
    "no end": (
        lambda: put(SOUND, NODE + 8, number(1 << 20)),
        f"HDF5 is damaged: a name at byte {NAMES + (1 << 20):,} has no end",
    ),
    "away": (
        lambda: put(SOUND, NODE + 16, number(1 << 40)),
        f"HDF5 is damaged or truncated: it points to byte {1 << 40:,} of {SIZE:,}",
    ),
    "no dataset": (
        lambda: put(SOUND, message(SOUND, hdf5.SPACE, "a") - 8, b"\0\0"),
        f"HDF5 is damaged: expected a dataset at byte {address(SOUND, 'a'):,}",
    ),
    "shape": (
        lambda: put(SOUND, message(SOUND, hdf5.SPACE, "a"), b"\7\2"),
        "HDF5 is damaged: a shape of version 7 with 2 axes",
    ),
    "axes": (
        lambda: put(SOUND, message(SOUND, hdf5.SPACE, "a") + 1, b"\x09"),
        "HDF5 is damaged: a shape of version 1 with 9 axes",
    ),
    "shared": (
        lambda: put(SOUND, message(SOUND, hdf5.TYPE, "a") - 4, b"\2"),
        "HDF5 has a shared header message; expected each dataset to say its own shape and dtype",
    ),
    "no type": (
        lambda: put(SOUND, message(SOUND, 0, "a", last=True) - 8, number(hdf5.TYPE, 2) + number(0, 2)),
        "HDF5 is damaged: a datatype without bytes",
    ),
    "size": (
        lambda: put(SOUND, START + 10, number(25)),
        f"HDF5 is damaged or truncated: 24 bytes were due from byte {struct.unpack_from('<Q', SOUND, START + 2)[0]:,}, of {SIZE:,} in the file",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damage_is_named(case: str) -> None:
    make, said = DAMAGED[case]
    assert (read(SOUND, "a") == np.arange(6).reshape(2, 3)).all()
    with pytest.raises(InputRefused) as caught:
        read(make(), "a")
    assert str(caught.value) == said
    assert caught.value.hint == ("open the file with Keras and save it again" if case == "no version" else None)


def test_a_structure_that_runs_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "MOST_STEPS", 1000)
    at = message(SOUND, hdf5.SYMBOL_TABLE)
    circle = put(put(SOUND, at - 8, number(hdf5.CONTINUATION, 2)), at, number(at - 8) + number(24))
    with pytest.raises(InputRefused) as caught:
        read(circle, "a")
    assert str(caught.value) == "HDF5 is damaged: its structure is too large or runs in circles"


def test_a_name_that_is_too_long() -> None:
    at = message(NEW, hdf5.LINK, "new")
    longer = put(NEW, at + 1, bytes([NEW[at + 1] | 3]))  # the length of the name in eight bytes, its letters among them
    with pytest.raises(InputRefused, match=r"HDF5 is damaged: a name of [\d,]+ bytes, the limit here is 1,024$"):
        read(longer, "new", "a")


@pytest.mark.parametrize(("kind", "said"), [(1, "soft"), (64, "external"), (70, "user-defined (70)")])
def test_kinds_of_links(kind: int, said: str) -> None:
    at = message(NEW, hdf5.LINK, "new", last=True)
    file = hdf5.File(put(NEW, at + 2, bytes([kind])))
    links = file.links(address(NEW, "new"))
    assert links is not None
    assert (links["b"].address, links["b"].kind) == (None, said)


WHERE = "model.weights.h5: layers/dense/vars/0, the kernel of 'hidden',"


@pytest.mark.parametrize(
    ("kind", "place", "value", "said"),
    [
        (hdf5.LAYOUT, 1, 9, "is of an unknown layout; expected its numbers in one piece, as Keras writes them"),
        (hdf5.TYPE, 0, 0x14, "has the dtype bit field; expected float16, float32 or float64"),
        (hdf5.TYPE, 0, 0x1F, "has the dtype HDF5 class 15; expected float16, float32 or float64"),
        (hdf5.TYPE, 4, 3, "has the dtype float of 3 bytes in an odd layout; expected float16, float32 or float64"),
    ],
)
def test_an_array_of_another_kind(kind, place, value, said, changed, members) -> None:
    data = members["model.weights.h5"]
    at = message(data, kind, "layers", "dense", "vars", "0")
    assert refusal(changed(weights=put(data, at + place, bytes([value])))) == f"{WHERE} {said}"


def test_a_group_inside_itself(changed, members) -> None:
    def loop(file: h5py.File) -> None:
        file["layers/dense/loop"] = file["layers"]

    said = "model.weights.h5: HDF5 is damaged: the group layers/dense/loop is reached twice (a loop)"
    assert refusal(changed(weights=rewritten(members["model.weights.h5"], loop))) == said
