"""A header compiled as a user would compile it, and run on images."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wdouble-promotion")
C99 = ("gcc", "-std=c99", "-O2")
PROGRAM = """
#include "{header}"
#include <stdio.h>

int main(void)
{{
    static why128_pixel pixels[WHY128_INPUTS];
    static float answers[WHY128_CLASSES];
    for (int i = 0; i < WHY128_CLASSES; i++) {{
        fprintf(stderr, "%s%c", why128_class(i), 0);
    }}
    while (fread(pixels, sizeof pixels[0], WHY128_INPUTS, stdin) == WHY128_INPUTS) {{
        int best;
        why128_predict(pixels, answers);
        best = why128_best(answers);
        if (best < 0 || answers[best] < answers[0]) {{
            return 1;
        }}
        fwrite(answers, sizeof answers[0], WHY128_CLASSES, stdout);
    }}
    return 0;
}}
"""


def program(folder: Path, data: bytes, compiler: tuple[str, ...] = C99) -> Path:
    """The header in `data`, with a program around it, compiled without a warning."""
    (folder / "network.h").write_bytes(data)
    source = folder / ("main.c" if compiler[0] == "gcc" else "main.cc")
    source.write_text(PROGRAM.format(header="network.h"))
    subprocess.run([*compiler, *WARNINGS, source, "-o", folder / "run"], check=True)
    return folder / "run"


def run(path: Path, images: np.ndarray, classes: int) -> tuple[np.ndarray, list[str]]:
    """What it answers for images (N, D) of its own type of pixels: (N, C), and the names of its classes."""
    said = subprocess.run([path], input=np.ascontiguousarray(images).tobytes(), capture_output=True, check=True)
    names = said.stderr.decode("utf-8", "surrogatepass").split("\0")[:-1]
    return np.frombuffer(said.stdout, np.float32).reshape(-1, classes), names


def symbols(folder: Path, data: bytes, *options: str) -> dict[str, int]:
    """The size of each symbol of ours in the compiled object, by name."""
    (folder / "network.h").write_bytes(data)
    (folder / "main.c").write_text(PROGRAM.format(header="network.h"))
    subprocess.run([*C99[:2], *options, "-c", "main.c", "-o", "main.o"], cwd=folder, check=True)
    said = subprocess.run(["nm", "-S", "main.o"], cwd=folder, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in said.splitlines()]
    return {row[3]: int(row[1], 16) for row in rows if len(row) == 4 and row[3].startswith("why128_")}
