"""Files of every release open in this one and answer as they did; files of a later one are refused, and none is touched."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import why128
from why128 import activations
from why128.cli.main import __version__
from why128.errors import InputRefused
from why128.formats import keras_file
from why128.formats.archive import packed
from why128.layers import Dense

FIXTURES = Path(__file__).parents[1] / "fixtures"
FILES = sorted(FIXTURES.glob("*/networks/*.keras"))
ROUNDING = 2e-6  # of probabilities: another processor may add the same numbers in another order


def named(path: Path) -> str:
    return f"{path.parts[-3]}/{path.stem}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def said(path: Path) -> dict:
    """What was written down of a file when it was made."""
    return json.loads((path.parent / "said.json").read_text(encoding="utf-8"))[path.stem]


def test_this_release_has_its_files():
    assert ".".join(__version__.split(".")[:2]) in {path.parts[-3] for path in FILES}


def test_every_activation_is_among_them():
    layers = [layer for path in FILES for layer in keras_file.load(path).layers if isinstance(layer, Dense)]
    assert {layer.activation for layer in layers} >= activations.NAMED.keys()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_it_answers_as_it_did(path):
    network = keras_file.load(path)
    assert keras_file.summary(network, path) == said(path)["summary"]
    with np.load(path.parent / "answers.npz") as kept:
        pictures, due = kept[f"{path.stem}/pictures"], kept[f"{path.stem}/probabilities"]
    found = network.probabilities(network.preparation.to_input(pictures))
    np.testing.assert_allclose(found, due, rtol=0, atol=ROUNDING)
    assert digest(path) == said(path)["sha256"]


def written(path: Path, **changes: bytes) -> Path:
    """A sound file with members replaced by those of another version."""
    names = {"metadata": "metadata.json", "companion": "why128.json"}
    with zipfile.ZipFile(FIXTURES / "0.1" / "networks" / "softmax-regression.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path.write_bytes(packed(members | {names[key]: data for key, data in changes.items()}))
    return path


def ours(**changes: object) -> bytes:
    return json.dumps(
        {"format": 1, "classes": [], "preparation": {"mode": "gray", "scale": [0, 1]}, "about": {}} | changes
    ).encode()


def keras(version: object) -> bytes:
    return json.dumps({"keras_version": version, "date_saved": "2031-01-01@00:00:00"}).encode()


UPDATE = "update why128, or save it again with Keras 3"
NEWER = {
    "a newer why128": (
        {"companion": ours(format=2)},
        "why128.json: the format is 2; expected 1",
        "it may be of a newer why128: update this one",
    ),
    "no version of why128": (
        {"companion": ours(format=None)},
        "why128.json: the format is None; expected 1",
        "it may be of a newer why128: update this one",
    ),
    "a newer Keras": (
        {"metadata": keras("4.0.0")},
        "metadata.json: written by Keras 4.0.0; expected Keras 3 or older",
        UPDATE,
    ),
    "a much newer Keras": (
        {"metadata": keras("10.2")},
        "metadata.json: written by Keras 10.2; expected Keras 3 or older",
        UPDATE,
    ),
    "a note that is no JSON": (
        {"metadata": b"{"},
        "metadata.json: is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        keras_file.WHAT_NEXT,
    ),
}


@pytest.mark.parametrize("case", NEWER)
@pytest.mark.parametrize("command", ["inspect", "predict", "evaluate"])
def test_a_newer_file_is_refused_and_not_touched(case, command, tmp_path):
    changes, message, hint = NEWER[case]
    path = written(tmp_path / "net.keras", **changes)
    before = digest(path), path.stat().st_mtime_ns
    data = () if command == "inspect" else ("nothing.png",) if command == "predict" else ("digits",)
    found = why128(command, path, *data)
    assert (found.status, found.out) == (3, "")
    assert found.err == f"why128: error: {path}: {message}\nwhy128: hint: {hint}\n"
    assert (digest(path), path.stat().st_mtime_ns) == before
    assert [each.name for each in tmp_path.iterdir()] == ["net.keras"]


@pytest.mark.parametrize("version", ["3.99.0", "2.13.1", "nightly", "", None, 4, "9" * 5000])
def test_versions_of_keras(version, tmp_path):
    """Three and two are known, and what is no version says nothing: then the layers decide, as they do in any file."""
    path = written(tmp_path / "net.keras", metadata=keras(version))
    if version == "9" * 5000:
        with pytest.raises(InputRefused, match="written by Keras 99999999999999999999…99999999999999999999; expected"):
            keras_file.load(path)
    else:
        assert keras_file.load(path).sizes == (64, 3)


def test_more_in_our_own_note_does_not_matter(tmp_path):
    """So that a later version may add to it, and this one still opens the file."""
    path = written(tmp_path / "net.keras", companion=ours(later={"more": 1}))
    assert keras_file.load(path).sizes == (64, 3)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_damaged_one_is_refused_and_not_touched(path, tmp_path):
    """Cut anywhere, or with one byte of its contents changed."""
    sound, rng = path.read_bytes(), np.random.default_rng(128)
    for cut in rng.integers(0, len(sound), 5):
        broken = tmp_path / "cut.keras"
        broken.write_bytes(sound[:cut])
        with pytest.raises(InputRefused):
            keras_file.load(broken)
        assert broken.read_bytes() == sound[:cut]
    at = sound.index(b"Sequential")
    changed = sound[:at] + b"s" + sound[at + 1 :]
    (tmp_path / "net.keras").write_bytes(changed)
    with pytest.raises(InputRefused, match=r"config\.json is damaged: Bad CRC-32 for file 'config.json'"):
        keras_file.load(tmp_path / "net.keras")
    assert (tmp_path / "net.keras").read_bytes() == changed
