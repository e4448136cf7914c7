"""The sets known by name: where they are looked for, what is fetched, and the built-in sample.  No test needs a network."""

from __future__ import annotations

import gzip
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import making
from tests.data.making import X, Y
from why128.data import catalogue
from why128.data.catalogue import complete, known
from why128.data.download import by_name, fetch
from why128.data.images import Images
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError, UsageError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
# Of the images and labels of the sample: the same bytes on every machine, or the evidence in the documentation is not its own.
SAMPLE = "e97017392d219d4d110d894f5a1aae67b1f5bc8d853ae2ea46f86fa5d35081a1"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is found, but for what a test puts into this home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("why128.data.catalogue.scikit_digits", lambda: None)
    return tmp_path


def four_files(folder: Path, ending: str = "") -> Path:
    pack = gzip.compress if ending else bytes
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte{ending}").write_bytes(pack(making.idx_bytes(X)))
        (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(pack(making.idx_bytes(Y)))
    return folder


def test_names() -> None:
    assert [one.name for one in known()] == ["sample", "fashion-mnist", "mnist", "kmnist", "digits"]
    for one in known():
        assert len(one.classes) == 10
        assert one.description


def test_sample() -> None:
    data = open_data("sample")
    assert data.test is not None
    assert (len(data.train), len(data.test), data.image_shape, data.warnings) == (10_000, 2_000, (28, 28, 1), ())
    assert data.summary()["labels"] == dict.fromkeys(by_name("fashion-mnist").classes, 1000)  # type: ignore[union-attr]
    assert np.bincount(data.test.labels).tolist() == [200] * 10
    assert data.fingerprint == SAMPLE
    assert fetch("sample").is_dir()


def test_the_sample_travels_with_its_licence() -> None:
    folder = resources.files("why128.data") / "sample"
    assert "Copyright (c) 2017 Zalando SE" in (folder / "LICENSE").read_text()
    assert "Fashion-MNIST" in (folder / "README.md").read_text()


@pytest.mark.skipif(not DEBIAN.exists(), reason="the Debian package dataset-fashion-mnist is not installed")
def test_the_sample_is_taken_from_the_official_parts_in_their_order() -> None:
    whole, sample = open_data(DEBIAN), open_data("sample")
    assert whole.test is not None
    assert sample.test is not None
    for part, official in ((sample.train, whole.train), (sample.test, whole.test)):
        rows = {digest: row for row, digest in enumerate(digests(official))}
        taken = [rows[digest] for digest in digests(part)]
        assert taken == sorted(taken)
        np.testing.assert_array_equal(official.labels[taken], part.labels)


def digests(images: Images) -> list[bytes]:
    return [hashlib.sha256(image.tobytes()).digest() for image in images.pixels]


@pytest.mark.parametrize(
    ("name", "place", "ending"),
    [
        ("fashion-mnist", ".keras/datasets/fashion-mnist", ".gz"), ("fashion-mnist", "data/FashionMNIST/raw", ""), ("mnist", "data/MNIST/raw", ""),
        ("kmnist", "data/KMNIST/raw", ""), ("kmnist", ".cache/why128/kmnist", ".gz"),
    ],
)  # fmt: skip
def test_places(name: str, place: str, ending: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = by_name(name)
    assert one is not None
    monkeypatch.setattr(catalogue, "complete", lambda path: None if path.is_relative_to("/usr") else complete(path))
    assert one.find() is None
    folder = four_files(bare / place, ending)
    found = one.find()
    assert found is not None
    assert found.resolve() == folder
    data = open_data(name)
    assert (data.name, data.classes) == (name, one.classes)
    np.testing.assert_array_equal(data.train.labels, Y)
    next(folder.iterdir()).unlink()
    assert one.find() is None


def test_keras_cache_of_mnist(bare: Path) -> None:
    (bare / ".keras" / "datasets").mkdir(parents=True)
    making.npz_file(bare / ".keras/datasets/mnist.npz", x_train=X, y_train=Y, x_test=X, y_test=Y)
    assert open_data("mnist").classes == tuple("0123456789")
    making.npz_file(bare / ".keras/datasets/mnist.npz", x_train=X, y_train=Y + 9, x_test=X, y_test=Y)
    with pytest.raises(InputRefused, match="labels from 9 to 11, expected the 10 classes 0 to 9 of mnist"):
        open_data("mnist")


def digits_file(folder: Path) -> Path:
    folder.mkdir(parents=True)
    lines = [
        ",".join(map(str, [*(row // 16 + (row == 255)).tolist(), label]))
        for row, label in zip(X.reshape(len(X), -1), Y, strict=True)
    ]
    (folder / "digits.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder / "digits.csv.gz"


def test_digits_are_sixteenths(bare: Path) -> None:
    path = digits_file(bare / ".cache/why128/digits")
    data = open_data("digits")
    assert (data.scale, data.image_shape, data.train.pixels.dtype) == ("0-16", (8, 8, 1), np.float32)
    np.testing.assert_array_equal(data.train.pixels[..., 0] * 16, X // 16 + (X == 255))
    path.write_bytes(gzip.compress(b"1,2,3\n"))
    with pytest.raises(
        InputRefused,
        match=r"not scikit-learn's digits: expected lines of 64 values 0\.\.16 and a label, found 1 lines of 3 numbers",
    ):
        open_data("digits")
    path.write_bytes(gzip.compress(b"hello\n"))
    with pytest.raises(InputRefused, match="not scikit-learn's digits"):
        open_data("digits")


def test_digits_of_an_installed_scikit_learn() -> None:
    if catalogue.scikit_digits() is None:
        pytest.skip("scikit-learn is not installed")
    data = open_data("digits")
    assert (len(data.train), data.test, data.warnings) == (1797, None, ())


def test_fetch_puts_what_it_checked_into_the_cache(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    asked: list[tuple[str, str]] = []

    def retrieve(url: str, known_hash: str, fname: str, path: Path, downloader: Any) -> None:
        asked.append((url, known_hash))
        path.mkdir(parents=True, exist_ok=True)
        making.npz_file(path / fname, x_train=X, y_train=Y)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    monkeypatch.setenv("XDG_CACHE_HOME", str(bare / "cache"))
    assert fetch("mnist") == bare / "cache" / "why128" / "mnist" / "mnist.npz"
    assert asked == [
        (
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        )
    ]
    assert fetch("mnist").exists()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ConnectionError("no route\x1b"),
            r"mnist: it is not on this machine, and from https://\S+mnist\.npz it cannot be downloaded: ConnectionError: no route\\x1b",
        ),
        (
            ValueError("SHA256 hash of downloaded file does not match"),
            r"what arrived is not what was published \(its SHA-256 differs\)",
        ),
    ],
)
def test_a_download_that_fails(error: Exception, message: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    def retrieve(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(SurroundingsError, match=message) as caught:
        open_data("mnist")
    assert "the built-in sample needs neither" in str(caught.value.hint)


def test_fetch_of_an_unknown_name() -> None:
    with pytest.raises(
        UsageError, match="cifar10: not a known data set, expected one of sample, fashion-mnist, mnist, kmnist, digits"
    ):
        fetch("cifar10")
