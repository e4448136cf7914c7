"""The same command on the same machine gives the same bytes: wherever it is called, at whatever time, in any process."""

import os
import subprocess
import sys

import numpy as np

from tests.cli.conftest import CLASSES, pictures, why128
from why128.studies.examination import Examination, Mistake

# What must not matter: where and when a process runs, and the seed of Python's own hashes.
OTHERWISE = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": "/nowhere", "COLUMNS": "33"}


def called(*arguments, within, **environment):
    """What a command prints, in a process of its own."""
    command = [sys.executable, "-m", "why128", *map(str, arguments)]
    done = subprocess.run(command, cwd=within, env=os.environ | environment, capture_output=True, check=True)
    return done.stdout


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_train_saves_the_same_file(tmp_path):
    """Two folders, made one after the other: files in them differ in nothing but their dates."""
    images, labels = pictures()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "pets.npz", images=images, labels=np.array(CLASSES)[labels])
    how = (
        "--hidden",
        "8,4",
        "--dropout",
        "0.1",
        "--epochs",
        "2",
        "--batch-size",
        "32",
        "--save",
        "net.keras",
        "--json",
    )
    here = called("train", "pets.npz", *how, "--seed", "3", within=tmp_path / "here", PYTHONHASHSEED="0")
    there = called("train", "pets.npz", *how, "--seed", "3", within=tmp_path / "there", **OTHERWISE)
    assert here == there
    assert files(tmp_path / "here") == files(tmp_path / "there")
    assert why128("train", "pets.npz", *how, "--seed", "4", within=tmp_path / "there").status == 0
    assert files(tmp_path / "here")["net.keras"] != files(tmp_path / "there")["net.keras"]


def test_a_report_is_written_the_same_again(study, desk):
    called("report", "enough", "--out", "one.html", within=desk, PYTHONHASHSEED="0")
    called("report", "enough", "--out", "two.html", within=desk, **OTHERWISE)
    assert (desk / "one.html").read_bytes() == (desk / "two.html").read_bytes()


def test_an_examination_has_no_date(monkeypatch):
    seen = Examination(
        "test", np.eye(3, dtype=np.float32), np.arange(3), (Mistake(np.zeros((2, 2), np.uint8), 0, 1, 0.5),), 1.5
    )
    first = seen.packed()
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert seen.packed() == first
    assert Examination.unpacked(first).packed() == first
