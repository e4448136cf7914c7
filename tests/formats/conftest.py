"""Networks to write and damaged files to read."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.formats.networks import build
from why128.formats import keras_file
from why128.formats.archive import packed
from why128.network import Network, Preparation

Members = dict[str, bytes]


@pytest.fixture
def network() -> Network:
    return build(
        classes=("Pullover", "Hose, kurz", "Stiefel ß"),
        preparation=Preparation("gray", (0.0, 255.0)),
        about={"seed": 7, "study": {"tolerance": 0.5, "widths": [1, 2]}},
    )


@pytest.fixture
def saved(network: Network, tmp_path: Path) -> Path:
    path = tmp_path / "net.keras"
    keras_file.save(network, path)
    return path


@pytest.fixture
def members(saved: Path) -> Members:
    """The members of a sound file."""
    with zipfile.ZipFile(saved) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def changed(members: Members, tmp_path: Path) -> Callable[..., Path]:
    """Writes a sound file with members replaced (None: left out), or its config edited in place."""

    def write(edit: Callable[[dict], object] | None = None, **replaced: bytes | None) -> Path:
        full = {"config": "config.json", "weights": "model.weights.h5", "companion": "why128.json"}
        mine = members | {full[key]: data for key, data in replaced.items()}
        if edit:
            document = json.loads(members["config.json"])
            edit(document)
            mine["config.json"] = json.dumps(document).encode()
        path = tmp_path / "changed.keras"
        path.write_bytes(packed({name: data for name, data in mine.items() if data is not None}))
        return path

    return write
