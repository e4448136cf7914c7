"""Which paths are meant as networks."""

from __future__ import annotations

import os

import pytest

from why128.formats.keras_file import is_network_file

ENDINGS = [
    "keras",
    "h5",
    "hdf5",
    "onnx",
    "safetensors",
    "tflite",
    "pkl",
    "pickle",
    "joblib",
    "pt",
    "pth",
    "ckpt",
    "bin",
    "dill",
    "model",
    "json",
]


@pytest.mark.parametrize("ending", ENDINGS)
def test_by_ending(ending, tmp_path):
    (tmp_path / f"a.{ending}").write_bytes(b"")
    assert is_network_file(tmp_path / f"a.{ending}")
    assert is_network_file(tmp_path / f"none.{ending.upper()}")


def test_by_content(saved, tmp_path):
    (tmp_path / "hdf5").write_bytes(b"\x89HDF\r\n\x1a\n")
    os.rename(saved, tmp_path / "network.backup")
    assert is_network_file(tmp_path / "network.backup")
    assert is_network_file(tmp_path / "hdf5")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"label,p\n"),
        ("a.npz", b"PK\x03\x04cut"),
        ("a.png", b"\x89PNG"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03"),
    ],
)
def test_data_is_not_a_network(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    assert not is_network_file(tmp_path / name)


def test_a_folder_is_data_unless_it_is_called_a_network(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "net.keras").mkdir()
    assert not is_network_file(tmp_path / "images")
    assert is_network_file(tmp_path / "net.keras")
    assert not is_network_file(tmp_path / "none")
    assert not is_network_file("a\0b")
