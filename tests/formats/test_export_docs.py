"""The page about export: each of its programs loads what is written, and answers as the network does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.formats.networks import build
from why128.exporting import export
from why128.formats.exports import FORMATS
from why128.layers import Dense, Flatten, Input, Rescaling

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
BLOCKS = {language: re.findall(rf"```{language}\n(.*?)```", PAGE, re.S) for language in ("python", "c", "js")}
LAYERS = (Input((28, 28)), Rescaling(1 / 255), Flatten(), Dense(12, "relu"), Dense(10, "softmax"))


@pytest.fixture
def network():
    return build(LAYERS, classes=tuple(f"class {i}" for i in range(10)))


@pytest.fixture
def desk(network, tmp_path, monkeypatch):
    """A folder with the network in every format, and this one the working folder."""
    monkeypatch.chdir(tmp_path)
    for ending in FORMATS:
        export(network, f"enough{ending}")
    return tmp_path


def check(said, network):
    """One line: the class of a black image, and its probability."""
    probabilities = network.outputs(np.zeros((1, 784), np.float32))[0]
    *name, probability = said.split()
    assert " ".join(name) == f"class {probabilities.argmax()}"
    assert float(probability) == pytest.approx(probabilities.max(), abs=1e-3)


@pytest.mark.parametrize("which", [0, 1], ids=["onnx", "npz"])
def test_python(which, desk, network, capsys):
    exec(compile(BLOCKS["python"][which], "export.md", "exec"), {})
    check(capsys.readouterr().out, network)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_c(desk, network):
    (desk / "main.c").write_text(BLOCKS["c"][0])
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-std=c99", "main.c"], check=True)
    check(subprocess.run(["./a.out"], capture_output=True, text=True, check=True).stdout, network)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_javascript(desk, network):
    fetch = "import fs from 'fs';\nconst fetch = async (name) => ({ json: async () => JSON.parse(fs.readFileSync(name)) });\n"
    (desk / "run.mjs").write_text(fetch + BLOCKS["js"][0])
    check(subprocess.run(["node", "run.mjs"], capture_output=True, text=True, check=True).stdout, network)


def test_the_library(desk, network, capsys):
    from why128.data.source import open_data

    export(build(LAYERS, classes=open_data("sample").classes), "enough.keras")
    exec(compile(BLOCKS["python"][2], "export.md", "exec"), {})
    assert len(capsys.readouterr().out.split()) == 4


def test_every_ending_is_in_the_table():
    assert re.findall(r"^\| `(\.\w+)` \|", PAGE, re.M) == list(FORMATS)
