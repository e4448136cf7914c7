"""How far what is exported is from the original, on the built-in sample's 2,000 test images, and what it takes.

    python -m benchmarks.export [--epochs 10]

Networks of several depths and widths, and one of 128 neurons for every activation, learn the sample, and are written in every format.
C is compiled by gcc and run; ONNX is answered by ONNX Runtime.  Told, a network and a format: the largest difference of any
probability from the original's, how many points of accuracy are lost, the share answered alike, and bytes.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record

from why128.activations import NAMED
from why128.data.source import open_data
from why128.exporting import export
from why128.formats.exports import FORMATS
from why128.layers import Dense, Flatten, Input, Rescaling
from why128.network import Network
from why128.sequential import Sequential

WIDTHS: dict[str, tuple[int, ...]] = {"0": (), "16": (16,), "128": (128,), "512": (512,), "128x64x32": (128, 64, 32)}
PROGRAM = """
#include "network.h"
#include <stdio.h>
static why128_pixel pixels[WHY128_INPUTS];
static float answers[WHY128_CLASSES];
int main(void)
{
    while (fread(pixels, sizeof pixels, 1, stdin) == 1) {
        why128_predict(pixels, answers);
        fwrite(answers, sizeof answers, 1, stdout);
    }
    return 0;
}
"""


def learned(hidden, activation, sample, epochs):
    """A network of these hidden layers that learned the sample."""
    layers = [Dense(units, activation) for units in hidden]
    model = Sequential([Input((28, 28)), Rescaling(1 / 255), Flatten(), *layers, Dense(10, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(sample.train.pixels[..., 0], sample.train.labels, epochs=epochs, batch_size=32, verbose=0)
    found = model.network
    return Network(found.layers, found.weights, sample.classes, found.preparation)


def compiled(folder, pixels):
    """What a header, compiled by gcc, answers."""
    (folder / "main.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-std=c99", "-O2", "main.c", "-o", "run"], cwd=folder, check=True)
    said = subprocess.run([folder / "run"], input=pixels.tobytes(), capture_output=True, check=True).stdout
    return np.frombuffer(said, np.float32).reshape(len(pixels), -1)


def figures_of(network, sample, folder) -> dict[str, dict[str, Any]]:
    """Every format's figures."""
    found = {}
    for ending, form in FORMATS.items():
        for int8 in (False, True)[: 1 + (form.int8 is not None)]:
            path = folder / f"network{ending}"
            written = export(network, path, int8, sample)
            seen = written.comparison
            assert seen is not None
            difference, alike, accuracy = seen.difference, seen.alike, seen.accuracy
            if ending == ".h":
                pixels = sample.test.pixels.reshape(len(sample.test), -1)
                answers, ours = compiled(folder, pixels if int8 else pixels.astype(np.float32)), network.outputs(pixels)
                difference = float(np.abs(answers - ours).max())
                alike = float((answers.argmax(1) == ours.argmax(1)).mean())
                accuracy = float((answers.argmax(1) == sample.test.labels).mean())
            found[f"{form.name} {'int8' if int8 else 'float32'}"] = {
                "difference": difference,
                "alike": alike,
                "points lost": 100 * (seen.original_accuracy - accuracy),
                "bytes": written.bytes,
                "constants": written.constants,
                "memory": written.memory,
            }
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--epochs", type=int, default=10)
    epochs, sample = options.parse_args().epochs, open_data("sample")
    asked = {f"{name} relu": (hidden, "relu") for name, hidden in WIDTHS.items()}
    asked |= {f"128 {activation}": ((128,), activation) for activation in sorted(NAMED)}
    figures: dict[str, Any] = {"epochs": epochs}
    with tempfile.TemporaryDirectory() as folder:
        for name, (hidden, activation) in asked.items():
            figures[name] = figures_of(learned(hidden, activation, sample, epochs), sample, Path(folder))
            print(name, {k: (f"{v['difference']:.1e}", round(v["points lost"], 2)) for k, v in figures[name].items()})
    for form in figures["128 relu"]:
        own = [figures[name][form] for name in asked]
        figures.setdefault("most", {})[form] = {
            "difference": max(each["difference"] for each in own),
            "points lost": max(each["points lost"] for each in own),
        }
        print(form, figures["most"][form])
    print(f"written to {record.write('export', figures, ['jax', 'numpy', 'onnx', 'onnxruntime'])}")


if __name__ == "__main__":
    main()
