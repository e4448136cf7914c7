"""What a network says of a picture file: the file read and prepared as the training pictures were, and answered."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128.data.pictures import read_picture
from why128.network import Network
from why128.neurons.explaining import Explanation, explained


@dataclass(frozen=True)
class Prediction:
    """One picture's answer; `probabilities` has every class, in the network's order."""

    file: str
    label: str
    probabilities: Mapping[str, float]
    warnings: tuple[str, ...]


def predict(network: Network, path: str | os.PathLike) -> Prediction:
    """The answer for one picture file; raises InputRefused where it cannot be read."""
    pixels, warnings = read_picture(path, network.preparation.mode, network.image_shape[:2])
    return answer(network, pixels, os.fspath(path), warnings)


def answer(network: Network, pixels: np.ndarray, file: str, warnings: tuple[str, ...] = ()) -> Prediction:
    """The answer for one prepared picture, (height, width, channels) bytes 0..255 or floats 0..1."""
    found = network.probabilities(network.preparation.to_input(pixels[None]))[0]  # (C,)
    classes = network.classes or tuple(map(str, range(len(found))))
    probabilities = dict(zip(classes, found.tolist(), strict=True))
    return Prediction(file, classes[int(found.argmax())], probabilities, warnings)


@dataclass(frozen=True, eq=False)
class Explained:
    """One picture's answer, and why."""

    prediction: Prediction
    explanation: Explanation
    pixels: np.ndarray  # (height, width, channels) bytes or floats 0..1: the picture as the network sees it


def explain(network: Network, path: str | os.PathLike) -> Explained:
    """The answer for one picture file, and why; raises InputRefused where it cannot be read."""
    pixels, warnings = read_picture(path, network.preparation.mode, network.image_shape[:2])
    told = answer(network, pixels, os.fspath(path), warnings)
    image = network.preparation.to_input(pixels[None])[0].reshape(network.input_shape)
    return Explained(told, explained(network, image), pixels)


def documents(answers: Iterable[Prediction]) -> list[dict[str, Any]]:
    """What is said of each picture, as JSON, by every face (docs/json.md)."""
    return [{"file": a.file, "label": a.label, "probabilities": dict(a.probabilities)} for a in answers]
