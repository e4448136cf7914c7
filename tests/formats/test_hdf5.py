"""Our small reader of HDF5 against h5py's files, and against damage."""

from __future__ import annotations

import io
import random

import h5py
import numpy as np
import pytest

from why128.errors import InputRefused
from why128.formats import hdf5, keras_config, strict_json, weights


def written(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", libver="earliest") as file:
        for name, values in arrays.items():
            file[name] = values
    return out.getvalue()


def read(data: bytes, name: str) -> np.ndarray:
    file = hdf5.File(data)
    links = file.links(file.root)
    assert links is not None
    assert links[name].address is not None
    return file.values(file.dataset(links[name].address))


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (2, 3, 4)])
def test_what_h5py_writes_is_read(dtype, shape):
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    again = read(written(a=values), "a")
    assert again.dtype == dtype
    assert again.shape == shape
    assert (again == values).all()


def test_a_group_of_a_thousand_names():
    arrays = {f"name-{i:04}": np.float32(i) for i in range(1000)}
    data = written(**arrays)
    file = hdf5.File(data)
    links = file.links(file.root)
    assert list(links) == list(arrays)
    assert all(read(data, name) == value for name, value in list(arrays.items())[::97])


def test_links_as_messages_are_read_and_links_in_a_heap_are_refused():
    out = io.BytesIO()
    with h5py.File(out, "w", libver="earliest") as file:
        file["new/a"] = np.float32(2)
        file["new/b"] = h5py.ExternalLink("other.h5", "/a")  # makes HDF5 write the group's links as messages
    file = hdf5.File(out.getvalue())
    new = file.links(file.links(file.root)["new"].address)
    assert file.values(file.dataset(new["a"].address)) == 2
    assert (new["b"].address, new["b"].kind) == (None, "external")
    with h5py.File(out, "r+") as again:
        for i in range(20):
            again["new"][f"c{i}"] = np.float32(i)
    file = hdf5.File(out.getvalue())
    with pytest.raises(
        InputRefused, match="HDF5 stores a group's links in a heap; expected a symbol table, as Keras writes it"
    ):
        file.links(file.links(file.root)["new"].address)


def test_a_newer_layout_is_refused_with_a_way_out():
    out = io.BytesIO()
    with h5py.File(out, "w", libver="latest") as file:
        file["a"] = np.float32(1)
    with pytest.raises(InputRefused, match="has HDF5's superblock 3; expected 0, as Keras writes it") as caught:
        _ = hdf5.File(out.getvalue()).root
    assert caught.value.hint == "open it with Keras and save it again"


def test_every_cut_is_refused():
    data = written(a=np.zeros(3, "f4"))
    for end in range(0, len(data), 7):
        with pytest.raises(InputRefused):
            read(data[:end], "a")


def mutated(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        i = rng.randrange(len(out) - 8)
        size = rng.choice([1, 1, 2, 4, 8])
        value = rng.choice([0, 1, 255, 1 << 63, (1 << 64) - 1, rng.randrange(len(out)), rng.getrandbits(64)])
        out[i : i + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(out)


def test_damage_is_refused_or_read_and_never_anything_else(members):
    """600 damaged files: no other exception, no endless loop (a step limit), no allocation beyond the file."""
    layers = keras_config.layers_of(strict_json.parse(members["config.json"], "config.json"))
    rng, outcomes = random.Random(128), {"read": 0, "refused": 0}
    for _ in range(600):
        try:
            weights.read(mutated(members["model.weights.h5"], rng), layers)
            outcomes["read"] += 1
        except InputRefused:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 50
