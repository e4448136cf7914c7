"""Files that hold a network, but not as Keras 3 keeps it: known by ending or first bytes, so that a refusal can say what they are."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from why128.errors import InputRefused, shown
from why128.formats.archive import Archive
from why128.formats.hdf5 import SIGNATURE

ZIP = b"PK\x03\x04"
PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
FROM_LEGACY = "in Keras, load it and save it with model.save('NAME.keras')"
WHENCE = "such a file comes from why128 train --save NAME.keras, or from Keras's model.save('NAME.keras')"

PICKLE = "a pickle, which can run code and is never opened"
LEGACY = "an HDF5 file, perhaps Keras's legacy .h5 format"
CODE_OR_NUMBERS = "a checkpoint or pickle of another tool, a format that is not read here"

KINDS: dict[str, str] = {
    ".h5": LEGACY,
    ".hdf5": LEGACY,
    ".onnx": "an ONNX model, which is written here and never read",
    ".tflite": "a TFLite model, which is written here and never read",
    ".safetensors": "safetensors: a header and raw numbers without layers",
    ".json": "JSON, which is not a format of networks here",
    ".pb": "a TensorFlow graph, a format that is not read here",
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill"), PICKLE),
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".model"), CODE_OR_NUMBERS),
}


def check(file: BinaryIO, path: str) -> None:
    """Raises InputRefused for an open file that is not even a zip archive, saying what it seems to be instead."""
    ending, head = os.path.splitext(path)[1].lower(), file.read(len(SIGNATURE))
    file.seek(0)
    if head.startswith(ZIP):
        return
    if not head:
        raise InputRefused("the file is empty (0 bytes); expected a .keras file (a zip archive)")
    if head == SIGNATURE:
        raise InputRefused(
            f"not a .keras file: {LEGACY}; expected a zip archive as Keras 3 writes it", hint=FROM_LEGACY
        )
    what = PICKLE if head.startswith(PICKLES) and ending != ".safetensors" else KINDS.get(ending)
    if what:
        raise InputRefused(f"not a .keras file: {what}; expected a zip archive as Keras 3 writes it", hint=WHENCE)
    raise InputRefused(
        f"not a .keras file: it begins with {shown(repr(head))}; expected a zip archive, beginning with {ZIP!r}",
        hint=WHENCE,
    )


def is_network(path: str | os.PathLike) -> bool:
    """Whether a path is meant as a network: by a known ending, or as a plain file that holds one whatever its name."""
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending == ".keras":
        return True
    try:
        plain = stat.S_ISREG(os.stat(path).st_mode)
        return plain and (ending in KINDS or _holds_network(path))
    except (OSError, ValueError):
        return ending in KINDS


def _holds_network(path: str | os.PathLike) -> bool:
    with open(path, "rb") as file:
        head = file.read(len(SIGNATURE))
        if not head.startswith(ZIP):
            return head == SIGNATURE
        try:
            return "config.json" in Archive(file).names
        except InputRefused:  # a damaged archive with another ending is for the readers of data to refuse
            return False
