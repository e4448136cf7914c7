"""The command line run within this process, a small folder of pictures, and what the commands print of it, once."""

import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from why128.cli.main import _status

CLASSES = ("cat", "dog", "emu")
QUICK = ("--widths", "0,4", "--replicates", "2", "--epochs", "2", "--batch-size", "32")


@dataclass(frozen=True)
class Said:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON document that standard output is, and nothing else."""
        assert self.status == 0, self.err
        assert self.out.count("\n") == 1
        return json.loads(self.out)


def why128(*arguments, within=None):
    """Run a command here, in the folder `within`."""
    out, err = io.StringIO(), io.StringIO()
    back = os.getcwd()
    os.chdir(within or back)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = _status(list(map(str, arguments)))
    finally:
        os.chdir(back)
    return Said(status, out.getvalue(), err.getvalue())


def listing(folder):
    """Every file and folder below, with its size and time of change."""
    return sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in Path(folder).rglob("*"))


def pictures(count=40):
    """Small gray pictures (N, 8, 8) of three kinds that can be told apart, but not perfectly, and their kinds (N,)."""
    rng, labels = np.random.default_rng(0), np.repeat(np.arange(3), count)
    centres = np.random.default_rng(99).integers(0, 256, (3, 8, 8))
    return np.clip(centres[labels] + rng.normal(0, 80, (3 * count, 8, 8)), 0, 255).astype(np.uint8), labels


def picture_folder(root, images, labels):
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{i:03}.png")
    return root


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """A folder to work in: `pets`, pictures of three classes, and `pets.npz`, the same as arrays."""
    root = tmp_path_factory.mktemp("desk")
    images, labels = pictures()
    picture_folder(root / "pets", images, labels)
    np.savez(root / "pets.npz", images=images, labels=labels)
    return root


@pytest.fixture(scope="session")
def study(desk):
    """`study --json` of the pictures."""
    return why128("study", "pets", *QUICK, "--json", "--out", "enough", within=desk)


@pytest.fixture(scope="session")
def trained(desk):
    """`train --json` of the pictures, saved as net.keras."""
    return why128("train", "pets", "--hidden", "4", "--epochs", "2", "--save", "net.keras", "--json", within=desk)
