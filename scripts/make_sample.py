"""Makes src/why128/data/sample/: 12,000 images of Fashion-MNIST, from the Debian package dataset-fashion-mnist.

    python scripts/make_sample.py [--source /usr/share/datasets/fashion-mnist]

From the official training part 10,000 images, from the official test part 2,000, each class equally often, chosen by a
fixed seed and kept in the official order.  The same source gives the same bytes with the same zlib.
"""

from __future__ import annotations

import argparse
import gzip
import struct
from pathlib import Path

import numpy as np

from why128.data.idx import read_pair

SEED = 128
EACH = {"train": 1000, "t10k": 200}  # images of each class
TARGET = Path(__file__).resolve().parents[1] / "src" / "why128" / "data" / "sample"
README = """\
# The built-in sample

12,000 real images of Fashion-MNIST (28 x 28, gray, 10 classes): 10,000 to learn from, taken from the official training
part, and 2,000 to test, taken from the official test part; each class equally often, in the official order.  Made by
`scripts/make_sample.py` (seed 128) from the Debian package `dataset-fashion-mnist`; the files are IDX, gzipped.

Source: Han Xiao, Kashif Rasul, Roland Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", arXiv:1708.07747, https://github.com/zalandoresearch/fashion-mnist.  Licence: MIT (see LICENSE).
"""
LICENSE = """\
The MIT License (MIT)

Copyright (c) 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def chosen(labels: np.ndarray, each: int, rng: np.random.Generator) -> np.ndarray:
    """The rows of `each` images of every class, sorted."""
    return np.sort(
        np.concatenate([rng.choice(np.flatnonzero(labels == label), each, replace=False) for label in range(10)])
    )


def write_idx(path: Path, array: np.ndarray) -> None:
    """`array`, uint8, as a gzipped IDX file whose bytes do not depend on the time."""
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes(), compresslevel=9, mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    source = parser.parse_args().source
    TARGET.mkdir(parents=True, exist_ok=True)
    for part, each in EACH.items():
        images, labels = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
        found = read_pair(source / images, source / labels)
        rows = chosen(np.asarray(found.labels), each, np.random.default_rng([SEED, len(found.pixels)]))
        write_idx(TARGET / images, found.pixels[rows])
        write_idx(TARGET / labels, np.asarray(found.labels)[rows])
    (TARGET / "README.md").write_text(README)
    (TARGET / "LICENSE").write_text(LICENSE)


if __name__ == "__main__":
    main()
