"""What a network says of a picture file: the file read and prepared as the training pictures were, and answered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from why128.data import read_picture
from why128.network import Network


@dataclass(frozen=True)
class Prediction:
    """One picture's answer; `probabilities` has every class, in the network's order."""

    file: str
    label: str
    probabilities: Mapping[str, float]
    warnings: tuple[str, ...]


def predict(network: Network, path: str | os.PathLike) -> Prediction:
    """The answer for one picture file; raises InputRefused where it cannot be read."""
    height, width, _ = network.image_shape
    pixels, warnings = read_picture(path, network.preparation.mode, (height, width))
    answer = network.probabilities(network.preparation.to_input(pixels[None]))[0]  # (C,)
    classes = network.classes or tuple(map(str, range(len(answer))))
    probabilities = {name: float(p) for name, p in zip(classes, answer, strict=True)}
    return Prediction(os.fspath(path), classes[int(answer.argmax())], probabilities, warnings)
